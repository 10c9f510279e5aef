package receiver_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

const (
	key    = "c2lnbi1rZXktZm9yLXRlc3Rz"
	oldKey = "b2xkLWtleS1vZi10ZXN0cw=="
	secret = "a-capability-secret-of-tests"
	ref    = "abcdefghijklmnopqrstuv2345"
	id     = "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"
	path   = "/webhooks/erp"
	body   = `{"id":"` + id + `","statusCode":201,"stateLocation":"https://api.finance.visma.net/v1/background/` + id + `"}`
)

// spy is a store in memory that remembers what it was told, and does
// something else first where a test wants that.
type spy struct {
	store.Store

	mu      sync.Mutex // guards the rest
	got     []store.Notification
	instead notify
}

type notify func(context.Context, store.Notification) (store.Receipt, error)

// answer makes the store answer with f, or by itself again if f is nil.
func (s *spy) answer(f notify) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instead = f
}

func (s *spy) Notify(ctx context.Context, n store.Notification) (store.Receipt, error) {
	s.mu.Lock()
	s.got = append(s.got, n.Clone())
	instead := s.instead
	s.mu.Unlock()
	if instead != nil {
		return instead(ctx, n)
	}
	return s.Store.Notify(ctx, n)
}

func (s *spy) last(t testing.TB) store.Notification {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.got) == 0 {
		t.Fatal("the store was told nothing")
	}
	return s.got[len(s.got)-1]
}

func (s *spy) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got)
}

// setup returns a receiver for both modes, changed by the functions.
func setup(t testing.TB, change ...func(*receiver.Config)) (*receiver.Receiver, *spy) {
	t.Helper()
	st := &spy{Store: store.NewMemory(store.MemoryConfig{})}
	cfg := receiver.Config{Store: st, SigningKeys: []string{key}, CapabilitySecrets: []string{secret}}
	for _, f := range change {
		if f != nil {
			f(&cfg)
		}
	}
	rcv, err := receiver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return rcv, st
}

// mounted returns a mux with the receiver at path.
func mounted(rcv *receiver.Receiver) *http.ServeMux {
	mux := http.NewServeMux()
	rcv.Register(mux, path)
	return mux
}

func capability() string { return hook.NewCapability(secret, ref, time.Now()) }

func sign(key, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func post(target, body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
}

func signed(body string) *http.Request {
	r := post(path, body)
	r.Header.Set("x-vwd-signature-v1", sign(key, body))
	return r
}

func serve(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func wantStatus(t testing.TB, res *http.Response, want int) {
	t.Helper()
	if res.StatusCode != want {
		t.Errorf("got status %d, want %d", res.StatusCode, want)
	}
}

// sending creates the record of an operation that is on its way to the ERP.
func sending(t testing.TB, st store.Store, ref string) store.Record {
	t.Helper()
	rec, err := st.Create(t.Context(), store.Record{
		Tenant: "acme", Ref: ref, Phase: store.Sending, Method: http.MethodPost, Path: "/v2/customerinvoice",
	}, "the sender", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func record(t testing.TB, st store.Store) store.Record {
	t.Helper()
	rec, err := st.Get(t.Context(), "acme", ref)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}
