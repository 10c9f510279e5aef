package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// A console is a log for people: a line for each change of an operation and each
// attempt to notify, such as
//
//	15:04:05 operation ended: PUT /v1/customerinvoice/003501 (id …, company 1000001, state Finished, status 204, took 512ms)
type console struct {
	level slog.Level
	attrs []slog.Attr

	mu *sync.Mutex // guards w
	w  io.Writer
}

func newConsole(w io.Writer, level slog.Level) *console {
	return &console{level: level, mu: new(sync.Mutex), w: w}
}

// Enabled implements slog.Handler.
func (c *console) Enabled(_ context.Context, level slog.Level) bool { return level >= c.level }

// WithAttrs implements slog.Handler.
func (c *console) WithAttrs(attrs []slog.Attr) slog.Handler {
	other := *c
	other.attrs = append(slices.Clip(c.attrs), attrs...)
	return &other
}

// WithGroup implements slog.Handler; groups are not shown.
func (c *console) WithGroup(string) slog.Handler { return c }

// Handle implements slog.Handler.
func (c *console) Handle(_ context.Context, r slog.Record) error {
	var line bytes.Buffer
	line.WriteString(r.Time.Format(time.TimeOnly) + " ")
	if r.Level >= slog.LevelWarn {
		line.WriteString(strings.ToLower(r.Level.String()) + ": ")
	}
	line.WriteString(r.Message)
	var method, path, why string
	var rest []string
	each := func(a slog.Attr) bool {
		switch v := a.Value.Resolve(); a.Key {
		case "method":
			method = v.String()
		case "path":
			path = v.String()
		case "error":
			why = v.String()
		case "took":
			rest = append(rest, "took "+v.Duration().Round(time.Millisecond).String())
		case "said":
			rest = append(rest, fmt.Sprintf("said %q", v.String()))
		default:
			if text := v.String(); text != "" && (a.Key != "status" || text != "0") {
				rest = append(rest, a.Key+" "+text)
			}
		}
		return true
	}
	for _, a := range c.attrs {
		each(a)
	}
	r.Attrs(each)
	if path != "" {
		line.WriteString(": " + strings.TrimSpace(method+" "+path))
	}
	if why != "" {
		line.WriteString(": " + why + remedy(why))
	}
	if len(rest) > 0 {
		line.WriteString(" (" + strings.Join(rest, ", ") + ")")
	}
	text := strings.ReplaceAll(line.String(), "\n", " ") + "\n"
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := io.WriteString(c.w, text)
	return err
}

// remedy is what to do about why a receiver was not reached, if there is a flag
// for it.
func remedy(why string) string {
	if strings.Contains(why, "x509: ") {
		return "; --webhook-ca FILE has a certificate trusted, --webhook-insecure all"
	}
	return ""
}
