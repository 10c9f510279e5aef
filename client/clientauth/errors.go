package clientauth

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/oauth2"
)

// ErrRefused says that the ERP refuses what the token endpoint issues, so
// that one more token would not help. The usual reason is a TenantID of the
// customer instead of the company.
var ErrRefused = errors.New("the ERP refuses the tokens that are issued (is TenantID that of the company?)")

// TokenError says that there is no token. Each error of [Source.Token],
// [Source.Refresh] and, for want of a token, of the HTTP client is or wraps
// one. It holds neither the secret nor a token.
type TokenError struct {
	// StatusCode is that of the token endpoint's last answer, 0 if there was
	// none.
	StatusCode int
	// Code is the OAuth error code, "invalid_client" for example; empty if
	// the answer named none.
	Code string
	// Description is the endpoint's own, cut to a reasonable length.
	Description string
	// Err is why there was no answer, or why there was no waiting for
	// another one: the context's error, that of the connection, or
	// [ErrRefused]. It is nil if the answer says it all.
	Err error

	passing bool          // worth a repetition
	after   time.Duration // which the endpoint asked to wait
}

func (e *TokenError) Error() string {
	var parts []string
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	if e.StatusCode != 0 {
		s := fmt.Sprintf("the token endpoint answered %d", e.StatusCode)
		if e.Code != "" {
			s += " " + e.Code
		}
		if e.Description != "" {
			s += fmt.Sprintf(" (%s)", e.Description)
		}
		parts = append(parts, s)
	}
	return "get a token: " + cmp.Or(strings.Join(parts, "; "), "no token")
}

// Unwrap returns Err.
func (e *TokenError) Unwrap() error { return e.Err }

// NotSent reports true: without a token no request is sent. Package client
// asks for it.
func (e *TokenError) NotSent() bool { return true }

// Temporary reports whether the same may succeed later: there was no
// connection, or the endpoint answered 408, 429 or 5xx.
func (e *TokenError) Temporary() bool { return e.passing }

// ended is the error of one who stopped waiting; last is what the token
// endpoint said until then, nil if nothing.
func ended(err error, last *TokenError) *TokenError {
	e := &TokenError{Err: err, passing: true}
	if last != nil {
		e.StatusCode, e.Code, e.Description = last.StatusCode, last.Code, last.Description
		if last.Err != nil {
			e.Err = fmt.Errorf("%w; last try: %w", err, last.Err)
		}
	}
	return e
}

// tokenError turns an error of package oauth2 into one of this package. It
// keeps of the answer only what the standard defines.
func tokenError(err error, secret string) *TokenError {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		t := &TokenError{Code: tidy(e.ErrorCode, secret, 60), Description: tidy(e.ErrorDescription, secret, 300)}
		if e.Response != nil {
			t.StatusCode = e.Response.StatusCode
			t.after = retryAfter(e.Response.Header, time.Now())
		}
		c := t.StatusCode
		t.passing = c == http.StatusRequestTimeout || c == http.StatusTooManyRequests || c >= 500
		return t
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		_, distrusted := errors.AsType[*tls.CertificateVerificationError](err)
		return &TokenError{Err: e.Err, passing: !distrusted}
	}
	// An answer that package oauth2 could not read. Its error may quote from
	// the answer, which may hold a token.
	return &TokenError{Err: errors.New("the token endpoint's answer holds no usable token")}
}

// tidy makes a text of a server fit for a log: without the secret, control
// characters and an end.
func tidy(s, secret string, limit int) string {
	if secret != "" {
		s = strings.NewReplacer(secret, redacted, url.QueryEscape(secret), redacted).Replace(s)
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}

// retryAfter reads how long an answer asks to wait: seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}
