package clientauth_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"

	"github.com/vismanet-go/background/client/clientauth"
)

// canned is a transport that answers in one way.
type canned struct {
	status int
	header http.Header
	body   string
	err    error
	nobody bool // the answer has no Body at all
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.err != nil {
		return nil, c.err
	}
	res := &http.Response{StatusCode: c.status, Header: c.header.Clone(), Body: io.NopCloser(strings.NewReader(c.body)), ContentLength: int64(len(c.body)), Request: r}
	if c.nobody {
		res.Body = nil
	}
	return res, nil
}

func typed(contentType string) http.Header { return http.Header{"Content-Type": {contentType}} }

func sourceOf(t *testing.T, rt http.RoundTripper) *clientauth.Source {
	t.Helper()
	return mustNew(t, clientauth.Config{
		BaseURLs: []string{erpBase}, ClientID: "app", ClientSecret: secret, TenantID: "company", HTTPClient: &http.Client{Transport: rt},
	})
}

func utf16Text(s string, big, mark bool) string {
	var b strings.Builder
	units := utf16.Encode([]rune(s))
	if mark {
		units = append([]uint16{0xfeff}, units...)
	}
	for _, u := range units {
		if big {
			b.WriteByte(byte(u >> 8))
		}
		b.WriteByte(byte(u))
		if !big {
			b.WriteByte(byte(u >> 8))
		}
	}
	return b.String()
}

// The column "token" of the table of wire texts.
func TestATokenIsReadHoweverItIsWritten(t *testing.T) {
	const plain = `{"access_token":"abc","token_type":"Bearer","expires_in":3600}`
	expiring := func(value string) string { return `{"access_token":"abc","expires_in":` + value + `}` }
	tests := []struct {
		name   string
		answer canned
		life   time.Duration // 0: not told
	}{
		{"as the standard has it", canned{status: 200, header: typed("application/json;charset=UTF-8"), body: plain}, time.Hour},
		{"a byte order mark", canned{status: 200, header: typed("application/json"), body: "\xef\xbb\xbf" + plain}, time.Hour},
		{"a byte order mark and text/plain", canned{status: 200, header: typed("text/plain"), body: "\xef\xbb\xbf\r\n" + plain}, time.Hour},
		{"text/plain", canned{status: 200, header: typed("text/plain; charset=utf-8"), body: plain}, time.Hour},
		{"text/html", canned{status: 200, header: typed("text/html"), body: plain}, time.Hour},
		{"no type", canned{status: 200, body: plain}, time.Hour},
		{"UTF-16 with a mark", canned{status: 200, header: typed("application/json"), body: utf16Text(plain, false, true)}, time.Hour},
		{"UTF-16, declared", canned{status: 200, header: typed("application/json; charset=utf-16"), body: utf16Text(plain, true, false)}, time.Hour},
		{"ISO-8859-1, declared", canned{status: 200, header: typed("application/json; charset=iso-8859-1"), body: strings.Replace(plain, "{", "{\"scope\":\"\xe6\xf8\xe5\",", 1)}, time.Hour},
		{"white space around it", canned{status: 200, header: typed("application/json"), body: "\r\n " + plain + "\r\n"}, time.Hour},
		{"201", canned{status: 201, header: typed("application/json"), body: plain}, time.Hour},
		{"203, which a proxy has touched", canned{status: 203, header: typed("application/json"), body: plain}, time.Hour},
		{"a form", canned{status: 200, header: typed("application/x-www-form-urlencoded"), body: "access_token=abc&token_type=bearer&expires_in=3600"}, time.Hour},
		{"a form in text/plain", canned{status: 200, header: typed("text/plain"), body: "access_token=abc&expires_in=3600.5"}, time.Hour},
		{"bearer in lower case", canned{status: 200, body: `{"access_token":"abc","token_type":"bearer"}`}, 0},
		{"a fraction", canned{status: 200, body: expiring("3599.9")}, 3599 * time.Second},
		{"a string", canned{status: 200, body: expiring(`"3600"`)}, time.Hour},
		{"a string with a fraction", canned{status: 200, body: expiring(`" 3600.0 "`)}, time.Hour},
		{"an exponent", canned{status: 200, body: expiring("3.6e3")}, time.Hour},
		{"less than a second", canned{status: 200, body: expiring("0.5")}, time.Second},
		{"more than there is", canned{status: 200, body: expiring("1e300")}, (1<<31 - 1) * time.Second},
		{"null", canned{status: 200, body: expiring("null")}, 0},
		{"nought", canned{status: 200, body: expiring("0")}, 0},
		{"below nought", canned{status: 200, body: expiring("-1")}, 0},
		{"no number", canned{status: 200, body: expiring(`"NaN"`)}, 0},
		{"words", canned{status: 200, body: expiring(`"soon"`)}, 0},
		{"an object", canned{status: 200, body: expiring(`{"seconds":3600}`)}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := sourceOf(t, tt.answer).Token(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				var end time.Time
				if tt.life > 0 {
					end = time.Now().Add(tt.life)
				}
				if got.AccessToken != "abc" || !got.Expiry.Equal(end) || got.Type() != "Bearer" {
					t.Errorf("got %q of type %q until %v, want abc until %v", got.AccessToken, got.Type(), got.Expiry, end)
				}
			})
		})
	}
}

