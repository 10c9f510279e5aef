//go:build unix

package crashtest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// stops are the points that a stop past the lease is about; with enough rounds
// every other point follows.
var stops = []spot{
	{"subscribed", "store/Create/1/after"},               // sending
	{"subscribed", "submit/1/sent/100"},                  // half a request
	{"subscribed", "store/AcceptedFact/1/before"},        // the 202 is read and not written
	{"subscribed", "store/SettledFact/1/before"},         // looking
	{"subscribed", "code/handling"},                      // in the handler
	{"subscribed", "code/used"},                          // the handler has had its effect
	{"subscribed", "store/AcknowledgeDecision/1/before"}, // and has returned
	{"alone", "store/AcceptedFact/1/before"},             // nothing but the stopped process knows the id
	{"alone", "erp/submit/1/done"},                       // the ERP knows it, the 202 is on its way
	{"alone", "state/1/header"},                          // looking, without notifications
	{"alone", "store/AcknowledgeDecision/1/before"},      // acknowledging
	{"addressed", "store/Notify/1/before"},               // in the receiver
	{"addressed", "store/AcceptedFact/1/before"},         // the 202 is read and not written
	{"streamed", "store/AcceptedFact/1/before"},          // without a key
	{"streamed", "submit/1/got/40"},                      // half a 202
	{"addressed", "store/SettledFact/1/before"},          // looking
}

// TestStoppedPastItsLeaseLosesNothing stops a process at a point for longer than
// its leases. A second one, with the same file, takes over what it can; then
// the first goes on from where it was. No accepted id is lost, no decision
// counts twice, and no write is sent twice.
func TestStoppedPastItsLeaseLosesNothing(t *testing.T) {
	t.Parallel()
	n := rounds(len(stops))
	spots := stops
	if n > len(stops) {
		for _, s := range survey(t, false) {
			if scenarios[s.scenario].once() && stoppable(s.point) {
				spots = append(spots, s)
			}
		}
	}
	chosen := choose(t, spots, n)
	var mu sync.Mutex // guards the counts
	verdicts, hits, passed, fenced := tally{}, make(map[spot]int), 0, 0
	side(len(chosen), 4, func(i int) {
		s, hit, verdict := chosen[i], false, ""
		var n int
		var err error
		for try := range tries {
			if try >= tries/2 {
				s = instead(spots)
			}
			if hit, verdict, n, err = stopAt(t, s, false); hit || err != nil {
				break
			}
		}
		if err != nil {
			t.Errorf("stopped at %s: %v", s, err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if !hit {
			return
		}
		hits[s]++
		passed++
		verdicts[verdict]++
		fenced += n
	})
	t.Logf("%d stops at %d points: %v; %d decisions were refused because another process had made them", passed, len(hits), verdicts, fenced)
	if passed < len(chosen) {
		t.Errorf("%d times no point was passed", len(chosen)-passed)
	}
}

// stoppable leaves out the points at which nothing is under way.
func stoppable(point string) bool {
	switch point {
	case "code/begun", "code/ended", "code/client-closed":
		return false
	}
	return true
}

// TestAStoppedProcessRevivesOnlyItsOwn stops a process that has read a 202, for so
// long that its operation is given up and its work submitted anew. Both
// operations are then known and handled, each with its own answer.
func TestAStoppedProcessRevivesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"store/AcceptedFact/1/before", "submit/1/got/40", "submit/1/sent/300"} {
		t.Run(point, func(t *testing.T) {
			hit := false
			var err error
			for try := 0; try < 5 && !hit && err == nil; try++ {
				hit, _, _, err = stopAt(t, spot{"alone", point}, true)
			}
			if err != nil || !hit {
				t.Errorf("passed: %v, %v", hit, err)
			}
		})
	}
}

