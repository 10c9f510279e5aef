package rows

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// Growth are the rows of files that have become old: many operations were
// removed and their keys are remembered, many wait, many callers come at once,
// and the disk or another process stalls.
func Growth() []compare.Row { return []compare.Row{growthCreate(), growthPurge()} }

// Names of contenders and figures.
const (
	newFile     = "64 callers, new file"
	oldFile     = "64 callers, old file"
	oldStalled  = "64 callers, old file, held for 150 ms"
	oldKeys     = "64 callers, old file, keys of what was removed"
	oldThousand = "1 000 callers, old file"
	oldCrowd    = "3 000 callers, old file"
	noPurge     = "16 callers"
	withPurge   = "16 callers, during a purge"

	worst = "worst ms"
	stats = "Stats ms"
	purge = "removed/s"
)

// aged is how many tombstones with keys an old file has.
func aged(t compare.Try) int { return compare.Pick(t, 1_000_000, 20_000) }

func growthCreate() compare.Row {
	row := compare.Row{
		Name: "sqlite/growth/create",
		What: "A record with a key is on disk when the call returns, callers in a closed loop; an old file remembers a million keys of removed operations.",
	}
	add := func(name string, callers int, old, stall, taken bool) {
		row.Contenders = append(row.Contenders, compare.Contender{Name: name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			n := 0
			if old {
				n = aged(t)
			}
			st, err := oldStore(ctx, t.Dir, n)
			if err != nil {
				return nil, err
			}
			if stall {
				if err := hold(filepath.Join(t.Dir, "background.db"), 150*time.Millisecond); err != nil {
					return nil, errors.Join(err, st.Close())
				}
			}
			begun := time.Now()
			_, err = st.Stats(ctx)
			counted := time.Since(begun)
			if err != nil {
				return nil, errors.Join(err, st.Close())
			}
			loop := load.Loop{Senders: callers, For: compare.Pick(t, 3*time.Second, 500*time.Millisecond)}
			tally, err := loop.Run(ctx, func(ctx context.Context, _, i int) error {
				rec := sample.Record(i)
				if rec.Key = "new-" + rec.Ref; taken {
					rec.Key = removedKey(i * 7919 % n)
				}
				_, err := st.Create(ctx, rec, "bench", time.Minute)
				if _, held := errors.AsType[*store.KeyHeldError](err); held == taken && (held || err == nil) {
					return nil
				}
				return fmt.Errorf("a key that was taken: %v, and yet: %w", taken, err)
			})
			figures := append(tally.Figures(), compare.Figure{Name: worst, Value: load.Millis(load.Quantile(tally.Took, 1))},
				compare.Figure{Name: stats, Value: load.Millis(counted)})
			return figures, errors.Join(err, st.Close())
		}})
	}
	add(newFile, 64, false, false, false)
	add(oldFile, 64, true, false, false)
	add(oldStalled, 64, true, true, false)
	add(oldKeys, 64, true, false, true)
	add(oldThousand, 1000, true, false, false)
	add(oldCrowd, 3000, true, false, false)
	row.Goals = []compare.Goal{
		{Of: oldFile, To: newFile, Figure: load.Rate, AtLeast: 0.83, Smoke: 0.1},
		{Of: oldStalled, To: oldFile, Figure: load.Rate, AtLeast: 0.8, Smoke: 0.05},
		{Of: oldKeys, To: oldFile, Figure: load.Rate, AtLeast: 0.5, Smoke: 0.02},
		{Of: oldCrowd, To: oldThousand, Figure: load.Rate, AtLeast: 0.8, Smoke: 0.1},
		{Of: oldFile, Figure: stats, AtMost: 10},
	}
	return row
}

func growthPurge() compare.Row {
	row := compare.Row{
		Name: "sqlite/growth/purge",
		What: "A record is on disk when the call returns, while 50 000 records that were rejected, with keys, are purged from an old file, and without that.",
	}
	add := func(name string, purging bool) {
		row.Contenders = append(row.Contenders, compare.Contender{Name: name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			st, err := oldStore(ctx, t.Dir, aged(t))
			if err != nil {
				return nil, err
			}
			figures, err := purgeUnder(ctx, st, compare.Pick(t, 50_000, 500), purging)
			return figures, errors.Join(err, st.Close())
		}})
	}
	add(noPurge, false)
	add(withPurge, true)
	row.Goals = []compare.Goal{
		{Of: withPurge, Figure: worst, AtMost: 50},
		{Of: withPurge, To: noPurge, Figure: load.P50, AtMost: 4, Smoke: 100},
	}
	return row
}