// The column "token" of the table of answers: what came in place of a token,
// told without a word of what it held.
func TestAnAnswerWithoutATokenSaysWhatItIs(t *testing.T) {
	const page = "<!DOCTYPE html><html>token-leak</html>"
	tests := []struct {
		name      string
		answer    canned
		status    int
		temporary bool
		text      string
	}{
		{"a page", canned{status: 200, header: typed("text/html"), body: page}, 200, false, "answered 200 with an HTML page: no usable token; is TokenURL right"},
		{"a page that says JSON", canned{status: 200, header: typed("application/json"), body: page}, 200, false, "with an HTML page: no usable token"},
		{"nothing", canned{status: 200}, 200, false, "answered 200 with an empty body: no usable token"},
		{"no body at all", canned{status: 200, nobody: true}, 200, false, "answered 200 with an empty body"},
		{"204", canned{status: 204}, 204, false, "answered 204 with an empty body"},
		{"cut off", canned{status: 200, body: `{"access_token":"token-leak`}, 200, false, "with JSON that breaks off or is malformed"},
		{"a list", canned{status: 200, body: `["token-leak"]`}, 200, false, "neither JSON nor a form"},
		{"an empty token", canned{status: 200, body: `{"access_token":"","expires_in":3600}`}, 200, false, "with an empty access_token"},
		{"a token of null", canned{status: 200, body: `{"access_token":null}`}, 200, false, "with an empty access_token"},
		{"no token", canned{status: 200, body: `{"expires_in":3600}`}, 200, false, "with no access_token"},
		{"another type", canned{status: 200, body: `{"access_token":"token-leak","token_type":"mac"}`}, 0, false, `is not a bearer token but one of type "mac"`},
		{"a wrong secret", canned{status: 401, body: "\xef\xbb\xbf" + `{"error":"invalid_client"}`}, 401, false, "answered 401 invalid_client; are ClientID and ClientSecret right"},
		{"a wrong secret, by status alone", canned{status: 401}, 401, false, "answered 401; are ClientID and ClientSecret right"},
		{"an error in UTF-16", canned{status: 400, body: utf16Text(`{"error":"invalid_scope"}`, true, true)}, 400, false, "answered 400 invalid_scope; has the application been granted all of Scopes?"},
		{"an error with status 200", canned{status: 200, body: `{"error":"invalid_request"}`}, 200, false, "answered 200 invalid_request; is TenantID right"},
		{"an error that is an object", canned{status: 400, body: `{"error":{"code":"token-leak"}}`}, 400, false, "the token endpoint answered 400"},
		{"blocked by a page", canned{status: 403, header: typed("text/html"), body: page}, 403, false, "answered 403 with an HTML page"},
		{"not there", canned{status: 404}, 404, false, "answered 404; is TokenURL right"},
		{"a redirect", canned{status: 302, header: http.Header{"Location": {"https://elsewhere.example/?token-leak"}}}, 302, false, "answered 302; redirects are not followed"},
		{"308", canned{status: 308}, 308, false, "answered 308; redirects are not followed"},
		{"304", canned{status: 304}, 304, false, "answered 304"},
		{"101", canned{status: 101, nobody: true}, 101, false, "answered 101, which is no answer"},
		{"no status", canned{}, 0, false, "answered 0, which is no answer"},
		{"a status beyond all", canned{status: 999}, 999, false, "answered 999, which is no answer"},
		{"408", canned{status: 408}, 408, true, "answered 408"},
		{"429", canned{status: 429}, 429, true, "answered 429"},
		{"503 with a page", canned{status: 503, body: page}, 503, true, "answered 503 with an HTML page"},
		{"a connection that fails", canned{err: errors.New("connection reset")}, 0, true, "connection reset"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := sourceOf(t, tt.answer).Token(t.Context())
				e, ok := errors.AsType[*clientauth.TokenError](err)
				if !ok || !e.NotSent() || e.StatusCode != tt.status || e.Temporary() != tt.temporary {
					t.Fatalf("got %#v, want status %d, temporary %v and not sent", err, tt.status, tt.temporary)
				}
				if !strings.Contains(err.Error(), tt.text) {
					t.Errorf("got  %v\nwant %s", err, tt.text)
				}
				if out := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(out, "token-leak") || strings.Contains(out, secret) {
					t.Errorf("the error tells a secret: %s", out)
				}
			})
		})
	}
}

// wire101 is the body of a 101: a connection, whose Read waits for its Close.
type wire101 struct{ closed chan struct{} }

func (w wire101) Read([]byte) (int, error) { <-w.closed; return 0, err101 }
func (w wire101) Close() error             { close(w.closed); return nil }

var err101 = errors.New("closed")

type upgrade struct{ wire101 }

func (u upgrade) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 101, Header: http.Header{}, Body: u.wire101, Request: r}, nil
}

func TestAConnectionThatIsSwitchedIsClosedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := upgrade{wire101{make(chan struct{})}}
		start := time.Now()
		if _, err := sourceOf(t, u).Token(t.Context()); err == nil || time.Since(start) != 0 {
			t.Errorf("got %v after %v, want an error at once", err, time.Since(start))
		}
		<-u.closed // else the bubble ends by a deadlock
	})
}
