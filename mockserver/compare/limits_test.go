package compare_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/compare"
	"github.com/vismanet-go/background/mockserver/fault"
)

// A server's limit is not used up, a 429 is obeyed, and calls have their pace.
func TestLimitsAreRespected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a := server(t, mockserver.Config{})
		scarce, b := server(t, mockserver.Config{RateLimit: mockserver.RateLimit{Limit: 110}})
		r := run(t, a, b)
		if n := len(scarce.Journal().Requests("")); n > 12 || len(r.Missed) < 10 || !strings.Contains(text(t, r), "the server's limit would be used up") {
			t.Errorf("%d calls\n%s", n, text(t, r))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		_, a := server(t, mockserver.Config{})
		limited, b := server(t, mockserver.Config{Faults: []fault.Rule{
			{On: fault.OnForeground, After: 3, Times: 1, Do: fault.Answer{Status: 429, RetryAfter: time.Minute}},
			{On: fault.OnState, Times: 1, Do: fault.Answer{Status: 429, RetryAfter: time.Minute, RetryAfterDate: true}},
		}})
		r := run(t, a, b)
		if len(r.Differences) > 0 || r.RightCalls < r.LeftCalls {
			t.Errorf("got\n%s", text(t, r))
		}
		var last time.Time
		waits := 0
		for _, q := range limited.Journal().Requests("") {
			pause := q.Time.Sub(last)
			if !last.IsZero() && pause < 500*time.Millisecond {
				t.Errorf("%s %s came %v after the call before", q.Method, q.Path, pause)
			}
			if pause >= time.Minute && !last.IsZero() {
				waits++
			}
			last = q.Time
		}
		if waits != 2 {
			t.Errorf("waited %d times for a minute, want 2", waits)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		_, a := server(t, mockserver.Config{})
		closed, b := server(t, mockserver.Config{Faults: []fault.Rule{{On: fault.OnAuth, Do: fault.Answer{Status: 429, RetryAfter: time.Hour}}}})
		r := run(t, a, b)
		if len(closed.Journal().Requests("")) > 25 || len(r.Compared) > 0 || !strings.Contains(text(t, r), "refused by the server's limit") {
			t.Errorf("got\n%s", text(t, r))
		}
	})
}

// What does not answer, or never ends, is told.
func TestWhatCannotBeComparedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a := server(t, mockserver.Config{})
		_, b := server(t, mockserver.Config{Faults: []fault.Rule{
			{On: fault.OnState, Do: fault.Answer{Stuck: true}}, {On: fault.OnForeground, Path: "/v1/customerInvoice/{number}", Do: fault.Answer{Drop: true}},
		}})
		got := text(t, run(t, a, b))
		for _, want := range []string{"right, invoice: no answer came", "right, state, ended with list: not seen", "right, list in the background, content: not seen"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is not in\n%s", want, got)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		_, a := server(t, mockserver.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, err := compare.Run(ctx, compare.Options{Left: a, Right: a}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	_, err := compare.Run(t.Context(), compare.Options{Left: compare.Target{URL: "erp.test"}, Right: compare.Target{URL: "https://u:p@erp.test"}, Pace: -1})
	if err == nil || err.Error() != "Left.URL: want http(s)://host/path\nRight.URL: want http(s)://host/path\none of Pace, Poll, Patience, MaxCalls and Reserve is negative" {
		t.Errorf("got %v", err)
	}
}

// Credentials go to the server that they are for, and follow no redirect.
func TestCredentialsGoNowhereElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		elsewhere := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Errorf("called %s", r.URL) })
		redirects := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.test"+r.URL.Path, http.StatusFound)
		})
		_, a := server(t, mockserver.Config{})
		b := compare.Target{URL: "https://erp.test", Token: "t0ken", HTTPClient: mockserver.MemoryClient(map[string]http.Handler{
			"erp.test": redirects, "elsewhere.test": elsewhere,
		})}
		if r := run(t, a, b); r.RightCalls == 0 {
			t.Error("no call was made")
		}
	})
}

func TestTargetsFromTheEnvironment(t *testing.T) {
	srv, _ := server(t, mockserver.Config{Auth: mockserver.Auth{
		Mode: mockserver.AuthStrict, Clients: map[string]mockserver.AuthClient{"app": {Secret: "s3cret"}},
	}})
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	endpoint := mockserver.BaseURL + "/connect/token"
	for _, tt := range []struct {
		name string
		env  map[string]string
		want string // a part of the error, or "" and the token begins with it
		fail bool
	}{
		{"nothing", nil, "", false},
		{"a token", map[string]string{"L_TOKEN": "abc"}, "abc", false},
		{"a file", map[string]string{"L_TOKEN_FILE": file}, "s3cret", false},
		{"both", map[string]string{"L_TOKEN": "abc", "L_TOKEN_FILE": file}, "L_TOKEN and L_TOKEN_FILE: want one of them", true},
		{"no file", map[string]string{"L_TOKEN_FILE": file + "x"}, "L_TOKEN_FILE: open", true},
		{"an application", map[string]string{
			"L_CLIENT_ID": "app", "L_CLIENT_SECRET_FILE": file, "L_TENANT_ID": "1000001", "L_TOKEN_URL": endpoint,
		}, "ey", false},
		{"a wrong secret", map[string]string{
			"L_CLIENT_ID": "app", "L_CLIENT_SECRET": "wr0ng", "L_TENANT_ID": "1000001", "L_TOKEN_URL": endpoint,
		}, `ask for a token: answered 401 "invalid_client"`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := compare.FromEnv(t.Context(), mockserver.BaseURL, "L", srv.Client(), func(name string) string { return tt.env[name] })
			switch {
			case tt.fail && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "wr0ng")):
				t.Errorf("got %v, want %s", err, tt.want)
			case !tt.fail && (err != nil || !strings.HasPrefix(got.Token, tt.want) || (got.Token == "") != (tt.want == "")):
				t.Errorf("got %q, %v; want %q", got.Token, err, tt.want)
			}
		})
	}
	got, err := compare.FromEnv(t.Context(), "x", "L", nil, func(name string) string { return map[string]string{"L_COMPANY_ID": "7"}[name] })
	if err != nil || got.Header.Get("ipp-company-id") != "7" || got.Header.Get("ipp-application-type") == "" {
		t.Errorf("got %+v, %v", got, err)
	}
}
