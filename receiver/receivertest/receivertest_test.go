package receivertest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
)

const (
	key    = "c2lnbi1rZXktZm9yLXRlc3Rz"
	secret = "a-capability-secret-of-tests"
	id     = "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"
	url    = "https://hooks.test/webhooks/erp"
)

func mounted(t testing.TB) (http.Handler, store.Store) {
	t.Helper()
	st := store.NewMemory(store.MemoryConfig{})
	rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{key}, CapabilitySecrets: []string{secret}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	rcv.Register(mux, "/webhooks/erp")
	return mux, st
}

func TestSignMatchesThePublishedVectors(t *testing.T) {
	for body, want := range map[string]string{
		`{"note":"Blåbær"}`: "XN5CSko6S2VgI+Ct/YxJJj+vLiOY0pjCIgFolxCx91E=",
		`{"id":"` + id + `","statusCode":201,"stateLocation":"https://api.finance.visma.net/v1/background/` + id + `"}`: "6ofqp6lObkxT7EXi+whoDC0SebLYtNImEG/OzxNXMr8=",
	} {
		if got := receivertest.Sign(key, []byte(body)); got != want {
			t.Errorf("Sign(%s) = %s, want %s", body, got, want)
		}
	}
}

func TestBothModesAreAcceptedInEveryWayOfSending(t *testing.T) {
	h, _ := mounted(t)
	srv := httptest.NewServer(h)
	defer srv.Close()
	overTCP := srv.URL + "/webhooks/erp"
	senders := map[string]receivertest.Sender{
		"signed, in memory":     {URL: url, Key: key, Handler: h},
		"capability, in memory": {URL: url, Secret: secret, Handler: h},
		"signed, TCP":           {URL: overTCP, Key: key},
		"capability, TCP":       {URL: overTCP + "/", Secret: secret, Client: srv.Client()},
	}
	for name, s := range senders {
		n := receivertest.Notice{ID: id, StatusCode: 200, Ref: receivertest.NewRef(), TenantID: "t", NotificationID: "n-1", Header: map[string]string{"order": "1"}}
		if status, err := s.Send(t.Context(), n); status != 200 || err != nil {
			t.Errorf("%s: got %d, %v", name, status, err)
		}
		r, err := s.Request(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != 200 || r.Header.Get("order") != "1" {
			t.Errorf("%s, served by hand: got %d", name, w.Code)
		}
	}
	wrong := receivertest.Sender{URL: url, Key: key + "x", Handler: h}
	if status, err := wrong.Send(t.Context(), receivertest.Notice{ID: id}); status != 401 || err != nil {
		t.Errorf("wrong key: got %d, %v", status, err)
	}
	old := receivertest.Sender{URL: url, Secret: secret, Handler: h}
	if status, err := old.Send(t.Context(), receivertest.Notice{Ref: receivertest.NewRef(), SentAt: time.Now().AddDate(0, 0, -4)}); status != 404 || err != nil {
		t.Errorf("an old capability: got %d, %v", status, err)
	}
}

func TestRequestRefusesWhatItCannotMake(t *testing.T) {
	if _, err := (receivertest.Sender{URL: url, Secret: secret}).Request(t.Context(), receivertest.Notice{Ref: "x"}); err == nil || !strings.Contains(err.Error(), "NewRef") {
		t.Errorf("got %v", err)
	}
	if _, err := (receivertest.Sender{URL: "https://a b/"}).Send(t.Context(), receivertest.Notice{}); err == nil {
		t.Error("no error for a bad URL")
	}
	s := receivertest.Sender{URL: "http://127.0.0.1:1/x", Secret: secret}
	n := receivertest.Notice{Ref: receivertest.NewRef()}
	if _, err := s.Send(t.Context(), n); err == nil || strings.Contains(err.Error(), s.Capability(n.Ref, time.Now())) {
		t.Errorf("got %v, want an error without the capability", err)
	}
}

// hooks notes what arrives, and refuses what comes first.
type hooks struct {
	mu     sync.Mutex // guards the rest
	bodies []string
	refuse int
}

func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bodies = append(h.bodies, string(b))
	if len(h.bodies) <= h.refuse {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func notices(n int) (all []receivertest.Notice) {
	for i := range n {
		all = append(all, receivertest.Notice{Body: []byte{byte('a' + i%26), byte('a' + i/26)}})
	}
	return all
}

func TestDeliverMisbehavesAsPlannedAndTheSameEachTime(t *testing.T) {
	plan := receivertest.Plan{Seed: 7, Drop: 0.2, Duplicate: 0.3, Forge: 0.3, MaxDelay: time.Hour}
	play := func() (sent []receivertest.Sending, got []string) {
		synctest.Test(t, func(t *testing.T) {
			var h hooks
			s := receivertest.Sender{URL: url, Key: key, Handler: &h}
			begun := time.Now()
			sent = s.Deliver(t.Context(), plan, notices(200)...)
			for i := range sent {
				sent[i].At = time.Time{}.Add(sent[i].At.Sub(begun))
			}
			got = h.bodies
		})
		return sent, got
	}
	sent, got := play()
	count := map[string]int{}
	inOrder, last := true, -1
	for _, x := range sent {
		switch {
		case x.Dropped:
			count["dropped"]++
		case x.Forged:
			count["forged"]++
		default:
			count["sent"]++
			inOrder = inOrder && x.Notice >= last
			last = x.Notice
		}
	}
	if count["dropped"] < 25 || count["dropped"] > 55 || count["forged"] < 40 || count["forged"] > 80 ||
		count["sent"] < 180 || count["sent"] > 240 || inOrder || len(got) != count["sent"]+count["forged"] {
		t.Errorf("%v, in order: %v, arrived %d", count, inOrder, len(got))
	}
	again, gotAgain := play()
	if !slices.Equal(again, sent) || !slices.Equal(gotAgain, got) {
		t.Error("the second time it was something else")
	}
}

func TestDeliverTriesAgainAsTheDispatcherDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hooks{refuse: 2}
		s := receivertest.Sender{URL: url, Key: key, Handler: &h}
		begun := time.Now()
		sent := s.Deliver(t.Context(), receivertest.Plan{Attempts: 5}, notices(1)...)
		var at []time.Duration
		for _, x := range sent {
			at = append(at, x.At.Sub(begun))
		}
		if !slices.Equal(at, []time.Duration{0, 5 * time.Second, 15 * time.Second}) || sent[1].OK() || !sent[2].OK() || sent[2].Attempt != 3 {
			t.Errorf("sent at %v: %+v", at, sent)
		}
	})
}

func TestDeliverEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		h := hooks{refuse: 1 << 20}
		s := receivertest.Sender{URL: url, Key: key, Handler: &h}
		s.Deliver(ctx, receivertest.Plan{MaxDelay: time.Hour, Attempts: 100}, notices(20)...)
		if took := time.Since(begun); took != time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}

func TestForgeriesAreRefusedInBothModes(t *testing.T) {
	h, st := mounted(t)
	for _, s := range []receivertest.Sender{{URL: url, Key: key, Handler: h}, {URL: url, Secret: secret, Handler: h}} {
		n := receivertest.Notice{ID: id, StatusCode: 200, Ref: receivertest.NewRef(), Body: []byte(`{"id":"` + id + `"}`)}
		for _, x := range s.Deliver(t.Context(), receivertest.Plan{Forge: 1}, n) {
			if x.Forged == x.OK() {
				t.Errorf("got %+v", x)
			}
		}
	}
	rec, err := st.GetByID(t.Context(), store.AnyTenant, id)
	if err != nil || bytes.HasSuffix(rec.Notification.Body, []byte(" ")) {
		t.Errorf("stored %+v, %v", rec.Notification, err)
	}
}