// standstill starts a process and returns when it stands still at the spot, with what
// has it go on and waits for its end. The round is nil if the process did not stop
// there, or did so in the middle of a transaction.
func standstill(t *testing.T, s spot) (r *round, first *process, resume func() error, err error) {
	stopped := make(chan error, 1)
	f := &fuse{mode: halt, point: s.point}
	if r, err = newRound(t, s.scenario, f, func(p *process) { stopped <- p.stop() }); err != nil {
		return nil, nil, nil, err
	}
	none := func(err error) (*round, *process, func() error, error) {
		r.close()
		return nil, nil, nil, err
	}
	if first, err = r.start(orders{Role: "life", Mode: halt, Point: s.point}); err != nil {
		return none(err)
	}
	theirs := strings.HasPrefix(s.point, "erp/")
	if !theirs && first.await("at", patience) {
		stopped <- first.stopped()
	}
	select {
	case err := <-stopped:
		if err != nil { // it was quicker
			t.Logf("at %s: %v", s, err)
			return none(nil)
		}
	case <-first.dead:
		return none(first.ended(patience)) // it did not pass the point
	}
	resume = func() error {
		if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			return err
		}
		if !theirs {
			if _, err := first.in.Write([]byte("go on\n")); err != nil {
				return err
			}
		}
		return first.ended(2 * patience)
	}
	free, err := r.writable()
	for try := 0; err == nil && !free && !theirs && try < 20; try++ {
		// Only the one step stands still; what else is under way may end.
		if err = first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			break
		}
		time.Sleep(time.Duration(try) * time.Millisecond)
		if err = first.stop(); err == nil {
			free, err = r.writable()
		}
	}
	if err == nil && !free {
		t.Logf("stopped at %s in the middle of a transaction, tried again", s)
		err = resume()
	}
	if err != nil || !free {
		return none(err)
	}
	return r, first, resume, nil
}

// stopAt stops one process at the spot while another takes over, or gives up
// what is uncertain and submits it anew. It returns how many of their decisions
// were fenced.
func stopAt(t *testing.T, s spot, anew bool) (hit bool, verdict string, fenced int, err error) {
	fail := func(err error) (bool, string, int, error) { return false, "", 0, err }
	if scenarios[s.scenario].outbox {
		hit, verdict, err = stopOutboxAt(t, s)
		return hit, verdict, 0, err
	}
	r, first, resume, err := standstill(t, s)
	if err != nil || r == nil {
		return fail(err)
	}
	defer r.close()
	// A mark of the stopped one that is not on disk yet does not count.
	early := handledBy(first)
	time.Sleep(shortLease + 200*time.Millisecond)
	want, _, verdict, err := r.expect()
	if err != nil {
		return fail(err)
	}
	count := 1
	switch {
	case anew:
		want, count = wantRepeated, 2
	case want == wantResolved: // nobody resolves it: the stopped one knows
		want = wantUncertain
	case want == wantHandled:
		verdict += " by the other"
	}
	heir, err := r.start(orders{Role: "heir", Want: want})
	if err != nil {
		return fail(err)
	}
	if err := heir.ended(2 * patience); err != nil {
		return fail(fmt.Errorf("%s, the other: %w", verdict, err))
	}
	if err := resume(); err != nil {
		return fail(fmt.Errorf("%s, the stopped one: %w", verdict, err))
	}
	for _, p := range []*process{first, heir} {
		for _, line := range p.said("decided") {
			if strings.HasSuffix(line, " fenced") {
				fenced++
			}
		}
	}
	err = r.verify(wantHandled, count, 2)
	if ops, arrivals := r.erp.submitted(); len(ops) != count || arrivals != count {
		err = errors.Join(err, fmt.Errorf("%d operations of %d requests, want %d", len(ops), arrivals, count))
	}
	if n := handledBy(first, heir); n < count || n > count+early {
		err = errors.Join(err, fmt.Errorf("%d decisions that it is handled, want %d", n, count))
	}
	if err != nil {
		return fail(fmt.Errorf("%s: %w", verdict, err))
	}
	return true, verdict, fenced, nil
}
