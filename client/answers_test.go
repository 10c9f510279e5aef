package client_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// write is a handler that answers always the same.
func write(code int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// TestAnswerTable is the table in ARCHITECTURE.md, row by row: what an answer
// to a POST means, which phase is recorded, and that it went out once.
func TestAnswerTable(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		phase  store.Phase
		id     string
		err    any // a pointer to the error type that Submit returns, nil for none
		sent   int
	}{
		{"202 with an id", write(202, `{"id":"`+id1+`"}`), store.Accepted, id1, nil, 1},
		{"202 cut off, with a Location", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/v1/background/"+id1)
			w.Header().Set("Content-Length", "500")
			w.WriteHeader(202)
			_, _ = io.WriteString(w, `{"id":"`)
			panic(http.ErrAbortHandler)
		}, store.Accepted, id1, nil, 1},
		{"202 without an id", write(202, `{}`), store.Uncertain, "", new(*client.UncertainError), 1},
		{"200: it ran in the foreground", write(200, `[{"referenceNumber":"1"}]`), store.Settled, "", nil, 1},
		{"201: it ran in the foreground", write(201, ``, "Location", "/v1/customerinvoice/7"), store.Settled, "", nil, 1},
		{"204: it ran in the foreground", write(204, ``), store.Settled, "", nil, 1},
		{"301 is not followed", write(301, "", "Location", base+"/v1/elsewhere"), store.Rejected, "", new(*client.ResponseError), 1},
		{"307 is not followed", write(307, "", "Location", base+"/v1/elsewhere"), store.Rejected, "", new(*client.ResponseError), 1},
		{"308 to another host", write(308, "", "Location", "https://evil.example/"), store.Rejected, "", new(*client.ResponseError), 1},
		{"400", write(400, `{"message":"bad header"}`), store.Rejected, "", new(*client.ResponseError), 1},
		{"401: once more", write(401, ``), store.Rejected, "", new(*client.ResponseError), 2},
		{"403", write(403, ``), store.Rejected, "", new(*client.ResponseError), 1},
		{"404", write(404, ``), store.Rejected, "", new(*client.ResponseError), 1},
		{"408", write(408, ``), store.Uncertain, "", new(*client.UncertainError), 1},
		{"500", write(500, ``), store.Uncertain, "", new(*client.UncertainError), 1},
		{"502 in HTML", write(502, `<html>bad gateway</html>`), store.Uncertain, "", new(*client.UncertainError), 1},
		{"503 with Retry-After", write(503, ``, "Retry-After", "1"), store.Uncertain, "", new(*client.UncertainError), 1},
		{"a reset connection", drop, store.Uncertain, "", new(*client.UncertainError), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := store.NewMemory(store.MemoryConfig{})
				c, hits := serving(t, client.Config{Store: st}, func(w http.ResponseWriter, r *http.Request) {
					for name := range r.Header {
						if strings.Contains(strings.ToLower(name), "idempotency") {
							t.Errorf("header %s was sent", name)
						}
					}
					tt.answer(w, r)
				})
				defer c.Close()
				req := request("POST", "/v2/customerinvoice", invoice)
				req.Header.Set("Idempotency-Key", "net/http takes this for leave to repeat")
				req.Header["x-idempotency-KEY"] = []string{"in any spelling"}
				op, err := c.Submit(t.Context(), req, client.SubmitOptions{Key: "order-1"})
				checkError(t, err, tt.err)
				list, _ := st.List(t.Context(), "default", store.Query{})
				if len(list) != 1 || list[0].Phase != tt.phase || list[0].ID != tt.id {
					t.Fatalf("recorded %+v, want %s %s", list, tt.phase, tt.id)
				}
				if hits.of("POST") != tt.sent {
					t.Errorf("sent %d times, want %d", hits.of("POST"), tt.sent)
				}
				if kept := op != nil; kept == (tt.phase == store.Rejected) {
					t.Errorf("operation returned: %v", kept)
				}
				if held := list[0].HoldsKey(); held == (tt.phase == store.Rejected) {
					t.Errorf("key held: %v", held)
				}
				if kept := list[0].Reason; strings.Contains(kept, "<html>") {
					t.Errorf("the reason holds a body: %s", kept)
				}
			})
		})
	}
}

func checkError(t *testing.T, err error, want any) {
	t.Helper()
	switch want := want.(type) {
	case nil:
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
	default:
		if !errors.As(err, want) {
			t.Fatalf("got error %T %v, want a %T", err, err, want)
		}
	}
}

