package memhttp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/memhttp"
)

func client(h http.HandlerFunc) *http.Client {
	return &http.Client{Transport: &memhttp.Transport{Hosts: map[string]http.Handler{"erp.mock": h}}}
}

func TestARequestArrivesAsAServerWouldParseIt(t *testing.T) {
	c := client(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		for name, pair := range map[string][2]string{
			"method":         {r.Method, "POST"},
			"host":           {r.Host, "erp.mock"},
			"path":           {r.URL.Path, "/v1/a b"},
			"query":          {r.URL.RawQuery, "x=1"},
			"URL host":       {r.URL.Host, ""},
			"request URI":    {r.RequestURI, "/v1/a%20b?x=1"},
			"proto":          {r.Proto, "HTTP/1.1"},
			"body":           {string(body), "hello"},
			"content length": {r.Header.Get("Content-Length"), "5"},
			"user agent":     {r.UserAgent(), "Go-http-client/1.1"},
			"custom header":  {r.Header.Get("X-Custom"), "yes"},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: got %q, want %q", name, pair[0], pair[1])
			}
		}
		if _, _, err := net.SplitHostPort(r.RemoteAddr); err != nil || r.TLS == nil {
			t.Errorf("RemoteAddr %q (%v), TLS %v", r.RemoteAddr, err, r.TLS)
		}
		w.Header().Set("Location", "/there")
		w.WriteHeader(http.StatusCreated)
	})
	req, err := http.NewRequestWithContext(t.Context(), "POST", "https://ERP.mock/v1/a%20b?x=1#frag", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "erp.mock"
	req.Header.Set("X-Custom", "yes")
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 201 || resp.Header.Get("Location") != "/there" || resp.Header.Get("Date") == "" {
		t.Errorf("got %v %v", resp.Status, resp.Header)
	}
}

func TestTheAnswerStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "first ")
			time.Sleep(time.Minute)
			_, _ = io.WriteString(w, "second")
		})
		start := time.Now()
		resp, err := c.Get("https://erp.mock/")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if took := time.Since(start); took != 0 {
			t.Errorf("header after %v, want at once", took)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != "first second" {
			t.Errorf("got %q, %v", body, err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("body after %v, want 1m", took)
		}
		if got := resp.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
			t.Errorf("sniffed content type %q", got)
		}
	})
}

func TestABodyLargerThanTheBufferPasses(t *testing.T) {
	want := strings.Repeat("0123456789abcdef", 1<<16)
	c := client(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	resp, err := c.Post("https://erp.mock/", "text/plain", io.MultiReader(strings.NewReader(want)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != want {
		t.Errorf("got %d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestAClientThatGoesAwayCancelsTheHandler(t *testing.T) {
	tests := []struct {
		name string
		away func(t *testing.T, c *http.Client, ctx context.Context)
	}{
		{"context ends before the header", func(t *testing.T, c *http.Client, ctx context.Context) {
			req, _ := http.NewRequestWithContext(ctx, "GET", "https://erp.mock/silent", nil)
			if _, err := c.Do(req); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want deadline exceeded", err)
			}
		}},
		{"context ends inside the body", func(t *testing.T, c *http.Client, ctx context.Context) {
			req, _ := http.NewRequestWithContext(ctx, "GET", "https://erp.mock/", nil)
			resp, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if _, err := io.ReadAll(resp.Body); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want deadline exceeded", err)
			}
		}},
		{"body closed early", func(t *testing.T, c *http.Client, _ context.Context) {
			resp, err := c.Get("https://erp.mock/")
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
			if _, err := resp.Body.Read(make([]byte, 1)); err == nil {
				t.Error("a closed body can be read")
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				canceled := make(chan struct{})
				c := client(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path != "/silent" {
						_, _ = io.WriteString(w, "some")
					}
					<-r.Context().Done()
					for range 3 * 64 { // a write after the end never blocks
						_, _ = w.Write(make([]byte, 1024))
					}
					close(canceled)
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				tt.away(t, c, ctx)
				<-canceled
			})
		})
	}
}

func TestACanceledContextSendsNothing(t *testing.T) {
	c := client(func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") })
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the cause")
	cancel(cause)
	req, _ := http.NewRequestWithContext(ctx, "GET", "https://erp.mock/", nil)
	if _, err := c.Do(req); !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause", err)
	}
}

func TestAbortedHandlers(t *testing.T) {
	tests := []struct {
		name     string
		handler  http.HandlerFunc
		inHeader func(error) bool // nil: the header arrives
		inBody   func(error) bool
	}{
		{"aborted before the header", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, isReset, nil},
		{"aborted inside the body", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "some")
			panic(http.ErrAbortHandler)
		}, nil, isCut},
		{"too few bytes", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "some")
		}, nil, isCut},
		{"panic", func(http.ResponseWriter, *http.Request) { panic("boom") }, isPanic, nil},
		{"panic inside the body", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "some")
			panic("boom")
		}, nil, isPanic},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, err := client(tt.handler).Get("https://erp.mock/")
			if tt.inHeader != nil {
				if !tt.inHeader(err) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if _, err := io.ReadAll(resp.Body); !tt.inBody(err) {
				t.Errorf("body: got %v", err)
			}
		})
	}
}

