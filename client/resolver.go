package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/backoff"
	"github.com/vismanet-go/background/internal/usercode"
	"github.com/vismanet-go/background/store"
)

// Resolver finds out what became of a call if no answer told it, or what an end
// means that nobody knows. It searches the ERP for what the call was to make,
// by the application's own business key, and returns what a person would tell:
// [AcceptedAs], [EndedWith] or [NotAccepted]. It only reads. [Client.Run] asks
// it, and so does [Operation.AskResolver].
//
//	uncertain ── UncertainAfter it was sent; at once if no notification was asked for ──► asked
//	unclear ──── at once ───────────────────────────────────────────────────────────────► asked
//
//	asked ── AcceptedAs, and the ERP shows that operation ───► accepted, and awaited like any other
//	      ── EndedWith ──────────────────────────────────────► settled: the key stays held, the handler runs
//	      ── NotAccepted, UncertainAfter it was sent ────────► rejected: the key is free
//	      ── NotAccepted before that, or [ErrNotYet] ────────► as it was, and asked again later
//	      ── another error, a panic, a word that does not fit ► as it was, logged, told to the Observer, asked again
//	      ── something else became known meanwhile ──────────► as it became; the answer is not looked at
//	      ── the process ended, or CallTimeout is over ──────► as it was, and asked again later
//
// The waits between two questions double from ten seconds to an hour, whichever
// replica asks; only one asks at a time. What the resolver tells is judged like
// a person's word, and recorded with the kind of the resolver before its
// reason. A late answer or a notification still merges, and nothing is ever
// sent again.
//
// Mind what a search proves. What is found was done. What is not found may still
// be on its way: a gateway may have answered for the ERP, and the request wait in a
// queue. So NotAccepted counts only when [Config.UncertainAfter] is over, which
// must be longer than the ERP takes at its slowest, and not while a notification
// says that there is an operation; return [ErrNotYet] for as long as anything else
// speaks against it. A search that failed, or that did not see all pages, is an
// error and never NotAccepted. [GivenUp] is a person's word alone.
type Resolver func(ctx context.Context, u Unresolved) (Resolution, error)

// Unresolved is an operation that a [Resolver] is asked about. It is plain data, so
// that a test of a resolver makes one of its own.
type Unresolved struct {
	// Client is the one that asks; the resolver may read with it:
	// u.Client.Do(req) under [InForeground].
	Client *Client
	Ref    string
	ID     string // empty for one that is uncertain
	// Key, Kind and Metadata are those of [SubmitOptions].
	Key, Kind string
	Metadata  map[string]string
	Method    string
	Path      string // and query, below BaseURL
	// State has its Phase, uncertain or unclear, the Reason, when it was Sent, and
	// how often it was Asked about, this time included.
	State State
}

// resolverRetry spaces the questions to a resolver.
var resolverRetry = backoff.Policy{First: 10 * time.Second, Factor: 2, Limit: time.Hour}

// resolverDue is when a resolver is asked about a record; zero means never, or not
// before something changes. began is when Run began.
func (c *Client) resolverDue(rec *store.Record, began time.Time) time.Time {
	if c.cfg.Resolvers[rec.Kind] == nil {
		return time.Time{}
	}
	due := rec.EndedAt // of one that is unclear
	if rec.Phase == store.Uncertain {
		due = c.patience(rec, began)
	}
	if !rec.Unresolved() || due.IsZero() {
		return time.Time{}
	}
	if rec.Asks > 0 {
		due = latest(due, rec.AskedAt.Add(jitter(resolverRetry.After(rec.Asks-1), rec.Ref, rec.Asks)))
	}
	if c.unrecorded(rec.Ref) { // this client knows more than the store, and is writing it down
		due = latest(due, time.Now().Add(10*time.Second))
	}
	return due
}

// AskResolver asks the [Resolver] of the operation's kind now, whenever it was
// asked last, and returns the state after that. It returns what the resolver
// failed with, [ErrNotYet] among that; the operation is not affected by it. Of an
// operation that is neither uncertain nor unclear it asks nothing.
func (o *Operation) AskResolver(ctx context.Context) (State, error) {
	c := o.c
	if c.cfg.Resolvers[o.Kind()] == nil {
		return State{}, fmt.Errorf("resolve %s: Config.Resolvers has none for the kind %q", o, o.Kind())
	}
	if c.life.Err() != nil {
		return State{}, ErrClosed
	}
	told, err := c.ask(ctx, o.ref)
	for errors.Is(err, store.ErrLeased) { // somebody asks or polls
		if _, err = sleep(ctx, c.life, time.Second); err == nil {
			told, err = c.ask(ctx, o.ref)
		}
	}
	if err = errors.Join(told, storeError(err)); err != nil {
		err = fmt.Errorf("resolve %s: %w", o, err)
	}
	s, failed := o.State(ctx)
	return s, errors.Join(err, failed)
}

var (
	// errOvertaken is about an answer that came too late: something else became
	// known, or the lease has ended.
	errOvertaken = errors.New("something else became known meanwhile, or it took too long")
	errTooSoon   = fmt.Errorf("NotAccepted counts only when UncertainAfter is over: %w", ErrNotYet)
)

