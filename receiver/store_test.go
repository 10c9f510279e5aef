package receiver_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

func subscribed(body string) *http.Request {
	r := signed(body)
	r.Header.Set(hook.RefHeader, ref)
	return r
}

func TestAWaiterIsWokenInBothModes(t *testing.T) {
	for name, request := range map[string]func() *http.Request{
		"subscription": func() *http.Request { return subscribed(body) },
		"url":          func() *http.Request { return post(path+"/"+capability(), body) },
		"not parsed":   func() *http.Request { return subscribed("done!") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rcv, st := setup(t)
				sending(t, st, ref)
				if _, err := st.Report(t.Context(), "acme", ref, store.AcceptedFact{ID: id, Source: store.FromAnswer}); err != nil {
					t.Fatal(err)
				}
				w := st.Watch("acme", ref)
				defer w.Close()
				time.AfterFunc(3*time.Second, func() { serve(mounted(rcv), request()) })
				start := time.Now()
				<-w.C()
				if waited := time.Since(start); waited != 3*time.Second {
					t.Errorf("woken after %v, want 3s", waited)
				}
				rec := record(t, st)
				if rec.Notifications != 1 || rec.Due.After(time.Now()) || rec.Due.IsZero() {
					t.Errorf("%d notifications came, next poll at %v, want 1 and at once", rec.Notifications, rec.Due)
				}
			})
		})
	}
}

func TestANotificationBefore202ProposesItsIDAndIsKept(t *testing.T) {
	rcv, st := setup(t)
	sending(t, st, ref)
	wantStatus(t, serve(mounted(rcv), post(path+"/"+capability(), body)), 200)
	rec := record(t, st)
	if rec.Phase != store.Sending || rec.ID != "" || len(rec.Candidates) != 1 || rec.Candidates[0] != id {
		t.Fatalf("got phase %s, id %q, candidates %q", rec.Phase, rec.ID, rec.Candidates)
	}
	rec, err := st.Report(t.Context(), "acme", ref, store.AcceptedFact{ID: id, Source: store.FromAnswer})
	if err != nil || rec.Phase != store.Accepted || rec.ID != id || rec.Notifications != 1 {
		t.Errorf("after the 202: phase %s, id %q, %d notifications, %v", rec.Phase, rec.ID, rec.Notifications, err)
	}
}

func TestANotificationWithoutRefMeetsThe202ThatComesLater(t *testing.T) {
	rcv, st := setup(t)
	sending(t, st, ref)
	wantStatus(t, serve(mounted(rcv), signed(body)), 200)
	if rec := record(t, st); rec.Notifications != 0 {
		t.Fatalf("%d notifications came before the id was known", rec.Notifications)
	}
	rec, err := st.Report(t.Context(), "acme", ref, store.AcceptedFact{ID: id, Source: store.FromAnswer})
	if err != nil || rec.Notification == nil || string(rec.Notification.Body) != body {
		t.Errorf("after the 202: notification %v, %v", rec.Notification, err)
	}
}

func TestADuplicateIsSuccessAndChangesNothing(t *testing.T) {
	rcv, st := setup(t)
	sending(t, st, ref)
	for range 3 {
		wantStatus(t, serve(mounted(rcv), subscribed(body)), 200)
	}
	if rec := record(t, st); rec.Notifications != 1 || rec.Duplicates != 2 || rec.Conflicts != 0 {
		t.Errorf("got %d notifications, %d duplicates, %d conflicts", rec.Notifications, rec.Duplicates, rec.Conflicts)
	}
}

func TestAForgedIDNeverReplacesTheKnownOne(t *testing.T) {
	rcv, st := setup(t)
	sending(t, st, ref)
	if _, err := st.Report(t.Context(), "acme", ref, store.AcceptedFact{ID: id, Source: store.FromAnswer}); err != nil {
		t.Fatal(err)
	}
	forged := `{"id":"ffffffff-0000-4000-8000-000000000001","statusCode":200}`
	wantStatus(t, serve(mounted(rcv), post(path+"/"+capability(), forged)), 200)
	if rec := record(t, st); rec.ID != id || rec.Phase != store.Accepted || rec.Conflicts != 1 || rec.Notifications != 0 {
		t.Errorf("got id %s, phase %s, %d conflicts, %d notifications", rec.ID, rec.Phase, rec.Conflicts, rec.Notifications)
	}
}

func TestTheCapabilityWinsOverARefInAHeader(t *testing.T) {
	rcv, st := setup(t)
	r := post(path+"/"+capability(), body)
	r.Header.Set(hook.RefHeader, hook.NewRef())
	r.Header.Set("x-vwd-tenant-id", "somebody-else")
	wantStatus(t, serve(mounted(rcv), r), 200)
	if n := st.last(t); n.Ref != ref || n.Tenant != "" || n.Mode != "url" {
		t.Errorf("got ref %q, tenant %q, mode %q", n.Ref, n.Tenant, n.Mode)
	}
}

