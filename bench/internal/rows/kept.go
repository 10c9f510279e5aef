package rows

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// Kept are the rows of stores that keep much: what was acknowledged, what is
// pending, and outcomes of a kind that nobody handles.
func Kept() []compare.Row { return []compare.Row{keptSQLite(), keptMemory(), purgeMemory()} }

// Names of contenders and figures.
const (
	littleKept = "10 000 pending"
	muchKept   = "and much that is kept"

	dueHandlers = "due for handlers ms"
	duePolls    = "due for polls ms"
	listed      = "list ms"
	counted     = "count ms"
	created     = "created/s"
	claimed     = "claimed/s"
	burst       = "5 000 notifications ms"
)

// holds is what a store holds before it is measured.
type holds struct{ pending, unhandled, acknowledged int }

func keptRow(name, what string, much compare.Contender, little compare.Contender) compare.Row {
	row := compare.Row{Name: name, What: what, Rounds: 3, Contenders: []compare.Contender{little, much}}
	row.Goals = append(row.Goals, compare.Goal{Of: muchKept, To: littleKept, Figure: claimed, AtLeast: 0.83, Smoke: 0.05})
	for _, figure := range []string{dueHandlers, duePolls, listed, counted} {
		row.Goals = append(row.Goals, compare.Goal{Of: muchKept, Figure: figure, AtMost: 10})
	}
	row.Goals = append(row.Goals, compare.Goal{Of: muchKept, To: littleKept, Figure: burst, AtMost: 1.2, Smoke: 20})
	return row
}

func keptSQLite() compare.Row {
	contender := func(name string, keeps func(compare.Try) holds) compare.Contender {
		return compare.Contender{Name: name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			st, err := keptStore(ctx, t.Dir, keeps(t))
			if err != nil {
				return nil, err
			}
			begun := time.Now()
			_, err = st.Stats(ctx)
			figures := compare.Figures{{Name: stats, Value: load.Millis(time.Since(begun))}}
			if err == nil {
				var more compare.Figures
				more, err = measureKept(ctx, t, st)
				figures = append(figures, more...)
			}
			return figures, errors.Join(err, st.Close())
		}}
	}
	row := keptRow("sqlite/growth/kept", "A file that also keeps 1 000 000 acknowledged operations, 90 000 more that are pending, and 100 000 outcomes of a kind that nobody handles.",
		contender(muchKept, func(t compare.Try) holds {
			return compare.Pick(t, holds{100_000, 100_000, 1_000_000}, holds{6000, 2000, 2000})
		}),
		contender(littleKept, func(t compare.Try) holds { return holds{pending: compare.Pick(t, 10_000, 6000)} }))
	row.Goals = append(row.Goals, compare.Goal{Of: muchKept, Figure: stats, AtMost: 10},
		// In memory the collector has more to look at, the more is kept.
		compare.Goal{Of: muchKept, To: littleKept, Figure: created, AtLeast: 0.83, Smoke: 0.05})
	return row
}

func keptMemory() compare.Row {
	contender := func(name string, keeps func(compare.Try) holds) compare.Contender {
		return compare.Contender{Name: name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			st := store.NewMemory(store.MemoryConfig{})
			defer st.Close()
			if err := fill(ctx, st, keeps(t)); err != nil {
				return nil, err
			}
			return measureKept(ctx, t, st)
		}}
	}
	return keptRow("memory/growth/kept", "A memory store that also keeps 100 000 acknowledged operations, 90 000 more that are pending, and 100 000 outcomes of a kind that nobody handles.",
		contender(muchKept, func(t compare.Try) holds {
			return compare.Pick(t, holds{100_000, 100_000, 100_000}, holds{6000, 2000, 2000})
		}),
		contender(littleKept, func(t compare.Try) holds { return holds{pending: compare.Pick(t, 10_000, 6000)} }))
}

func purgeMemory() compare.Row {
	row := compare.Row{
		Name: "memory/growth/purge",
		What: "A record is created in memory, while 100 000 records that were rejected, with keys, are purged beside 100 000 that are pending, and without that.",
	}
	add := func(name string, purging bool) {
		row.Contenders = append(row.Contenders, compare.Contender{Name: name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			st := store.NewMemory(store.MemoryConfig{})
			defer st.Close()
			if err := fill(ctx, st, holds{pending: compare.Pick(t, 100_000, 1000)}); err != nil {
				return nil, err
			}
			return purgeUnder(ctx, st, compare.Pick(t, 100_000, 1000), purging)
		}})
	}
	add(noPurge, false)
	add(withPurge, true)
	// The worst call without a purge is that of the machine and the collector.
	row.Goals = []compare.Goal{{Of: withPurge, To: noPurge, Figure: worst, AtMost: 1.5}, {Of: withPurge, Figure: load.P99, AtMost: 5}}
	return row
}

// fill has a store hold what h says.
func fill(ctx context.Context, st store.Store, h holds) error {
	for phase, n := range map[store.Phase]int{store.Accepted: h.pending, store.Settled: h.unhandled, store.Acknowledged: h.acknowledged} {
		for i := range n {
			if err := sample.Life(ctx, st, sample.KeptRef(phase, i), i, phase); err != nil {
				return err
			}
		}
	}
	return nil
}