func TestIDOfAnotherOperationMakesItUncertain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{}, write(202, `{"id":"`+id1+`"}`)) // the same one each time
		defer c.Close()
		if _, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}); err != nil {
			t.Fatal(err)
		}
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		if _, ok := errors.AsType[*client.UncertainError](err); !ok || op == nil || op.ID() != "" {
			t.Fatalf("got %v", err)
		}
		if s, err := op.State(t.Context()); err != nil || s.Phase != store.Uncertain {
			t.Errorf("state %+v, %v", s, err)
		}
	})
}

func TestForegroundAnswerIsTheResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, hits := serving(t, client.Config{}, write(200, `{"referenceNumber":"000007"}`, "Content-Type", "application/json", "ETag", `"x"`))
		defer c.Close()
		op, err := c.Submit(t.Context(), request("GET", "/v1/customerinvoice/000007", ""), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := op.Wait(t.Context())
		if err != nil || !res.Foreground || res.Header.Get("Etag") != `"x"` {
			t.Fatalf("%+v, %v", res, err)
		}
		got, err := client.Decode[map[string]string](t.Context(), res)
		if err != nil || got["referenceNumber"] != "000007" || hits.of("GET") != 1 {
			t.Errorf("%v, %v, %d calls", got, err, hits.of("GET"))
		}
	})
}

func TestRejectionTellsWhatTheERPSaid(t *testing.T) {
	for body, want := range map[string]string{
		`{"message":"No such header value"}`: "No such header value",
		`{"ExceptionType":"IPPException","ExceptionMessage":"No license for this company.","ExceptionFaultCode":"12027"}`: "No license for this company. (12027)",
		`{"ExceptionMessage":"","FaultCode":12002}`: "(12002)",
		"<html><body>Bad\n\n Gateway</body></html>": "<html><body>Bad Gateway</body></html>",
		``: "",
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := serving(t, client.Config{}, write(400, body))
			defer c.Close()
			_, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice?token=hidden", invoice), client.SubmitOptions{})
			refused, ok := errors.AsType[*client.ResponseError](err)
			if !ok || refused.StatusCode != 400 || string(refused.Body) != body || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v", body, err)
			}
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("the error shows the query: %v", err)
			}
		})
	}
}

func TestRefreshedCredentialsAreTriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refreshed := 0
		c, hits := serving(t, client.Config{Refresh: func(context.Context) error { refreshed++; return nil }},
			func(w http.ResponseWriter, r *http.Request) {
				if refreshed == 0 {
					w.WriteHeader(401)
					return
				}
				if body, _ := io.ReadAll(r.Body); string(body) != invoice {
					t.Errorf("the body of the second attempt is %q", body)
				}
				write(202, `{"id":"`+id1+`"}`)(w, r)
			})
		defer c.Close()
		if _, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}); err != nil {
			t.Fatal(err)
		}
		if hits.of("POST") != 2 || refreshed != 1 {
			t.Errorf("%d attempts, %d refreshes", hits.of("POST"), refreshed)
		}
	})
}

func TestRateLimitedSubmitWaitsAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		c, hits := serving(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
			if time.Since(start) < 90*time.Second {
				write(429, `{"message":"Rate limit is exceeded."}`, "Retry-After", "45")(w, r)
				return
			}
			write(202, `{"id":"`+id1+`"}`)(w, r)
		})
		defer c.Close()
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		if err != nil || op.ID() != id1 || time.Since(start) != 90*time.Second || hits.of("POST") != 3 {
			t.Errorf("%v after %v and %d attempts", err, time.Since(start), hits.of("POST"))
		}
		// An operation that waits out a limit for minutes keeps its lease.
		if s, err := op.State(t.Context()); err != nil || s.Phase != store.Accepted || s.Late {
			t.Errorf("state %+v, %v", s, err)
		}
	})
}

func TestRateLimitedSubmitThatCannotWait(t *testing.T) {
	limited := write(429, `{"message":"Rate limit is exceeded."}`, "Retry-After", "600")
	t.Run("the context is too short", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			st := store.NewMemory(store.MemoryConfig{})
			c, hits := serving(t, client.Config{Store: st}, limited)
			defer c.Close()
			start := time.Now()
			_, err := c.Submit(testkit.Within(t, time.Minute), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
			if !errors.Is(err, client.ErrRateLimited) || time.Since(start) != 0 || hits.of("POST") != 1 {
				t.Errorf("%v after %v and %d attempts", err, time.Since(start), hits.of("POST"))
			}
			if list, _ := st.List(t.Context(), "default", store.Query{}); list[0].Phase != store.Rejected {
				t.Errorf("recorded as %s", list[0].Phase)
			}
		})
	})
	t.Run("the body cannot be sent again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, hits := serving(t, client.Config{MaxBuffer: 10}, func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); string(body) != invoice {
					t.Errorf("body %q", body)
				}
				limited(w, r)
			})
			defer c.Close()
			_, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
			if !errors.Is(err, client.ErrRateLimited) || hits.of("POST") != 1 {
				t.Errorf("%v after %d attempts", err, hits.of("POST"))
			}
		})
	})
}

func TestLargeBodyIsStreamedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := strings.Repeat("x", 300_000)
		c, _ := serving(t, client.Config{MaxBuffer: 1000}, func(w http.ResponseWriter, r *http.Request) {
			if got, _ := io.ReadAll(r.Body); string(got) != body {
				t.Errorf("%d bytes arrived", len(got))
			}
			write(202, `{"id":"id-`+r.Header.Get("Attempt")+`"}`)(w, r)
		})
		defer c.Close()
		for i, r := range []io.Reader{strings.NewReader(body), io.MultiReader(strings.NewReader(body))} { // length known, and not
			req, _ := http.NewRequest("POST", "/v1/attachment", r)
			req.Header.Set("Attempt", strconv.Itoa(i))
			if _, err := c.Submit(t.Context(), req, client.SubmitOptions{}); err != nil {
				t.Error(err)
			}
		}
		req, _ := http.NewRequest("POST", "/v1/attachment", strings.NewReader(body))
		_, err := c.Submit(t.Context(), req, client.SubmitOptions{Key: "k"})
		if !errors.Is(err, client.ErrTooLarge) || !strings.Contains(err.Error(), "MaxBuffer") {
			t.Errorf("a key for a body that cannot be compared: %v", err)
		}
	})
}

// roundTripper is a custom transport.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// certain is an error that knows that nothing was sent.
type certain struct{ error }

func (certain) NotSent() bool { return true }

func TestWhatTellsThatNothingWasSent(t *testing.T) {
	refusedPort := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	defer untrusted.Close()
	tests := []struct {
		name      string
		base      string
		transport http.RoundTripper
		body      string
		uncertain bool
	}{
		{"nobody listens", "http://" + refusedPort, nil, invoice, false},
		{"the certificate is not trusted", untrusted.URL, &http.Transport{TLSClientConfig: &tls.Config{}}, invoice, false},
		{"the transport says so", base, roundTripper(func(*http.Request) (*http.Response, error) { return nil, certain{errors.New("no token")} }), "", false},
		{"the body was never read", base, roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("no token") }), invoice, false},
		{"a transport that hides what it did, no body", base, roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("?") }), "", true},
		{"a transport that hides what it did, body read", base, roundTripper(func(r *http.Request) (*http.Response, error) {
			_, _ = io.ReadAll(r.Body)
			return nil, errors.New("?")
		}), invoice, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := store.NewMemory(store.MemoryConfig{})
			c, err := client.New(client.Config{BaseURL: tt.base, HTTPClient: &http.Client{Transport: tt.transport}, Store: st})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, err = c.Submit(t.Context(), request("POST", "/v1/customerinvoice/000001/action/release?secret=hush", tt.body), client.SubmitOptions{})
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), "hush") {
					t.Errorf("the error shows the query: %v", e)
				}
			}
			_, unclear := errors.AsType[*client.UncertainError](err)
			if err == nil || unclear != tt.uncertain {
				t.Errorf("got %v", err)
			}
			want := store.Rejected
			if tt.uncertain {
				want = store.Uncertain
			}
			if list, _ := st.List(t.Context(), "default", store.Query{}); list[0].Phase != want {
				t.Errorf("recorded as %s", list[0].Phase)
			}
		})
	}
}

func TestTransportThatSendsAgainGetsNoBody(t *testing.T) {
	var second error
	c, err := client.New(client.Config{BaseURL: base, HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.GetBody != nil {
			t.Error("GetBody is set")
		}
		_, _ = io.ReadAll(r.Body)
		r.Body.Close()
		_, second = io.ReadAll(r.Body)
		return nil, errors.New("gave up")
	})}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}); err == nil {
		t.Error("no error")
	}
	if second == nil {
		t.Error("the body could be read twice")
	}
}

func TestContextThatEndsDuringTheSubmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, hits := serving(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			<-r.Context().Done()
		})
		defer c.Close()
		op, err := c.Submit(testkit.Within(t, time.Minute), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		unclear, ok := errors.AsType[*client.UncertainError](err)
		if !ok || op == nil || unclear.SafeToRepeat || !errors.Is(err, context.DeadlineExceeded) || hits.of("POST") != 1 {
			t.Fatalf("got %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.Submit(ctx, request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}); !errors.Is(err, context.Canceled) || hits.of("POST") != 1 {
			t.Errorf("submit under an ended context: %v, %d attempts", err, hits.of("POST"))
		}
	})
}
