//go:build unix

package crashtest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// TestOutboxKilledBetweenAnyTwoSteps kills a process that hands work over to the
// outbox, sends it, and resumes its sequences, between any two steps. Another one
// takes over. In the end everything was done once, in the order of its sequence, with
// its own answer; nothing of what was withdrawn was sent; and no body is in the file
// of what needs none.
func TestOutboxKilledBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	n, spots := rounds(4), outboxSpots
	if n > len(spots) {
		if spots = survey(t, true); len(spots) < 400 {
			t.Fatalf("%d points to be killed at, want at least 400", len(spots))
		}
	}
	chosen := choose(t, spots, n)
	d := disturb(t, spots, chosen, killAt)
	t.Logf("%d kills at %d of %d points (%s): %v", d.passed, len(d.hits), len(spots), d.families(), d.verdicts)
}

// killOutboxAt lets one process be killed at the spot and another take over.
func killOutboxAt(t *testing.T, s spot) (hit bool, verdict string, err error) {
	r, first, err := killedAt(t, s)
	if r == nil || err != nil {
		return false, "", err
	}
	defer r.close()
	if verdict, err = r.finishOutbox(first); err == nil {
		err = r.verifyOutbox(2)
	}
	if err != nil {
		return false, "", fmt.Errorf("%s: %w", verdict, err)
	}
	return true, verdict, nil
}

// finishOutbox has a last process bring everything to its end, once the ERP has nothing
// more to do for the ones before. It returns what was left to it.
func (r *round) finishOutbox(before ...*process) (left string, err error) {
	for _, p := range before {
		if err := r.settled(p); err != nil {
			return "", err
		}
	}
	recs, err := r.records()
	if err != nil {
		return "", err
	}
	taken := make(map[string]string)
	ops, _ := r.erp.submitted()
	for _, op := range ops {
		taken[referenceOf(op)] = op.ID
	}
	left = "all was known"
	for _, rec := range recs {
		if rec.Phase != store.Sending && rec.Phase != store.Uncertain {
			continue
		}
		switch _, ok := taken[rec.Metadata["reference"]]; {
		case !ok:
			left = "uncertain and not taken, sent again"
		case r.notify != "":
			left = "lost 202, resolved by evidence"
		default:
			left = "lost 202, resolved by a person"
		}
	}
	heir, err := r.start(orders{Role: "heir", Want: wantHandled, Taken: taken})
	if err == nil {
		err = heir.ended(2 * patience)
	}
	if err != nil {
		err = fmt.Errorf("the heir: %w", err)
	}
	return left, err
}

func referenceOf(op operation.Operation) string {
	u, err := url.Parse(op.Path)
	if err != nil {
		return err.Error()
	}
	return u.Query().Get("reference")
}

// verifyOutbox compares what the ERP, the file and the applications tell in the end,
// after so many processes.
func (r *round) verifyOutbox(processes int) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	recs, err := r.records()
	if err != nil {
		return err
	}
	ledger, err := r.ledger()
	if err != nil {
		return err
	}
	ops, _ := r.erp.submitted()
	done := make(map[string]operation.Operation)
	for _, op := range ops {
		reference := referenceOf(op)
		if _, twice := done[reference]; twice || reference == withdrawn {
			fail("the ERP has taken %s once too often", reference)
		}
		done[reference] = op
	}
	known := make(map[string]store.Record)
	for _, rec := range recs {
		reference := rec.Metadata["reference"]
		if _, twice := known[reference]; twice && reference != withdrawn {
			fail("%s has a second record", reference)
		}
		known[reference] = rec
		if !ended(&rec) {
			fail("%s is %s (%s) in the end", reference, rec.Phase, rec.Reason)
		}
		if rec.Conflicts > 0 {
			fail("%s has a conflict: %+v", reference, rec.Conflict)
		}
		if want := reference == failing; rec.HasBody != want {
			fail("%s, which is %s, has a body: %t, want %t", reference, rec.Phase, rec.HasBody, want)
		}
	}
	for i, w := range works {
		rec, ok := known[w.reference]
		op, taken := done[w.reference]
		switch {
		case !ok:
			fail("%s has no record", w.reference)
		case w.reference == withdrawn:
			if rec.Sends > 0 {
				fail("%s was withdrawn, and %d attempts were made", w.reference, rec.Sends)
			}
			continue
		case !taken || rec.ID != op.ID:
			fail("%s has the id %q, the ERP %q", w.reference, rec.ID, op.ID)
			continue
		}
		if i > 0 && w.sequence != "" && works[i-1].sequence == w.sequence {
			if before := done[works[i-1].reference]; before.Ended.IsZero() || op.Received.Before(before.Ended) {
				fail("%s was taken at %v, before the end of %s at %v", w.reference, op.Received, works[i-1].reference, before.Ended)
			}
		}
		if err := r.verifyTold(w, op, ledger, processes); err != nil {
			fail("%w", err)
		}
	}
	return errors.Join(append(errs, r.verifyBodies(), r.verifySequences())...)
}

// verifyTold compares what the application was told of an operation with what the ERP
// says.
func (r *round) verifyTold(w work, op operation.Operation, ledger []string, processes int) error {
	right, err := r.erp.answered(op.ID)
	if err != nil {
		return err
	}
	if w.reference == failing {
		right = fmt.Sprint(op.StatusCode)
	}
	n, refusals := 0, 0
	for _, line := range ledger {
		switch reference, line, _ := strings.Cut(line, " "); {
		case reference != w.reference:
		case line == right:
			n++
		case w.reference == refused && line == "422":
			refusals++
		default:
			return fmt.Errorf("%s: the application was told %q, the ERP says %q", w.reference, line, right)
		}
	}
	if n < 1 || n > processes || refusals > processes {
		return fmt.Errorf("%s: the application was told %d times by %d processes, and %d times of its refusal", w.reference, n, processes, refusals)
	}
	return nil
}

// verifyBodies searches the bytes of the file for every body: only that of the dead
// letter may be there, and is.
func (r *round) verifyBodies() error {
	all, err := os.ReadFile(storePath(r.dir))
	if err != nil {
		return err
	}
	if log, failed := os.ReadFile(storePath(r.dir) + "-wal"); failed == nil {
		all = append(all, log...)
	}
	for _, w := range works {
		stored := base64.StdEncoding.EncodeToString([]byte(w.body()))
		want := w.reference == failing
		if got := bytes.Contains(all, []byte(stored[20:80])); got != want {
			err = errors.Join(err, fmt.Errorf("the body of %s is in the file: %t, want %t", w.reference, got, want))
		}
	}
	return err
}

// verifySequences makes sure that nothing waits in a sequence.
func (r *round) verifySequences() error {
	ctx := r.t.Context()
	st, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: storePath(r.dir), BusyTimeout: patience})
	if err != nil {
		return err
	}
	defer st.Close()
	for name, last := range map[string]uint64{"s": 3, "t": 2} {
		switch seq, err := st.GetSequence(ctx, tenant, name); {
		case err != nil:
			return err
		case seq.Last != last || seq.Done != last || seq.Waiting != 0:
			return fmt.Errorf("sequence %s has come to %d of %d, and %d wait; want all %d done", name, seq.Done, seq.Last, seq.Waiting, last)
		}
	}
	return nil
}
