//go:build unix

package crashtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/internal/pgcluster"
	"github.com/vismanet-go/background/internal/pgcluster/pgtest"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
)

// fleet is three replicas on one PostgreSQL, which has a synchronous standby, and the
// ERP, whose notifications go to one replica after another.
type fleet struct {
	t    *testing.T
	dir  string
	mock *mockserver.Server
	base string
	next atomic.Int64 // notifications

	mu               sync.Mutex // guards what follows
	primary, standby *pgcluster.Cluster
	slots            [3]*life
	lives            []*life
	counts           tally
}

// life is a replica from its start to its end.
type life struct {
	*process
	name  string
	hook  string    // where it listens, "" if it does not
	over  time.Time // when it was gone
	stops []stop
}

// stop is a time in which a replica stood still.
type stop struct{ from, to time.Time }

// pgSettings have a standby that lost its primary for a moment come back soon.
var pgSettings = map[string]string{"wal_retrieve_retry_interval": "200ms"}

func newFleet(t *testing.T) *fleet {
	f := &fleet{t: t, dir: t.TempDir(), counts: tally{}}
	f.primary = pgtest.Cluster(t, pgcluster.Config{Settings: pgSettings})
	f.standby = pgtest.Standby(t, f.primary)
	f.sql(f.primary, applicationTables)

	hook := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   f.route,
		Transport: &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: 3 * time.Second},
		ErrorLog:  log.New(io.Discard, "", 0), // many of those that it asks are gone
	})
	t.Cleanup(hook.Close)
	var err error
	f.mock, err = mockserver.New(mockserver.Config{
		Workers: 32, RateLimit: mockserver.RateLimit{Limit: 100_000_000}, ExecTime: mockserver.Uniform{Min: 10 * time.Millisecond, Max: 200 * time.Millisecond},
		Subscription: mockserver.Subscription{
			URL: hook.URL + hookPath, SigningKey: signingKey,
			Retry: mockserver.Retry{Attempts: 1000, Interval: 50 * time.Millisecond, MaxInterval: time.Second, Timeout: 5 * time.Second},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.mock.Close() })
	erp := httptest.NewServer(f.mock)
	t.Cleanup(erp.Close)
	f.base = erp.URL
	for i := range f.slots {
		f.start(i)
	}
	return f
}

// route sends a notification to the next replica that listens.
func (f *fleet) route(r *httputil.ProxyRequest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	target := &url.URL{Scheme: "http", Host: "127.0.0.1:1"} // nobody
	for range f.slots {
		if l := f.slots[f.next.Add(1)%int64(len(f.slots))]; l != nil && l.hook != "" {
			target.Host = l.hook
			break
		}
	}
	r.SetURL(target)
}

// start starts a replica in place of the one that was there, whose work it goes on
// with.
func (f *fleet) start(slot int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := &life{name: fmt.Sprintf("r%d.%d", slot, len(f.lives))}
	o := orders{Role: "replica", Dir: f.dir, Base: f.base, Name: l.name, DSN: pgcluster.MultiDSN(f.primary, f.standby)}
	if before := f.slots[slot]; before != nil {
		o.Again = before.unfinished()
	}
	var err error
	if l.process, err = spawn(f.t, o, nil); err != nil {
		f.t.Errorf("start a replica: %v", err)
		return
	}
	f.slots[slot] = l
	f.lives = append(f.lives, l)
	go func() {
		if l.await("listening", patience) {
			f.mu.Lock()
			defer f.mu.Unlock()
			l.hook = l.said("listening")[0]
		}
	}()
}

// unfinished is what a replica has tried to hand over, and may not have.
func (l *life) unfinished() []string {
	open := make(map[string]bool)
	for _, reference := range l.said("tries") {
		open[reference] = true
	}
	for _, line := range l.said("has") {
		reference, _, _ := strings.Cut(line, " ")
		delete(open, reference)
	}
	var list []string
	for reference := range open {
		list = append(list, reference)
	}
	return list
}

// kill kills a replica and starts another one.
func (f *fleet) kill(slot int) {
	l := f.slot(slot)
	l.kill()
	f.mu.Lock()
	l.over, l.hook = time.Now(), ""
	f.counts["replicas killed"]++
	f.mu.Unlock()
	f.start(slot)
}

// hold stops a replica for longer than its leases last.
func (f *fleet) hold(ctx context.Context, slot int) {
	l := f.slot(slot)
	if err := l.stop(); err != nil {
		f.t.Errorf("stop a replica: %v", err)
		return
	}
	from := time.Now()
	pause(ctx, replicaLease+3*time.Second)
	f.mu.Lock()
	l.stops = append(l.stops, stop{from, time.Now()})
	f.counts["replicas stopped"]++
	f.mu.Unlock()
	if err := l.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		f.t.Errorf("have a replica go on: %v", err)
	}
}

