package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
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
		if got, err := w.client.OperationByRef(w.Context(), op.Ref()); err != nil || got.ID() != op.ID() {
			t.Errorf("by its ref: got %v, %v, want %v", got, err, op)
		}
		if got, err := w.client.OperationByRef(w.Context(), "none"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("by no ref: got %v, %v, want ErrNotFound", got, err)
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

// TestDeadLettersAreReplayedInBulk kills completions of two kinds for two reasons
// on two days, counts by every part of a filter, and replays some.
func TestDeadLettersAreReplayedInBulk(t *testing.T) {
	var reason atomic.Pointer[string] // why handlers fail, nil if they do not
	runs := map[string]int{}
	var mu sync.Mutex // guards runs
	h := func(_ context.Context, done client.Completion) error {
		mu.Lock()
		defer mu.Unlock()
		runs[done.Key]++
		if why := reason.Load(); why != nil {
			return client.Discard(errors.New(*why))
		}
		return nil
	}
	log, lines := logTo()
	cc := client.Config{Logger: log, OnComplete: map[string]client.Handler{"invoice": h, "release": h}}
	play(t, mockserver.Config{}, cc, func(w *world) {
		stop := start(w.T, w.client)
		n := 0
		for _, why := range []string{"Database down", "no such order"} {
			reason.Store(&why)
			for _, kind := range []string{"invoice", "release"} {
				for range 30 { // more than a page
					n++
					w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Kind: kind, Key: fmt.Sprint(n)})
				}
			}
			time.Sleep(24 * time.Hour)
		}
		reason.Store(nil)
		dayAgo := time.Now().Add(-24 * time.Hour)
		for _, tt := range []struct {
			f    client.DeadFilter
			want int
		}{
			{client.DeadFilter{}, 120},
			{client.DeadFilter{Kind: "invoice"}, 60},
			{client.DeadFilter{Kind: "payment"}, 0},
			{client.DeadFilter{Reason: "database"}, 60},
			{client.DeadFilter{Reason: "ORDER"}, 60},
			{client.DeadFilter{Since: dayAgo}, 60},
			{client.DeadFilter{Until: dayAgo}, 60},
			{client.DeadFilter{Since: dayAgo, Until: dayAgo}, 0},
			{client.DeadFilter{Until: dayAgo, Kind: "release", Reason: "down"}, 30},
			{client.DeadFilter{Since: dayAgo, Reason: "down"}, 0},
		} {
			if got, err := w.client.CountDead(w.Context(), tt.f); err != nil || got != tt.want {
				t.Errorf("%+v: counted %d, %v, want %d", tt.f, got, err, tt.want)
			}
		}
		for op, err := range w.client.Dead(w.Context()) {
			s, failed := op.State(w.Context())
			if err = errors.Join(err, failed); err != nil {
				t.Fatal(err)
			}
			since, err := w.client.CountDead(w.Context(), client.DeadFilter{Since: s.Ended})
			until, failed := w.client.CountDead(w.Context(), client.DeadFilter{Until: s.Ended})
			if err = errors.Join(err, failed); err != nil || since+until != 120 || since == 0 {
				t.Errorf("%d since the moment of a death and %d until then, %v: want 120 together, with the one that died then among the former", since, until, err)
			}
		}
		ended, cancel := context.WithCancel(w.Context())
		cancel()
		if got, err := w.client.ReplayDead(ended, client.DeadFilter{}); !errors.Is(err, context.Canceled) || got.Replayed != 0 {
			t.Errorf("got %+v, %v, want nothing done for a context that has ended", got, err)
		}
		want := client.ReplayCount{Selected: 30, Replayed: 30}
		some := client.DeadFilter{Kind: "release", Reason: "database down", Until: dayAgo}
		if got, err := w.client.ReplayDead(w.Context(), some); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		time.Sleep(time.Minute)
		if got, err := w.client.CountDead(w.Context(), client.DeadFilter{}); err != nil || got != 90 {
			t.Errorf("%d are dead still, %v, want 90", got, err)
		}
		if got, err := w.client.ReplayDead(w.Context(), some); err != nil || got != (client.ReplayCount{}) {
			t.Errorf("again: got %+v, %v, want nothing", got, err)
		}
		if !strings.Contains(lines.String(), "selected=30 replayed=30") {
			t.Errorf("the log does not say what was done:\n%s", lines)
		}

		// What dies again at once is taken once; some are dropped.
		why := "no such order"
		reason.Store(&why)
		if got, err := w.client.ReplayDead(w.Context(), client.DeadFilter{}); err != nil || got.Selected != 90 || got.Replayed != 90 {
			t.Errorf("got %+v, %v, want each of the 90 once", got, err)
		}
		time.Sleep(time.Minute)
		invoices := client.DeadFilter{Kind: "invoice", Since: dayAgo}
		if got, err := w.client.DropDead(w.Context(), invoices, " "); err == nil || !strings.Contains(err.Error(), "want a reason") || got != (client.DropCount{}) {
			t.Errorf("got %+v, %v, want that the reason is missing", got, err)
		}
		for _, want := range []client.DropCount{{Selected: 60, Dropped: 60}, {}} {
			if got, err := w.client.DropDead(w.Context(), invoices, "cancelled"); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		}
		if !strings.Contains(lines.String(), "dropped=60 because=cancelled") {
			t.Errorf("the log does not say what was dropped:\n%s", lines)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		for key, n := range runs {
			if n != 2 {
				t.Errorf("the handler of %s ran %d times, want 2", key, n)
			}
		}
	})
}

