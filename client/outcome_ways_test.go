package client_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// answersFor is an ERP whose operation ends in a state, with content if there is any.
func answersFor(state, content string) http.HandlerFunc {
	return accepting(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/content"):
			write(200, content, "Content-Type", "application/json")(w, r)
		case strings.Contains(r.URL.Path, "/background/"):
			write(200, state)(w, r)
		default:
			write(200, `{"status":"Voided"}`)(w, r)
		}
	})
}

// TestACallThatDidNotSucceedDoesNotLookLikeSuccess has operations end with a 2xx
// that is no success, through Do and Transport.
func TestACallThatDidNotSucceedDoesNotLookLikeSuccess(t *testing.T) {
	finished := `{"status":"Finished","statusCode":200,"hasResponseContent":true}`
	tests := map[string]struct {
		state, content, verify string
		answer                 string // part of the body; empty for an *OperationError
	}{
		"refuted by a verifier":      {finished, `{"actionResult":"Done"}`, "v", ""},
		"Failed with a 201":          {`{"status":"Failed","statusCode":201,"errorMessage":"restarted","hasResponseContent":false}`, ``, "", ""},
		"its body says so itself":    {finished, `{"actionResult":"Failed","errorInfo":"closed period"}`, "", "closed period"},
		"a status code that says so": {`{"status":"Finished","statusCode":400,"hasResponseContent":true}`, `{"message":"no"}`, "", "no"},
	}
	ways := map[string]func(*client.Client, *http.Request) (*http.Response, error){
		"Do": func(c *client.Client, r *http.Request) (*http.Response, error) { return c.Do(r) },
		"Transport": func(c *client.Client, r *http.Request) (*http.Response, error) {
			return (&http.Client{Transport: c.Transport()}).Do(r)
		},
	}
	for name, tt := range tests {
		for way, do := range ways {
			t.Run(name+" "+way, func(t *testing.T) {
				cc := client.Config{Verifiers: map[string]client.Verifier{"v": {Path: invoiceReleased.Path, Check: func(client.Verification, *http.Response) error { return errors.New("it is voided") }}}}
				bubble(t, cc, answersFor(tt.state, tt.content), func(t *testing.T, c *client.Client, _ *hits) {
					ctx := client.InBackground(t.Context(), client.SubmitOptions{Verify: tt.verify})
					resp, err := do(c, request("POST", base+"/v1/customerinvoice/1/action/release", `{}`).WithContext(ctx))
					if tt.answer == "" {
						if _, ok := errors.AsType[*client.OperationError](err); !ok {
							t.Errorf("got %v, %v, want an *OperationError", resp, err)
						}
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					defer resp.Body.Close()
					if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), tt.answer) {
						t.Errorf("got %s, %v, want the answer with %q", body, err, tt.answer)
					}
				})
			})
		}
	}
}

// TestWhatAPersonTellsIsJudgedLikeTheERP has a person paste the answer of an
// action: it succeeds and fails as it would have in a state.
func TestWhatAPersonTellsIsJudgedLikeTheERP(t *testing.T) {
	tests := map[string]struct {
		answer      client.Answer
		failure     string // empty for success
		unconfirmed bool
		kind        string
	}{
		"done":                     {client.Answer{StatusCode: 200, Body: []byte("\ufeff" + `{"actionResult":"Done"}`)}, "", false, "application/json"},
		"failed":                   {client.Answer{StatusCode: 200, Body: []byte(`{"actionResult":"Failed","errorInfo":"closed period"}`)}, "closed period", false, "application/json"},
		"queued":                   {client.Answer{StatusCode: 200, Body: []byte(`{"actionResult":"Queued"}`)}, "", true, "application/json"},
		"refused":                  {client.Answer{StatusCode: 400, Body: []byte(`{"message":"no such invoice"}`)}, "no such invoice", true, "application/json"},
		"only a status and a name": {client.Answer{StatusCode: 201, Header: http.Header{"location": {"/v1/customerinvoice/004711"}}}, "", false, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, client.Config{}, drop, func(t *testing.T, c *client.Client, _ *hits) {
				op, err := c.Submit(t.Context(), request("POST", "/v1/customerinvoice/1/action/release", `{}`), client.SubmitOptions{Key: "k"})
				if op == nil {
					t.Fatal(err)
				}
				if err := op.Resolve(t.Context(), client.EndedWith(tt.answer, "seen in the ERP")); err != nil {
					t.Fatal(err)
				}
				res, err := op.Wait(t.Context())
				failed, _ := errors.AsType[*client.OperationError](err)
				if res == nil || (tt.failure == "") != (err == nil) || failed != nil && failed.Message != tt.failure {
					t.Fatalf("got %+v, %v, want failure %q", res, err, tt.failure)
				}
				if failed == nil && res.Unconfirmed() != tt.unconfirmed {
					t.Errorf("got unconfirmed %v, want %v", res.Unconfirmed(), tt.unconfirmed)
				}
				if got := res.Header.Get("Content-Type"); got != tt.kind {
					t.Errorf("got the type %q, want %q", got, tt.kind)
				}
				if name := res.CreatedID(); tt.answer.Header != nil && name != "004711" {
					t.Errorf("got the number %q, want 004711", name)
				}
			})
		})
	}
}

