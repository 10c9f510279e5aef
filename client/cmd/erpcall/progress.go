package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// A progress tells people how far an operation has come: on a terminal by a line
// that changes each second, else by a line for each change.
type progress struct {
	app  *app
	s    *session
	live bool // the line changes

	mu    sync.Mutex
	shown string // the state that was told last
	drawn bool   // a line is to be wiped
}

// progress returns one that is silent if that is wanted.
func (a *app) progress(s *session) *progress {
	return &progress{app: a, s: s, live: isTerminal(a.Stderr) && !a.verbose}
}

// say prints a line that stays.
func (p *progress) say(format string, args ...any) {
	if p.app.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
	fmt.Fprintln(p.app.Stderr, plain(fmt.Sprintf(format, args...)))
}

func (p *progress) wipe() {
	if p.drawn {
		_, _ = io.WriteString(p.app.Stderr, "\r\x1b[K")
		p.drawn = false
	}
}

// follow shows an operation until ctx ends.
func (p *progress) follow(ctx context.Context, ref string) {
	if p.app.quiet {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		p.show(ctx, ref)
		select {
		case <-ctx.Done():
			p.mu.Lock()
			p.wipe()
			p.mu.Unlock()
			return
		case <-tick.C:
		}
	}
}

func (p *progress) show(ctx context.Context, ref string) {
	rec, err := p.s.store.Get(ctx, p.s.tenant, ref)
	if err != nil {
		return
	}
	state := string(rec.Phase)
	if w := rec.Progress.Status; w != "" && rec.Phase == store.Accepted {
		state = w
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.live {
		if state != p.shown {
			p.shown = state
			fmt.Fprintf(p.app.Stderr, "%s: %s\n", ref, plain(state))
		}
		return
	}
	now := time.Now()
	parts := []string{spinner(now) + " " + plain(state), "age " + ago(now, rec.CreatedAt)}
	if !rec.Due.IsZero() && rec.Phase == store.Accepted {
		if left := rec.Due.Sub(now); left > 0 {
			parts = append(parts, "next poll in "+span(left+time.Second-1))
		} else {
			parts = append(parts, "polling")
		}
	}
	if rec.Polls > 0 {
		parts = append(parts, fmt.Sprintf("%d polls", rec.Polls))
	}
	if b := budgetText(ctx, p.s.Client, now); b != "" {
		parts = append(parts, b)
	}
	line := strings.Join(parts, " · ")
	if most := width(p.app.Stderr); most > 1 {
		line = cut(line, most-1)
	}
	p.wipe()
	_, _ = io.WriteString(p.app.Stderr, line)
	p.drawn = true
}

// budgetText is what the ERP still allows.
func budgetText(ctx context.Context, c *client.Client, now time.Time) string {
	stats, err := c.Stats(ctx)
	b := stats.Budget
	switch {
	case err != nil:
		return ""
	case b.PausedUntil.After(now):
		return "the ERP asks to wait " + span(b.PausedUntil.Sub(now))
	case b.Limit == 0:
		return ""
	}
	return fmt.Sprintf("%d of %d calls left", b.Left, b.Limit)
}

func spinner(now time.Time) string {
	return string([]rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")[now.Unix()%10])
}