func (f *fleet) slot(i int) *life {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slots[i]
}

// harass kills the first two replicas, again and again, and stops the third for longer
// than its leases last.
func (f *fleet) harass(ctx context.Context) (wait func()) {
	var all sync.WaitGroup
	all.Go(func() {
		for pause(ctx, time.Second+rand.N(4*time.Second)) {
			f.kill(rand.IntN(2))
		}
	})
	all.Go(func() {
		for pause(ctx, 3*time.Second+rand.N(2*time.Second)) {
			f.hold(ctx, 2)
			if pause(ctx, 3*time.Second) {
				f.kill(2)
			}
		}
	})
	return all.Wait
}

// upset does to PostgreSQL what happens to it, for a minute: at the end it fails over
// to the standby, and has another one.
func (f *fleet) upset(minute int) {
	ctx := f.t.Context()
	restart := func(mode pgcluster.Mode, name string) {
		f.primary.Stop(mode)
		time.Sleep(rand.N(2 * time.Second))
		if err := f.primary.Restart(ctx); err != nil {
			f.t.Error(err)
		}
		f.counted(name)
	}
	pause(ctx, 6*time.Second)
	restart(pgcluster.Fast, "fast restarts")
	pause(ctx, 6*time.Second)
	f.cut()
	pause(ctx, 6*time.Second)
	restart(pgcluster.Immediate, "immediate restarts")
	pause(ctx, 6*time.Second)
	f.cut()
	pause(ctx, 6*time.Second)
	if minute%2 == 0 {
		f.primary.Kill()
	} else {
		f.primary.Stop(pgcluster.Fast)
	}
	if err := f.standby.Promote(ctx); err != nil {
		f.t.Fatal(err)
	}
	f.counted("fail-overs")
	pause(ctx, 3*time.Second)
	standby := pgtest.Standby(f.t, f.standby)
	f.mu.Lock()
	f.primary, f.standby = f.standby, standby
	f.mu.Unlock()
	pause(ctx, 6*time.Second)
	f.cut()
	pause(ctx, 6*time.Second)
}

// cut ends all connections of clients at once.
func (f *fleet) cut() {
	f.sql(f.primary, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
	f.counted("times all backends ended")
}

func (f *fleet) counted(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts[what]++
}

func (f *fleet) sql(c *pgcluster.Cluster, query string) {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), c.DSN())
	if err == nil {
		defer conn.Close(f.t.Context())
		_, err = conn.Exec(f.t.Context(), query)
	}
	if err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
}

// quiet has the replicas make no more work, and returns when all of it is handed over.
func (f *fleet) quiet() {
	for i := range f.slots {
		l := f.slot(i)
		if _, err := l.in.Write([]byte("enough\n")); err != nil || !l.await("idle", patience) {
			f.t.Errorf("%s did not come to an end: %v; it has to hand over %q", l.name, err, l.unfinished())
		}
	}
}

// end ends the replicas well.
func (f *fleet) end() {
	for i := range f.slots {
		l := f.slot(i)
		_, err := l.in.Write([]byte("end\n"))
		if err = errors.Join(err, l.ended(patience)); err != nil {
			f.t.Errorf("%s: %v", l.name, err)
		}
		l.over = time.Now()
	}
}

// logs shows the ends of what the replicas logged.
func (f *fleet) logs() {
	names, _ := filepath.Glob(filepath.Join(f.dir, "*.log"))
	for _, name := range names[max(0, len(names)-6):] {
		text, _ := os.ReadFile(name)
		f.t.Logf("%s:\n%s", filepath.Base(name), text[max(0, len(text)-2000):])
	}
}

// pause waits. It reports whether ctx still goes on.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// taken are the ids of the operations that the ERP has accepted, by reference, in the
// order in which they came.
func (f *fleet) taken() (ids map[string][]string, order []string) {
	ops := f.mock.Operations()
	slices.SortFunc(ops, func(a, b operation.Operation) int { return a.Received.Compare(b.Received) })
	ids = make(map[string][]string)
	for _, op := range ops {
		u, err := url.Parse(op.Path)
		if err != nil {
			f.t.Error(err)
			continue
		}
		reference := u.Query().Get("reference")
		ids[reference] = append(ids[reference], op.ID)
		order = append(order, reference)
	}
	return ids, order
}
