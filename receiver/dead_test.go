package receiver_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

func dead(t testing.TB, rcv *receiver.Receiver) (all []receiver.DeadLetter) {
	t.Helper()
	for letter, err := range rcv.Dead(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, letter)
	}
	return all
}

func TestDeadLettersAreListedReplayedAndDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		var mended bool
		var j journal
		rcv.Handle(j.handler(func(_ context.Context, n receiver.Notification) error {
			if mended {
				return nil
			}
			return receiver.Discard(fmt.Errorf("no room for %s", n.ID))
		}))
		run(t, rcv)
		deliver(t, mounted(rcv), 50)
		j.wantRuns(t, time.Minute, 50)
		letters := dead(t, rcv)
		if len(letters) != 50 {
			t.Fatalf("%d are dead, want 50", len(letters))
		}
		for i, l := range letters {
			if l.Reason != "no room for "+l.ID || l.DiedAt.IsZero() || len(l.Body) == 0 || i > 0 && l.Delivery <= letters[i-1].Delivery {
				t.Errorf("got %+v", l)
			}
		}
		for range rcv.Dead(t.Context()) {
			break // the caller may stop
		}

		mended = true
		if err := rcv.Replay(t.Context(), letters[0].Delivery); err != nil {
			t.Error(err)
		}
		if n := j.wantRuns(t, time.Second, 51)[50]; n.ID != letters[0].ID || n.Attempt != 1 {
			t.Errorf("replayed %+v", n)
		}
		if err := rcv.Drop(t.Context(), letters[1].Delivery, "no use"); err != nil {
			t.Error(err)
		}
		if err := rcv.Drop(t.Context(), letters[2].Delivery, " "); err == nil {
			t.Error("dropped without a reason")
		}
		if got := len(dead(t, rcv)); got != 48 || left(t, st, store.Delivery) != 0 {
			t.Errorf("%d are dead, want 48", got)
		}
	})
}

func TestOnlyTheDeadAreReplayed(t *testing.T) {
	rcv, st := setup(t, func(c *receiver.Config) { c.HandledElsewhere = true })
	sending(t, st, ref)
	deliver(t, mounted(rcv), 1)
	waiting, err := st.List(t.Context(), store.DeliveryTenant, store.Query{})
	if err != nil {
		t.Fatal(err)
	}
	drop := func(ctx context.Context, delivery string) error { return rcv.Drop(ctx, delivery, "no use") }
	for name, f := range map[string]func(context.Context, string) error{"Replay": rcv.Replay, "Drop": drop} {
		for _, unknown := range []string{"", "delivery:x", ref} {
			if err := f(t.Context(), unknown); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s(%q): got %v", name, unknown, err)
			}
		}
		err = f(t.Context(), waiting[0].Ref)
		if wrong, ok := errors.AsType[*store.PhaseError](err); !ok || wrong.Phase != store.Delivery {
			t.Errorf("%s of one that waits: got %v", name, err)
		}
		if got, err := st.Get(t.Context(), store.DeliveryTenant, waiting[0].Ref); err != nil || got.Attempts != 0 || got.Lease.Owner != "" {
			t.Errorf("%s touched it: %+v, %v", name, got, err)
		}
	}
}

func TestOneOfManyReplaysTakesPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, _ := setup(t)
		var j journal
		rcv.Handle(j.handler(func(context.Context, receiver.Notification) error { return receiver.Discard(nil) }))
		run(t, rcv)
		deliver(t, mounted(rcv), 1)
		j.wantRuns(t, time.Second, 1)
		letter := dead(t, rcv)[0]
		results := make(chan error, 8)
		for range cap(results) {
			go func() { results <- rcv.Replay(t.Context(), letter.Delivery) }()
		}
		done := 0
		for range cap(results) {
			if err := <-results; err == nil {
				done++
			}
		}
		runs := len(j.wantRuns(t, time.Second, 1+done))
		if done < 1 || runs != 1+done {
			t.Errorf("%d replays, %d runs", done, runs)
		}
	})
}

func TestDeadYieldsTheStoresErrorOnce(t *testing.T) {
	rcv, st := setup(t)
	st.Close()
	pairs := 0
	for _, err := range rcv.Dead(t.Context()) {
		if pairs++; !errors.Is(err, store.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
	if pairs != 1 {
		t.Errorf("%d pairs", pairs)
	}
}

func TestTheReasonOfADeadLetterFitsAnyStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, _ := setup(t)
		rcv.Handle(func(context.Context, receiver.Notification) error {
			return receiver.Discard(errors.New("\xff\x00" + strings.Repeat("å", 5000)))
		})
		run(t, rcv)
		deliver(t, mounted(rcv), 1)
		time.Sleep(time.Second)
		if got := dead(t, rcv)[0].Reason; len(got) > 1100 || !utf8.ValidString(got) || strings.Contains(got, "\x00") || !strings.HasPrefix(got, "åå") || !strings.HasSuffix(got, "å…") {
			t.Errorf("%d bytes: %.20q", len(got), got)
		}
	})
}