func TestTenantIsTranslated(t *testing.T) {
	names := map[string]string{"guid-of-acme": "acme", "guid-of-evil": store.DeliveryTenant}
	translate := func(c *receiver.Config) {
		c.Tenant = func(id string) (string, bool) { name, ok := names[id]; return name, ok }
	}
	asIs := func(c *receiver.Config) { c.Tenant = func(id string) (string, bool) { return id, true } }
	tests := []struct {
		name, header string
		change       func(*receiver.Config)
		want         string
		status       int
	}{
		{"known", "guid-of-acme", translate, "acme", 200},
		{"unknown", "guid-of-nobody", translate, "", 403},
		{"reserved, by the translation", "guid-of-evil", translate, "", 403},
		{"reserved, by the sender", store.DeliveryTenant, asIs, "", 403},
		{"not named", "", translate, "", 200},
		{"not plain text", "guid\x00of-acme", translate, "", 200},
		{"no translation", "guid-of-acme", nil, "", 200},
		{"no translation of what is reserved", store.DeliveryTenant, nil, "", 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var logs buffer
			rcv, st := setup(t, tt.change, func(c *receiver.Config) { c.Logger = slog.New(slog.NewTextHandler(&logs, nil)) })
			r := signed(body)
			r.Header.Set("x-vwd-tenant-id", tt.header)
			wantStatus(t, serve(rcv, r), tt.status)
			if tt.status == 200 {
				if got := st.last(t).Tenant; got != tt.want {
					t.Errorf("got tenant %q, want %q", got, tt.want)
				}
				return
			}
			if st.count() != 0 || !strings.Contains(logs.String(), "level=WARN") || !strings.Contains(logs.String(), tt.header) {
				t.Errorf("got %d stored, want none, and a warning that names the tenant; log: %s", st.count(), logs.String())
			}
			if h, err := rcv.Health(t.Context()); err != nil || !h.LastFailed.IsZero() {
				t.Errorf("got LastFailed %v, %v; want never: nothing was to be stored", h.LastFailed, err)
			}
			// A signature that is wrong learns nothing about tenants.
			r = post(path, body)
			r.Header.Set("x-vwd-tenant-id", tt.header)
			wantStatus(t, serve(rcv, r), 401)
		})
	}
}

// A crash between storing and answering looks like this to the sender: the
// notification is there, the answer is not, so it comes again.
func TestACrashBetweenStoreAndAnswerLosesNothing(t *testing.T) {
	rcv, st := setup(t)
	sending(t, st, ref)
	st.answer(func(ctx context.Context, n store.Notification) (store.Receipt, error) {
		if _, err := st.Store.Notify(ctx, n); err != nil {
			t.Error(err)
		}
		panic("the process ends here")
	})
	wantStatus(t, serve(mounted(rcv), subscribed(body)), 503)
	st.answer(nil)
	wantStatus(t, serve(mounted(rcv), subscribed(body)), 200)
	if rec := record(t, st); rec.Notifications != 1 || rec.Duplicates != 1 {
		t.Errorf("got %d notifications and %d duplicates, want 1 and 1", rec.Notifications, rec.Duplicates)
	}
}

// written notes whether an answer began.
type written struct {
	*httptest.ResponseRecorder
	began bool
}

func (w *written) WriteHeader(status int) {
	w.began = true
	w.ResponseRecorder.WriteHeader(status)
}

func TestTheAnswerComesAfterTheStore(t *testing.T) {
	rcv, st := setup(t)
	w := &written{ResponseRecorder: httptest.NewRecorder()}
	st.answer(func(ctx context.Context, n store.Notification) (store.Receipt, error) {
		if w.began {
			t.Error("answered before it was stored")
		}
		return st.Store.Notify(ctx, n)
	})
	rcv.ServeHTTP(w, signed(body))
	if !w.began || w.Code != 200 {
		t.Errorf("answered %v with %d", w.began, w.Code)
	}
}

func TestASenderThatHangsUpDoesNotUndoWhatItSent(t *testing.T) {
	rcv, st := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantStatus(t, serve(rcv, signed(body).WithContext(ctx)), 200)
	if _, err := st.GetByID(t.Context(), store.AnyTenant, id); err != nil {
		t.Errorf("it was not stored: %v", err)
	}
}

func TestAStoreThatHangsIsGivenUpAfterItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		st.answer(func(ctx context.Context, _ store.Notification) (store.Receipt, error) {
			<-ctx.Done()
			return store.Receipt{}, ctx.Err()
		})
		start := time.Now()
		wantStatus(t, serve(rcv, signed(body)), 503)
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("answered after %v, want 10s", took)
		}
	})
}

func TestAStoreFullOfUnknownOperationsIsAnswered503AndStillServesOurs(t *testing.T) {
	rcv, st := setup(t)
	sending(t, st, ref)
	for i := range 10_000 {
		n := store.Notification{ID: fmt.Sprintf("ffffffff-0000-4000-8000-%012d", i)}
		if _, err := st.Store.Notify(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	wantStatus(t, serve(rcv, signed(body)), 503)
	wantStatus(t, serve(rcv, subscribed(body)), 200)
}

func TestManyAtOnceAreEachStoredOnce(t *testing.T) {
	rcv, st := setup(t)
	mux := mounted(rcv)
	const operations, copies = 50, 4
	refs := make([]string, operations)
	var wg sync.WaitGroup
	for i := range operations {
		refs[i] = hook.NewRef()
		sending(t, st, refs[i])
		for range copies {
			wg.Go(func() {
				b := fmt.Sprintf(`{"id":"ffffffff-0000-4000-8000-%012d"}`, i)
				wantStatus(t, serve(mux, post(path+"/"+hook.NewCapability(secret, refs[i], time.Now()), b)), 200)
			})
		}
	}
	wg.Wait()
	for i, ref := range refs {
		rec, err := st.Get(t.Context(), "acme", ref)
		if err != nil || rec.Notifications != 1 || rec.Duplicates != copies-1 {
			t.Errorf("operation %d: %d notifications, %d duplicates, %v", i, rec.Notifications, rec.Duplicates, err)
		}
	}
}
