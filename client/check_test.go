package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
)

// TestCheckLeavesNothingBehind has everything in order, and a subscription asked for.
func TestCheckLeavesNothingBehind(t *testing.T) {
	mc := mockserver.Config{RateLimit: mockserver.RateLimit{Limit: 100, Window: time.Hour}}
	play(t, mc, client.Config{Notify: client.Subscription()}, func(w *world) {
		t := w.T
		got, err := w.client.Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.ID == "" || got.StatusCode != 200 || got.Calls != 2 || got.Took > time.Second || got.Limit != 100 || got.Left != 98 || got.ResetsAt.IsZero() {
			t.Errorf("got %+v, want an operation that ended with 200 after two calls, and 98 of 100 left", got)
		}
		if n := w.calls("GET", "/v1/customerinvoice?pageNumber=1&pageSize=1"); n != 1 {
			t.Errorf("the list was read %d times, want once", n)
		}
		time.Sleep(time.Minute)
		recs, err := w.store.List(t.Context(), "default", store.Query{})
		if err != nil || len(recs) != 0 {
			t.Errorf("got %v, %v, want no record", recs, err)
		}
		if s := stats(t, w.client); s.Budget.Calls.Total() != 2 || s.Budget.InFlight != 0 {
			t.Errorf("the budget counts %+v, want 2 calls that are over", s.Budget)
		}
	})
}

// TestCheckDoesNotWaitForASlowERP has the queue be long.
func TestCheckDoesNotWaitForASlowERP(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Hour)}, client.Config{}, func(w *world) {
		got, err := w.client.Check(w.Context())
		if err != nil || got.ID == "" || got.StatusCode != 0 || got.Calls != 4 || got.Took > 5*time.Second {
			w.Errorf("got %+v, %v, want that it was accepted and seen", got, err)
		}
		if got, err := w.client.Check(testkit.Within(w.T, time.Second)); err != nil || got.Took > time.Second || got.Calls != 2 {
			w.Errorf("within a second: got %+v, %v, want that it was accepted and seen", got, err)
		}
	})
}

// TestCheckNamesWhatIsWrong has an ERP, or a configuration, with one thing wrong.
func TestCheckNamesWhatIsWrong(t *testing.T) {
	const elsewhere = "https://elsewhere.example/v1/customerinvoice?secret=1"
	accepting := func(state http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Erp-Api-Background") != "" {
				write(202, `{"id":"`+id1+`"}`)(w, r)
				return
			}
			state(w, r)
		}
	}
	hanging := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	tests := map[string]struct {
		erp   http.HandlerFunc
		field string
		says  string
	}{
		"no credentials":             {write(401, ``), "HTTPClient", "clientauth"},
		"no scope":                   {write(403, ``), "HTTPClient", "scopes"},
		"no such path":               {write(404, ``), "BaseURL", "CheckPath"},
		"another resource":           {write(400, `{"message":"no such thing"}`), "CheckPath", "no such thing"},
		"moved":                      {write(301, ``, "Location", elsewhere), "BaseURL", "https://elsewhere.example"},
		"not in the background":      {write(200, `[]`), "BaseURL", "drop the header"},
		"a page":                     {write(200, `<html>`, "Content-Type", "text/html"), "BaseURL", "proxy"},
		"an ERP that fails":          {write(503, ``), "", "try again"},
		"no connection":              {drop, "BaseURL", "reachable"},
		"no answer":                  {hanging, "BaseURL", "reachable"},
		"an id that cannot be read":  {write(202, `{}`), "BaseURL", "202"},
		"no limit left":              {write(429, ``, "Retry-After", "600"), "", "limit"},
		"the state is another's":     {accepting(write(403, ``)), "HTTPClient", "company"},
		"the state is not there":     {accepting(write(404, ``)), "BaseURL", "one and the same company"},
		"the state is no document":   {accepting(write(200, `<html>`)), "BaseURL", "state"},
		"the state never comes":      {accepting(hanging), "BaseURL", "reachable"},
		"ended with a 403":           {accepting(write(200, ended("403"))), "HTTPClient", "scopes"},
		"ended with a 404":           {accepting(write(200, ended("404"))), "BaseURL", "CheckPath"},
		"ended with a 400":           {accepting(write(200, ended("400"))), "CheckPath", "ended"},
		"ended with a 500":           {accepting(write(200, ended("500"))), "", "try again"},
		"the limit ends in between":  {accepting(write(429, ``, "Retry-After", "600")), "", "limit"},
		"nothing, with other words":  {accepting(write(200, `{"id":"`+id1+`","status":"Pondering"}`)), "-", ""},
		"nothing, and a 204 at last": {accepting(write(200, ended("204"))), "-", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := store.NewMemory(store.MemoryConfig{})
				defer st.Close()
				c, n := serving(t, client.Config{Store: st}, tt.erp)
				defer c.Close()
				began := time.Now()
				_, err := c.Check(t.Context())
				if took := time.Since(began); took > 2*time.Minute || n.of("GET") > 5 {
					t.Errorf("it took %v and %d calls, want less than 2 min and 5 at most", took, n.of("GET"))
				}
				if tt.field == "-" {
					if err != nil {
						t.Errorf("got %v, want no error", err)
					}
					return
				}
				wrong, ok := errors.AsType[*client.CheckError](err)
				if !ok || wrong.Field != tt.field || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret") {
					t.Errorf("got %v, want an error about %q that says %q", err, tt.field, tt.says)
				}
				if limited := strings.Contains(name, "limit"); errors.Is(err, client.ErrRateLimited) != limited {
					t.Errorf("got %v, which matches ErrRateLimited: %v, want %v", err, !limited, limited)
				}
				if list, err := st.List(t.Context(), "default", store.Query{}); err != nil || len(list) != 0 {
					t.Errorf("got %v, %v, want no record", list, err)
				}
			})
		})
	}
}

