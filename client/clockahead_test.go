package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// readAhead is a store in which a clock that was ahead has left times, and
// which reads them as the stores do.
type readAhead struct{ spoilt }

func (s readAhead) Get(ctx context.Context, tenant, ref string) (store.Record, error) {
	rec, err := s.spoilt.Get(ctx, tenant, ref)
	return rec.At(time.Now()), err
}

func (s readAhead) Acquire(ctx context.Context, tenant, ref, owner string, purpose store.Purpose, ttl time.Duration) (store.Lease, store.Record, error) {
	l, rec, err := s.spoilt.Acquire(ctx, tenant, ref, owner, purpose, ttl)
	return l, rec.At(time.Now()), err
}

// sentAhead makes a record one whose request was sent while the clock was two
// days ahead.
func sentAhead(begun time.Time) func(*store.Record) {
	return func(r *store.Record) { r.CreatedAt, r.SentAt = begun.Add(48*time.Hour), begun.Add(48*time.Hour) }
}

// The state tells by a clock that is right when the ERP received the request,
// which may be long before the time at which ours seems to have sent it: that
// must not refute the right id.
func TestEvidenceCountsAfterAClockWasAhead(t *testing.T) {
	const uri = "https://finance.visma.net/0921001005/api/v2/customerInvoice"
	for _, tt := range []struct {
		name   string
		notify client.Notify
		told   bool // a person names the id
		hook   func(ref string) string
		bound  bool
	}{
		{"our address is proof", client.WebhookURL(hookBase, secret), false, func(ref string) string { return hookBase + "/" + ref + ".10957.xyz" }, true},
		{"another address", client.WebhookURL(hookBase, secret), false, func(string) string { return hookBase + "/other.10957.xyz" }, false},
		{"without an address it is no proof", client.Subscription(), false, func(string) string { return "subscription" }, false},
		{"a person's word is enough", client.Subscription(), true, func(string) string { return "subscription" }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				st := readAhead{spoilt{store.NewMemory(store.MemoryConfig{}), sentAhead(begun)}}
				defer st.Close()
				var ref string
				c, hits := serving(t, client.Config{Store: st, Tenant: "default", Notify: tt.notify}, func(w http.ResponseWriter, r *http.Request) {
					if r.Method == "POST" {
						drop(w, r)
					}
					write(state(200, uri, begun.Format(time.RFC3339), tt.hook(ref))(""))(w, r)
				})
				defer c.Close()
				op, _ := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
				ref = op.Ref()
				time.Sleep(time.Hour)
				if tt.told {
					if err := op.Resolve(t.Context(), client.AcceptedAs(id1)); err != nil {
						t.Error(err)
					}
				} else if _, err := st.Notify(t.Context(), store.Notification{Ref: ref, ID: id1, Body: []byte("{}")}); err != nil {
					t.Fatal(err)
				}
				_, err := op.Wait(testkit.Within(t, 2*time.Hour))
				rec, _ := st.Get(t.Context(), "default", ref)
				if bound := rec.ID == id1; bound != tt.bound || (err == nil) != tt.bound {
					t.Errorf("got bound %v and %v, want bound %v", bound, err, tt.bound)
				}
				if _, ok := errors.AsType[*client.UncertainError](err); !ok && !tt.bound {
					t.Errorf("got %v, want a *client.UncertainError", err)
				}
				if kept := len(rec.Candidates) > 0; strings.Contains(tt.name, "no proof") && !kept {
					t.Error("the proposed id is gone, which a person would need")
				}
				if n := hits.of("GET"); n > 50 {
					t.Errorf("got %d polls", n)
				}
			})
		})
	}
}

// A notification that seems to come from the future neither makes polls
// follow each other closely for as long as the clock was ahead nor keeps a wait
// from its end.
func TestANotificationHeardByAClockThatWasAhead(t *testing.T) {
	const uri = "https://finance.visma.net/0921001005/api/v2/customerInvoice"
	for name, lost := range map[string]bool{"accepted": false, "uncertain": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				st := store.NewMemory(store.MemoryConfig{})
				defer st.Close()
				c, hits := serving(t, client.Config{Store: st, Notify: client.Subscription()}, func(w http.ResponseWriter, r *http.Request) {
					switch {
					case r.Method == "POST" && lost:
						drop(w, r)
					case r.Method == "POST":
						accepting(write(500, ""))(w, r)
					case lost:
						write(state(200, uri, "", "subscription")(""))(w, r) // it does not tell whose it is
					default:
						write(200, `{"status":"Started"}`)(w, r)
					}
				})
				defer c.Close()
				op, _ := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
				if _, err := st.Notify(t.Context(), store.Notification{Ref: op.Ref(), ID: id1, Body: []byte("{}"), ReceivedAt: begun.Add(48 * time.Hour)}); err != nil {
					t.Fatal(err)
				}
				_, err := op.Wait(testkit.Within(t, 6*time.Hour))
				if _, uncertain := errors.AsType[*client.UncertainError](err); uncertain != lost || lost && time.Since(begun) > time.Hour {
					t.Errorf("got %v after %v", err, time.Since(begun))
				}
				if n := hits.of("GET"); n > 150 {
					t.Errorf("got %d polls in six hours, want some five minutes between them", n)
				}
			})
		})
	}
}

// An operation that the ERP has forgotten expires a day after it was seen to
// be missing, at the latest.
func TestExpiryAfterAClockWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		st := readAhead{spoilt{store.NewMemory(store.MemoryConfig{}), func(r *store.Record) { r.AcceptedAt = begun.Add(1000 * time.Hour) }}}
		defer st.Close()
		c, _ := serving(t, client.Config{Store: st, Tenant: "default"}, accepting(write(404, "")))
		defer c.Close()
		_, err := post(t, c).Wait(testkit.Within(t, 72*time.Hour))
		if took := time.Since(begun); !errors.Is(err, client.ErrExpired) || took < 24*time.Hour || took > 26*time.Hour {
			t.Errorf("got %v after %v, want ErrExpired after a day", err, took)
		}
	})
}

// Each time that such a record is read, the times that lay ahead read as now.
// What waits for a while after one of them must not begin anew.
func TestNoWaitBeginsAnewAfterAClockWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := time.Now().Add(48 * time.Hour)
		for name, spoil := range map[string]func(*store.Record){
			"due":         func(r *store.Record) { r.Due = ahead },
			"looked at":   func(r *store.Record) { r.PolledAt = ahead },
			"accepted at": func(r *store.Record) { r.AcceptedAt = ahead },
			"sent at":     func(r *store.Record) { r.SentAt = ahead },
			"seen at":     func(r *store.Record) { r.Progress.SeenAt = ahead },
			"all": func(r *store.Record) {
				r.SentAt, r.AcceptedAt, r.PolledAt, r.Progress.SeenAt, r.Progress.EndSeen = ahead, ahead, ahead, ahead, ahead
			},
		} {
			st := readAhead{spoilt{store.NewMemory(store.MemoryConfig{}), spoil}}
			c, _ := serving(t, client.Config{Store: st, Tenant: "default"}, accepting(write(200, ended("200"))))
			begun := time.Now()
			if _, err := post(t, c).Wait(testkit.Within(t, 24*time.Hour)); err != nil || time.Since(begun) > time.Minute {
				t.Errorf("%s: %v after %v, want no delay", name, err, time.Since(begun))
			}
			c.Close()
			st.Close()
		}
	})
}
