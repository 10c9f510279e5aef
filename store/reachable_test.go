package store_test

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/store"
)

// shape is what the rules look at in a record, as text.
func shape(r store.Record) string {
	o := "none"
	if r.Outcome != nil {
		o = fmt.Sprint(r.Outcome.Status, r.Outcome.Foreground, r.Outcome.StatusCode, r.Outcome.Told != "")
	}
	others := slices.Sorted(slices.Values(r.OtherIDs))
	s := fmt.Sprint(r.Phase, r.ID, r.IDSource, others, r.KeyReleased, o, r.Progress.Status, min(r.Attempts, 1))
	if r.Enqueued {
		s += fmt.Sprint(r.HasBody, r.Place, r.Blocked, min(r.Sends, 1), r.Doubted, len(r.FormerIDs) > 0, len(r.Candidates) > 0)
	}
	return s
}

// standing is all that the rules know of a board.
type standing struct {
	rec, next store.Record
	seq       store.Sequence
}

func (b *board) standing() standing {
	s := standing{rec: b.get(), next: b.next()}
	if s.rec.Sequence != "" {
		var err error
		if s.seq, err = b.st.GetSequence(b.Context(), "fjord", s.rec.Sequence); err != nil {
			b.Fatal(err)
		}
		s.seq.Head = store.Record{}
	}
	return s
}

// stand puts the board back to how it stood.
func (b *board) stand(s standing) {
	err := store.Ahead(b.st, 0, func(r store.Rules) error {
		if s.rec.Sequence == "" {
			return r.Tx.Put(s.rec)
		}
		err := errors.Join(r.Tx.Put(s.rec), r.Tx.Put(s.next), r.Tx.PutSequence(s.seq))
		if s.rec.HasBody {
			return errors.Join(err, r.Tx.PutBody("fjord", "r", []byte("r")))
		}
		return errors.Join(err, r.Tx.DeleteBody("fjord", "r"))
	})
	if err != nil {
		b.Fatal(err)
	}
}

// TestEveryReachableRecord makes every move from every record that can be
// reached by moves, as far as the rules can tell records apart, and holds what
// may never happen.
func TestEveryReachableRecord(t *testing.T) {
	t.Run("created", func(t *testing.T) { reach(t, false, 200) })
	t.Run("enqueued", func(t *testing.T) { reach(t, true, 1000) })
}

// createdOnly are moves that do the same to what was enqueued as to what was
// created: with them ten times as many records can be reached.
var createdOnly = []string{"evidence: other", "user: other", "user: id ended", "reschedule", "begin", "interrupt", "retry", "dead-letter", "drop", "replay"}

func reach(t *testing.T, enqueued bool, least int) {
	synctest.Test(t, func(t *testing.T) {
		type reached struct {
			standing
			path []string
		}
		b := newBoard(t, enqueued)
		defer b.st.Close()
		seen, queue := map[string]bool{}, []reached{{standing: b.standing()}}
		for len(queue) > 0 {
			from, path := queue[0].standing, queue[0].path
			before := from.rec
			queue = queue[1:]
			for _, m := range moves() {
				if enqueued && slices.Contains(createdOnly, m.name) {
					continue
				}
				b.stand(from)
				was := before.Clone()
				err := b.move(m.name)
				to := b.standing()
				after := to.rec
				if !reflect.DeepEqual(before, was) {
					t.Fatalf("after %s, %s changed what a record that was read refers to:\nread %+v\nnow  %+v", strings.Join(path, " → "), m.name, was, before)
				}
				if fault := cmp.Or(wrong(b, m.name, before, after, err), queuedWrong(b, m.name, from, to)); fault != "" {
					t.Fatalf("%s\nafter %s, then %s (%v)\nbefore %+v %+v\nafter  %+v %+v",
						fault, strings.Join(path, " → "), m.name, err, before, before.Outcome, after, after.Outcome)
				}
				if s := shape(after); !seen[s] {
					seen[s] = true
					queue = append(queue, reached{to, append(slices.Clone(path), m.name)})
				}
			}
		}
		if len(seen) < least {
			t.Errorf("reached %d records, want at least %d", len(seen), least)
		}
		t.Logf("%d records × %d moves", len(seen), len(moves()))
	})
}

