//go:build unix

package sqlitestore_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
)

// TestKillSendsEachOnceAndInOrder kills processes that enqueue and send. Whatever
// they enqueued is sent once in the end, and in the order of its sequence; a person
// who sees what has arrived tells of what is uncertain.
func TestKillSendsEachOnceAndInOrder(t *testing.T) {
	rounds := 12
	if n, err := strconv.Atoi(os.Getenv("SQLITESTORE_CRASH_ROUNDS")); err == nil {
		rounds = n
	} else if testing.Short() {
		rounds = 3
	}
	path := fresh(t)
	enqueued, arrived, places := map[string]bool{}, map[string]int{}, map[string]uint64{}
	arrive := func(ref, sequence string, place uint64) {
		arrived[ref]++
		if sequence == "" {
			return
		}
		if place <= places[sequence] {
			t.Errorf("%s was sent as number %d of %s, after number %d", ref, place, sequence, places[sequence])
		}
		places[sequence] = place
	}
	doubts := 0
	for round := range rounds {
		c := spawn(t, "outbox", "r"+strconv.Itoa(round), path)
		for n, words := 0, c.hear(); words != nil; n, words = n+1, c.hear() {
			if n == 0 {
				time.AfterFunc(rand.N(150*time.Millisecond), func() { _ = c.cmd.Process.Kill() })
			}
			switch {
			case words[0] == "enqueued":
				enqueued[words[1]] = true
			case words[0] == "sent" && len(words) == 3: // in no sequence
				arrive(words[1], "", 0)
			case words[0] == "sent":
				place, err := strconv.ParseUint(words[3], 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				arrive(words[1], words[2], place)
			}
		}
		_ = c.cmd.Wait()
		s := open(t, path)
		list, err := s.List(t.Context(), "fjord", store.Query{Phases: []store.Phase{store.Uncertain, store.Sending}, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range list {
			doubts++
			if arrived[rec.Ref] > 0 {
				tell(t, s, rec.Ref, store.SettledFact{ByUser: true, Outcome: store.Outcome{StatusCode: 201, Told: "it is there"}})
			} else {
				tell(t, s, rec.Ref, store.RejectedFact{ByUser: true, Epoch: rec.SendEpoch, Reason: "not there"})
			}
		}
		wholeOutbox(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, path)
	for sendDue(s, "the last one", func(rec store.Record) { arrive(rec.Ref, rec.Sequence, rec.Place) }) > 0 {
	}
	for ref := range enqueued {
		if _, err := s.Get(t.Context(), "fjord", ref); err != nil || arrived[ref] != 1 {
			t.Errorf("%s was enqueued and arrived %d times, %v", ref, arrived[ref], err)
		}
	}
	for ref, n := range arrived {
		if n != 1 {
			t.Errorf("%s arrived %d times", ref, n)
		}
	}
	wholeOutbox(t, s)
	if list, err := s.Sequences(t.Context(), "fjord", store.SequenceQuery{}); err != nil || len(list) != 0 {
		t.Errorf("%d sequences wait, %v", len(list), err)
	}
	t.Logf("%d were enqueued, %d arrived, %d were uncertain in %d rounds", len(enqueued), len(arrived), doubts, rounds)
}