// keptStore opens a store whose file holds what h says. One record of each phase
// was written by the store, and the others are copies of it.
func keptStore(ctx context.Context, dir string, h holds) (*sqlitestore.Store, error) {
	st, err := openStore(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(fill(ctx, st, holds{min(1, h.pending), min(1, h.unhandled), min(1, h.acknowledged)}), st.Close()); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "background.db")
	db, err := sql.Open("sqlite", path+"?_pragma=synchronous(OFF)&_pragma=cache_size(-100000)")
	if err != nil {
		return nil, err
	}
	for phase, n := range map[store.Phase]int{store.Accepted: h.pending, store.Settled: h.unhandled, store.Acknowledged: h.acknowledged} {
		if err != nil || n < 2 {
			continue
		}
		_, err = db.ExecContext(ctx, `WITH RECURSIVE copies(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM copies WHERE i + 1 < ?2)
			INSERT INTO records (ref, tenant, doc, created, kind, phase, id, key, until, ended, due, lock, work)
			SELECT new, tenant, replace(doc, ?1, new), created, kind, phase, replace(id, ?1, new), replace(key, ?1, new), NULL, ended + i, due + i, NULL, work
			FROM (SELECT *, substr(?1, 1, 13) || printf('%013d', i) AS new FROM copies CROSS JOIN records WHERE ref = ?1)`, sample.KeptRef(phase, 0), n)
	}
	if err == nil {
		_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	return openStore(ctx, dir)
}

// measureKept measures what a client asks of a store: pages of work, lists and
// counts, and the load of 64 callers.
func measureKept(ctx context.Context, t compare.Try, st store.Store) (compare.Figures, error) {
	var figures compare.Figures
	median := func(name string, f func() error) error {
		var took []time.Duration
		for range 9 {
			begun := time.Now()
			if err := f(); err != nil {
				return err
			}
			took = append(took, time.Since(begun))
		}
		slices.Sort(took)
		figures = append(figures, compare.Figure{Name: name, Value: load.Millis(load.Quantile(took, 0.5))})
		return nil
	}
	err := median(dueHandlers, func() error {
		page, err := st.Due(ctx, sample.Tenant, store.DueQuery{Phases: []store.Phase{store.Settled, store.Expired}, Kinds: []string{"invoice", "payment"}, By: time.Now()})
		if err == nil && len(page.Records) > 0 {
			err = fmt.Errorf("%d records of kinds that there are none of", len(page.Records))
		}
		return err
	})
	if err == nil {
		err = median(duePolls, func() error {
			page, err := st.Due(ctx, sample.Tenant, store.DueQuery{Phases: []store.Phase{store.Accepted, store.Uncertain}, By: time.Now()})
			if err == nil && len(page.Records) != 100 {
				err = fmt.Errorf("a page of %d records", len(page.Records))
			}
			return err
		})
	}
	if err == nil {
		err = median(listed, func() error {
			_, err := st.List(ctx, sample.Tenant, store.Query{NewestFirst: true, WithoutContent: true})
			return err
		})
	}
	if err == nil {
		err = median(counted, func() error {
			_, err := st.Count(ctx, sample.Tenant, store.Query{Phases: []store.Phase{store.Accepted, store.Acknowledged, store.Uncertain}})
			return err
		})
	}
	if err != nil {
		return figures, err
	}
	loop := load.Loop{Senders: 64, For: compare.Pick(t, 2*time.Second, 200*time.Millisecond)}
	made, err := loop.Run(ctx, func(ctx context.Context, _, i int) error {
		rec := sample.Record(i)
		rec.Ref = fmt.Sprintf("new%023d", i) // in the order of time, as those of the client are
		_, err := st.Create(ctx, rec, "bench", time.Minute)
		return err
	})
	if err != nil {
		return figures, err
	}
	pending := compare.Pick(t, 10_000, 6000)
	polled, err := loop.Run(ctx, func(ctx context.Context, _, i int) error {
		l, _, err := st.Acquire(ctx, sample.Tenant, sample.KeptRef(store.Accepted, i%pending), "bench", store.ToPoll, time.Minute)
		if errors.Is(err, store.ErrLeased) { // the caller of a whole round ago is not done
			return nil
		}
		if err == nil {
			_, err = st.Decide(ctx, l, store.RescheduleDecision{Due: time.Now().Add(time.Minute)})
		}
		return err
	})
	if err != nil {
		return figures, err
	}
	var took []time.Duration
	for round := range 3 {
		one, err := notifyAtOnce(ctx, st, compare.Pick(t, 5000, 1000), round)
		if err != nil {
			return figures, err
		}
		took = append(took, one)
	}
	slices.Sort(took)
	return append(figures,
		compare.Figure{Name: created, Value: made.Speed().At(load.Rate)},
		compare.Figure{Name: claimed, Value: polled.Speed().At(load.Rate)},
		compare.Figure{Name: burst, Value: load.Millis(took[1])}), nil
}

// notifyAtOnce is how long it takes until a watcher of n pending operations knows
// that all of them were notified.
func notifyAtOnce(ctx context.Context, st store.Store, n, round int) (time.Duration, error) {
	w := st.Watch(sample.Tenant, store.NoRef)
	defer w.Close()
	for i := range n {
		w.Add(sample.KeptRef(store.Accepted, i))
	}
	begun := time.Now()
	sent := make(chan error, 1)
	go func() {
		loop := load.Loop{Senders: 256, For: time.Hour, Max: n}
		_, err := loop.Run(ctx, func(ctx context.Context, _, i int) error {
			ref := sample.KeptRef(store.Accepted, i)
			_, err := st.Notify(ctx, store.Notification{Ref: ref, ID: "id-" + ref, Body: sample.Body(round*n + i)})
			return err
		})
		sent <- err
	}()
	heard := make(map[string]bool)
	for len(heard) < n {
		select {
		case <-w.C():
			refs, all := w.Take()
			if all {
				return 0, errors.New("the watcher does not know which were notified")
			}
			for _, ref := range refs {
				heard[ref] = true
			}
		case err := <-sent:
			if sent = nil; err != nil {
				return 0, err
			}
		}
	}
	return time.Since(begun), nil
}
