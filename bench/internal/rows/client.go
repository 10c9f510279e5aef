package rows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/vismanet-go/background/bench/internal/child"
	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/contender"
	"github.com/vismanet-go/background/bench/internal/memerp"
	"github.com/vismanet-go/background/bench/internal/proc"
	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// Client are the rows of what the client costs its process.
func Client() []compare.Row { return []compare.Row{clientOverhead(), clientMemory(), clientWake()} }

// Names of contenders.
const (
	byHand       = "net/http and encoding/json"
	byRetryable  = "retryablehttp"
	byGoogle     = "google longrunning"
	byAzcore     = "azcore Poller"
	oursMemory   = "client, memory store"
	oursNotified = "client, memory store, notified"
	oursSQLite   = "client, sqlitestore"
)

// Names of figures.
const (
	allocs     = "allocs"
	bytes      = "bytes"
	micros     = "µs"
	cpuMicros  = "CPU µs"
	moreAllocs = "allocs per further poll"
	moreBytes  = "bytes per further poll"
	syncsEach  = "syncs"
)

// A setup makes a contender on a server, with a directory of its own.
type setup func(ctx context.Context, s *memerp.Server, dir string) (contender.Contender, error)

func simple(f func(*memerp.Server) contender.Contender) setup {
	return func(_ context.Context, s *memerp.Server, _ string) (contender.Contender, error) { return f(s), nil }
}

func azcore(s *memerp.Server) contender.Contender { return contender.Azcore(s, 0) }

func google(ctx context.Context, s *memerp.Server, _ string) (contender.Contender, error) {
	return contender.Google(ctx, s)
}

func inMemory(_ context.Context, s *memerp.Server, _ string) (contender.Contender, error) {
	return contender.Ours(s, client.Config{})
}

// inSQLite closes the store with the client.
func inSQLite(ctx context.Context, s *memerp.Server, dir string) (contender.Contender, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	st, err := openStore(ctx, dir)
	if err != nil {
		return nil, err
	}
	c, err := contender.Ours(s, client.Config{Store: st, Tenant: sample.Tenant})
	return withStore{c, st}, err
}

type withStore struct {
	contender.Contender
	st store.Store
}

func (w withStore) Close() error { return errors.Join(w.Contender.Close(), w.st.Close()) }

func clientOverhead() compare.Row {
	row := compare.Row{
		Name: "client/overhead",
		What: "One submit, one poll, the content and its decoding, against one ERP in memory, whose own part is in all figures; " +
			"and each poll more that finds the operation running. Only the client keeps what it does, in its store.",
	}
	add := func(name string, how setup) {
		row.Contenders = append(row.Contenders, compare.Contender{Name: name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			f, err := overhead(ctx, t, how)
			if err != nil || name != oursSQLite {
				return f, err
			}
			return withSyncs(ctx, t, f)
		}})
	}
	add(byHand, simple(contender.Floor))
	add(byRetryable, simple(contender.Retryable))
	add(byGoogle, google)
	add(byAzcore, simple(azcore))
	add(oursMemory, inMemory)
	row.Contenders = append(row.Contenders, compare.Contender{Name: oursNotified, Run: notified})
	add(oursSQLite, inSQLite)
	for _, figure := range []string{allocs, bytes} {
		row.Goals = append(row.Goals, compare.Goal{Of: oursMemory, To: byAzcore, Figure: figure, AtMost: 1, Smoke: 1.5})
	}
	row.Goals = append(
		row.Goals,
		compare.Goal{Of: oursMemory, To: byAzcore, Figure: micros, AtMost: 1, Smoke: 20},
		compare.Goal{Of: oursMemory, Figure: moreAllocs, AtMost: 45, Smoke: 100},
		compare.Goal{Of: oursSQLite, To: oursMemory, Figure: allocs, AtMost: 2.5, Smoke: 4},
		compare.Goal{Of: oursSQLite, Figure: syncsEach, AtMost: 2.05, Smoke: 3}, // two, and a checkpoint now and then
	)
	return row
}

// overhead measures whole lives of operations, and the same with four polls
// more.
func overhead(ctx context.Context, t compare.Try, how setup) (compare.Figures, error) {
	const more = 4
	one, err := lives(ctx, how, t, "one", 0)
	if err != nil {
		return nil, err
	}
	five, err := lives(ctx, how, t, "five", more)
	if err != nil {
		return nil, err
	}
	return compare.Figures{
		{Name: allocs, Value: one.allocs},
		{Name: bytes, Value: one.bytes},
		{Name: micros, Value: one.micros},
		{Name: cpuMicros, Value: one.cpu},
		{Name: moreAllocs, Value: (five.allocs - one.allocs) / more},
		{Name: moreBytes, Value: (five.bytes - one.bytes) / more},
	}, nil
}

// use is what one operation took.
type use struct{ allocs, bytes, micros, cpu float64 }

