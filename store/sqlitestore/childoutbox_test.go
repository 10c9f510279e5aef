package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
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
