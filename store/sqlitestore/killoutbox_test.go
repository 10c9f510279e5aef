//go:build unix

package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// outbox enqueues, some of it in sequences, and sends whatever is due, until it is
// killed. Telling the parent of an attempt stands for the request.
func outbox(s *sqlitestore.Store, prefix string) {
	for g := range 3 {
		go func() {
			for i := 0; ; i++ {
				ref := fmt.Sprintf("%s-%d-%d", prefix, g, i)
				rec := store.Record{Tenant: "fjord", Ref: ref, Method: "POST", Path: "/v2/customerinvoice"}
				if i%3 > 0 {
					rec.Sequence = "s" + strconv.Itoa(i%3)
				}
				_, err := s.Enqueue(context.Background(), rec, []byte("body of "+ref))
				orDie(err)
				say("enqueued", ref)
				time.Sleep(5 * time.Millisecond)
			}
		}()
	}
	for g := range 3 {
		go func() {
			for {
				sendDue(s, "sender-"+strconv.Itoa(g), func(rec store.Record) { say("sent", rec.Ref, rec.Sequence, strconv.FormatUint(rec.Place, 10)) })
			}
		}()
	}
	select {}
}

func orDie(err error) {
	if err != nil {
		say("error", err.Error())
		os.Exit(1)
	}
}

// sendDue sends a page of what is due, by a function, and has each end in success
// and acknowledged. It returns how many there were.
func sendDue(s *sqlitestore.Store, who string, send func(store.Record)) int {
	ctx := context.Background()
	list, err := s.Due(ctx, "fjord", store.DueQuery{Phases: []store.Phase{store.Queued}, By: time.Now(), Limit: 8})
	orDie(err)
	for _, rec := range list.Records {
		l, rec, err := s.Acquire(ctx, "fjord", rec.Ref, who, store.ToSend, time.Minute)
		if errors.Is(err, store.ErrLeased) {
			continue
		}
		orDie(err)
		if rec.Phase != store.Queued { // another was faster
			orDie(s.Release(ctx, l))
			continue
		}
		body, err := s.GetBody(ctx, "fjord", rec.Ref)
		orDie(err)
		if string(body) != "body of "+rec.Ref {
			orDie(fmt.Errorf("%s has the body %q", rec.Ref, body))
		}
		rec, err = s.Decide(ctx, l, store.SendDecision{})
		orDie(err)
		if rand.IntN(8) == 0 {
			_, err := s.Report(ctx, "fjord", rec.Ref, store.NotTakenFact{Epoch: rec.SendEpoch, Reason: "429"})
			orDie(err)
			continue
		}
		send(rec)
		_, err = s.Report(ctx, "fjord", rec.Ref, store.SettledFact{Epoch: rec.SendEpoch, Outcome: store.Outcome{Foreground: true, StatusCode: 201}})
		orDie(err)
		for err = store.ErrLeased; errors.Is(err, store.ErrLeased); { // by another that saw it queued
			l, _, err = s.Acquire(ctx, "fjord", rec.Ref, who, store.ToRun, time.Minute)
		}
		orDie(err)
		_, err = s.Decide(ctx, l, store.AcknowledgeDecision{})
		orDie(err)
	}
	return len(list.Records)
}

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