// TestAStateOfSomebodyElseUnderAnyName has a document name another operation, in
// ways that are hard to read.
func TestAStateOfSomebodyElseUnderAnyName(t *testing.T) {
	for _, id := range []string{`"id":"` + id2 + `"`, `"jobId":"` + id2 + `"`, `"id":["` + id1 + `"]`, `"Id":{"value":"` + id2 + `"}`, `"id":5`, `"id":"00000000-0000-0000-0000-000000000000"`} {
		bubble(t, client.Config{}, accepting(write(200, `{`+id+`,"status":"Finished","statusCode":201}`)), func(t *testing.T, c *client.Client, _ *hits) {
			_, err := post(t, c).Wait(testkit.Within(t, time.Hour))
			pending, ok := errors.AsType[*client.PendingError](err)
			if !ok || pending.Last == nil || !strings.Contains(pending.Last.Error(), "another operation") {
				t.Errorf("%s: got %v, want it pending, and why", id, err)
			}
		})
	}
}

// TestPendingListsWhatExpired has an operation be forgotten by the ERP before
// anybody took its outcome.
func TestPendingListsWhatExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		defer st.Close()
		c, _ := serving(t, client.Config{Store: st}, accepting(write(404, ``)))
		op := post(t, c)
		if _, err := op.Wait(testkit.Within(t, 48*time.Hour)); !errors.Is(err, client.ErrExpired) {
			t.Fatal(err)
		}
		c.Close()
		c, _ = serving(t, client.Config{Store: st}, write(404, ``))
		defer c.Close()
		listed := func() (refs []string) {
			for op, err := range c.Pending(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				refs = append(refs, op.Ref())
				if err := op.Ack(t.Context()); err != nil {
					t.Error(err)
				}
			}
			return refs
		}
		if first, second := listed(), listed(); len(first) != 1 || first[0] != op.Ref() || len(second) != 0 {
			t.Errorf("got %v, then %v, want it once, until it is acknowledged", first, second)
		}
	})
}

