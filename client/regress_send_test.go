package client_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

// TestNothingIsBeingSentWhileItWaits has a submit wait for the ERP's limits, before its
// request is sent and after it was refused with a 429. A kill would leave nothing
// uncertain, and the key is free: another one does the work meanwhile, and the first
// finds its operation.
func TestNothingIsBeingSentWhileItWaits(t *testing.T) {
	for name, paused := range map[string]bool{"before it is sent": true, "after a 429": false} {
		var posts, taken atomic.Int32
		limiting := func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "GET" || posts.Add(1) == 1 && !paused {
				write(429, ``, "Retry-After", "120")(w, r)
				return
			}
			write(202, `{"id":"id-`+strconv.Itoa(int(taken.Add(1)))+`"}`)(w, r)
		}
		withERP(t, client.Config{}, limiting, func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
			if paused {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := c.Submit(ctx, request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{}); !errors.Is(err, client.ErrRateLimited) {
					t.Fatalf("%s: got error %v, want ErrRateLimited", name, err)
				}
			}
			submitted := make(chan *client.Operation, 1)
			submit := func() *client.Operation {
				op, err := c.Submit(t.Context(), request("POST", "/v1/customerinvoice", invoice), client.SubmitOptions{Key: "invoice/1"})
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				return op
			}
			go func() { submitted <- submit() }()
			time.Sleep(time.Minute)
			synctest.Wait()
			if n, err := st.Count(t.Context(), "fjord", store.Query{Phases: []store.Phase{store.Sending, store.Uncertain}}); n != 0 || err != nil {
				t.Errorf("%s: while it waits %d operations are being sent or uncertain, %v, want none", name, n, err)
			}
			if _, err := st.GetByKey(t.Context(), "fjord", "invoice/1"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: while it waits its key is held (%v), want it free", name, err)
			}
			first, second := submit(), <-submitted
			if first == nil || second == nil || first.Ref() != second.Ref() || taken.Load() != 1 {
				t.Errorf("%s: the work of one key was taken %d times, as %v and %v, want once", name, taken.Load(), first, second)
			}
		})
	}
}

// h2 returns a client of a server over TLS and HTTP/2.
func h2(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	c, err := client.New(client.Config{BaseURL: srv.URL, HTTPClient: srv.Client()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestRequestWhoseHeaderWentOutIsUncertain resets HTTP/2 streams as soon as
// the header has arrived, which is often before the body was read.
func TestRequestWhoseHeaderWentOutIsUncertain(t *testing.T) {
	var ran atomic.Int32
	c := h2(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("got HTTP/%d, want 2", r.ProtoMajor)
		}
		ran.Add(1)
		panic(http.ErrAbortHandler)
	})
	const rounds = 300
	for i := range rounds {
		body := invoice
		if i%3 == 0 {
			body = ""
		}
		_, err := c.Submit(t.Context(), request("POST", "/v1/customerinvoice/000001/action/release", body), client.SubmitOptions{})
		if _, unclear := errors.AsType[*client.UncertainError](err); !unclear {
			t.Fatalf("round %d: the ERP has it, got error %v, want a *client.UncertainError", i, err)
		}
	}
	if ran.Load() != rounds {
		t.Errorf("the ERP got %d requests, want %d", ran.Load(), rounds)
	}
}

// TestFailedDialForSomethingElseProvesNothing has a transport dial in vain for
// a token and send the request nevertheless.
func TestFailedDialForSomethingElseProvesNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	l.Close()
	var taken atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		taken.Add(1)
		panic(http.ErrAbortHandler)
	}))
	defer srv.Close()
	c, err := client.New(client.Config{BaseURL: srv.URL, HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		side, err := http.NewRequestWithContext(r.Context(), "GET", nobody, nil)
		if err != nil {
			return nil, err
		}
		if resp, err := http.DefaultTransport.RoundTrip(side); err == nil {
			resp.Body.Close()
		}
		return http.DefaultTransport.RoundTrip(r.Clone(context.Background()))
	})}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 2 {
		_, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
		if _, unclear := errors.AsType[*client.UncertainError](err); !unclear {
			t.Errorf("the ERP has it, got error %v, want a *client.UncertainError", err)
		}
	}
	if taken.Load() != 1 {
		t.Errorf("the work of one key was taken %d times, want 1", taken.Load())
	}
}

