package mockserver_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/queue"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
)

// BenchmarkSubmitToNotification is a request's whole way over real sockets:
// 202, run, notification received. Sixteen connections, a company each.
func BenchmarkSubmitToNotification(b *testing.B) {
	b.Run("memory", func(b *testing.B) { benchmarkSubmitToNotification(b, nil) })
	for _, d := range []sqlitequeue.Durability{sqlitequeue.Normal, sqlitequeue.Full} {
		b.Run("sqlite "+string(d), func(b *testing.B) {
			q, err := sqlitequeue.Open(b.Context(), sqlitequeue.Config{Dir: b.TempDir(), Durability: d})
			if err != nil {
				b.Fatal(err)
			}
			defer q.Close()
			benchmarkSubmitToNotification(b, q)
		})
	}
}

func benchmarkSubmitToNotification(b *testing.B, queue queue.Queue) {
	b.ReportAllocs()
	var told atomic.Int64
	all := make(chan struct{})
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if told.Add(1) == int64(b.N) {
			close(all)
		}
	}))
	defer hook.Close()
	srv, err := mockserver.New(mockserver.Config{
		Queue: queue, ExecTime: mockserver.Fixed(1), Workers: 16, RateLimit: mockserver.RateLimit{Limit: 1 << 30},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer srv.Close()
	erp := httptest.NewServer(srv)
	defer erp.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	var company atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		id := strconv.FormatInt(company.Add(1), 10)
		for pb.Next() {
			req, _ := http.NewRequest("PUT", erp.URL+"/v1/customerinvoice/003547", strings.NewReader(`{"note":{"value":"x"}}`))
			req.Header.Set("erp-api-background", hook.URL)
			req.Header.Set("ipp-company-id", id)
			resp, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
	<-all
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}
