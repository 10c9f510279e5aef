package clientauth

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// Source has a token ready for the calls to the ERP. It is safe for
// concurrent use; make one for each company with [New]. It runs a goroutine
// only while somebody waits for a token, and has nothing to close.
type Source struct {
	cfg     Config
	origins []origin
	ask     func(context.Context) (*oauth2.Token, error) // makes one call

	mu     sync.Mutex // guards the rest
	cur    *held      // nil: none
	last   uint64     // number of the newest token
	flight *flight    // the fetching in progress, nil: none
	pause  time.Time  // no renewal before this time, as long as cur is valid

	dropped *held  // by Refresh, last
	refused uint64 // number of the newest token that the ERP refused, 0: none
	inRow   int    // tokens refused since one was taken
	blind   int    // tokens replaced in a row by Refresh without a refusal that was seen
	pace    pace   // of calls that fail while there is no valid token
}

const (
	// maxRefused tokens in a row that the ERP takes none of end the asking
	// for more, for a while.
	maxRefused  = 2
	refusedFor  = time.Minute
	maxPatience = 2 * time.Second
)

// New returns a source, or an error that names every field that is wrong. It
// makes no call.
func New(cfg Config) (*Source, error) {
	cfg, origins, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Source{cfg: cfg, origins: origins, pace: newPace(cfg.TokenSource != nil)}
	s.ask = s.credentials()
	if cfg.TokenSource != nil {
		s.ask = func(context.Context) (*oauth2.Token, error) { return cfg.TokenSource.Token() }
	}
	return s, nil
}

// Token returns a valid token. It waits for one only if there is none, or, as
// the one caller who renews it, shortly before the end; ctx bounds that wait.
// Its error is a [*TokenError], which wraps the context's error where that
// ended the wait.
func (s *Source) Token(ctx context.Context) (*oauth2.Token, error) {
	h, err := s.get(ctx)
	if err != nil {
		return nil, err
	}
	token := h.token
	return &token, nil
}

// Refresh replaces a token that the ERP refused, and waits for the new one.
// The transport of [Source.HTTPClient] notes which token each 401 was the
// answer to: if that one is replaced already, Refresh returns nil at once, so
// that many callers whose calls were refused get one new token between them.
// If no call of that transport was ever refused, the current token is
// replaced, whichever it is. It fits client.Config.Refresh.
//
// Its error is a [*TokenError]. It matches [ErrRefused] without a call to the
// token endpoint, for a minute, if the ERP refused two new tokens in a row, or
// two were replaced without a refusal that this package has seen.
func (s *Source) Refresh(ctx context.Context) error {
	dropped, err := s.drop()
	if err != nil || dropped == 0 {
		return err
	}
	h, err := s.get(ctx)
	if err != nil {
		return err
	}
	if h.number == dropped {
		return &TokenError{Err: fmt.Errorf("the refused token was issued again: %w", ErrRefused)}
	}
	return nil
}

// none is the number of no token.
const none = ^uint64(0)

// drop takes the current token out of use and returns its number, or [none].
// It returns 0 if the refused one is replaced already.
func (s *Source) drop() (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cur := s.cur
	switch {
	case cur == nil && s.dropped != nil:
		return s.dropped.number, nil // another Refresh is at it
	case cur == nil:
		return none, nil
	case s.refused != 0 && s.refused != cur.number:
		return 0, nil
	case s.inRow >= maxRefused && time.Since(cur.got) < refusedFor:
		return 0, &TokenError{Err: ErrRefused}
	}
	if s.refused == 0 { // the calls go another way; who asks for a Refresh was refused, as far as we know
		if time.Since(cur.got) >= refusedFor {
			s.blind = min(s.blind, maxRefused-1)
		}
		if s.blind >= maxRefused {
			return 0, &TokenError{Err: ErrRefused}
		}
		s.blind++
	}
	s.dropped, s.cur = cur, nil
	return cur.number, nil
}

// get returns the current token or waits for another.
func (s *Source) get(ctx context.Context) (*held, error) {
	s.mu.Lock()
	h, now := s.cur, time.Now()
	valid := h.valid(now)
	if valid && (!reached(h.soon, now) || now.Before(s.pause) || s.flight != nil) {
		s.mu.Unlock()
		return h, nil
	}
	if !valid && s.flight == nil {
		if err := s.pace.refuses(now, s.cfg.RetryFor); err != nil {
			s.mu.Unlock()
			if s.serves(h) {
				return h, nil
			}
			return nil, err
		}
	}
	f := s.board(ctx, !valid)
	s.mu.Unlock()
	if !valid {
		got, err := s.await(ctx, f)
		if err != nil && s.serves(h) {
			return h, nil
		}
		return got, err
	}
	short, cancel := context.WithTimeout(ctx, patience(ctx))
	defer cancel()
	got, err := s.await(short, f)
	switch {
	case err == nil:
		return got, nil
	case s.serves(h):
		return h, nil
	}
	return s.get(ctx) // the old one was refused meanwhile
}

// patience is how long a call that has a valid token waits for its renewal: a
// token endpoint that hangs must not use up the call's own time.
func patience(ctx context.Context) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return maxPatience
	}
	return min(maxPatience, time.Until(end)/4)
}

// serves reports whether an old token is still good for a call.
func (s *Source) serves(old *held) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return old != nil && s.cur == old && !reached(old.end, time.Now())
}

// answered notes what the ERP made of a token.
func (s *Source) answered(number uint64, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case status != http.StatusUnauthorized:
		if number >= s.refused {
			s.inRow = 0
		}
	case number > s.refused:
		s.refused = number
		s.inRow++
	}
}

// String describes the source without secrets.
func (s *Source) String() string { return fmt.Sprintf("clientauth.Source{%v}", s.cfg) }

// GoString is String, for %#v.
func (s *Source) GoString() string { return s.String() }

// LogValue describes the source without secrets.
func (s *Source) LogValue() slog.Value { return slog.StringValue(s.String()) }