// TestHeadersThatNetHTTPActsOnAreNotSent puts them where every call gets them.
func TestHeadersThatNetHTTPActsOnAreNotSent(t *testing.T) {
	cc := client.Config{Header: http.Header{
		"Idempotency-Key": {"x"}, "x-idempotency-key": {"x"}, "Accept-Encoding": {"br"}, "Ipp-Application-Type": {"Visma.net Financials"},
	}}
	withERP(t, cc, func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if strings.Contains(strings.ToLower(name), "idempotency") || name == "Accept-Encoding" && r.Header.Get(name) != "gzip" {
				t.Errorf("%s %s: header %s was sent", r.Method, r.URL.Path, name)
			}
		}
		if r.Header.Get("Ipp-Application-Type") == "" {
			t.Errorf("%s %s: the header of the configuration is missing", r.Method, r.URL.Path)
		}
		accepting(write(200, ended("201")))(w, r)
	}, func(t *testing.T, c *client.Client, _ *faultstore.Store, n *hits) {
		if _, err := post(t, c).Wait(testkit.Within(t, time.Hour)); err != nil || n.of("GET") != 1 {
			t.Errorf("got %v after %d polls", err, n.of("GET"))
		}
	})
}

func TestAnswerMayBeCompressedWhateverTheRequestAsksFor(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := ended("201")
		code := 200
		if r.Method == "POST" {
			body, code = `{"id":"`+id1+`"}`, 202
		}
		if r.Header.Get("Accept-Encoding") == "" {
			write(code, body)(w, r)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(code)
		zip := gzip.NewWriter(w)
		_, _ = io.WriteString(zip, body)
		zip.Close()
	}))
	defer srv.Close()
	c, err := client.New(client.Config{BaseURL: srv.URL, Header: http.Header{"Accept-Encoding": {"gzip"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	req := request("POST", "/v2/customerinvoice", invoice)
	req.Header.Set("Accept-Encoding", "gzip, deflate, br")
	op, err := c.Submit(t.Context(), req, client.SubmitOptions{})
	if err != nil || op.ID() != id1 {
		t.Fatalf("got %v, %v, want %s", op, err, id1)
	}
	if s, err := op.Poll(t.Context()); err != nil || s.StatusCode != 201 {
		t.Errorf("got %+v, %v, want the outcome", s, err)
	}
}

func TestFewRequestsRunIntoALimit(t *testing.T) {
	var limited, taken atomic.Int32
	var start time.Time
	withERP(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
		over := time.Since(start) > 30*time.Minute
		time.Sleep(2500 * time.Millisecond)
		if !over {
			limited.Add(1)
			write(429, ``, "Retry-After", "1800")(w, r)
			return
		}
		write(202, `{"id":"id-`+strconv.Itoa(int(taken.Add(1)))+`"}`)(w, r)
	}, func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
		start = time.Now()
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				post(t, c)
			})
		}
		wg.Wait()
		if limited.Load() != 3 || taken.Load() != 20 { // those that were out when the first 429 came
			t.Errorf("%d answers of 429 and %d accepted, want 3 and 20", limited.Load(), taken.Load())
		}
	})
}

func TestTokenThatEndsDuringALimitIsRefreshed(t *testing.T) {
	var n, refreshed atomic.Int32
	cc := client.Config{Refresh: func(context.Context) error { refreshed.Add(1); return nil }}
	answers := []http.HandlerFunc{write(429, ``, "Retry-After", "3600"), write(401, ``), write(202, `{"id":"`+id1+`"}`)}
	withERP(t, cc, func(w http.ResponseWriter, r *http.Request) {
		answers[n.Add(1)-1](w, r)
	}, func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
		if op := post(t, c); op.ID() != id1 || refreshed.Load() != 1 {
			t.Errorf("got %s after %d refreshes, want %s after 1", op.ID(), refreshed.Load(), id1)
		}
	})
}

func TestSupersedeNeedsTheKey(t *testing.T) {
	withERP(t, client.Config{}, write(202, `{"id":"`+id1+`"}`), func(t *testing.T, c *client.Client, _ *faultstore.Store, n *hits) {
		_, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Supersede: "some ref"})
		if err == nil || !strings.Contains(err.Error(), "Supersede") || n.of("POST") != 0 {
			t.Errorf("got %v and %d requests, want an error about Supersede and none", err, n.of("POST"))
		}
	})
}