// TestABulkReplayEndsWithTheStore has the store fail in the middle.
func TestABulkReplayEndsWithTheStore(t *testing.T) {
	st := faultstore.NewMemory()
	defer st.Close()
	cc := client.Config{Store: st, Tenant: "default", OnComplete: map[string]client.Handler{
		"": func(context.Context, client.Completion) error { return client.Discard(errors.New("no")) },
	}}
	bubble(t, cc, acceptingMany(), func(t *testing.T, c *client.Client, _ *hits) {
		for range 5 {
			post(t, c)
		}
		stop := start(t, c)
		time.Sleep(time.Hour)
		if err := stop(); err != nil {
			t.Error(err)
		}
		errDisk := errors.New("disk full")
		st.Fail("Decide", 1, errDisk)
		if got, err := c.ReplayDead(t.Context(), client.DeadFilter{}); !errors.Is(err, errDisk) || got != (client.ReplayCount{Selected: 1}) {
			t.Errorf("got %+v, %v, want the store's error and what was done", got, err)
		}
		if got, err := c.ReplayDead(t.Context(), client.DeadFilter{}); err != nil || got != (client.ReplayCount{Selected: 5, Replayed: 5}) {
			t.Errorf("got %+v, %v, want all", got, err)
		}
		st.Close()
		for _, f := range []func() error{
			func() error { _, err := c.CountDead(t.Context(), client.DeadFilter{}); return err },
			func() error { _, err := c.ReplayDead(t.Context(), client.DeadFilter{}); return err },
		} {
			if err := f(); !errors.Is(err, client.ErrClosed) {
				t.Errorf("got %v, want ErrClosed", err)
			}
		}
	})
}

// TestAnAnswerMakesTheResultOfATest makes what a handler gets of answers.
func TestAnAnswerMakesTheResultOfATest(t *testing.T) {
	res, err := client.Answer{StatusCode: 201, Header: http.Header{"location": {"/v1/customerinvoice/300142"}}, Body: []byte(`{"n":1}`)}.Result()
	if err != nil || res.CreatedID() != "300142" || res.Told != "" || res.Unconfirmed() || !res.HasContent() {
		t.Errorf("got %+v, %v, want a success", res, err)
	}
	if got, err := client.Decode[struct{ N int }](t.Context(), res); err != nil || got.N != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	res, err = client.Answer{StatusCode: 400, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"message":"closed period"}`)}.Result()
	if failed, ok := errors.AsType[*client.OperationError](err); !ok || res == nil || failed.StatusCode != 400 || failed.Message != "closed period" {
		t.Errorf("got %+v, %v, want a failure", res, err)
	}
	res, err = client.Answer{StatusCode: 204}.Result()
	if body, failed := res.Bytes(t.Context()); err != nil || failed != nil || len(body) != 0 || res.HasContent() {
		t.Errorf("got %+v, %q, %v, %v, want no body", res, body, err, failed)
	}
	if body, err := (&client.Result{StatusCode: 201}).Bytes(t.Context()); err != nil || len(body) != 0 {
		t.Errorf("got %q, %v of a plain Result, want no body", body, err)
	}
}