// TestCheckRefreshesTheToken has one that the ERP takes no more.
func TestCheckRefreshesTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fresh := false
		c, _ := serving(t, client.Config{Refresh: func(context.Context) error { fresh = true; return nil }}, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case !fresh:
				write(401, ``)(w, r)
			case r.Header.Get("Erp-Api-Background") != "":
				write(202, `{"id":"`+id1+`"}`)(w, r)
			default:
				write(200, ended("200"))(w, r)
			}
		})
		defer c.Close()
		if got, err := c.Check(t.Context()); err != nil || got.Calls != 3 {
			t.Errorf("got %+v, %v, want three calls", got, err)
		}
	})
}

// TestCheckOfAClientThatCannotSend has no token, no window or no time.
func TestCheckOfAClientThatCannotSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := client.New(client.Config{BaseURL: base, HTTPClient: &http.Client{Transport: tokenless{}}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Check(t.Context())
		if wrong, ok := errors.AsType[*client.CheckError](err); !ok || wrong.Field != "HTTPClient" || !errors.Is(err, errTokenless) {
			t.Errorf("without a token: got %v, want HTTPClient and the error", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.Check(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("without time: got %v, want the context's error", err)
		}
		c.Close()
		if _, err := c.Check(t.Context()); !errors.Is(err, client.ErrClosed) {
			t.Errorf("closed: got %v, want ErrClosed", err)
		}
	})
	mc := mockserver.Config{RateLimit: mockserver.RateLimit{Limit: 2, Window: time.Hour}}
	play(t, mc, client.Config{}, func(w *world) {
		if _, err := w.client.Check(w.Context()); err != nil {
			w.Error(err)
		}
		got, err := w.client.Check(w.Context())
		if !errors.Is(err, client.ErrRateLimited) || got.Calls != 0 || got.Took > 30*time.Second {
			w.Errorf("with a window that is used up: got %+v, %v, want ErrRateLimited without a call", got, err)
		}
	})
}

var errTokenless = errors.New("no token")

// tokenless is a transport that gets no token.
type tokenless struct{}

func (tokenless) RoundTrip(*http.Request) (*http.Response, error) { return nil, notSent{errTokenless} }

type notSent struct{ error }

func (notSent) NotSent() bool   { return true }
func (e notSent) Unwrap() error { return e.error }

// TestCheckPathIsConfigured has one of one's own, and some that are wrong.
func TestCheckPathIsConfigured(t *testing.T) {
	for path, fine := range map[string]bool{"/v1/account?pageSize=1": true, "v2/x": false, base + "/v1/account": true, "https://elsewhere.example/v1/account": false, "/v3/account": false, "/account": false, "%": false} {
		c, err := client.New(client.Config{BaseURL: base, CheckPath: path})
		if (err == nil) != fine || err != nil && !strings.Contains(err.Error(), "CheckPath") {
			t.Errorf("%q: got %v, want it fine: %v", path, err, fine)
		}
		if err == nil {
			c.Close()
		}
	}
	var asked string
	c, _ := serving(t, client.Config{CheckPath: "/v1/account?pageSize=1"}, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.URL.String() + " " + r.Header.Get("Erp-Api-Background")
		_, _ = io.Copy(io.Discard, r.Body)
		write(400, ``)(w, r)
	})
	defer c.Close()
	_, _ = c.Check(t.Context())
	if asked != "GET /v1/account?pageSize=1 none" {
		t.Errorf("asked %q, want a GET of the path in the background, without a notification", asked)
	}
}