// lives runs operations one after the other, each of them polled until it has
// ended.
func lives(ctx context.Context, how setup, t compare.Try, name string, running int) (use, error) {
	c, err := how(ctx, &memerp.Server{Running: running}, filepath.Join(t.Dir, name))
	if err != nil {
		return use{}, err
	}
	n := 3000
	if _, durable := c.(withStore); durable {
		n = 500
	}
	u, err := measure(compare.Pick(t, n, 200), func() error { return life(ctx, c) })
	return u, errors.Join(err, c.Close())
}

func life(ctx context.Context, c contender.Contender) error {
	op, err := c.Submit(ctx, contender.Path)
	for ended := false; !ended && err == nil; {
		ended, err = op.Poll(ctx)
	}
	if err == nil {
		_, err = op.Result(ctx)
	}
	return err
}

// measure runs f n times after it has been warmed up.
func measure(n int, f func() error) (use, error) {
	var before, after runtime.MemStats
	for range 50 {
		if err := f(); err != nil {
			return use{}, err
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	begun, cpu := time.Now(), proc.OwnCPU()
	for range n {
		if err := f(); err != nil {
			return use{}, err
		}
	}
	took := time.Since(begun)
	cpu = proc.OwnCPU() - cpu
	runtime.ReadMemStats(&after)
	each := func(total float64) float64 { return total / float64(n) }
	return use{
		allocs: each(float64(after.Mallocs - before.Mallocs)), bytes: each(float64(after.TotalAlloc - before.TotalAlloc)),
		micros: each(inMicros(took)), cpu: each(inMicros(cpu)),
	}, nil
}

// notified measures operations whose end a notification tells.
func notified(ctx context.Context, t compare.Try) (compare.Figures, error) {
	st := store.NewMemory(store.MemoryConfig{})
	c, err := contender.Ours(&memerp.Server{}, client.Config{Store: st, Tenant: sample.Tenant, Notify: client.Subscription()})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	u, err := measure(compare.Pick(t, 3000, 200), func() error {
		op, err := c.Submit(ctx, contender.Path)
		if err != nil {
			return err
		}
		if err := notify(ctx, st, contender.Handle(op)); err != nil {
			return err
		}
		_, err = op.Wait(ctx)
		return err
	})
	return compare.Figures{{Name: allocs, Value: u.allocs}, {Name: bytes, Value: u.bytes}, {Name: micros, Value: u.micros}, {Name: cpuMicros, Value: u.cpu}},
		errors.Join(err, c.Close(), st.Close())
}

// notify stores what a receiver would have been told of an operation's end.
func notify(ctx context.Context, st store.Store, op *client.Operation) error {
	receipt, err := st.Notify(ctx, store.Notification{
		Tenant: sample.Tenant, Ref: op.Ref(), ID: op.ID(), NotificationID: op.ID(), StatusCode: 201, Mode: "subscription", ReceivedAt: time.Now(),
	})
	if err == nil && receipt.Ref != op.Ref() {
		err = fmt.Errorf("the notification of %s went to %q: %v", op.Ref(), receipt.Ref, receipt.Verdict)
	}
	return err
}

// withSyncs adds how often a life of an operation syncs the file, as strace
// sees it of processes with many operations and with none.
func withSyncs(ctx context.Context, t compare.Try, f compare.Figures) (compare.Figures, error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return f, nil // the goal then reads "not measured"
	}
	n := compare.Pick(t, 200, 20)
	var counted [2]int
	for i, lives := range []int{0, n} {
		out := filepath.Join(t.Dir, fmt.Sprintf("trace-%d", lives))
		p, err := child.Start(ctx, "lives", livesArgs{filepath.Join(t.Dir, fmt.Sprintf("lives-%d", lives)), lives},
			strace, "-f", "-e", "trace=fsync,fdatasync,sync_file_range", "-o", out)
		if err != nil {
			return nil, err
		}
		if err := p.Stop(); err != nil {
			return nil, err
		}
		trace, err := os.ReadFile(out)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(trace)) {
			if strings.Contains(line, "sync") && !strings.Contains(line, "resumed") {
				counted[i]++
			}
		}
	}
	return append(f, compare.Figure{Name: syncsEach, Value: float64(counted[1]-counted[0]) / float64(n)}), nil
}

type livesArgs struct {
	Dir string
	N   int
}

// lifeAfterLife is the process whose syncs are counted.
func lifeAfterLife(ctx context.Context, text json.RawMessage, ready func(string)) error {
	var args livesArgs
	if err := json.Unmarshal(text, &args); err != nil {
		return err
	}
	c, err := inSQLite(ctx, &memerp.Server{}, args.Dir)
	if err != nil {
		return err
	}
	for range args.N {
		if err := life(ctx, c); err != nil {
			return errors.Join(err, c.Close())
		}
	}
	ready("")
	return c.Close()
}
