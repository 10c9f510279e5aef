package receiver_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
)

// What docs/receiver-security.md says about recorded requests.
func TestAReplayedNotificationIsADuplicateAndIsHandledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		sending(t, st, ref)
		var j journal
		rcv.Handle(j.handler(nil))
		run(t, rcv)
		for range 100 {
			wantStatus(t, serve(mounted(rcv), subscribed(body)), 200)
			wantStatus(t, serve(mounted(rcv), post(path+"/"+capability(), body)), 200)
			time.Sleep(time.Second)
		}
		j.wantRuns(t, 0, 1)
		if rec := record(t, st); rec.Notifications != 1 || rec.Duplicates != 199 || rec.Conflicts != 0 {
			t.Errorf("%d notifications, %d duplicates, %d conflicts", rec.Notifications, rec.Duplicates, rec.Conflicts)
		}
	})
}

// The headers are not signed: a recorded body goes with any of them.
func TestARecordedBodyWithOtherHeadersNeverReachesAnotherOperation(t *testing.T) {
	rcv, st := setup(t, func(c *receiver.Config) { c.Tenant = func(id string) (string, bool) { return id, true } })
	sending(t, st, ref)
	if _, err := st.Report(t.Context(), "acme", ref, store.AcceptedFact{ID: numbered(1), Source: store.FromAnswer}); err != nil {
		t.Fatal(err)
	}
	r := subscribed(body) // about another id
	wantStatus(t, serve(rcv, r), 200)
	r = signed(`{"id":"` + numbered(1) + `"}`) // the right id for another tenant
	r.Header.Set("x-vwd-tenant-id", "somebody-else")
	r.Header.Set(hook.RefHeader, ref)
	wantStatus(t, serve(rcv, r), 200)
	if rec := record(t, st); rec.Notifications != 0 || rec.Conflicts != 2 || rec.ID != numbered(1) || !rec.Due.IsZero() {
		t.Errorf("%d notifications, %d conflicts, id %s, due %v", rec.Notifications, rec.Conflicts, rec.ID, rec.Due)
	}
}

// Whoever holds a capability may say "look now", as often as he likes.
func TestAFloodWithACapabilityStaysBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		sending(t, st, ref)
		var j journal
		rcv.Handle(j.handler(nil))
		run(t, rcv)
		for i := range 1000 {
			wantStatus(t, serve(mounted(rcv), post(path+"/"+capability(), fmt.Sprintf(`{"id":"%s"}`, numbered(i)))), 200)
		}
		j.wantRuns(t, time.Minute, 16)
		rec := record(t, st)
		if len(rec.Candidates) > 8 || rec.ID != "" || rec.Phase != store.Uncertain && rec.Phase != store.Sending {
			t.Errorf("candidates %d, id %q, phase %s", len(rec.Candidates), rec.ID, rec.Phase)
		}
		list, err := st.List(t.Context(), "acme", store.Query{})
		if err != nil || len(list) != 1 || left(t, st, store.Delivery) != 0 {
			t.Errorf("%d records, %v", len(list), err)
		}
	})
}

func TestAFloodOfForgeriesDoesNotFloodTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs buffer
		rcv, st := setup(t, func(c *receiver.Config) { c.Logger = slog.New(slog.NewTextHandler(&logs, nil)) })
		for range 1000 {
			wantStatus(t, serve(mounted(rcv), post(path, body)), 401)
			wantStatus(t, serve(mounted(rcv), post(path+"/"+strings.ToUpper(capability()), body)), 404)
		}
		time.Sleep(time.Second)
		wantStatus(t, serve(mounted(rcv), post(path, body)), 401)
		if lines := strings.Count(logs.String(), "\n"); lines != 11 || !strings.Contains(logs.String(), "not_logged=990") {
			t.Errorf("%d lines:\n%s", lines, logs.String())
		}
		if st.count() != 0 {
			t.Errorf("%d stored", st.count())
		}
	})
}

// A dispatcher at its worst, in both modes, with a store that fails at times:
// what was acknowledged is there, once, and nothing that was forged is.
func TestAnUnreliableDispatcherLosesNothing(t *testing.T) {
	for name, secret := range map[string]string{"subscription": "", "url": secret} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rcv, st := setup(t)
				calls := 0
				st.answer(func(ctx context.Context, n store.Notification) (store.Receipt, error) {
					st.mu.Lock()
					calls++
					fails := calls%3 == 0
					st.mu.Unlock()
					if fails {
						return store.Receipt{}, errDown
					}
					return st.Store.Notify(ctx, n)
				})
				var j journal
				rcv.Handle(j.handler(func(_ context.Context, n receiver.Notification) error {
					if n.Attempt == 1 {
						return errDown
					}
					return nil
				}))
				run(t, rcv)
				const n = 300
				notices := make([]receivertest.Notice, n)
				for i := range notices {
					notices[i] = receivertest.Notice{ID: numbered(i), StatusCode: 200, Ref: hook.NewRef()}
					sending(t, st, notices[i].Ref)
				}
				s := sender(mounted(rcv))
				s.Secret = secret
				plan := receivertest.Plan{Seed: 1, Drop: 0.1, Duplicate: 0.3, Forge: 0.3, MaxDelay: time.Hour, Attempts: 6}
				acked, forged := make(map[string]bool), 0
				for _, x := range s.Deliver(t.Context(), plan, notices...) {
					if x.Forged {
						if forged++; x.Status != http.StatusUnauthorized && x.Status != http.StatusNotFound {
							t.Errorf("a forgery got %d", x.Status)
						}
					} else if x.OK() {
						acked[notices[x.Notice].ID] = true
					}
				}
				time.Sleep(time.Minute)
				handled := make(map[string]int)
				for _, run := range j.all() {
					if handled[run.ID]++; run.StatusCode != 200 || !run.Known || run.Tenant != "acme" {
						t.Errorf("handled %+v", run)
					}
				}
				if len(acked) < 200 || len(handled) != len(acked) || forged < 50 || left(t, st, store.Delivery) != 0 {
					t.Errorf("%d acknowledged, %d handled, %d forged, %d left", len(acked), len(handled), forged, left(t, st, store.Delivery))
				}
				for id, runs := range handled {
					if !acked[id] || runs != 2 {
						t.Errorf("%s: %d runs, acknowledged: %v", id, runs, acked[id])
					}
				}
			})
		})
	}
}
