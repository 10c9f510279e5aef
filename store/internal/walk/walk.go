// Package walk fills stores with what may be in one, for tests.
package walk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/store"
)

// Tenants are those of which [Random] makes records.
var Tenants = []string{"fjord", "fjell"}

// Sequences are those of each tenant.
var Sequences = []string{"corrections", "s\x00\xff", "import"}

// walker calls a store at random. What the rules refuse is part of it.
type walker struct {
	ctx    context.Context
	s      store.Store
	rnd    *rand.Rand
	n      int
	recent []store.Record // may be older than the truth
	leases []store.Lease
}

// Random makes so many calls at random on a store: records in every phase, with
// content and bodies of some size, metadata and keys of any bytes, tombstones,
// sequences that go on or are stopped, deliveries and documents. No lease is valid when
// it returns.
func Random(ctx context.Context, s store.Store, rnd *rand.Rand, steps int) error {
	w := &walker{ctx: ctx, s: s, rnd: rnd}
	moves := []func() error{w.create, w.create, w.enqueue, w.enqueue, w.accept, w.accept, w.settle, w.settle, w.report, w.notify, w.decide, w.decide, w.decide, w.document}
	for i := range steps {
		err := pick(w, moves...)()
		if i == steps/3 || i == steps*2/3 {
			_, purged := s.Purge(ctx, Tenants[1], store.Retention{Ended: time.Now()})
			err = errors.Join(err, purged)
		}
		if err := unexpected(err); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	for _, l := range w.leases {
		if _, refused := errors.AsType[*store.PhaseError](s.Release(ctx, l)); refused {
			if _, err := s.Extend(ctx, l, time.Nanosecond); err != nil {
				return err
			}
		}
	}
	return nil
}

// unexpected returns an error that is not a refusal by the rules.
func unexpected(err error) error {
	for _, known := range []error{store.ErrNotFound, store.ErrLeased, store.ErrFenced, store.ErrExists, store.ErrChanged, store.ErrFull} {
		if errors.Is(err, known) {
			return nil
		}
	}
	if _, ok := errors.AsType[*store.ConflictError](err); ok {
		return nil
	}
	if _, ok := errors.AsType[*store.PhaseError](err); ok {
		return nil
	}
	if _, ok := errors.AsType[*store.KeyHeldError](err); ok {
		return nil
	}
	if invalid, ok := errors.AsType[*store.InvalidError](err); ok && invalid.Field == "Supersedes" {
		return nil
	}
	return err
}

func pick[T any](w *walker, from ...T) T { return from[w.rnd.IntN(len(from))] }

// some is one of the last records, as it is now.
func (w *walker) some() (store.Record, error) {
	if len(w.recent) == 0 {
		return store.Record{}, store.ErrNotFound
	}
	rec := w.recent[w.rnd.IntN(len(w.recent))]
	return w.s.Get(w.ctx, rec.Tenant, rec.Ref)
}

func (w *walker) made(rec store.Record, err error) error {
	if err == nil {
		if w.recent = append(w.recent, rec); len(w.recent) > 60 {
			w.recent = slices.Delete(w.recent, 0, 1+w.rnd.IntN(20))
		}
	}
	return err
}

func (w *walker) text(size int) []byte {
	return []byte(strings.Repeat(pick(w, "answer ", "æøå ", "\x00\xff\"\\ ", "{\"a\":1}"), 1+w.rnd.IntN(1+size/7)))
}

func (w *walker) fresh() store.Record {
	w.n++
	rec := store.Record{
		Tenant: pick(w, Tenants...), Ref: fmt.Sprintf("%s%06d", pick(w, "r-", "r-", "r-", "r\x00-", "r\xff-"), w.n), Method: "POST",
		Path: "/v2/customerinvoice?x=" + string(w.text(20)), Kind: pick(w, "", "invoice", "payment"), Fingerprint: pick(w, "f1", "f2"),
		Key: pick(w, "", "order-", "order-", "\x01order\x00-"), Origin: "https://erp.example", Notify: pick(w, "", "url"),
	}
	if rec.Key != "" {
		rec.Key += fmt.Sprint(w.rnd.IntN(2 * w.n))
	}
	if w.rnd.IntN(3) == 0 {
		rec.Metadata = map[string]string{"order": fmt.Sprint(w.n), pick(w, "by", "b\xffy", "b\x00y"): string(w.text(30))}
	}
	if old, err := w.some(); err == nil && w.rnd.IntN(5) == 0 {
		rec.Tenant, rec.Key, rec.Supersedes = old.Tenant, old.Key, old.Ref
	}
	return rec
}

func (w *walker) create() error {
	rec := w.fresh()
	rec.Phase = pick(w, store.Sending, store.Sending, store.Sending, store.Queued)
	return w.made(w.s.Create(w.ctx, rec, "sender", time.Nanosecond))
}

func (w *walker) enqueue() error {
	rec := w.fresh()
	rec.Sequence = pick(w, append(Sequences, "", "")...)
	return w.made(w.s.Enqueue(w.ctx, rec, w.text(2000)))
}

func (w *walker) accept() error {
	rec, err := w.some()
	if err != nil {
		return err
	}
	fact := store.AcceptedFact{ID: fmt.Sprint("id-", w.n, "-", w.rnd.IntN(3)), Source: pick(w, store.FromAnswer, store.FromAnswer, store.FromUser), Due: time.Now().Add(time.Minute)}
	_, err = w.s.Report(w.ctx, rec.Tenant, rec.Ref, fact)
	return err
}

func (w *walker) settle() error {
	rec, err := w.some()
	if err != nil {
		return err
	}
	out := store.Outcome{Status: "Finished", StatusCode: pick(w, 200, 201, 204, 400, 500), Header: map[string][]string{"Etag": {"x"}}, StartedAt: time.Now()}
	if out.Kept = w.rnd.IntN(2) == 0; out.Kept {
		out.HasContent, out.Content = true, w.text(pick(w, 0, 100, 100, 20_000))
	}
	_, err = w.s.Report(w.ctx, rec.Tenant, rec.Ref, store.SettledFact{ID: rec.ID, Outcome: out})
	return err
}

func (w *walker) report() error {
	rec, err := w.some()
	if err != nil {
		return err
	}
	unclear := store.UnclearFact{ID: cmp.Or(rec.ID, "none"), Outcome: store.Outcome{Status: "Cancelled", StatusCode: 200}}
	if rec.Phase == store.Accepted && w.rnd.IntN(2) == 0 {
		_, err = w.s.Report(w.ctx, rec.Tenant, rec.Ref, unclear)
		return err
	}
	fact := pick[store.Fact](w,
		store.RejectedFact{Epoch: rec.SendEpoch, Reason: "400"}, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"},
		store.NotTakenFact{Epoch: rec.SendEpoch, Reason: "429", Due: time.Now().Add(time.Hour)}, store.RefutedFact{ID: "forged", Reason: "another path"},
		unclear,
		store.SettledFact{ByUser: true, Outcome: store.Outcome{Told: "seen in the ERP", StatusCode: 200}})
	_, err = w.s.Report(w.ctx, rec.Tenant, rec.Ref, fact)
	return err
}

func (w *walker) notify() error {
	n := store.Notification{
		Tenant: pick(w, append(Tenants, "")...), ID: fmt.Sprint("id-", w.rnd.IntN(1+2*w.n), "-", w.rnd.IntN(3)), Body: w.text(300), NotificationID: fmt.Sprint("n", w.rnd.IntN(1000)),
		Mode: "subscription", Deliver: w.rnd.IntN(3) == 0, Unparsed: w.rnd.IntN(9) == 0, Header: map[string]string{"content-type": "application/json"},
	}
	if rec, err := w.some(); err == nil && w.rnd.IntN(3) > 0 {
		n.Tenant, n.Ref, n.ID = rec.Tenant, rec.Ref, pick(w, rec.ID, rec.ID, "forged", n.ID)
	}
	_, err := w.s.Notify(w.ctx, n)
	return err
}

func (w *walker) decide() error {
	rec, err := w.some()
	if list, _ := w.s.List(w.ctx, store.DeliveryTenant, store.Query{Limit: 20, NewestFirst: true}); len(list) > 0 && w.rnd.IntN(8) == 0 {
		rec, err = pick(w, list...), nil
	}
	if err != nil {
		return err
	}
	purpose := pick(w, store.ToRun, store.ToPoll, store.ToAcknowledge, store.ToResolve)
	decisions := []store.Decision{
		store.WithdrawDecision{Reason: "a mistake"},
		store.RequeueDecision{},
		store.SkipDecision{Reason: "by hand"},
		store.AcknowledgeDecision{},
		store.AcknowledgeDecision{},
		store.AcknowledgeDecision{},
		store.RescheduleDecision{Due: time.Now().Add(time.Hour), Progress: store.Progress{Status: "Started", StatusCode: 200, Missings: 2, MissingSince: time.Now()}},
		store.InterruptDecision{},
		store.RetryDecision{Due: time.Now().Add(time.Hour), Reason: "busy"},
		store.DeadLetterDecision{Reason: "gave up"},
		store.ReplayDecision{},
		store.DropDecision{Reason: "no use"},
		store.ExpireDecision{Reason: "404"},
		store.AbandonDecision{Reason: "by hand"},
	}
	switch often := w.rnd.IntN(4) > 0; {
	case often && rec.Phase == store.Queued:
		purpose, decisions = store.ToSend, []store.Decision{store.SendDecision{}}
	case often && rec.Phase == store.Settled:
		decisions = []store.Decision{store.AcknowledgeDecision{}, store.DeadLetterDecision{Reason: "gave up"}}
	case often && rec.Phase == store.Accepted:
		decisions = decisions[6:] // also to expire
	}
	l, _, err := w.s.Acquire(w.ctx, rec.Tenant, rec.Ref, "replica", purpose, time.Hour)
	if err != nil {
		return err
	}
	w.leases = append(w.leases, l)
	for tries := 0; tries < 4; tries++ {
		if _, err = w.s.Decide(w.ctx, l, pick(w, decisions...)); err == nil {
			break
		}
	}
	if err != nil && w.rnd.IntN(2) == 0 {
		err = errors.Join(err, w.s.Release(w.ctx, l))
	}
	return err
}

func (w *walker) document() error {
	d, err := w.s.GetDocument(w.ctx, pick(w, Tenants...), pick(w, "budget", "pause", "learnt\x00"))
	if err != nil {
		return err
	}
	if d.Body = w.text(500); w.rnd.IntN(4) == 0 {
		d.Body = nil
	}
	_, err = w.s.PutDocument(w.ctx, d)
	return err
}
