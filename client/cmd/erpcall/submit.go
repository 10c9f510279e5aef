package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// submitWhole submits a request. The end of ctx ends it only as long as nothing was
// sent: after that, cutting it off would leave the operation uncertain.
func (s *session) submitWhole(ctx context.Context, req *http.Request, opts client.SubmitOptions) (*client.Operation, error) {
	sending := new(atomic.Bool)
	guarded, cancel := context.WithCancelCause(context.WithValue(context.WithoutCancel(ctx), sendingKey{}, sending))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		if !sending.Load() {
			cancel(context.Cause(ctx))
		}
	})
	defer stop()
	return s.Submit(guarded, req, opts)
}

type sendingKey struct{}

// A watchful observer notes that a request may be on its way.
type watchful struct{ client.NopObserver }

func (watchful) Submit(ctx context.Context, _ client.Submission) (context.Context, string, func(client.Submitted)) {
	if sending, ok := ctx.Value(sendingKey{}).(*atomic.Bool); ok {
		sending.Store(true)
	}
	return ctx, "", func(client.Submitted) {}
}

// relative is a path as the store has it.
func (s *session) relative(path string) (string, error) {
	req, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return "", err
	}
	return s.origin.Relative(req.URL)
}

// openWork are the operations that have not ended, or of which it is not known what
// became of them, by their fingerprints.
func (s *session) openWork(ctx context.Context) (map[string][]store.Record, error) {
	open := make(map[string][]store.Record)
	q := store.Query{Phases: []store.Phase{store.Queued, store.Sending, store.Accepted, store.Uncertain, store.Unclear}, WithoutContent: true, Limit: 1000}
	for {
		page, err := s.store.List(ctx, s.tenant, q)
		if err != nil {
			return nil, err
		}
		for _, rec := range page {
			if rec.Fingerprint != "" {
				open[rec.Fingerprint] = append(open[rec.Fingerprint], store.Record{Ref: rec.Ref, Phase: rec.Phase, Key: rec.Key, ID: rec.ID})
			}
		}
		if len(page) < q.Limit {
			return open, nil
		}
		q.After = page[len(page)-1].Position()
	}
}

// sameError says why a request is not sent.
func sameError(same store.Record) error {
	text := fmt.Sprintf("not sent: the same request is %s as %s", same.Phase, same.Ref)
	if same.Phase == store.Uncertain || same.Phase == store.Unclear {
		return errors.New(text + ", and a person has to find out what became of it (erpcall show " + same.Ref + "); --again sends it all the same, which may do the work twice")
	}
	return errors.New(text + " (erpcall watch " + same.Ref + " waits for it); --again sends it all the same, which does the work twice")
}
