package pgstore

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/store"
)

func senders(b *testing.B, n int, f func(i int64) error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	begun := time.Now()
	for range n {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := f(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "ops/s")
}

func newRecord(phase store.Phase) store.Record {
	return store.Record{
		Tenant: "fjord", Ref: hook.NewRef(), Phase: phase, Method: "POST", Path: "/controller/api/v2/customerinvoice", Notify: "subscription",
		Kind: "invoice", Origin: "https://api.finance.visma.net", Fingerprint: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		Metadata: map[string]string{"order": "4711"},
	}
}

func BenchmarkCreate(b *testing.B) {
	for _, n := range []int{1, 64} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := open(b, config(b))
			senders(b, n, func(int64) error {
				_, err := s.Create(b.Context(), newRecord(store.Sending), "a", time.Minute)
				return err
			})
		})
	}
}

func life(b *testing.B, s *Store) error {
	ctx := b.Context()
	rec, err := s.Create(ctx, newRecord(store.Sending), "a", time.Minute)
	if err != nil {
		return err
	}
	id := hook.NewRef()
	if _, err = s.Report(ctx, rec.Tenant, rec.Ref, store.AcceptedFact{ID: id, Source: store.FromAnswer}); err != nil {
		return err
	}
	l, _, err := s.Acquire(ctx, rec.Tenant, rec.Ref, "a", store.ToPoll, time.Minute)
	if err != nil {
		return err
	}
	_, err = s.Report(ctx, rec.Tenant, rec.Ref, store.SettledFact{ID: id, Epoch: l.Epoch, Outcome: store.Outcome{Status: "Finished", StatusCode: 201}})
	if err != nil {
		return err
	}
	if l, _, err = s.Acquire(ctx, rec.Tenant, rec.Ref, "a", store.ToRun, time.Minute); err != nil {
		return err
	}
	_, err = s.Decide(ctx, l, store.AcknowledgeDecision{})
	return err
}

func BenchmarkLife(b *testing.B) {
	for _, n := range []int{1, 64} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := open(b, config(b))
			var commits, wal, syncs [2]int64
			read := func(i int) {
				conn, err := s.pool.Acquire(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				defer conn.Release()
				_, _ = conn.Exec(b.Context(), "SELECT pg_stat_force_next_flush()")
				time.Sleep(1100 * time.Millisecond)
				_ = conn.QueryRow(b.Context(), "SELECT wal_bytes::bigint, wal_sync FROM pg_stat_wal").Scan(&wal[i], &syncs[i])
				_ = conn.QueryRow(b.Context(), "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()").Scan(&commits[i])
			}
			read(0)
			senders(b, n, func(int64) error { return life(b, s) })
			b.StopTimer()
			read(1)
			per := func(l [2]int64) float64 { return float64(l[1]-l[0]) / float64(b.N) }
			b.ReportMetric(per(commits), "commits/op")
			b.ReportMetric(per(wal), "WAL-B/op")
			b.ReportMetric(per(syncs), "syncs/op")
		})
	}
}
