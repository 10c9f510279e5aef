package clientauth_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client/clientauth"
	"golang.org/x/oauth2"
)

func TestARefusalOfTheEndpointIsTypedAndFinal(t *testing.T) {
	e := &endpoint{answer: func(w http.ResponseWriter, _ *http.Request, n int) bool {
		say(w, 401, `{"error":"invalid_client","error_description":"no such client"}`)
		return n == 1
	}}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		for range 100 { // repeated without a call for a few seconds
			_, err := s.Token(t.Context())
			te, ok := errors.AsType[*clientauth.TokenError](err)
			if !ok || te.StatusCode != 401 || te.Code != "invalid_client" || te.Description != "no such client" || te.Temporary() || !te.NotSent() {
				t.Fatalf("got %#v", err)
			}
			const text = "get a token: the token endpoint answered 401 invalid_client (no such client); are ClientID and ClientSecret right, and those of one application?"
			if err.Error() != text {
				t.Fatalf("got  %s\nwant %s", err, text)
			}
		}
		if n := e.calls(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
		e.answer = nil
		time.Sleep(5 * time.Second)
		want(t, s, "token-2")
	})
}

func TestAnAnswerThatIsNoTokenIsAnError(t *testing.T) {
	issued := func(token string) string {
		return `{"access_token":` + fmt.Sprintf("%q", token) + `,"expires_in":3600,"token_type":"Bearer"}`
	}
	tests := []struct {
		name, kind, body string
		status           int
		text             string
	}{
		{"a page", "text/html", "<html>Log in, token-leak", 200, "no usable token"},
		{"nothing", "application/json", "", 200, "no usable token"},
		{"JSON that breaks off", "application/json", `{"access_token":"token-leak`, 200, "no usable token"},
		{"no token in it", "application/json", `{"expires_in":3600}`, 200, "no usable token"},
		{"a form that cannot be read", "text/plain", "access_token=token-leak%zz", 200, "no usable token"},
		{"another kind of token", "application/json", `{"access_token":"token-leak","token_type":"mac"}`, 200, "not a bearer token"},
		{"a token with a line end", "application/json", issued("token-leak\r\nX: y"), 200, "cannot stand in a header"},
		{"a token with a space", "application/json", issued("token-leak x"), 200, "cannot stand in a header"},
		{"an error with status 200", "application/json", `{"error":"invalid_scope"}`, 200, "answered 200 invalid_scope"},
		{"a redirect", "text/html", "elsewhere", 307, "answered 307"},
		{"too much", "application/json", `{"access_token":"` + strings.Repeat("token-leak", 1<<18) + `"}`, 200, "no usable token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &endpoint{answer: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
				w.Header().Set("Content-Type", tt.kind)
				w.Header().Set("Location", "https://elsewhere.example/")
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
				return true
			}}
			play(t, e, func(t *testing.T, s *clientauth.Source) {
				_, err := s.Token(t.Context())
				if err == nil || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("got %v, want %q", err, tt.text)
				}
				if strings.Contains(fmt.Sprintf("%+v %#v", err, err), "token-leak") {
					t.Errorf("the token is in %#v", err)
				}
				if e.calls() != 1 {
					t.Errorf("%d calls, want 1", e.calls())
				}
			})
		})
	}
}

// TestNoErrorAndNoLogHoldsTheSecretOrAToken has the endpoint answer with the
// secret that it got, in every place there is, and reads all that comes out.
func TestNoErrorAndNoLogHoldsTheSecretOrAToken(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) {
		body, _ := url.QueryUnescape(r.PostForm.Encode())
		say(w, 400, fmt.Sprintf(`{"error":%q,"error_description":%q,"error_uri":%q,"access_token":"token-leak"}`,
			"bad "+r.PostForm.Get("client_secret"), "you sent\n"+body+" that is "+r.PostForm.Encode()+strings.Repeat("!", 1000), body))
	}
	e := &endpoint{}
	synctest.Test(t, func(t *testing.T) {
		cfg := config(e)
		log, text := logbook()
		cfg.Logger = log
		s := mustNew(t, cfg)
		want(t, s, "token-1")
		e.answer = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n%2 == 0 {
				say(w, 503, `{"error_description":"`+secret+`"}`)
			} else {
				echo(w, r)
			}
			return true
		}
		time.Sleep(56 * time.Minute)
		want(t, s, "token-1")
		time.Sleep(4 * time.Minute)
		_, err := s.Token(t.Context())
		te, ok := errors.AsType[*clientauth.TokenError](err)
		if !ok || te.StatusCode != 400 {
			t.Fatalf("got %v", err)
		}
		if len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("not fit for a log: %q", err)
		}
		synctest.Wait()
		if text.String() == "" {
			t.Error("nothing was logged")
		}
		for _, out := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err), text.String()} {
			for _, hidden := range []string{secret, url.QueryEscape(secret), "token-1", "token-leak"} {
				if strings.Contains(out, hidden) {
					t.Errorf("%q in %s", hidden, out)
				}
			}
		}
		if _, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
			t.Error("the error gives access to the endpoint's whole answer")
		}
	})
}

func TestATokenSourceThatFailsIsAnErrorWhateverItDoes(t *testing.T) {
	broken := errors.New("the user has logged out")
	tests := []struct {
		name string
		src  sourceFunc
		text string
	}{
		{"an error", func() (*oauth2.Token, error) { return nil, broken }, "the user has logged out"},
		{"nothing", func() (*oauth2.Token, error) { return nil, nil }, "no token was issued"},
		{"a panic", func() (*oauth2.Token, error) { panic("oh") }, "panic while asking for a token: oh"},
		{"no token", func() (*oauth2.Token, error) { return &oauth2.Token{}, nil }, "no token was issued"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := mustNew(t, clientauth.Config{BaseURLs: []string{erpBase}, TokenSource: tt.src})
			_, err := s.Token(t.Context())
			if te, ok := errors.AsType[*clientauth.TokenError](err); !ok || !te.NotSent() || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %q", err, tt.text)
			}
			if tt.name == "an error" && !errors.Is(err, broken) {
				t.Error("the source's error is lost")
			}
		})
	}
}

func TestACertificateThatIsNotTrustedIsNotTriedAgain(t *testing.T) {
	n := 0
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			n++
		}
	}
	server.StartTLS()
	cfg := config(&endpoint{})
	cfg.TokenURL, cfg.HTTPClient = server.URL, nil
	_, err := mustNew(t, cfg).Token(t.Context())
	if te, ok := errors.AsType[*clientauth.TokenError](err); !ok || te.Temporary() || te.StatusCode != 0 {
		t.Errorf("got %v", err)
	}
	server.Close() // after which n is no longer written to
	if n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}
