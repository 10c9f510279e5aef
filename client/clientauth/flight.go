package clientauth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v4"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
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
	last    *TokenError // why the last try failed
}

// board joins the flight in progress, or starts one. The source's lock is
// held.
func (s *Source) board(need bool) *flight {
	f := s.flight
	if f == nil {
		// Not under the context of the one who comes first. Its values are
		// left out too: a trace in it, of the ERP's connection, would see
		// that of the token endpoint.
		ctx, cancel := context.WithTimeout(context.Background(), s.cfg.RetryFor)
		f = &flight{cancel: cancel, done: make(chan struct{})}
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
		if s.cur != nil {
			s.pause = time.Now().Add(s.cur.retry)
		}
		if s.cfg.TokenSource == nil {
			s.flight = nil
			f.cancel()
		}
	}
	return ended(err, f.last)
}

// fly asks for a token until there is one, or no sense in asking again.
func (s *Source) fly(ctx context.Context, f *flight) {
	defer f.cancel()
	delays := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(500*time.Millisecond),
		backoff.WithMultiplier(2),
		backoff.WithMaxInterval(10*time.Second),
		backoff.WithMaxElapsedTime(0), // ctx bounds it
	)
	for {
		token, failed := s.call(ctx)
		wait := delays.NextBackOff()
		if failed != nil {
			wait = max(wait, failed.after)
		}
		if s.land(ctx, f, token, failed, wait) {
			return
		}
		s.cfg.Logger.WarnContext(ctx, "no token, asking again", "wait", wait, "error", failed)
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			s.land(ctx, f, nil, failed, 0)
			return
		}
	}
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
	t, err := s.ask(ctx)
	if err != nil {
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

// land ends the flight with a token or an error. It reports false if there is
// to be another try after wait.
func (s *Source) land(ctx context.Context, f *flight, t *oauth2.Token, failed *TokenError, wait time.Duration) bool {
	s.mu.Lock()
	if failed != nil {
		if ctx.Err() != nil && f.last != nil {
			failed = f.last // it says more than that the time is up
		}
		f.last = failed
		end, _ := ctx.Deadline()
		if failed.passing && f.needed && ctx.Err() == nil && time.Until(end) > wait {
			s.mu.Unlock()
			return false
		}
	}
	old, now := s.cur, time.Now()
	if s.flight == f { // else everyone has left
		s.flight = nil
		if failed == nil {
			f.got = s.keep(t, now)
		} else {
			s.fail(failed, now)
		}
	}
	switch {
	case failed != nil:
		f.err = failed
	case f.got == nil:
		f.err = ended(context.Canceled, nil) // nobody reads it
	}
	close(f.done)
	s.mu.Unlock()
	switch {
	case failed == nil:
		s.cfg.Logger.DebugContext(ctx, "new token", "expires", t.Expiry)
	case old != nil && !reached(old.end, now):
		s.cfg.Logger.WarnContext(ctx, "token not renewed, the old one is still valid", "until", old.end, "error", failed)
	}
	return true
}

// keep makes a token the current one. The lock is held.
func (s *Source) keep(t *oauth2.Token, now time.Time) *held {
	s.final, s.finalEnd, s.pause = nil, time.Time{}, time.Time{}
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

// fail notes for how long not to ask again. The lock is held.
func (s *Source) fail(failed *TokenError, now time.Time) {
	if s.cur != nil {
		s.pause = now.Add(s.cur.retry)
	}
	if !failed.passing && failed.StatusCode != 0 {
		s.final, s.finalEnd = failed, now.Add(finalFor)
	}
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
