package clientauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/vismanet-go/background/client/internal/charge"
)

// flight is one fetching of a token, for all who wait for it.
type flight struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when got and err are set
	got    *held
	err    error

	// Guarded by Source.mu:
	waiting int
	needed  bool        // by one who has no token to go on with: worth repeating
	calling bool        // a call is being made, and not waited for
	last    *TokenError // why the last call failed
}

// errNoAnswer is for those who come after one who stopped waiting, whose
// context is not theirs.
var errNoAnswer = errors.New("no answer came for as long as somebody waited")

// board joins the flight in progress, or starts one, for somebody with a context. The
// source's lock is held.
func (s *Source) board(ctx context.Context, need bool) *flight {
	f := s.flight
	if f == nil {
		// Not under the context of the one who comes first. Its values are
		// left out too: a trace in it, of the ERP's connection, would see
		// that of the token endpoint. Only who counts calls does so here as well.
		ctx, cancel := context.WithTimeout(charge.With(context.Background(), charge.From(ctx)), s.cfg.RetryFor)
		f = &flight{cancel: cancel, done: make(chan struct{}), last: s.pace.failed}
		s.flight = f
		go s.fly(ctx, f)
	}
	f.waiting++
	f.needed = f.needed || need
	return f
}

// await waits for the end of a flight, or of ctx.
func (s *Source) await(ctx context.Context, f *flight) (*held, error) {
	select {
	case <-f.done:
		return f.got, f.err
	case <-ctx.Done():
		return nil, s.leave(f, ctx.Err())
	}
}

// leave gets off. The last one ends the flight, so that no goroutine runs for
// nobody; a TokenSource has to be left to end by itself.
func (s *Source) leave(f *flight, err error) *TokenError {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.waiting--
	if f.waiting == 0 && s.flight == f {
		f.needed = false
		if s.cfg.TokenSource == nil {
			if f.calling { // an endpoint that nobody has the patience for fails, too
				s.failed(cmp.Or(f.last, &TokenError{Err: errNoAnswer, passing: true}), time.Now())
			}
			s.flight = nil
			f.cancel()
		} else if s.cur != nil {
			s.pause = time.Now().Add(s.cur.retry)
		}
	}
	return ended(err, f.last)
}

// fly asks for a token until there is one, or no sense in asking again.
func (s *Source) fly(ctx context.Context, f *flight) {
	defer f.cancel()
	landed := false
	defer func() {
		if !landed { // runtime.Goexit of a TokenSource; all others would wait for ever
			s.land(ctx, f, nil, &TokenError{Err: errors.New("what was asked for a token ended its goroutine")})
		}
	}()
	for !landed {
		if !s.takeOff(ctx, f) {
			landed = true
			s.giveUp(f)
			return
		}
		token, failed := s.call(ctx)
		landed = s.land(ctx, f, token, failed)
	}
}

// takeOff waits until there may be a call. It reports false if ctx ended.
func (s *Source) takeOff(ctx context.Context, f *flight) bool {
	s.mu.Lock()
	var wait time.Duration
	if !s.cur.valid(time.Now()) { // else the pause has been kept already
		wait = time.Until(s.pace.next)
	}
	s.mu.Unlock()
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.calling = ctx.Err() == nil
	return f.calling
}

// giveUp ends a flight whose time was over before there could be another call.
func (s *Source) giveUp(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight == f {
		s.flight = nil
	}
	f.err = cmp.Or(f.last, ended(context.Canceled, nil)) // the latter nobody reads
	close(f.done)
}

// call asks once.
func (s *Source) call(ctx context.Context) (t *oauth2.Token, failed *TokenError) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil { // it is not the caller's goroutine that would die
			t, failed = nil, &TokenError{Err: fmt.Errorf("panic while asking for a token: %v", v)}
		}
	}()
	begun := time.Now()
	t, err := s.ask(ctx)
	switch {
	case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()): // ours, and not the context of one who waits
		return nil, &TokenError{Err: fmt.Errorf("no answer came in %v", time.Since(begun).Round(time.Millisecond)), passing: true}
	case err != nil:
		return nil, s.failure(err)
	}
	if err := usable(t); err != nil {
		return nil, &TokenError{Err: err}
	}
	return t, nil
}