func TestANotificationIsLoggedWithoutItsBody(t *testing.T) {
	n := receiver.Notification{Delivery: "d", Attempt: 2, ID: id, Body: []byte("secret"), Header: map[string]string{"order": "secret"}}
	if got := n.LogValue().String(); strings.Contains(got, "secret") || !strings.Contains(got, id) {
		t.Errorf("got %s", got)
	}
}

// TestDeadLettersAreReplayedInBulk kills deliveries on two days for two reasons,
// of two kinds of operations and of none that is known.
func TestDeadLettersAreReplayedInBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		var j journal
		var reason atomic.Pointer[error] // why the handler fails, nil if it does not
		fail := func(why string) { err := receiver.Discard(errors.New(why)); reason.Store(&err) }
		fail("Database down")
		rcv.Handle(j.handler(func(context.Context, receiver.Notification) error {
			if err := reason.Load(); err != nil {
				return *err
			}
			return nil
		}))
		run(t, rcv)
		for i, kind := range []string{"invoice", "release"} {
			own := fmt.Sprintf("%s%d", ref[:len(ref)-1], i+2)
			_, err := st.Create(t.Context(), store.Record{
				Tenant: "acme", Ref: own, Kind: kind, Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice",
			}, "the sender", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			r := post(path, body)
			r.Header.Set("x-vwd-signature-v1", sign(key, body))
			r.Header.Set(hook.RefHeader, own)
			wantStatus(t, serve(mounted(rcv), r), 200)
		}
		time.Sleep(24 * time.Hour)
		fail("no such order")
		deliver(t, mounted(rcv), 50) // of unknown operations
		time.Sleep(time.Minute)
		hourAgo := time.Now().Add(-time.Hour)
		for _, tt := range []struct {
			f    receiver.DeadFilter
			want int
		}{
			{receiver.DeadFilter{}, 52},
			{receiver.DeadFilter{Kind: "invoice"}, 1},
			{receiver.DeadFilter{Kind: "payment"}, 0},
			{receiver.DeadFilter{Reason: "DOWN"}, 2},
			{receiver.DeadFilter{Since: hourAgo}, 50},
			{receiver.DeadFilter{Until: hourAgo}, 2},
			{receiver.DeadFilter{Since: hourAgo, Kind: "invoice"}, 0},
		} {
			if got, err := rcv.CountDead(t.Context(), tt.f); err != nil || got != tt.want {
				t.Errorf("%+v: counted %d, %v, want %d", tt.f, got, err, tt.want)
			}
		}
		if got, err := rcv.DropDead(t.Context(), receiver.DeadFilter{Kind: "invoice"}, "cancelled"); err != nil || got != (receiver.DropCount{Selected: 1, Dropped: 1}) {
			t.Errorf("got %+v, %v, want one dropped", got, err)
		}
		reason.Store(nil)
		for _, tt := range []struct {
			f          receiver.DeadFilter
			want, left int
		}{
			{receiver.DeadFilter{Kind: "release", Reason: "database"}, 1, 50},
			{receiver.DeadFilter{Since: hourAgo}, 50, 0},
			{receiver.DeadFilter{}, 0, 0},
		} {
			got, err := rcv.ReplayDead(t.Context(), tt.f)
			if want := (receiver.ReplayCount{Selected: tt.want, Replayed: tt.want}); err != nil || got != want {
				t.Errorf("%+v: got %+v, %v, want %+v", tt.f, got, err, want)
			}
			time.Sleep(time.Minute)
			if left := len(dead(t, rcv)); left != tt.left {
				t.Errorf("%+v: %d are dead still, want %d", tt.f, left, tt.left)
			}
		}
		if got, err := rcv.DropDead(t.Context(), receiver.DeadFilter{}, " "); err == nil || !strings.Contains(err.Error(), "want a reason") || got != (receiver.DropCount{}) {
			t.Errorf("got %+v, %v, want that the reason is missing", got, err)
		}
		st.Close()
		if _, err := rcv.CountDead(t.Context(), receiver.DeadFilter{}); !errors.Is(err, store.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
		if _, err := rcv.DropDead(t.Context(), receiver.DeadFilter{}, "no use"); !errors.Is(err, store.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
		if _, err := rcv.ReplayDead(t.Context(), receiver.DeadFilter{}); !errors.Is(err, store.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	})
}
