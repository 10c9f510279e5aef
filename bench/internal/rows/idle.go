package rows

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/bench/internal/child"
	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/receiver"
)

// Idle is the row of what it costs to have nothing to do.
func Idle() []compare.Row {
	const (
		ours  = "store, receiver.Run, client.Run"
		river = "River, SQLite, default"
		syncs = "syncs/min"
		cpu   = "CPU ms/s"
	)
	return []compare.Row{{
		Name: "sqlite/idle",
		What: "Nothing to do, handlers waiting. Syncs are the calls of fsync and fdatasync that strace sees in a twin of the process.",
		Contenders: []compare.Contender{
			{Name: ours, Run: idle("idle-ours")},
			{Name: river, Run: idle("idle-river")},
		},
		Goals: []compare.Goal{
			{Of: ours, Figure: syncs, Zero: true},
			{Of: ours, Figure: cpu, AtMost: 1},
			{Of: ours, To: river, Figure: cpu, AtMost: 1, Smoke: 2},
		},
	}}
}

// idle lets a process and its twin under strace do nothing for a while.
func idle(role string) func(context.Context, compare.Try) (compare.Figures, error) {
	return func(ctx context.Context, t compare.Try) (compare.Figures, error) {
		span := compare.Pick(t, 12*time.Second, 1500*time.Millisecond)
		f := make(compare.Figures, 0, 2)
		var syncs float64
		var twin error
		var wg sync.WaitGroup
		strace, missing := exec.LookPath("strace")
		if missing == nil {
			wg.Go(func() { syncs, twin = countSyncs(ctx, role, filepath.Join(t.Dir, "twin"), span, strace) })
		}
		cpu, err := measureIdle(ctx, role, filepath.Join(t.Dir, "plain"), span)
		wg.Wait()
		f = append(f, compare.Figure{Name: "CPU ms/s", Value: cpu})
		if missing == nil {
			f = append(f, compare.Figure{Name: "syncs/min", Value: syncs})
		}
		if err == nil {
			err = twin
		}
		return f, err
	}
}

// settle is how long a process has for what follows its start.
const settle = time.Second

func measureIdle(ctx context.Context, role, dir string, span time.Duration) (float64, error) {
	p, err := child.Start(ctx, role, dir)
	if err != nil {
		return 0, err
	}
	time.Sleep(settle)
	before, err := p.CPU()
	if err != nil {
		return 0, err
	}
	time.Sleep(span)
	after, err := p.CPU()
	if end := p.Stop(); err == nil {
		err = end
	}
	return float64((after - before).Microseconds()) / 1e3 / span.Seconds(), err
}

// countSyncs counts between the two answers to "cpu" in the trace.
func countSyncs(ctx context.Context, role, dir string, span time.Duration, strace string) (float64, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	out := filepath.Join(dir, "trace")
	p, err := child.Start(ctx, role, dir, strace, "-f", "-s", "8", "-e", "trace=fsync,fdatasync,sync_file_range,write", "-o", out)
	if err != nil {
		return 0, err
	}
	time.Sleep(settle)
	for i := range 2 {
		if i == 1 {
			time.Sleep(span)
		}
		if _, err := p.CPU(); err != nil {
			return 0, err
		}
	}
	if err := p.Stop(); err != nil {
		return 0, err
	}
	trace, err := os.Open(out)
	if err != nil {
		return 0, err
	}
	defer trace.Close()
	syncs, between := 0, false
	for lines := bufio.NewScanner(trace); lines.Scan(); {
		switch line := lines.Text(); {
		case strings.Contains(line, `write(1, "cpu `):
			between = !between
		case between && strings.Contains(line, "sync") && !strings.Contains(line, "resumed"):
			syncs++
		}
	}
	return float64(syncs) / span.Minutes(), nil
}

// idleOurs is a whole service that waits.
func idleOurs(ctx context.Context, text json.RawMessage, ready func(string)) error {
	dir, err := childDir(text)
	if err != nil {
		return err
	}
	p, err := newPlant(ctx, dir, 0)
	if err != nil {
		return err
	}
	defer p.st.Close()
	p.rcv.Handle(func(context.Context, receiver.Notification) error { return nil })
	mux := http.NewServeMux()
	p.rcv.Register(mux, sample.HookPath)
	base, stop, err := serve(mux)
	if err != nil {
		return err
	}
	c, err := client.New(client.Config{
		BaseURL: base, Tenant: sample.Tenant, Store: p.st, Notify: client.Subscription(),
		OnComplete: map[string]client.Handler{"invoice": func(context.Context, client.Completion) error { return nil }},
	})
	if err != nil {
		return err
	}
	defer c.Close()
	run, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = p.rcv.Run(run) })
	wg.Go(func() { _ = c.Run(run) })
	ready("")
	cancel()
	wg.Wait()
	return stop()
}

func idleRiver(ctx context.Context, text json.RawMessage, ready func(string)) error {
	dir, err := childDir(text)
	if err != nil {
		return err
	}
	_, stop, err := riverOn(ctx, dir, riverSetting{}, func(string) {})
	if err != nil {
		return err
	}
	ready("")
	return stop()
}

func childDir(text json.RawMessage) (dir string, err error) {
	if err = json.Unmarshal(text, &dir); err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	return dir, err
}
