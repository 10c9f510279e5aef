package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"
)

func TestLinesOfTheConsole(t *testing.T) {
	for want, tell := range map[string]func(*slog.Logger){
		"03:04:05 operation accepted: POST /v2/customerinvoice (id 7, company 1)\n": func(l *slog.Logger) {
			l.Debug("operation accepted", "id", "7", "company", "1", "method", "POST", "path", "/v2/customerinvoice")
		},
		"03:04:05 operation ended: GET /v1/x: it failed (state Failed, status 500, took 1.235s)\n": func(l *slog.Logger) {
			l.Debug("operation ended", "method", "GET", "path", "/v1/x", "state", "Failed", "status", 500, "error", "it failed", "took", 1234567*time.Microsecond)
		},
		"03:04:05 notification not delivered: tls: x509: certificate signed by unknown authority; --webhook-ca FILE has a certificate trusted, --webhook-insecure all (url https://h, attempt 1)\n": func(l *slog.Logger) {
			l.Info("notification not delivered", "url", "https://h", "attempt", 1, "status", 0, "error", errors.New("tls: x509: certificate signed by unknown authority"))
		},
		"03:04:05 warn: one line (said \"two\\nlines\", id a b)\n": func(l *slog.Logger) {
			l.Warn("one line", "said", "two\nlines", "id", "a\nb")
		},
		"03:04:05 with attributes (id 7)\n": func(l *slog.Logger) { l.With("id", 7).WithGroup("g").Debug("with attributes") },
	} {
		var out bytes.Buffer
		tell(slog.New(atThree{newConsole(&out, slog.LevelDebug)}))
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	}
	var out bytes.Buffer
	slog.New(newConsole(&out, slog.LevelWarn)).Info("no")
	if out.Len() > 0 {
		t.Errorf("with --quiet it prints %q", out.String())
	}
}

// atThree has everything happen at the same time.
type atThree struct{ slog.Handler }

func (h atThree) Handle(ctx context.Context, r slog.Record) error {
	r.Time = time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	return h.Handler.Handle(ctx, r)
}

func (h atThree) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atThree{h.Handler.WithAttrs(attrs)}
}
func (h atThree) WithGroup(name string) slog.Handler { return atThree{h.Handler.WithGroup(name)} }