// TestVerifiersKeepTheLimitOnFailedRequests counts the calls of a verifier whose
// document is not there yet, on the old host.
func TestVerifiersKeepTheLimitOnFailedRequests(t *testing.T) {
	const host = "https://integration.visma.net/API/controller/api"
	for name, answer := range map[string]http.HandlerFunc{"not there": write(404, ``), "failing": write(500, ``), "not done": write(200, `{"status":"Balanced"}`), "hangs": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex // guards asked
				var asked []time.Time
				rt := &memhttp.Transport{Default: accepting(func(w http.ResponseWriter, r *http.Request) {
					if strings.Contains(r.URL.Path, "/background/") {
						write(200, `{"status":"Finished","statusCode":200,"hasResponseContent":false}`)(w, r)
						return
					}
					mu.Lock()
					asked = append(asked, time.Now())
					mu.Unlock()
					answer(w, r)
				})}
				c, err := client.New(client.Config{BaseURL: host, HTTPClient: &http.Client{Transport: rt}, Verifiers: map[string]client.Verifier{"v": {
					Path: invoiceReleased.Path,
					Check: func(_ client.Verification, resp *http.Response) error {
						return fmt.Errorf("answered %d: %w", resp.StatusCode, client.ErrNotYet)
					},
				}}})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				op, err := c.Submit(t.Context(), request("POST", "/v1/customerinvoice/1/action/release", ``), client.SubmitOptions{Verify: "v"})
				if err != nil {
					t.Fatal(err)
				}
				_, err = op.Wait(testkit.Within(t, 23*time.Hour))
				if failed, ok := errors.AsType[*client.OperationError](err); !ok || !failed.Refuted {
					t.Errorf("got %v, want it refuted in the end", err)
				}
				mu.Lock()
				defer mu.Unlock()
				within := func(n int, d time.Duration) {
					for i := n; i < len(asked); i++ {
						if took := asked[i].Sub(asked[i-n]); took < d {
							t.Fatalf("got %d calls within %v, want no more than %d in %v", n+1, took, n, d)
						}
					}
				}
				within(5, time.Minute)
				if name != "not done" {
					within(2, 5*time.Minute)
				}
				if len(asked) < 5 {
					t.Errorf("got %d calls, want it to be asked again", len(asked))
				}
			})
		})
	}
}

// TestAnOldOutcomeOfAnActionIsUnconfirmed reads records of a version that did not
// judge what it kept.
func TestAnOldOutcomeOfAnActionIsUnconfirmed(t *testing.T) {
	for body, want := range map[string]bool{`{"actionResult":"Queued"}`: true, `{"actionResult":"Failed"}`: true, `{"actionResult":"Done"}`: false, `{"x":1}`: false} {
		synctest.Test(t, func(t *testing.T) {
			st := store.NewMemory(store.MemoryConfig{})
			defer st.Close()
			_, err := st.Create(t.Context(), store.Record{Tenant: "default", Ref: "r1", Phase: store.Sending, Method: "POST", Path: "/v1/x/1/action/release"}, "o", time.Minute)
			if err == nil {
				_, err = st.Report(t.Context(), "default", "r1", store.AcceptedFact{ID: id1, Source: store.FromAnswer})
			}
			if err == nil {
				_, err = st.Report(t.Context(), "default", "r1", store.SettledFact{ID: id1, Outcome: store.Outcome{
					Status: "Finished", StatusCode: 200, HasContent: true, Kept: true, Content: []byte(body), ContentType: "application/json",
				}})
			}
			if err != nil {
				t.Fatal(err)
			}
			c, _ := serving(t, client.Config{Store: st}, drop)
			defer c.Close()
			op, err := c.Operation(t.Context(), id1)
			if err != nil {
				t.Fatal(err)
			}
			if res, err := op.Wait(t.Context()); err != nil || res.Unconfirmed() != want {
				t.Errorf("%s: got %+v, %v, want unconfirmed %v", body, res, err, want)
			}
		})
	}
}

// TestAForegroundWriteGoesOutOnce has the server close a connection in use, after
// which net/http sends again what it takes for repeatable.
func TestAForegroundWriteGoesOutOnce(t *testing.T) {
	for _, body := range []string{"", `{}`} {
		var mu sync.Mutex // guards posts
		posts := 0
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					in := bufio.NewReader(conn)
					for {
						req, err := http.ReadRequest(in)
						if err != nil {
							return
						}
						_, _ = io.Copy(io.Discard, req.Body)
						if req.Method == http.MethodPost {
							mu.Lock()
							posts++
							mu.Unlock()
							return
						}
						_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
					}
				}()
			}
		}()
		c, err := client.New(client.Config{BaseURL: "http://" + l.Addr().String()})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ctx := client.InForeground(t.Context())
		for _, method := range []string{"GET", "POST"} {
			req := request(method, "/v1/x", body).WithContext(ctx)
			req.Header.Set("Idempotency-Key", "order-1")
			resp, err := c.Do(req)
			if err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if (err == nil) != (method == "GET") {
				t.Errorf("%s: got %v", method, err)
			}
		}
		mu.Lock()
		if posts != 1 {
			t.Errorf("body %q: got %d POSTs, want 1", body, posts)
		}
		mu.Unlock()
	}
}