func TestBodyThatBlocksIsLetGoWithTheContext(t *testing.T) {
	withERP(t, client.Config{}, write(202, `{"id":"`+id1+`"}`), func(t *testing.T, c *client.Client, _ *faultstore.Store, n *hits) {
		r, w := io.Pipe()
		defer time.AfterFunc(time.Hour, func() { w.Close() }).Stop()
		req, err := http.NewRequest("POST", "/v2/customerinvoice", r)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = c.Submit(testkit.Within(t, time.Minute), req, client.SubmitOptions{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute || n.of("POST") != 0 {
			t.Errorf("got %v after %v and %d requests, want the end of the context and none", err, time.Since(start), n.of("POST"))
		}
	})
}

func TestBodyThatIsShorterThanDeclaredIsNotSent(t *testing.T) {
	withERP(t, client.Config{}, write(202, `{"id":"`+id1+`"}`), func(t *testing.T, c *client.Client, _ *faultstore.Store, n *hits) {
		req, err := http.NewRequest("POST", "/v2/customerinvoice", io.NopCloser(strings.NewReader(`{"half":`)))
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = 100
		if _, err := c.Submit(t.Context(), req, client.SubmitOptions{}); err == nil || n.of("POST") != 0 {
			t.Errorf("got %v and %d requests, want an error and none", err, n.of("POST"))
		}
	})
}

// slowBody is a reader that is not safe for concurrent use.
type slowBody struct {
	reads  int // unguarded on purpose: the race detector watches it
	closed bool
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.closed {
		return 0, errors.New("read after Close")
	}
	b.reads++
	time.Sleep(2 * time.Millisecond)
	b.reads++
	return min(len(p), 1024), nil
}

func (b *slowBody) Close() error { b.closed = true; return nil }

// TestBodyIsTheCallersAgainAfterSubmit has the ERP refuse a request of which
// it has read nothing yet, so that the transport is still sending.
func TestBodyIsTheCallersAgainAfterSubmit(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.WriteHeader(400)
	}))
	defer srv.Close()
	c, err := client.New(client.Config{BaseURL: srv.URL, MaxBuffer: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 10 {
		body := &slowBody{}
		req, err := http.NewRequest("POST", "/v2/customerinvoice", body)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Submit(t.Context(), req, client.SubmitOptions{})
		if _, refused := errors.AsType[*client.ResponseError](err); !refused {
			t.Fatalf("got error %v, want a *client.ResponseError", err)
		}
		reads := body.reads
		time.Sleep(10 * time.Millisecond)
		if reads%2 != 0 || body.reads != reads || !body.closed {
			t.Errorf("a read was under way or came later (%d, then %d), closed: %v", reads, body.reads, body.closed)
		}
	}
}

func TestLeavingSubmitAllLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		var busy, taken atomic.Int32
		c, n := serving(t, client.Config{Store: st}, func(w http.ResponseWriter, r *http.Request) {
			busy.Add(1)
			id := taken.Add(1)
			time.Sleep(time.Duration(id) * 10 * time.Second)
			write(202, `{"id":"id-`+strconv.Itoa(int(id))+`"}`)(w, r)
			busy.Add(-1)
		})
		defer c.Close()
		var reqs []*http.Request
		for range 10 {
			reqs = append(reqs, request("POST", "/v2/customerinvoice", invoice))
		}
		for _, err := range c.SubmitAll(t.Context(), items(reqs...), 3) {
			if err != nil {
				t.Error(err)
			}
			break
		}
		if busy.Load() != 0 || n.of("POST") != 3 {
			t.Errorf("%d requests are under way of %d, want none of 3", busy.Load(), n.of("POST"))
		}
		if list, err := st.List(t.Context(), "default", store.Query{Phases: []store.Phase{store.Accepted}}); err != nil || len(list) != 3 {
			t.Errorf("got %d accepted, %v, want 3", len(list), err)
		}
		time.Sleep(time.Hour)
		if n.of("POST") != 3 {
			t.Errorf("%d requests went out later", n.of("POST")-3)
		}
	})
}