// wrong names what a move must not have done.
func wrong(b *board, name string, before, after store.Record, err error) string {
	known := func(r store.Record, id string) bool {
		return r.ID == id || slices.Contains(r.OtherIDs, id) || slices.Contains(r.FormerIDs, id)
	}
	again := name == "requeue" || name == "user: no" && before.HasBody
	refusal := before.Outcome != nil && before.Outcome.Foreground && before.Outcome.StatusCode == 400
	told := func(r store.Record) bool { return r.Outcome != nil && r.Outcome.Told != "" }
	byUser := strings.HasPrefix(name, "user: ")
	decided := b.moves[name].decision != nil
	switch v := verdict(before, after, err); {
	case strings.Contains(v, "ERROR"):
		return "an error of no known type"
	case name == "202" && !known(after, erpID), name == "202: other" && !known(after, idOther):
		return "an accepted id was lost"
	case before.IDSource == store.FromAnswer && after.ID != before.ID && !(again && slices.Contains(after.FormerIDs, before.ID)):
		return "an id of a 202 was replaced"
	case slices.ContainsFunc(before.OtherIDs, func(id string) bool { return !known(after, id) }):
		return "a second id was lost"
	case before.ID != "" && !known(after, before.ID) && (after.Conflict == nil || after.Conflicts == before.Conflicts):
		return "an id vanished without a trace"
	case told(before) && name != "requeue" && (!told(after) || after.Outcome.StatusCode != before.Outcome.StatusCode):
		return "what a person told was replaced"
	case told(after) && !told(before) && !byUser:
		return "a person's word that nobody gave"
	case before.Outcome != nil && after.Outcome == nil && name != "202: other" && name != "202" && !again && !(refusal && after.Phase == store.Accepted && after.Late):
		return "an outcome was lost"
	case !before.HoldsKey() && after.HoldsKey():
		return "a key that was free was taken back"
	case before.HoldsKey() && !after.HoldsKey() && after.Phase != store.Rejected && after.Phase != store.Abandoned:
		return "a key was freed by what is neither a refusal nor given up"
	case after.Phase == store.Queued && before.Phase != store.Queued && !again && name != "not taken", after.Phase == store.Sending && name != "send" && before.Phase != store.Sending:
		return "it could be sent again"
	case after.Phase == store.Uncertain && before.ID != "":
		return "what was accepted became uncertain"
	case after.Attempts != before.Attempts && name != "begin" && name != "replay" && (after.Attempts != 0 || !before.Unlearnt() && !again && !refusal):
		return "a run was counted that did not begin"
	case before.Unlearnt() && after.Phase == store.Settled && (!after.Late || after.Attempts != 0):
		return "the end of what expired is not told anew, or not as late"
	case before.Unlearnt() && strings.HasPrefix(name, "user: ") && strings.HasSuffix(name, "ended") && (after.Phase != store.Settled || after.HoldsKey() != before.HoldsKey()):
		return "a person's word on what expired was not taken"
	case after.Phase == store.Settled && after.Outcome == nil, after.Phase == store.Unclear && (after.Outcome == nil || after.ID == ""):
		return "an end without an outcome"
	case after.Phase == store.Settled && before.Phase != store.Settled && after.Due.IsZero():
		return "settled, and no handler is due"
	case after.Phase == store.Unclear && !after.Due.IsZero():
		return "unclear, and something is due"
	case after.Phase == store.Accepted && after.ID == "":
		return "accepted without an id"
	case after.Tentative() && after.ID == "":
		return "tentative without an id"
	case before.Phase == store.Unclear && after.Phase == store.Rejected && !byUser:
		return "only a person says that what is unclear was not accepted"
	case decided && err == nil && name != "send" && after.Lease.Owner != "":
		return "a decision kept its lease"
	case err != nil && after.Phase != before.Phase:
		return "refused, and moved"
	}
	return ""
}

// queuedWrong names what a move must not have done to what was enqueued, or to what
// stands behind it in its sequence.
func queuedWrong(b *board, name string, from, to standing) string {
	before, after := from.rec, to.rec
	left := before.Place != 0 && after.Place == 0
	succeeded := after.Outcome != nil && after.Outcome.Succeeded() && after.Phase != store.Unclear
	freed := from.next.Blocked && !to.next.Blocked
	useless := after.Phase == store.Acknowledged || after.Phase == store.Rejected || after.Phase == store.Abandoned
	_, planned := after.DueAt(time.Now())
	waiting := 0
	if to.next.Blocked {
		waiting++ // the first one
	}
	switch {
	case !after.Enqueued:
		if after.HasBody || after.Phase == store.Queued && before.Phase != store.Queued {
			return "what was not enqueued is queued, or has a body"
		}
		return ""
	case after.HasBody != b.hasBody():
		return "the record does not tell whether there is a body"
	case after.HasBody && !before.HasBody:
		return "a body out of nothing"
	case before.HasBody && !after.HasBody && !useless:
		return "a body was lost"
	case after.HasBody && useless:
		return "a body was kept that nobody needs"
	case after.Phase == store.Queued && !after.HasBody:
		return "queued without a body"
	case after.Phase == store.Queued && (!planned || !after.HoldsKey()):
		return "queued, and not due or without its key"
	case name == "notified" && before.Doubted && after.Phase == store.Queued && !slices.Contains(after.FormerIDs, erpID):
		return "it would be sent again although it was notified"
	case name == "not taken" && before.Doubted && len(before.Candidates) > 0 && after.Phase == store.Queued:
		return "it would be sent again although an id is proposed"
	case before.Doubted && !after.Doubted:
		return "a doubt was forgotten"
	case strings.HasPrefix(name, "older") && after.Phase != before.Phase:
		return "what became of an older attempt counts"
	case (name == "foreground" && before.Sends > 0 || name == "202" || name == "202: other") && after.Phase == store.Queued && len(after.FormerIDs) == 0:
		return "accepted, and would be sent again"
	case left && name != "withdraw" && name != "skip", after.Place > 1:
		return "it left its sequence, or moved"
	case freed != (to.next.Blocked != from.next.Blocked), freed && !left && !succeeded:
		return "the next may go, and nothing has ended"
	case after.Place == 1 && succeeded && to.next.Blocked, left && to.next.Blocked:
		return "the next is blocked by what has ended"
	case from.seq.Last != 2 || to.seq.Last != 2 || to.seq.Done > 1 || to.seq.Done < from.seq.Done:
		return "the sequence has lost count"
	case to.seq.Waiting != 1+waiting || (to.seq.Done == 0) != to.next.Blocked:
		return "the sequence counts wrong"
	}
	return ""
}
