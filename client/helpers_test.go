package client_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

const (
	base       = "https://erp.mock"
	hookBase   = "https://hooks.example"
	signingKey = "c2lnbi1rZXktZm9yLXRlc3Rz"
	secret     = "a secret of more than 16 bytes"
)

// world is a mock, a receiver and a client that share a store, all in memory.
type world struct {
	*testing.T
	mock   *mockserver.Server
	store  store.Store
	client *client.Client
}

// play runs f in a bubble of virtual time with a world made of the given
// configurations.
func play(t *testing.T, mc mockserver.Config, cc client.Config, f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := cc.Store
		if st == nil {
			st = store.NewMemory(store.MemoryConfig{})
		}
		rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{signingKey}, CapabilitySecrets: []string{secret}})
		if err != nil {
			t.Fatal(err)
		}
		mux := http.NewServeMux()
		rcv.Register(mux, "/erp")
		mc.NotifyClient = mockserver.MemoryClient(map[string]http.Handler{"hooks.example": mux})
		mc.Subscription.URL = hookBase + "/erp"
		mc.Subscription.SigningKey = signingKey
		mock, err := mockserver.New(mc)
		if err != nil {
			t.Fatal(err)
		}
		defer mock.Close()
		cc.Store = st
		if cc.BaseURL == "" {
			cc.BaseURL = base
		}
		if cc.HTTPClient == nil {
			cc.HTTPClient = mock.Client()
		}
		c, err := client.New(cc)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		f(&world{T: t, mock: mock, store: st, client: c})
	})
}

// request builds a request relative to the base.
func request(method, path, body string) *http.Request {
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, path, r)
	if err != nil {
		panic(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

func (w *world) submit(req *http.Request, opts client.SubmitOptions) *client.Operation {
	w.Helper()
	op, err := w.client.Submit(w.Context(), req, opts)
	if err != nil {
		w.Fatalf("submit: %v", err)
	}
	return op
}

func (w *world) wait(op *client.Operation) *client.Result {
	w.Helper()
	res, err := op.Wait(w.Context())
	if err != nil {
		w.Fatalf("wait: %v", err)
	}
	return res
}

// calls counts the requests that the mock got, by method and a part of the
// path.
func (w *world) calls(method, part string) int {
	w.Helper()
	list, forgotten := w.mock.Journal().Requests(""), w.mock.Journal().Forgotten()
	if forgotten > 0 {
		w.Fatalf("the journal forgot %d requests", forgotten)
	}
	n := 0
	for _, r := range list {
		if r.Method == method && strings.Contains(r.Path, part) {
			n++
		}
	}
	return n
}

const invoice = `{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},
	"invoiceLines":[{"operation":"Insert","description":{"value":"Sykkelservice"},"quantity":{"value":2},"unitPriceInCurrency":{"value":500}}]}`

// serving returns a client whose ERP is the handler, and counts the calls
// that reach it.
func serving(t *testing.T, cc client.Config, h http.HandlerFunc) (*client.Client, *hits) {
	t.Helper()
	n := &hits{}
	cc.BaseURL = base
	cc.HTTPClient = &http.Client{Transport: &memhttp.Transport{Default: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.add(r.Method)
		h(w, r)
	})}}
	c, err := client.New(cc)
	if err != nil {
		t.Fatal(err)
	}
	return c, n
}

// hits counts calls by method.
type hits struct {
	mu sync.Mutex
	n  map[string]int
}

func (h *hits) add(method string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.n == nil {
		h.n = map[string]int{}
	}
	h.n[method]++
}

func (h *hits) of(method string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n[method]
}

const (
	id1 = "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"
	id2 = "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"
)

// ended is a state document of an operation that has ended.
func ended(code string) string {
	return `{"id":"` + id1 + `","status":"Finished","statusCode":` + code + `,"receivedUtc":"2022-11-10T10:20:53.75+01:00","hasResponseContent":false}`
}
