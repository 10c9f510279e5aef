package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
)

// wordless is an error without a text.
type wordless struct{}

func (wordless) Error() string { return "" }

// TestADeadLetterSaysWhyItsHandlerGaveUp ends handlers in every way that makes a
// dead letter, but for a process that dies.
func TestADeadLetterSaysWhyItsHandlerGaveUp(t *testing.T) {
	ways := map[string]struct {
		h    client.Handler
		want string
	}{
		"error":     {func(context.Context, client.Completion) error { return errors.New("database down") }, "database down"},
		"wordless":  {func(context.Context, client.Completion) error { return wordless{} }, "an error without words (client_test.wordless)"},
		"panic":     {func(context.Context, client.Completion) error { panic("out of paper") }, "the handler panicked: out of paper"},
		"discarded": {func(context.Context, client.Completion) error { return client.Discard(errors.New("no such order")) }, "no such order"},
		"nothing":   {func(context.Context, client.Completion) error { return client.Discard(nil) }, "discarded"},
		"too slow":  {func(ctx context.Context, _ client.Completion) error { <-ctx.Done(); return ctx.Err() }, client.ErrHandlerTimeout.Error()},
	}
	cc := client.Config{MaxAttempts: 2, HandlerTimeout: time.Minute, OnComplete: map[string]client.Handler{}}
	for name, way := range ways {
		cc.OnComplete[name] = way.h
	}
	play(t, mockserver.Config{}, cc, func(w *world) {
		for name := range ways {
			w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Kind: name})
		}
		stop := start(w.T, w.client)
		time.Sleep(time.Hour)
		dead := 0
		for op, err := range w.client.Dead(w.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			s, err := op.State(w.Context())
			if err != nil || !strings.Contains(s.Reason, ways[op.Kind()].want) || s.Ended.IsZero() || s.Attempts < 1 {
				t.Errorf("%s: got %+v, %v, want the reason %q", op.Kind(), s, err, ways[op.Kind()].want)
			}
			dead++
		}
		if dead != len(ways) {
			t.Errorf("%d are dead, want %d", dead, len(ways))
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestADeadLetterIsDropped(t *testing.T) {
	cc := client.Config{OnComplete: map[string]client.Handler{
		"": func(context.Context, client.Completion) error { return client.Discard(errors.New("no such order")) },
	}}
	play(t, mockserver.Config{}, cc, func(w *world) {
		op := w.submit(request("POST", "/v1/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
		if err := op.Drop(w.Context(), "no use"); err == nil || !strings.Contains(err.Error(), "it is not dead (it is accepted)") {
			t.Errorf("got %v, want that it is not dead", err)
		}
		stop := start(w.T, w.client)
		time.Sleep(time.Hour)
		if err := op.Drop(w.Context(), " "); err == nil || !strings.Contains(err.Error(), "want a reason") {
			t.Errorf("got %v, want that the reason is missing", err)
		}
		if err := op.Drop(w.Context(), "the order was cancelled"); err != nil {
			t.Fatal(err)
		}
		s, err := op.State(w.Context())
		if err != nil || s.Phase != store.Acknowledged || s.Reason != "the order was cancelled" {
			t.Errorf("got %+v, %v, want it dropped with its reason", s, err)
		}
		for _, err := range []error{op.Drop(w.Context(), "again"), op.Replay(w.Context())} {
			if err == nil || !strings.Contains(err.Error(), "it is not dead (it is acknowledged)") {
				t.Errorf("got %v, want that it is not dead", err)
			}
		}
		if got, err := w.client.OperationByKey(w.Context(), "order-1"); err != nil || got.Ref() != op.Ref() {
			t.Errorf("got %v, %v, want the key held still", got, err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestAHandleTellsItsKindAndMetadata asks a handle from a submit and one from the
// store.
func TestAHandleTellsItsKindAndMetadata(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		given := map[string]string{"order": "1"}
		first := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Key: "k", Kind: "invoice", Metadata: given})
		given["order"] = "2"
		found, err := w.client.OperationByKey(w.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range []*client.Operation{first, found} {
			op.Metadata()["order"] = "3"
			if op.Kind() != "invoice" || op.Metadata()["order"] != "1" {
				t.Errorf("got kind %q and metadata %v", op.Kind(), op.Metadata())
			}
		}
		none := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		if none.Kind() != "" || len(none.Metadata()) != 0 {
			t.Errorf("got kind %q and metadata %v, want none", none.Kind(), none.Metadata())
		}
	})
}
