//go:build unix

package crashtest

import (
	"fmt"
	"testing"
	"time"
)

// outboxSpots are the points that matter most; with enough rounds every other one
// follows.
var outboxSpots = []spot{
	{"outbox", "store/Enqueue/s2/1/before"},               // half is handed over
	{"outbox", "store/SendDecision/s1/1/before"},          // about to be sent
	{"outbox", "store/SendDecision/s1/1/after"},           // to be sent for certain
	{"outbox", "submit/plain/1/sent/300"},                 // half a request
	{"outbox", "store/AcceptedFact/s1/1/before"},          // nothing but the stopped process knows the id
	{"outbox", "erp/submit/t1/1/done"},                    // the ERP knows it, the 202 is on its way
	{"outbox", "store/SettledFact/s2/1/before"},           // the refusal is read and not written
	{"outbox", "store/WithdrawDecision/gone/1/before"},    // withdrawing
	{"outbox", "store/RequeueDecision/s2/1/before"},       // somebody has looked at the refused one
	{"outbox", "store/SkipDecision/t1/1/before"},          // and at the one that failed
	{"outbox", "store/AcknowledgeDecision/s1/1/before"},   // the handler has returned
	{"outbox-notified", "store/AcceptedFact/s3/1/before"}, // the 202 is read and not written
	{"outbox-notified", "submit/t2/1/got/40"},             // half a 202
}

// TestOutboxStoppedPastItsLeaseDoesNothingTwice stops a process that works on the
// outbox for longer than its leases. A second one, with the same file, does what it
// can; then the first one goes on from where it was, and a third one brings the rest
// to its end with the help of a person. Everything was done once and in order.
func TestOutboxStoppedPastItsLeaseDoesNothingTwice(t *testing.T) {
	t.Parallel()
	n, spots := rounds(4), outboxSpots
	if n > len(spots) {
		for _, s := range survey(t, true) {
			if stoppable(s.point) {
				spots = append(spots, s)
			}
		}
	}
	d := disturb(t, spots, choose(t, spots, n), stopOutboxAt)
	t.Logf("%d stops at %d points (%s): %v", d.passed, len(d.hits), d.families(), d.verdicts)
}

// stopOutboxAt stops one process at the spot while another does what it can.
func stopOutboxAt(t *testing.T, s spot) (hit bool, verdict string, err error) {
	fail := func(err error) (bool, string, error) { return false, "", err }
	r, first, resume, err := standstill(t, s)
	if err != nil || r == nil {
		return fail(err)
	}
	defer r.close()
	time.Sleep(shortLease + 200*time.Millisecond)
	second, err := r.start(orders{Role: "heir"})
	if err != nil {
		return fail(err)
	}
	if err := second.ended(2 * patience); err != nil {
		return fail(fmt.Errorf("the other: %w", err))
	}
	if err := resume(); err != nil {
		return fail(fmt.Errorf("the stopped one: %w", err))
	}
	if verdict, err = r.finishOutbox(first, second); err == nil {
		err = r.verifyOutbox(3)
	}
	if err != nil {
		return fail(fmt.Errorf("%s: %w", verdict, err))
	}
	return true, verdict, nil
}
