package clientauth

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// held is a token and its times. Those that are zero never come.
type held struct {
	token  oauth2.Token
	number uint64    // counts the tokens of a source
	got    time.Time // when it came
	soon   time.Time // time to renew it
	late   time.Time // too close to the end to be sent, if another can be had
	end    time.Time
	retry  time.Duration // between two renewals that fail
}

// hold makes a held token of one that has just come; it is renewed before its
// end by the given time, or a fifth of its life if that is less.
func hold(t oauth2.Token, number uint64, before time.Duration, now time.Time) *held {
	h := &held{token: t, number: number, got: now}
	if t.Expiry.IsZero() {
		return h
	}
	// Without the monotonic reading: it stops while a machine sleeps, and the
	// token's life does not.
	h.end = t.Expiry.Round(0)
	window := min(before, max(h.end.Sub(now.Round(0)), 0)/5)
	h.soon, h.late = h.end.Add(-window), h.end.Add(-window/30)
	h.retry = window / 10
	return h
}

func reached(t, now time.Time) bool { return !t.IsZero() && !now.Round(0).Before(t) }

// valid reports whether the token may be sent without a look for another.
func (h *held) valid(now time.Time) bool { return h != nil && !reached(h.late, now) }

// usable finds out whether a token can stand in an Authorization header: one
// with a line end, for example, would make a request fail in a way that does
// not tell whether it was sent.
func usable(t *oauth2.Token) error {
	switch {
	case t == nil || t.AccessToken == "":
		return errors.New("no token was issued")
	case !strings.EqualFold(t.Type(), "Bearer"):
		return fmt.Errorf("the token that was issued is not a bearer token but one of type %q", tidy(t.TokenType, t.AccessToken, 40))
	case strings.ContainsFunc(t.AccessToken, func(c rune) bool { return c <= ' ' || c > '~' }):
		return errors.New("the token that was issued cannot stand in a header")
	}
	return nil
}
