package sqlitestore_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// body is as long as a notification of the ERP is.
var body = []byte(`{"id":"2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10","pad":"` + strings.Repeat("x", 560) + `"}`)

// BenchmarkAccept measures durable accepts, by 1 and by 64 senders. The module
// bench has them beside the least that durability costs, and beside others.
func BenchmarkAccept(b *testing.B) {
	for _, senders := range []int{1, 64} {
		b.Run("create/"+strconv.Itoa(senders), func(b *testing.B) {
			s := open(b, fresh(b))
			measure(b, senders, func(i int) error {
				_, err := s.Create(b.Context(), store.Record{
					Tenant: "fjord", Ref: ref(i), Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice", Notify: "subscription",
				}, "replica-a", time.Minute)
				return err
			})
		})
		b.Run("notify/"+strconv.Itoa(senders), func(b *testing.B) {
			s := open(b, fresh(b))
			seed(b, s, b.N)
			measure(b, senders, func(i int) error {
				r, err := s.Notify(b.Context(), store.Notification{Ref: ref(i), ID: id(i), Body: body, Mode: "subscription"})
				if err == nil && r.Verdict != store.Matched {
					err = fmt.Errorf("%+v", r)
				}
				return err
			})
		})
		b.Run("deliver/"+strconv.Itoa(senders), func(b *testing.B) {
			s, err := sqlitestore.Open(b.Context(), sqlitestore.Config{Path: fresh(b), MaxUnmatched: 1 << 40})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			measure(b, senders, func(i int) error {
				_, err := s.Notify(b.Context(), store.Notification{ID: id(i), Body: body, Mode: "subscription", Deliver: true})
				return err
			})
		})
	}
}

// BenchmarkLife measures the whole life of an operation: it is created, accepted,
// polled once, settled with its answer, handled and acknowledged.
func BenchmarkLife(b *testing.B) {
	for _, senders := range []int{1, 64} {
		b.Run(strconv.Itoa(senders), func(b *testing.B) {
			b.ReportAllocs()
			s := open(b, fresh(b))
			measure(b, senders, func(i int) error { return life(b.Context(), s, ref(i), id(i)) })
		})
	}
}

func life(ctx context.Context, s store.Store, ref, id string) error {
	_, err := s.Create(ctx, store.Record{
		Tenant: "fjord", Ref: ref, Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice", Origin: "https://erp.test",
		Kind: "invoice", Key: "order-" + ref, Fingerprint: ref + ref, Notify: "none", Metadata: map[string]string{"order": ref},
	}, "replica-a", time.Minute)
	if err == nil {
		_, err = s.Report(ctx, "fjord", ref, store.AcceptedFact{ID: id, Source: store.FromAnswer})
	}
	decide := func(p store.Purpose, d store.Decision) {
		if err == nil {
			var l store.Lease
			if l, _, err = s.Acquire(ctx, "fjord", ref, "replica-a", p, time.Minute); err == nil {
				_, err = s.Decide(ctx, l, d)
			}
		}
	}
	now := time.Now()
	decide(store.ToPoll, store.RescheduleDecision{Due: now, Progress: store.Progress{Status: "Started", SeenAt: now, ReceivedAt: now, StartedAt: now}})
	if err == nil {
		_, err = s.Report(ctx, "fjord", ref, store.SettledFact{ID: id, Outcome: store.Outcome{
			Status: "Finished", StatusCode: 201, Header: map[string][]string{"Location": {"/v2/customerinvoice/7"}, "Content-Type": {"application/json"}},
			HasContent: true, Kept: true, Content: body, ContentType: "application/json", ReceivedAt: now, StartedAt: now, FinishedAt: now,
		}})
	}
	decide(store.ToRun, store.AcknowledgeDecision{})
	return err
}

// ref is like those of the client, in the order of time; id is like those of
// the ERP, in none.
func ref(i int) string { return fmt.Sprintf("mrq%07dq%015x", i, uint64(i)*0x9e3779b97f4a7c15>>4) }

func id(i int) string {
	return fmt.Sprintf("%08x-3c43-4d0e-9d0b-%012x", uint32(i)*0x9e3779b1, i)
}

// seed creates the accepted records that notifications are about.
func seed(b *testing.B, s *sqlitestore.Store, n int) {
	b.Helper()
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 64 {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				rec := store.Record{Tenant: "fjord", Ref: ref(i), Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice"}
				if _, err := s.Create(b.Context(), rec, "me", time.Minute); err != nil {
					b.Error(err)
				}
				if _, err := s.Report(b.Context(), "fjord", ref(i), store.AcceptedFact{ID: id(i), Source: store.FromAnswer}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// measure calls f b.N times from so many goroutines and reports the median
// latency.
func measure(b *testing.B, senders int, f func(i int) error) {
	b.Helper()
	b.ReportAllocs()
	took := make([]time.Duration, b.N)
	var wg sync.WaitGroup
	var next atomic.Int64
	b.ResetTimer()
	for range senders {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
				start := time.Now()
				if err := f(i); err != nil {
					b.Error(err)
					return
				}
				took[i-1] = time.Since(start)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
}
