package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

var errKilled = errors.New("killed")

// scene is one submit whose 202 is held back, and two processes that share
// its store.
type scene struct {
	t      *testing.T
	st     store.Store
	a      *faultstore.Store // as process a sees it
	first  *client.Client    // submits, in process a
	second *client.Client    // another process
	cancel context.CancelFunc

	mu    sync.Mutex
	ref   string
	posts int
	open  chan struct{} // lets the 202 go

	waits sync.WaitGroup
	ended atomic.Int32 // waits that ended in success
}

// ServeHTTP is the ERP: it has accepted the request when it arrives.
func (s *scene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		s.mu.Lock()
		s.posts++
		_, s.ref, _ = strings.Cut(r.Header.Get("Erp-Api-Background"), "background-ref=")
		s.mu.Unlock()
		select {
		case <-s.open:
			write(202, `{"id":"`+id1+`"}`)(w, r)
		case <-r.Context().Done():
		}
		return
	}
	write(200, `{"id":"`+id1+`","status":"Finished","statusCode":201,"receivedUtc":"`+time.Now().Format(time.RFC3339)+
		`","originalUri":"https://finance.visma.net/1/api/v2/customerInvoice","hasResponseContent":false}`)(w, r)
}

// steps are what can happen between the moment the ERP has accepted the
// request and the end of everything.
var steps = map[string]func(*scene){
	"the 202 is read": func(s *scene) { close(s.open) },
	"notification": func(s *scene) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, err := s.st.Notify(s.t.Context(), store.Notification{Ref: s.ref, ID: id1, Body: []byte(`{}`)}); err != nil {
			s.t.Error(err)
		}
	},
	"wait": func(s *scene) {
		for _, list := range []func(context.Context) func(func(*client.Operation, error) bool){
			func(ctx context.Context) func(func(*client.Operation, error) bool) { return s.second.Pending(ctx) },
			func(ctx context.Context) func(func(*client.Operation, error) bool) { return s.second.Uncertain(ctx) },
		} {
			for op, err := range list(s.t.Context()) {
				if err != nil {
					s.t.Error(err)
					continue
				}
				s.waits.Go(func() {
					ctx, cancel := context.WithTimeout(s.t.Context(), time.Hour)
					defer cancel()
					res, err := op.Wait(ctx)
					if err != nil || res.StatusCode != 201 || res.ID != id1 {
						s.t.Errorf("wait: %+v, %v", res, err)
						return
					}
					s.ended.Add(1)
				})
			}
		}
	},
	"restart": func(s *scene) {
		s.a.Fail("Report", faultstore.Always, errKilled) // nothing that it does arrives
		s.a.Fail("Extend", faultstore.Always, errKilled)
		s.cancel()
		synctest.Wait()
		s.first.Close()
	},
	"lease loss": func(s *scene) {
		s.a.Fail("Extend", faultstore.Always, errKilled) // it is stopped for a while
		time.Sleep(2 * time.Minute)
	},
}

// TestEveryInterleaving runs the 120 orders of {202 read, notification, wait,
// restart, lease loss}: the operation always ends in success, is never sent a
// second time, and every wait ends.
func TestEveryInterleaving(t *testing.T) {
	var names []string
	for name := range steps {
		names = append(names, name)
	}
	orders := 0
	permutations(names, func(order []string) {
		orders++
		synctest.Test(t, func(t *testing.T) { playScene(t, order) })
	})
	if orders != 120 {
		t.Errorf("ran %d orders", orders)
	}
}

func playScene(t *testing.T, order []string) {
	s := &scene{t: t, st: store.NewMemory(store.MemoryConfig{}), open: make(chan struct{})}
	s.a = faultstore.New(s.st)
	newClient := func(st store.Store) *client.Client {
		c, err := client.New(client.Config{
			BaseURL: base, Tenant: "fjord", Store: st, Notify: client.Subscription(),
			HTTPClient: &http.Client{Transport: &memhttp.Transport{Default: s}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	s.first, s.second = newClient(s.a), newClient(s.st)
	defer s.second.Close()
	defer s.first.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.cancel = cancel
	submitted := make(chan struct{})
	go func() {
		defer close(submitted)
		_, _ = s.first.Submit(ctx, request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
	}()
	synctest.Wait() // the ERP has it
	for _, name := range order {
		steps[name](s)
		synctest.Wait()
	}
	<-submitted
	s.waits.Wait()
	steps["wait"](s) // whatever is still open, after the dust has settled
	s.waits.Wait()
	rec, err := s.st.GetByKey(t.Context(), "fjord", "order-1")
	if err != nil || rec.Phase != store.Settled || rec.ID != id1 || rec.Outcome.StatusCode != 201 || s.posts != 1 {
		t.Errorf("%v: %s %q, sent %d times, %v", order, rec.Phase, rec.ID, s.posts, err)
	}
	if s.ended.Load() == 0 {
		t.Errorf("%v: no wait ended in success", order)
	}
}

func permutations(list []string, f func([]string)) {
	var rec func(k int)
	rec = func(k int) {
		if k == len(list) {
			f(list)
			return
		}
		for i := k; i < len(list); i++ {
			list[k], list[i] = list[i], list[k]
			rec(k + 1)
			list[k], list[i] = list[i], list[k]
		}
	}
	rec(0)
}
