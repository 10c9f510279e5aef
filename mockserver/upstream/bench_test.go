package upstream_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/upstream"
)

// small answers a call as a small API does.
func small(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"id":7,"customer":{"number":"10045"}}`)
}

// BenchmarkProxiedCall compares a call through the mock with the same call without
// it, through the reverse proxy of the standard library, and to a handler of the
// mock. All are over sockets, but for "upstream alone", which has neither sockets
// nor a mock.
func BenchmarkProxiedCall(b *testing.B) {
	api := httptest.NewServer(http.HandlerFunc(small))
	defer api.Close()
	root, err := url.Parse(api.URL)
	if err != nil {
		b.Fatal(err)
	}
	up, err := upstream.New(upstream.Config{URL: api.URL})
	if err != nil {
		b.Fatal(err)
	}
	defer up.Close()
	mock, err := mockserver.New(mockserver.Config{NoERP: true, Fallbacks: []mockserver.Fallback{up}, RateLimit: mockserver.RateLimit{Limit: 1 << 40}})
	if err != nil {
		b.Fatal(err)
	}
	defer mock.Close()
	mock.Handle("POST /v1/own", http.HandlerFunc(small))
	proxy := httputil.NewSingleHostReverseProxy(root)
	for _, bench := range []struct {
		name, path string
		h          http.Handler
	}{
		{"none", "/v1/x", http.HandlerFunc(small)},
		{"httputil.ReverseProxy", "/v1/x", proxy},
		{"the mock's own handler", "/v1/own", mock},
		{"the mock and its upstream", "/v1/x", mock},
	} {
		b.Run(bench.name, func(b *testing.B) {
			srv := httptest.NewServer(bench.h)
			defer srv.Close()
			tr := &http.Transport{}
			defer tr.CloseIdleConnections()
			client := &http.Client{Transport: tr}
			b.ReportAllocs()
			for b.Loop() {
				resp, err := client.Post(srv.URL+bench.path, "application/json", strings.NewReader("{}"))
				if err != nil || resp.StatusCode != 200 {
					b.Fatal(resp, err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
	b.Run("upstream alone", func(b *testing.B) {
		up, err := upstream.New(upstream.Config{URL: root.String(), Transport: instant{}})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			up.ServeHTTP(discard{}, httptest.NewRequest("POST", "/v1/x", strings.NewReader("{}")))
		}
	})
}

// instant answers at once.
type instant struct{}

func (instant) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: http.NoBody, Request: r}, nil
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// BenchmarkLargeAnswer has one answer of 256 MiB stored, and reports the peak of
// the heap: what the answer costs while it is received, and what it costs then.
func BenchmarkLargeAnswer(b *testing.B) {
	const size = 256 << 20
	for _, told := range []bool{true, false} {
		b.Run(fmt.Sprintf("told=%v", told), func(b *testing.B) {
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if told {
					w.Header().Set("Content-Length", fmt.Sprint(size))
				}
				var piece [64 << 10]byte
				for range size / len(piece) {
					_, _ = w.Write(piece[:])
				}
			}))
			defer api.Close()
			for b.Loop() {
				up, err := upstream.New(upstream.Config{URL: api.URL, MaxContent: size})
				if err != nil {
					b.Fatal(err)
				}
				mock, err := mockserver.New(mockserver.Config{NoERP: true, Fallbacks: []mockserver.Fallback{up}})
				if err != nil {
					b.Fatal(err)
				}
				runtime.GC()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				var peak atomic.Uint64
				stop := make(chan bool)
				go watchHeap(&peak, stop)
				req := httptest.NewRequest("GET", "/large", nil)
				req.Header.Set("erp-api-background", "none")
				mock.ServeHTTP(httptest.NewRecorder(), req)
				for ops := mock.Operations(); !ops[0].HasEnded(); ops = mock.Operations() {
					time.Sleep(time.Millisecond)
				}
				if op := mock.Operations()[0]; op.StatusCode != 200 {
					b.Fatalf("%+v", op)
				}
				close(stop)
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(peak.Load()-before.HeapAlloc)/size, "peak/size")
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/size, "kept/size")
				_, _ = mock.Close(), up.Close()
			}
		})
	}
}

// watchHeap keeps the peak of what is allocated.
func watchHeap(peak *atomic.Uint64, stop chan bool) {
	var m runtime.MemStats
	for {
		select {
		case <-stop:
			return
		case <-time.After(2 * time.Millisecond):
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapAlloc))
		}
	}
}
