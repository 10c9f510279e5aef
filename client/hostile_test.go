package client_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
)

// recorder is a listener on another port that must never be called.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen = append(r.seen, req.Method+" "+req.URL.Path+" "+req.Header.Get("Authorization"))
	}))
	t.Cleanup(r.Close)
	return r
}

// withToken adds a credential to every request, wherever it goes: what a
// careless transport does.
var withToken = roundTripper(func(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer token-that-must-not-leak")
	return http.DefaultTransport.RoundTrip(r)
})

// TestNoCredentialLeavesTheOrigin runs over real sockets against a server that
// names another one in every way that HTTP and the documents know.
func TestNoCredentialLeavesTheOrigin(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel() // each waits for real seconds
			redirectEverywhere(t, status)
		})
	}
}

func redirectEverywhere(t *testing.T, status int) {
	thief := newRecorder(t)
	var polls atomic.Int32
	erp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v1/redirected":
			http.Redirect(w, r, thief.URL+"/submit", status)
		case r.Method == "POST":
			write(202, `{"id":"`+id1+`","stateLocation":"`+thief.URL+`/state"}`, "Location", thief.URL+"/location", "Content-Location", thief.URL+"/cl",
				"Refresh", "0; url="+thief.URL, "Link", "<"+thief.URL+">; rel=next")(w, r)
		case polls.Add(1) == 1:
			http.Redirect(w, r, thief.URL+"/look", status)
		case strings.HasSuffix(r.URL.Path, "/content"):
			write(200, `[]`)(w, r)
		default:
			write(200, `{"status":"Finished","statusCode":200,"hasResponseContent":true,"contentLocation":"`+thief.URL+`/content",
					"webhookAddress":"`+thief.URL+`","originalUri":"`+thief.URL+`","responseHeaders":{"Location":"`+thief.URL+`/next"}}`)(w, r)
		}
	}))
	defer erp.Close()
	c, err := client.New(client.Config{
		BaseURL: erp.URL, HTTPClient: &http.Client{Transport: withToken},
		Schedule: func(client.PollInfo) time.Duration { return time.Millisecond },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	res, err := op.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := res.Bytes(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = c.Submit(t.Context(), request("POST", "/v1/redirected", invoice), client.SubmitOptions{})
	if refused, ok := errors.AsType[*client.ResponseError](err); !ok || refused.StatusCode != status {
		t.Errorf("%d: %v", status, err)
	}
	hc := &http.Client{Transport: c.Transport()}
	if _, err := hc.Get(erp.URL + "/v1/redirected"); !errors.Is(err, client.ErrUntrustedURL) {
		t.Errorf("%d through Transport: %v", status, err)
	}
	if len(thief.seen) > 0 {
		t.Errorf("the other host was called: %v", thief.seen)
	}
}

// TestHostileAnswersAreBounded lets every kind of answer be endless or huge, and
// bounds the memory and the time of what the client does about it.
func TestHostileAnswersAreBounded(t *testing.T) {
	endless := func(chunk []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}
	}
	spaces := []byte(strings.Repeat(" ", 64<<10))
	bomb := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		for range 2000 { // 128 MB of blanks
			if _, err := zip.Write(spaces); err != nil {
				return
			}
		}
		zip.Close()
	}
	with := func(code int, h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(code)
			h(w, r)
		}
	}
	flood := func(w http.ResponseWriter, r *http.Request) {
		var headers strings.Builder
		for i := range 20_000 {
			fmt.Fprintf(&headers, `"x-%d":"%s",`, i, strings.Repeat("v", 10))
		}
		_, _ = io.WriteString(w, `{"status":"Finished","statusCode":200,"responseHeaders":{`+headers.String()+`"a":"b"}}`)
	}
	tests := map[string]struct{ submit, poll http.HandlerFunc }{
		"endless 202":              {with(202, endless(spaces)), nil},
		"endless 400":              {with(400, endless(spaces)), nil},
		"endless 500":              {with(500, endless(spaces)), nil},
		"endless state":            {nil, endless(spaces)},
		"endless 404":              {nil, with(404, endless(spaces))},
		"compressed state":         {nil, bomb},
		"deep state":               {nil, endless([]byte("["))},
		"deep state in the header": {nil, write(200, `{"status":"Finished","responseHeaders":`+strings.Repeat(`{"a":`, 200_000)+`1`+strings.Repeat(`}`, 200_000)+`}`)},
		"header flood":             {nil, flood},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			erp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == "POST" && tt.submit != nil:
					tt.submit(w, r)
				case r.Method == "POST":
					write(202, `{"id":"`+id1+`"}`)(w, r)
				default:
					tt.poll(w, r)
				}
			}))
			defer erp.Close()
			c, err := client.New(client.Config{BaseURL: erp.URL, CallTimeout: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			op, err := c.Submit(ctx, request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
			if tt.submit != nil && err == nil {
				t.Error("the submit went well")
			}
			if tt.submit == nil {
				if err != nil {
					t.Fatal(err)
				}
				_, _ = op.Poll(ctx)
			}
			runtime.ReadMemStats(&after)
			// The server writes from the same process: its buffers count too.
			if used := after.TotalAlloc - before.TotalAlloc; used > 40<<20 {
				t.Errorf("%d bytes allocated", used)
			}
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestStatusThatGoesInCirclesEndsWithTheContextOnly(t *testing.T) {
	words := []string{"Started", "Queued", "Running", "Completed", "true", "Pending", "FinishedSoon", "NotFailed"}
	synctest.Test(t, func(t *testing.T) {
		i := 0
		c, hits := serving(t, client.Config{}, accepting(func(w http.ResponseWriter, r *http.Request) {
			i++
			write(200, `{"status":"`+words[i%len(words)]+`","statusCode":200,"finishedUtc":"2026-01-01T00:00:00Z"}`)(w, r)
		}))
		defer c.Close()
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = op.Wait(testkit.Within(t, 12*time.Hour))
		if _, ok := errors.AsType[*client.PendingError](err); !ok || hits.of("GET") > 12*130 {
			t.Errorf("%v after %d polls", err, hits.of("GET"))
		}
	})
}
