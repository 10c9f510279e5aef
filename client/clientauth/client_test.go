package clientauth_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/mockserver"
)

// gate lets in whoever has a token that is not revoked.
type gate struct {
	next    http.Handler
	revoked atomic.Int64 // tokens up to this number are refused
	refused atomic.Int64
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer token-")
	if !ok || len(number) != 1 || int64(number[0]-'0') <= g.revoked.Load() {
		g.refused.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	g.next.ServeHTTP(w, r)
}

// playClient is a client whose calls to a mock carry tokens.
func playClient(t *testing.T, e *endpoint, mc mockserver.Config, f func(*testing.T, *client.Client, *gate)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		mock, err := mockserver.New(mc)
		if err != nil {
			t.Fatal(err)
		}
		defer mock.Close()
		g := &gate{next: mock}
		cfg := config(e)
		cfg.Transport = hosts(e, map[string]http.Handler{"erp.mock": g})
		s := mustNew(t, cfg)
		c, err := client.New(client.Config{BaseURL: erpBase, HTTPClient: s.HTTPClient(), Refresh: s.Refresh})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		f(t, c, g)
	})
}

func list() *http.Request {
	req, err := http.NewRequest("GET", "/v1/customerinvoice?pageSize=1", nil)
	if err != nil {
		panic(err)
	}
	return req
}

func TestManyOperationsNeedOneToken(t *testing.T) {
	e := &endpoint{delay: time.Second}
	playClient(t, e, mockserver.Config{Workers: 50}, func(t *testing.T, c *client.Client, g *gate) {
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				op, err := c.Submit(t.Context(), list(), client.SubmitOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := op.Wait(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if e.calls() != 1 || g.refused.Load() != 0 {
			t.Errorf("%d tokens, %d calls refused; want 1 and 0", e.calls(), g.refused.Load())
		}
	})
}

func TestATokenThatIsRevokedInTheMiddleOfPollingIsReplaced(t *testing.T) {
	e := &endpoint{}
	playClient(t, e, mockserver.Config{ExecTime: mockserver.Fixed(10 * time.Minute)}, func(t *testing.T, c *client.Client, g *gate) {
		op, err := c.Submit(t.Context(), list(), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(5*time.Minute, func() { g.revoked.Store(1) })
		if _, err := op.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if e.calls() != 2 || g.refused.Load() != 1 {
			t.Errorf("%d tokens, %d calls refused; want 2 and 1", e.calls(), g.refused.Load())
		}
	})
}

func TestATokenThatExpiresInTheMiddleOfPollingIsRenewedBefore(t *testing.T) {
	e := &endpoint{}
	playClient(t, e, mockserver.Config{ExecTime: mockserver.Fixed(150 * time.Minute), ExecTimeout: 3 * time.Hour}, func(t *testing.T, c *client.Client, g *gate) {
		op, err := c.Submit(t.Context(), list(), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := op.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if e.calls() != 3 || g.refused.Load() != 0 {
			t.Errorf("%d tokens, %d calls refused; want 3 and 0", e.calls(), g.refused.Load())
		}
	})
}

// TestWithoutATokenNothingIsSentAndTheClientKnows submits work that must not
// be sent twice: an operation that was not sent is not uncertain.
func TestWithoutATokenNothingIsSentAndTheClientKnows(t *testing.T) {
	e := &endpoint{answer: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		say(w, 400, `{"error":"invalid_client"}`)
		return true
	}}
	playClient(t, e, mockserver.Config{}, func(t *testing.T, c *client.Client, _ *gate) {
		for _, body := range []string{"", `{"a":1}`} {
			req, _ := http.NewRequest("POST", "/v1/customerinvoice/300142/action/release", strings.NewReader(body))
			op, err := c.Submit(t.Context(), req, client.SubmitOptions{})
			te, ok := errors.AsType[*clientauth.TokenError](err)
			if op != nil || !ok || te.Code != "invalid_client" {
				t.Errorf("body %q: got %v, %v; want no operation and a TokenError", body, op, err)
			}
			if _, uncertain := errors.AsType[*client.UncertainError](err); uncertain {
				t.Errorf("body %q: uncertain", body)
			}
		}
	})
}

// TestTheConnectionToTheTokenEndpointIsNotTakenForThatToTheERP lets the ERP be
// unreachable. That a connection was made, for the token, must not look as if
// the request had been sent.
func TestTheConnectionToTheTokenEndpointIsNotTakenForThatToTheERP(t *testing.T) {
	token := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		say(w, 200, `{"access_token":"token-1","expires_in":3600}`)
	})
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + closed.Addr().String()
	closed.Close()
	s := mustNew(t, clientauth.Config{BaseURLs: []string{base}, TokenURL: token.URL, ClientID: "a", ClientSecret: "b", TenantID: "c"})
	c, err := client.New(client.Config{BaseURL: base, HTTPClient: s.HTTPClient(), Refresh: s.Refresh})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	req, _ := http.NewRequest("POST", "/v1/customerinvoice/300142/action/release", nil)
	op, err := c.Submit(t.Context(), req, client.SubmitOptions{})
	if op != nil || err == nil || !strings.Contains(err.Error(), "not sent") {
		t.Errorf("got %v, %v; want not sent", op, err)
	}
	if token.all() == "" {
		t.Error("no token was asked for: the test shows nothing")
	}
}

func TestABodyIsClosedIfThereIsNoToken(t *testing.T) {
	cfg := fixed(erpBase)
	cfg.TokenSource = sourceFunc(func() (*oauth2.Token, error) { return nil, errors.New("none") })
	body := &closeable{Reader: strings.NewReader("{}")}
	req, _ := http.NewRequest("POST", erpBase+"/x", body)
	_, err := mustNew(t, cfg).HTTPClient().Do(req)
	var sure interface{ NotSent() bool }
	if !errors.As(err, &sure) || !sure.NotSent() || body.closed.Load() == 0 {
		t.Errorf("got %v, closed %d times", err, body.closed.Load())
	}
}

// closeable counts how often it is closed.
type closeable struct {
	io.Reader
	closed atomic.Int64
}

func (c *closeable) Close() error {
	c.closed.Add(1)
	return nil
}