// purgeUnder makes records that have ended, and measures others that come
// while those are purged, or for three seconds.
func purgeUnder(ctx context.Context, st store.Store, ended int, purging bool) (compare.Figures, error) {
	end := load.Loop{Senders: 256, For: time.Hour, Max: ended}
	_, err := end.Run(ctx, func(ctx context.Context, _, i int) error {
		rec := sample.Record(i)
		rec.Key = "ended-" + rec.Ref
		rec, err := st.Create(ctx, rec, "bench", time.Minute)
		if err == nil {
			_, err = st.Report(ctx, rec.Tenant, rec.Ref, store.RejectedFact{Epoch: rec.SendEpoch})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	removed := make(chan error, 1)
	var took time.Duration
	loop := load.Loop{Senders: 16, For: 3 * time.Second}
	if purging {
		loop.For = time.Hour
		go func() {
			begun := time.Now()
			n, err := st.Purge(ctx, sample.Tenant, store.Retention{Ended: time.Now().Add(time.Hour)})
			if took = time.Since(begun); err == nil && n.Ended != ended {
				err = fmt.Errorf("purged %+v, want %d", n, ended)
			}
			removed <- err
			stop()
		}()
	} else {
		removed <- nil
	}
	tally, err := loop.Run(context.WithoutCancel(ctx), func(_ context.Context, _, i int) error {
		if ctx.Err() != nil {
			return errPurged
		}
		_, err := st.Create(context.WithoutCancel(ctx), sample.Record(ended+i), "bench", time.Minute)
		return err
	})
	if errors.Is(err, errPurged) {
		err = nil
	}
	figures := append(tally.Speed(), compare.Figure{Name: worst, Value: load.Millis(load.Quantile(tally.Took, 1))})
	if err = errors.Join(err, <-removed); purging {
		figures = append(figures, compare.Figure{Name: purge, Value: float64(ended) / took.Seconds()})
	}
	return figures, err
}

var errPurged = errors.New("the purge has ended")

func removedKey(n int) string { return fmt.Sprintf("order-%07d", n) }

// old are the files that were made, by the number of their tombstones.
var old struct {
	sync.Mutex
	dir   string
	files map[int]string
}

func cleanOld() {
	old.Lock()
	defer old.Unlock()
	if old.dir != "" {
		_ = os.RemoveAll(old.dir)
		old.dir, old.files = "", nil
	}
}

// oldStore opens a store whose file has n tombstones with keys. They are
// written by SQL: by records that come and go it would take minutes.
func oldStore(ctx context.Context, dir string, n int) (*sqlitestore.Store, error) {
	if n == 0 {
		return openStore(ctx, dir)
	}
	old.Lock()
	defer old.Unlock()
	if old.files[n] == "" {
		if err := makeOld(ctx, n); err != nil {
			return nil, err
		}
	}
	if err := copyFile(filepath.Join(dir, "background.db"), old.files[n]); err != nil {
		return nil, err
	}
	return openStore(ctx, dir)
}

func makeOld(ctx context.Context, n int) (err error) {
	if old.dir == "" {
		if old.dir, err = os.MkdirTemp("", "bench-old-"); err != nil {
			return err
		}
		old.files = make(map[int]string)
	}
	dir, err := os.MkdirTemp(old.dir, "")
	if err != nil {
		return err
	}
	st, err := openStore(ctx, dir)
	if err != nil {
		return err
	}
	if err := st.Close(); err != nil {
		return err
	}
	path := filepath.Join(dir, "background.db")
	db, err := sql.Open("sqlite", path+"?_pragma=synchronous(OFF)")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < ?2)
		INSERT INTO tombstones (ref, tenant, id, key, fingerprint, supersedable, at)
		SELECT printf('%026d', n), ?1, printf('2f6f0a57-3c43-4d0e-9d0b-%012x', n), printf('order-%07d', n), printf('%064x', n), 0, ?3 + n FROM n`,
		sample.Tenant, n, time.Now().UnixNano())
	if err == nil {
		_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	old.files[n] = path
	return errors.Join(err, db.Close())
}

// hold keeps everybody else from writing to a file for a while from now on.
func hold(path string, d time.Duration) error {
	db, err := sql.Open("sqlite", path+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return errors.Join(err, db.Close())
	}
	time.AfterFunc(d, func() { _ = errors.Join(tx.Rollback(), db.Close()) })
	return nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, in.Close(), out.Close())
}