// ask asks the resolver about an operation, under a lease, and takes its word.
// told is why that told nothing; err says that it was not asked.
func (c *Client) ask(ctx context.Context, ref string) (told, err error) {
	before, err := c.store.Get(ctx, c.cfg.Tenant, ref)
	if err != nil || !before.Unresolved() {
		return nil, err
	}
	lease, rec, err := c.store.Acquire(ctx, c.cfg.Tenant, ref, c.owner, store.ToResolve, 2*c.cfg.CallTimeout)
	if err != nil {
		return nil, err
	}
	defer c.release(ctx, lease) // a decision may have ended it already
	resolver := c.cfg.Resolvers[rec.Kind]
	if resolver == nil || !rec.Unresolved() || rec.Asks != before.Asks+1 { // another one has just asked
		return nil, nil
	}
	call, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()
	var r Resolution
	told = usercode.Call("the resolver", func() (err error) {
		r, err = resolver(call, Unresolved{
			Client: c, Ref: rec.Ref, ID: rec.ID, Key: rec.Key, Kind: rec.Kind, Metadata: maps.Clone(rec.Metadata),
			Method: rec.Method, Path: rec.Path, State: stateOf(rec),
		})
		return err
	})
	if told == nil {
		told = c.takeWord(ctx, lease, rec, r)
	}
	c.resolverTold(ctx, rec, r, told)
	return told, nil
}

// takeWord judges what a resolver told of a record, and records it.
func (c *Client) takeWord(ctx context.Context, l store.Lease, rec store.Record, r Resolution) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.CallTimeout/2) // the lease is twice as long as both
	defer cancel()
	now, err := c.store.Get(ctx, rec.Tenant, rec.Ref)
	switch {
	case err != nil:
		return storeError(err)
	case now.Phase != rec.Phase || now.Notifications != rec.Notifications || now.Lease.Epoch != l.Epoch || !now.Lease.Valid(time.Now()):
		return errOvertaken
	}
	if err := r.fits(now); err != nil {
		return err
	}
	r.reason = fmt.Sprintf("the resolver of %q: %s", rec.Kind, r.reason)
	switch r.verb {
	case acceptedAs:
		return c.bindFound(ctx, l, now, r.id)
	case endedWith:
		return c.endTold(ctx, now, r, byResolver)
	case givenUp:
		return errors.New("GivenUp: want a person's word for it, with Operation.Resolve")
	}
	switch {
	case len(now.Candidates) > 0:
		return fmt.Errorf("NotAccepted: a notification names the operation %s, which is not refuted", now.Candidates[0])
	case time.Since(now.SentAt) < c.cfg.UncertainAfter:
		return errTooSoon
	}
	_, err = c.store.Report(ctx, now.Tenant, now.Ref, store.RejectedFact{ByUser: true, Epoch: now.SendEpoch, Reason: r.reason})
	return storeError(err)
}

// bindFound binds an id that a resolver found. Other than for a person, the ERP
// must show it now: whoever asks again loses nothing.
func (c *Client) bindFound(ctx context.Context, l store.Lease, rec store.Record, given string) error {
	id, err := idTold(given)
	if err != nil {
		return err
	}
	doc, err := c.getState(ctx, &turn{class: budget.Notified}, id)
	if why := wrongID(doc, err, rec); why != "" {
		return fmt.Errorf("AcceptedAs %s: %s", id, why)
	}
	if err != nil {
		return fmt.Errorf("AcceptedAs %s: the ERP could not be asked: %w", id, err)
	}
	got, err := c.store.Report(ctx, rec.Tenant, rec.Ref, store.AcceptedFact{ID: id, Source: store.FromUser})
	if err != nil {
		return storeError(err)
	}
	if err := c.stateRead(ctx, &held{lease: l, rec: got, turn: &turn{class: budget.Notified}}, doc, nil); err != nil {
		c.log.WarnContext(ctx, "an id that a resolver found is to be confirmed by the next poll", "ref", rec.Ref, "error", err)
	}
	return nil
}

// maxResolverTold bounds the operations whose resolver failed that are remembered.
const maxResolverTold = 1024

// resolverTold logs what came of a question. Once per operation it calls a person
// because of a resolver that fails.
func (c *Client) resolverTold(ctx context.Context, rec store.Record, r Resolution, why error) {
	about := []any{"ref", rec.Ref, "kind", rec.Kind, "phase", rec.Phase, "asked", rec.Asks}
	if why == nil {
		c.log.InfoContext(ctx, "a resolver told what became of it", append(about, "resolution", r.verb)...)
		c.mu.Lock()
		delete(c.unresolved, rec.Ref)
		c.mu.Unlock()
		return
	}
	about = append(about, usercode.Logged(why)...)
	if errors.Is(why, ErrNotYet) || errors.Is(why, errOvertaken) || ctx.Err() != nil || c.life.Err() != nil {
		c.log.DebugContext(ctx, "a resolver did not tell what became of it", about...)
		return
	}
	c.mu.Lock()
	first := !c.unresolved[rec.Ref]
	if len(c.unresolved) >= maxResolverTold {
		clear(c.unresolved)
	}
	c.unresolved[rec.Ref] = true
	c.mu.Unlock()
	if !first {
		c.log.WarnContext(ctx, "a resolver failed again", about...)
		return
	}
	c.log.ErrorContext(ctx, "a resolver failed, and is asked again later", append(about, "method", rec.Method, "path", erp.PathOf(rec.Path), "remedy", remedyResolve)...)
	c.attend(ctx, rec, NeedsResolver)
}
