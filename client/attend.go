package client

import (
	"context"
	"errors"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/store"
)

// tellAt is when a person is told that an operation is uncertain: when a wait
// would give it up, or a day after it was sent if a resolver is asked. Zero
// means never, or that it was done. It needs the scheduler's mutex.
func (r *runner) tellAt(rec *store.Record) time.Time {
	if rec.Phase != store.Uncertain || r.told[rec.Ref] {
		return time.Time{}
	}
	at := r.c.patience(rec, r.began)
	if !at.IsZero() && r.c.cfg.Resolvers[rec.Kind] != nil { // it has the time that the ERP keeps an operation
		at = latest(at, rec.SentAt.Add(retention))
	}
	if !r.ran && !at.IsZero() && !at.After(time.Now()) {
		r.told[rec.Ref] = true
		r.first = append(r.first, *rec)
		return time.Time{}
	}
	return at
}

// tell tells a person that an operation is uncertain, if it still is.
func (r *runner) tell(ref string) {
	c, s := r.c, r.s
	rec, err := c.store.Get(r.ctx, c.cfg.Tenant, ref)
	s.mu.Lock()
	now := err == nil && rec.Phase == store.Uncertain && !r.told[ref]
	if now {
		r.told[ref] = true
	}
	if it := s.items[ref]; err == nil || errors.Is(err, store.ErrNotFound) {
		s.markDirty(ref, it)
	} else if it != nil && !it.working {
		s.plan(it, plan{until: time.Now().Add(time.Second)}, laneRead)
	}
	s.dispatch()
	s.mu.Unlock()
	if now {
		c.log.ErrorContext(r.ctx, "it is not known whether the ERP accepted an operation, and nothing is going to tell", "ref", ref, "method", rec.Method,
			"path", erp.PathOf(rec.Path), "kind", rec.Kind, "sent", rec.SentAt, "reason", rec.Reason, "remedy", remedyResolve)
		c.attend(r.ctx, rec, NeedsUncertain)
	}
}

// report tells, once, of what needed a person when Run began.
func (r *runner) report(ctx context.Context) {
	c := r.c
	r.s.mu.Lock()
	done, first := r.ran, r.first
	r.ran, r.first = true, nil
	r.s.mu.Unlock()
	if done {
		return
	}
	count := func(p store.Phase) int {
		n, err := c.store.Count(ctx, c.cfg.Tenant, store.Query{Phases: []store.Phase{p}})
		if err != nil && ctx.Err() == nil && c.life.Err() == nil {
			c.log.WarnContext(ctx, "operations could not be counted", "phase", p, "error", err)
		}
		return n
	}
	unclear, dead := count(store.Unclear), count(store.Dead)
	if len(first)+unclear+dead == 0 {
		return
	}
	var refs []string
	for _, rec := range first {
		if len(refs) < 10 {
			refs = append(refs, rec.Ref)
		}
		c.attend(ctx, rec, NeedsUncertain)
	}
	if len(refs) < 10 && unclear+dead > 0 {
		for op, err := range c.list(ctx, store.Unclear, store.Dead) {
			if err != nil || len(refs) >= 10 {
				break
			}
			refs = append(refs, op.Ref())
		}
	}
	c.log.ErrorContext(ctx, "operations need a person", "uncertain", len(first), "unclear", unclear, "dead", dead, "refs", refs,
		"remedy", remedyResolve+"; Client.Dead lists what is dead, Operation.Replay brings it back to its handler, and Operation.Drop removes it")
}

// maxKinds bounds how many kinds without a handler are told of.
const maxKinds = 100

// handledBy reports whether somebody is going to take the outcome of a kind of
// operations, as far as this client knows: a handler, or, where it has none at
// all, whoever waits.
func (c *Client) handledBy(kind string) bool {
	return len(c.cfg.OnComplete) == 0 || c.cfg.OnComplete[kind] != nil
}

// once reports whether something is told of for the first time.
func (c *Client) once(what string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kinds[what] || len(c.kinds) >= maxKinds {
		return false
	}
	c.kinds[what] = true
	return true
}

// noHandler tells of an operation that has ended and whose kind has no handler:
// a kind may be misspelt. What has no kind, or that of Do, may be waited for,
// and is told of only when nobody has acknowledged it for a while: a crash cut
// off who waited.
func (c *Client) noHandler(rec store.Record, now time.Time) {
	awaited := (rec.Kind == "" || rec.Kind == KindHTTP) && now.Sub(rec.SettledAt) < 10*time.Minute
	if c.handledBy(rec.Kind) || awaited || !c.once("kind "+rec.Kind) {
		return
	}
	c.log.WarnContext(c.life, "an operation has ended, and Config.OnComplete has no handler of its kind: whoever submitted it must acknowledge it",
		"ref", rec.Ref, "kind", rec.Kind)
	c.attend(c.life, rec, NeedsHandler)
}

// foreign tells of an operation that this client must not poll.
func (c *Client) foreign(rec store.Record) {
	if c.once("origin " + rec.Origin) {
		c.log.WarnContext(c.life, "operations were submitted to another origin and are not polled", "ref", rec.Ref, "origin", rec.Origin,
			"remedy", "name it in Config.FormerOrigins if the ERP has moved")
	}
}

// willHaveHandler warns, once per kind, when an operation of a kind is
// submitted that Config.OnComplete lacks.
func (c *Client) willHaveHandler(ctx context.Context, kind string) {
	if kind != "" && kind != KindHTTP && !c.handledBy(kind) && c.once("submit "+kind) {
		c.log.WarnContext(ctx, "Config.OnComplete has no handler of the kind that is submitted: perhaps it is misspelt", "kind", kind)
	}
}