func (s *Source) failure(err error) *TokenError {
	_, answered := errors.AsType[*oauth2.RetrieveError](err)
	_, called := errors.AsType[*url.Error](err)
	if s.cfg.TokenSource != nil && !answered && !called {
		return &TokenError{Err: err} // the source's own words
	}
	return tokenError(err, s.cfg.ClientSecret)
}

// land ends the flight with what a call brought, a token or an error. It
// reports false if there is to be another call.
func (s *Source) land(ctx context.Context, f *flight, t *oauth2.Token, failed *TokenError) bool {
	s.mu.Lock()
	old, now := s.cur, time.Now()
	f.calling = false
	if failed != nil {
		if ctx.Err() != nil && f.last != nil {
			failed = f.last // it says more than that the time is up
		}
		f.last = failed
	}
	switch here := s.flight == f; { // else everyone has left
	case failed == nil && here:
		f.got = s.keep(t, now)
	case failed == nil:
		f.err = ended(context.Canceled, nil) // nobody reads it
	case here:
		s.failed(failed, now)
		end, _ := ctx.Deadline()
		if wait := s.pace.next.Sub(now); failed.passing && f.needed && wait > 0 && ctx.Err() == nil && end.Sub(now) > wait {
			s.mu.Unlock()
			s.cfg.Logger.WarnContext(ctx, "no token, asking again", "wait", wait, "error", failed)
			return false
		}
		fallthrough
	default:
		f.err = failed
	}
	if s.flight == f {
		s.flight = nil
	}
	close(f.done)
	s.mu.Unlock()
	s.tell(ctx, old, t, failed, now)
	return true
}

// tell logs how a flight ended.
func (s *Source) tell(ctx context.Context, old *held, t *oauth2.Token, failed *TokenError, now time.Time) {
	switch {
	case failed == nil:
		s.cfg.Logger.DebugContext(ctx, "new token", "expires", t.Expiry)
	case old != nil && !reached(old.end, now):
		s.cfg.Logger.WarnContext(ctx, "token not renewed, the old one is still valid", "until", old.end, "error", failed)
	case failed.passing:
		s.cfg.Logger.WarnContext(ctx, "no token", "error", failed)
	default:
		s.cfg.Logger.ErrorContext(ctx, "no token, and asking again will not help", "error", failed)
	}
}

// keep makes a token the current one. The lock is held.
func (s *Source) keep(t *oauth2.Token, now time.Time) *held {
	s.pace.succeed()
	s.pause = time.Time{}
	for _, old := range []*held{s.cur, s.dropped} {
		if old != nil && old.token.AccessToken == t.AccessToken {
			// Some endpoints and sources give the same until it ends.
			s.cur = hold(*t, old.number, s.cfg.RefreshBefore, now)
			s.pause = now.Add(max(old.retry, s.cur.retry))
			return s.cur
		}
	}
	s.last++
	s.cur = hold(*t, s.last, s.cfg.RefreshBefore, now)
	return s.cur
}

// failed notes for how long not to ask again. The lock is held.
func (s *Source) failed(failed *TokenError, now time.Time) {
	if s.cur.valid(now) {
		s.pause = now.Add(max(s.cur.retry, failed.after))
		return
	}
	s.pace.fail(failed, now)
}

// credentials returns what asks for a token with client id and secret.
func (s *Source) credentials() func(context.Context) (*oauth2.Token, error) {
	params := maps.Clone(s.cfg.Params)
	if params == nil {
		params = url.Values{}
	}
	params.Set("tenant_id", s.cfg.TenantID)
	conf := &clientcredentials.Config{
		ClientID: s.cfg.ClientID, ClientSecret: s.cfg.ClientSecret, TokenURL: s.cfg.TokenURL,
		Scopes: s.cfg.Scopes, EndpointParams: params,
		// Always named: package oauth2 would find it out by sending the
		// secret twice after each failure.
		AuthStyle: oauth2.AuthStyleInParams,
	}
	if s.cfg.SecretInHeader {
		conf.AuthStyle = oauth2.AuthStyleInHeader
	}
	return func(ctx context.Context) (*oauth2.Token, error) {
		return conf.Token(context.WithValue(ctx, oauth2.HTTPClient, s.cfg.HTTPClient))
	}
}
