package store_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vismanet-go/background/store"
)

// shape is what the rules look at in a record, as text.
func shape(r store.Record) string {
	o := "none"
	if r.Outcome != nil {
		o = fmt.Sprint(r.Outcome.Status, r.Outcome.Foreground, r.Outcome.StatusCode, r.Outcome.Told != "")
	}
	others := slices.Sorted(slices.Values(r.OtherIDs))
	return fmt.Sprint(r.Phase, r.ID, r.IDSource, others, r.KeyReleased, o, r.Progress.Status, min(r.Attempts, 1))
}

// TestEveryReachableRecord makes every move from every record that can be
// reached by moves, as far as the rules can tell records apart, and holds what
// may never happen.
func TestEveryReachableRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type reached struct {
			rec  store.Record
			path []string
		}
		b := newBoard(t)
		defer b.st.Close()
		seen, queue := map[string]bool{}, []reached{{rec: b.get()}}
		for len(queue) > 0 {
			before, path := queue[0].rec, queue[0].path
			queue = queue[1:]
			for _, m := range moves() {
				if err := store.Ahead(b.st, 0, func(r store.Rules) error { return r.Tx.Put(before) }); err != nil {
					t.Fatal(err)
				}
				was := before.Clone()
				err := b.move(m.name)
				after := b.get()
				if !reflect.DeepEqual(before, was) {
					t.Fatalf("after %s, %s changed what a record that was read refers to:\nread %+v\nnow  %+v", strings.Join(path, " → "), m.name, was, before)
				}
				if fault := wrong(b, m.name, before, after, err); fault != "" {
					t.Fatalf("%s\nafter %s, then %s (%v)\nbefore %+v %+v\nafter  %+v %+v",
						fault, strings.Join(path, " → "), m.name, err, before, before.Outcome, after, after.Outcome)
				}
				if s := shape(after); !seen[s] {
					seen[s] = true
					queue = append(queue, reached{after, append(slices.Clone(path), m.name)})
				}
			}
		}
		if len(seen) < 200 {
			t.Errorf("reached %d records, want hundreds", len(seen))
		}
		t.Logf("%d records × %d moves", len(seen), len(moves()))
	})
}

// wrong names what a move must not have done.
func wrong(b *board, name string, before, after store.Record, err error) string {
	known := func(r store.Record, id string) bool { return r.ID == id || slices.Contains(r.OtherIDs, id) }
	told := func(r store.Record) bool { return r.Outcome != nil && r.Outcome.Told != "" }
	byUser := strings.HasPrefix(name, "user: ")
	decided := b.moves[name].decision != nil
	switch v := verdict(before, after, err); {
	case strings.Contains(v, "ERROR"):
		return "an error of no known type"
	case name == "202" && !known(after, erpID), name == "202: other" && !known(after, idOther):
		return "an accepted id was lost"
	case before.IDSource == store.FromAnswer && after.ID != before.ID:
		return "an id of a 202 was replaced"
	case slices.ContainsFunc(before.OtherIDs, func(id string) bool { return !known(after, id) }):
		return "a second id was lost"
	case before.ID != "" && !known(after, before.ID) && (after.Conflict == nil || after.Conflicts == before.Conflicts):
		return "an id vanished without a trace"
	case told(before) && (!told(after) || after.Outcome.StatusCode != before.Outcome.StatusCode):
		return "what a person told was replaced"
	case told(after) && !told(before) && !byUser:
		return "a person's word that nobody gave"
	case before.Outcome != nil && after.Outcome == nil && name != "202: other" && name != "202":
		return "an outcome was lost"
	case !before.HoldsKey() && after.HoldsKey():
		return "a key that was free was taken back"
	case before.HoldsKey() && !after.HoldsKey() && after.Phase != store.Rejected && after.Phase != store.Abandoned:
		return "a key was freed by what is neither a refusal nor given up"
	case after.Phase == store.Queued && before.Phase != store.Queued, after.Phase == store.Sending && name != "send" && before.Phase != store.Sending:
		return "it could be sent again"
	case after.Phase == store.Uncertain && before.ID != "":
		return "what was accepted became uncertain"
	case after.Attempts != before.Attempts && name != "begin" && name != "replay" && (after.Attempts != 0 || !before.Unlearnt()):
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