func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }
func isCut(err error) bool   { return err == io.ErrUnexpectedEOF }
func isPanic(err error) bool {
	p, ok := errors.AsType[*memhttp.PanicError](err)
	return ok && p.Value == "boom" && errors.Is(err, io.ErrUnexpectedEOF) && strings.Contains(err.Error(), "boom")
}

func TestGoexitInAHandlerLooksLikeAReset(t *testing.T) {
	c := client(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })
	if _, err := c.Get("https://erp.mock/"); !isReset(err) {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestAnswersWithoutABody(t *testing.T) {
	for _, tt := range []struct {
		method string
		status int
		length int64
	}{{"GET", 204, 0}, {"GET", 304, 0}, {"HEAD", 200, 12}, {"GET", 200, 0}} {
		c := client(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "HEAD" {
				w.Header().Set("Content-Length", "12")
			}
			if tt.status != 200 {
				w.WriteHeader(tt.status)
			}
			if tt.length == 0 && tt.status == 200 {
				return
			}
			_, err := io.WriteString(w, "twelve bytes")
			if (err != nil) != (tt.method == "GET") {
				t.Errorf("%s %d: write: %v", tt.method, tt.status, err)
			}
		})
		req, _ := http.NewRequest(tt.method, "https://erp.mock/", nil)
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || len(body) != 0 || resp.ContentLength != tt.length {
			t.Errorf("%s %d: body %q %v, length %d, want %d", tt.method, tt.status, body, err, resp.ContentLength, tt.length)
		}
	}
}

// brokenBody fails in the middle.
type brokenBody struct{ closed chan struct{} }

var errBroken = errors.New("disk on fire")

func (b brokenBody) Read(p []byte) (int, error) { return 0, errBroken }
func (b brokenBody) Close() error               { close(b.closed); return nil }

func TestABodyThatCannotBeReadFailsTheRequest(t *testing.T) {
	for name, length := range map[string]int64{"small": 10, "unknown": -1} {
		t.Run(name, func(t *testing.T) {
			c := client(func(_ http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err != io.ErrUnexpectedEOF {
					t.Errorf("the handler got %v, want unexpected EOF", err)
				}
				panic(http.ErrAbortHandler)
			})
			b := brokenBody{make(chan struct{})}
			req, _ := http.NewRequest("POST", "https://erp.mock/", b)
			req.ContentLength = length
			_, err := c.Do(req)
			if err == nil || length > 0 && !errors.Is(err, errBroken) {
				t.Errorf("got %v", err)
			}
			<-b.closed
		})
	}
}

func TestABodyThatDoesNotHaveItsLength(t *testing.T) {
	c := client(func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") })
	req, _ := http.NewRequest("POST", "https://erp.mock/", io.NopCloser(strings.NewReader("short")))
	req.ContentLength = 10
	if _, err := c.Do(req); err == nil {
		t.Error("no error")
	}
}

func TestUserInTheURL(t *testing.T) {
	c := client(func(_ http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "u" || password != "p" {
			t.Errorf("got %q %q %v", user, password, ok)
		}
		if err := r.Body.Close(); err != nil {
			t.Error(err)
		}
	})
	resp, err := c.Get("http://u:p@erp.mock/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.TLS != nil {
		t.Error("TLS on http")
	}
}

func TestConcurrentRequests(t *testing.T) {
	c := client(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			resp, err := c.Post("https://erp.mock/", "text/plain", strings.NewReader("echo"))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "echo" {
				t.Errorf("got %q, %v", b, err)
			}
		})
	}
	wg.Wait()
}

func TestRequestsThatNoTransportSends(t *testing.T) {
	tr := &memhttp.Transport{}
	for _, u := range []string{"ftp://erp.mock/", "https:///path"} {
		req, _ := http.NewRequest("GET", u, nil)
		if resp, err := tr.RoundTrip(req); err == nil {
			resp.Body.Close()
			t.Errorf("%s: no error", u)
		}
	}
}
