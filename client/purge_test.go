package client_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
)

// TestRunPurges lets Run work for a month: what was handled goes after
// KeepRecords, what nobody acknowledged after KeepUnacknowledged, with a line
// in the log, and what only a notification told of after a day.
func TestRunPurges(t *testing.T) {
	const day = 24 * time.Hour
	var logged bytes.Buffer
	cc := client.Config{
		Store: store.NewMemory(store.MemoryConfig{Keep: 1000 * day}), KeepRecords: 3 * day,
		Logger: slog.New(slog.NewTextHandler(&logged, nil)),
	}
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)}, cc, func(w *world) {
		acked := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		left := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Key: "left"})
		w.wait(left)
		w.wait(acked)
		if err := acked.Ack(w.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.store.Notify(w.Context(), store.Notification{ID: "stranger", Body: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		count := func() (n int) {
			for _, tenant := range []string{"default", store.NoTenant} {
				k, err := w.store.Count(w.Context(), tenant, store.Query{})
				if err != nil {
					t.Fatal(err)
				}
				n += k
			}
			return n
		}
		stop := start(w.T, w.client)
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{day - time.Hour, 3}, {2 * time.Hour, 2}, {day, 2}, {2 * day, 1}, {25 * day, 1}, {2 * day, 0}} {
			time.Sleep(step.wait)
			if n := count(); n != step.want {
				t.Errorf("%v: %d records are left, want %d", time.Now(), n, step.want)
			}
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if !strings.Contains(logged.String(), "nobody acknowledged were purged\" records=1") {
			t.Errorf("logged %s", logged.String())
		}
		_, err := w.client.Submit(w.Context(), request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Key: "left"})
		if !errors.Is(err, client.ErrDuplicateKey) {
			t.Errorf("the key of a purged operation: got %v", err)
		}
	})
}

// TestRunPurgesAtItsStart: a program that is started again every few minutes
// purges as well.
func TestRunPurgesAtItsStart(t *testing.T) {
	cc := client.Config{Store: store.NewMemory(store.MemoryConfig{Keep: 1 << 62}), KeepRecords: time.Hour}
	play(t, mockserver.Config{}, cc, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		w.wait(op)
		if err := op.Ack(w.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		stop := start(w.T, w.client)
		time.Sleep(time.Second)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if _, err := w.store.Get(w.Context(), "default", op.Ref()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got error %v", err)
		}
	})
}
