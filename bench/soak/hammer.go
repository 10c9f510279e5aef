package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/proc"
	"github.com/vismanet-go/background/bench/internal/rows"
	"github.com/vismanet-go/background/mockserver/queue"
)

// hammer sends requests to one erpmock with its usual settings, but for a
// retention of two seconds: an operation each, two polls of it, its content, a
// notification, and a call in the foreground. It samples after each fiftieth
// of them.
func hammer(ctx context.Context, requests int, out io.Writer) ([]string, error) {
	dir, err := os.MkdirTemp("", "soak-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	program, err := rows.Build(ctx, erpmock)
	if err != nil {
		return nil, err
	}
	p, err := rows.Launch(ctx, dir, "/__mock/health", program, "--quiet", "--listen", "ADDRESS", "--rate-limit", "1000000000",
		"--exec-time", "1ms", "--workers", "16", "--retention", "2s")
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	var told atomic.Int64
	hook, stop, err := listen(&told)
	if err != nil {
		return nil, err
	}
	defer stop()
	const senders = 16
	conns, hangUp, err := load.DialAll(ctx, p.Base, senders)
	if err != nil {
		return nil, err
	}
	defer hangUp()
	w := newWatch()
	begun, sent := time.Now(), 0
	for sent < requests {
		tally, err := load.Loop{Senders: senders, For: time.Hour, Max: requests / 50 / perRound}.Run(ctx, func(_ context.Context, sender, n int) error {
			return round(conns[sender], sent+n, hook)
		})
		if err != nil {
			return nil, fmt.Errorf("after %d requests: %w; %s", sent, err, p.Output())
		}
		sent += len(tally.Took) * perRound
		use, err := proc.Of(p.Pid)
		if err != nil {
			return nil, err
		}
		w.rss.add(float64(use.RSS) / (1 << 20))
		w.files.add(float64(use.Files))
		w.threads.add(float64(use.Threads))
		w.opsOutside.add(float64(sent / perRound))
		fmt.Fprintf(out, "%8d requests in %5.0f s: RSS %6.1f MiB, peak %6.1f MiB, %3d files, %2d threads, %d notifications\n",
			sent, time.Since(begun).Seconds(), w.rss.values[len(w.rss.values)-1], float64(use.PeakRSS)/(1<<20), use.Files, use.Threads, told.Load())
	}
	var faults []string
	for _, s := range []*series{&w.rss, &w.files, &w.threads} {
		if f := s.fault(0); f != "" {
			faults = append(faults, f)
		}
		fmt.Fprintln(out, s)
	}
	return faults, nil
}

// filled is how many operations fill what a mock remembers of them.
const filled = 3 * queue.MaxTombstones

// fill calls the mock for a company that has no faults, as fast as it answers, until it holds
// all that it will, or the time is over.
func (o *outside) fill(ctx context.Context, span time.Duration, out io.Writer) error {
	hook, stop, err := listen(new(atomic.Int64))
	if err != nil {
		return err
	}
	defer stop()
	conns, hangUp, err := load.DialAll(ctx, o.base, 16)
	if err != nil {
		return err
	}
	defer hangUp()
	tally, err := load.Loop{Senders: len(conns), For: span, Max: filled}.Run(ctx, func(_ context.Context, sender, n int) error {
		return round(conns[sender], n, hook)
	})
	o.ops.Add(int64(len(tally.Took)))
	o.filled = int64(len(tally.Took))
	fmt.Fprintf(out, "filled the process with %d operations in %.0f s\n", len(tally.Took), tally.Elapsed.Seconds())
	return err
}

// perRound is how many requests round makes.
const perRound = 5

// round is the life of one operation.
func round(c *load.Conn, n int, hook string) error {
	body, err := c.Want(http.StatusAccepted, load.Call{
		Method: http.MethodPut, Path: fmt.Sprintf("/v1/customerinvoice/%06d", 3501+n%48), Header: company + "erp-api-background: " + hook + "\r\n",
		Body: fmt.Appendf(nil, `{"note":{"value":"soak-%d"}}`, n),
	})
	if err != nil {
		return err
	}
	var op struct{ ID string }
	if err := json.Unmarshal(body, &op); err != nil {
		return err
	}
	for _, path := range []string{"/v1/background/" + op.ID, invoice, "/v1/background/" + op.ID, "/v1/background/" + op.ID + "/content"} {
		status, _, err := c.Do(load.Call{Method: http.MethodGet, Path: path, Header: company})
		if err != nil {
			return err
		}
		// On a busy machine the content may not be there yet, and everything
		// may be gone before it is asked for.
		if status != http.StatusOK && (path == invoice || status != http.StatusNotFound && status != http.StatusGone) {
			return fmt.Errorf("GET %s: answered %d", path, status)
		}
	}
	return nil
}

// company is not that of the rigs.
const company = "ipp-company-id: 2\r\n"

const invoice = "/v1/customerinvoice/003501"

// listen counts notifications at a free port of the loopback interface.
func listen(told *atomic.Int64) (base string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		told.Add(1)
	})}
	ended := make(chan struct{})
	go func() { _ = srv.Serve(l); close(ended) }()
	return "http://" + l.Addr().String() + "/hook", func() { _ = srv.Close(); <-ended }, nil
}
