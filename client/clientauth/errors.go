package clientauth

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"golang.org/x/oauth2"

	"github.com/vismanet-go/background/internal/wire"
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
	// Err is why there was no answer, or why none was waited for: the context's
	// error, that of the connection, or [ErrRefused]. It is nil if the answer
	// says it all.
	Err error

	what    string        // that came in place of a token, " with an HTML page" for example
	hint    string        // what to look at
	passing bool          // worth a repetition
	after   time.Duration // which the endpoint asked to wait
}

func (e *TokenError) Error() string {
	var parts []string
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	if e.StatusCode != 0 || e.what != "" {
		s := fmt.Sprintf("the token endpoint answered %d", e.StatusCode)
		if e.Code != "" {
			s += " " + e.Code
		}
		if e.Description != "" {
			s += fmt.Sprintf(" (%s)", e.Description)
		}
		parts = append(parts, s+e.what)
	}
	if e.hint != "" {
		parts = append(parts, e.hint)
	}
	return "get a token: " + cmp.Or(strings.Join(parts, "; "), "no token")
}

// Unwrap returns Err.
func (e *TokenError) Unwrap() error { return e.Err }

// NotSent reports true: without a token no request is sent. Package client
// asks for it.
func (e *TokenError) NotSent() bool { return true }

// Temporary reports whether the same may succeed without a change: there was
// no connection, or the endpoint answered 408, 429 or 5xx.
func (e *TokenError) Temporary() bool { return e.passing }

// ended is the error of one who stopped waiting; last is what the token
// endpoint said until then, nil if nothing.
func ended(err error, last *TokenError) *TokenError {
	e := &TokenError{Err: err, passing: true}
	if last != nil {
		e.StatusCode, e.Code, e.Description, e.what, e.hint = last.StatusCode, last.Code, last.Description, last.what, last.hint
		if last.Err != nil {
			e.Err = fmt.Errorf("%w; last try: %w", err, last.Err)
		}
	}
	return e
}

// tokenError turns an error of package oauth2 into one of this package. It
// keeps of the answer only what the standard defines.
func tokenError(err error, secret string) *TokenError {
	if e, ok := errors.AsType[*TokenError](err); ok { // of our own transport
		t := *e
		t.Code, t.Description = tidy(e.Code, secret, 60), tidy(e.Description, secret, 300)
		return &t
	}
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok { // of a TokenSource
		t := &TokenError{Code: tidy(e.ErrorCode, secret, 60), Description: tidy(e.ErrorDescription, secret, 300)}
		if e.Response != nil {
			t.StatusCode, t.passing = e.Response.StatusCode, passes(e.Response.StatusCode)
			t.after, _ = wire.RetryAfter(e.Response.Header, time.Now())
		}
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

// passes reports whether a status says that the same may succeed later.
func passes(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500 && status <= 599
}

// hintFor tells whoever configured a source what to look at.
func hintFor(status int, code string) string {
	switch {
	case code == "invalid_client" || code == "" && status == http.StatusUnauthorized:
		return "are ClientID and ClientSecret right, and those of one application?"
	case code == "invalid_scope":
		return "has the application been granted all of Scopes?"
	case code == "unauthorized_client" || code == "unsupported_grant_type":
		return "is it a service application, which may use the client credentials grant?"
	case code == "invalid_request" || code == "invalid_grant" || code == "access_denied" || code == "invalid_target":
		return "is TenantID right, and has that company approved the application?"
	case status >= 300 && status <= 399:
		return "redirects are not followed, for they would take the secret elsewhere; is TokenURL right?"
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusGone || status >= 200 && status <= 299:
		return "is TokenURL right, and does nothing answer in its place?"
	}
	return ""
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
