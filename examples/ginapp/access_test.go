package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

// gate is the way to an ERP that asks for tokens: it can refuse every secret,
// and every token.
type gate struct {
	next                http.RoundTripper
	badSecret, badToken atomic.Bool
	tokens              atomic.Int64 // calls to the token endpoint
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	token := strings.HasSuffix(r.URL.Path, "/connect/token")
	if token {
		g.tokens.Add(1)
	}
	code, body := http.StatusUnauthorized, `{"error":"invalid_client"}`
	switch {
	case token && !g.badSecret.Load():
		code, body = http.StatusOK, `{"access_token":"a-token","expires_in":3600,"token_type":"Bearer"}`
	case !token && !g.badToken.Load():
		return g.next.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: code, Status: http.StatusText(code), Request: r, ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// guarded runs f with a service that goes to the ERP through a gate.
func guarded(t *testing.T, change func(*gate), f func(*world, *gate)) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		if err := w.end(); err != nil {
			w.Fatal(err)
		}
		g := &gate{next: w.mock.Client().Transport}
		change(g)
		auth, err := clientauth.New(clientauth.Config{
			BaseURLs: []string{mockserver.BaseURL}, ClientID: "app", ClientSecret: "hush-hush-hush-hush", TenantID: "t",
			TokenURL: mockserver.BaseURL + "/connect/token", HTTPClient: &http.Client{Transport: g}, Transport: g,
			Logger: slog.New(slog.NewJSONHandler(w.logs, nil)),
		})
		if err != nil {
			w.Fatal(err)
		}
		w.access = erpAccess{baseURL: mockserver.BaseURL, http: auth.HTTPClient(), refresh: auth.Refresh, token: func(ctx context.Context) error {
			_, err := auth.Token(ctx)
			return err
		}}
		w.start()
		f(w, g)
	})
}

// ready asks whether the service is ready, and how long the answer took.
func (w *world) ready() (code int, answer string, took time.Duration) {
	begun := time.Now()
	code, answer = do(w.app.internal(), http.MethodGet, "/readyz", "")
	return code, answer, time.Since(begun)
}

func (w *world) errors() int { return strings.Count(w.logs.String(), `"level":"ERROR"`) }

func TestAWrongSecretIsToldAndRecoveredFrom(t *testing.T) {
	guarded(t, func(g *gate) { g.badSecret.Store(true) }, func(w *world, g *gate) {
		if n := w.errors(); n != 1 {
			w.Errorf("at the start there are %d errors in the log, want 1:\n%s", n, w.logs)
		}
		for range 3600 { // a probe each second
			code, answer, took := w.ready()
			if code != http.StatusServiceUnavailable || !strings.Contains(answer, `"erp: get a token: the token endpoint answered 401 invalid_client`) {
				w.Fatalf("got %d %s", code, answer)
			}
			if took > accessTimeout {
				w.Fatalf("a probe took %v", took)
			}
			time.Sleep(time.Second)
		}
		if n := g.tokens.Load(); n > 100 {
			w.Errorf("%d calls to the token endpoint in an hour", n)
		}
		answer := w.post(good, http.StatusAccepted)
		time.Sleep(time.Minute)
		if s := w.status("4711"); s.State != stateQueued || s.Problem != "not sent" || w.sent(invoices) != 0 {
			w.Errorf("got %+v and %d requests, want it queued", s, w.sent(invoices))
		}
		if strings.Contains(w.logs.String()+answer, "hush") {
			w.Error("the secret is shown")
		}
		if code, _ := do(w.app.internal(), http.MethodGet, "/healthz", ""); code != http.StatusOK {
			w.Errorf("not alive: %d", code)
		}
		g.badSecret.Store(false)
		time.Sleep(10 * time.Minute)
		if code, answer, _ := w.ready(); code != http.StatusOK {
			w.Errorf("mended: %d %s", code, answer)
		}
		w.await("4711", stateDone)
	})
}

func TestATokenThatTheERPRefusesIsToldAndRecoveredFrom(t *testing.T) {
	guarded(t, func(g *gate) { g.badToken.Store(true) }, func(w *world, g *gate) {
		if n := w.errors(); n != 1 {
			w.Errorf("at the start there are %d errors in the log, want 1:\n%s", n, w.logs)
		}
		for range 600 {
			code, answer, took := w.ready()
			if code != http.StatusServiceUnavailable || !strings.Contains(answer, "ERP_TENANT_ID") || took > accessTimeout {
				w.Fatalf("got %d %s after %v", code, answer, took)
			}
			time.Sleep(time.Second)
		}
		if n := g.tokens.Load(); n > 100 {
			w.Errorf("%d calls to the token endpoint in ten minutes", n)
		}
		w.post(good, http.StatusAccepted)
		time.Sleep(time.Minute)
		if s := w.status("4711"); s.State != stateQueued || s.Problem != "answered 401" {
			w.Errorf("got %+v, want it queued after a 401", s)
		}
		g.badToken.Store(false)
		time.Sleep(10 * time.Minute)
		if code, answer, _ := w.ready(); code != http.StatusOK {
			w.Errorf("mended: %d %s", code, answer)
		}
		w.await("4711", stateDone)
	})
}

// Credentials may be withdrawn while the service runs.
func TestATokenThatTheERPRefusesLaterIsTold(t *testing.T) {
	guarded(t, func(*gate) {}, func(w *world, g *gate) {
		w.post(good, http.StatusAccepted)
		w.await("4711", stateDone)
		g.badToken.Store(true)
		time.Sleep(time.Hour)
		w.post(replaced("4711", "4712"), http.StatusAccepted)
		time.Sleep(time.Second)
		if code, answer, _ := w.ready(); code != http.StatusServiceUnavailable || !strings.Contains(answer, "Unauthorized") {
			w.Errorf("got %d %s", code, answer)
		}
		time.Sleep(time.Hour) // the outbox tries at longer and longer intervals
		g.badToken.Store(false)
		before := len(w.mock.Operations())
		for range 20 * 60 { // a probe each second
			w.ready()
			time.Sleep(time.Second)
		}
		w.await("4712", stateDone)
		if n := len(w.mock.Operations()) - before; n > 4 {
			t.Errorf("%d operations in all, want the two of the order and at most two checks", n)
		}
		if code, answer, _ := w.ready(); code != http.StatusOK {
			w.Errorf("mended: %d %s", code, answer)
		}
	})
}

func TestAnERPThatHangsHoldsNoProbeUp(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.app.access.let = false
		w.app.access.next = time.Time{}
		w.add(fault.Rule{On: fault.OnIntake, Path: "/v1/customerinvoice", Do: fault.Answer{Delay: time.Hour}})
		code, answer, took := w.ready()
		if code != http.StatusServiceUnavailable || took > accessTimeout {
			w.Errorf("got %d %s after %v", code, answer, took)
		}
		if _, _, took := w.ready(); took > 0 {
			w.Errorf("the next probe took %v", took)
		}
	})
}
