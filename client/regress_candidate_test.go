package client_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

var subscribed = client.Config{Notify: client.Subscription()}

// forgery is the n-th id that a stranger may propose.
func forgery(n int) string { return "00000000-0000-4000-8000-00000000000" + string(rune('0'+n)) }

func TestCandidateOfSomebodyElseIsRefutedAndEndsNoWait(t *testing.T) {
	withERP(t, subscribed, losing(write(403, ``)), func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits) {
		op := lose(t, c)
		propose(t, st, op, id2)
		begun := time.Now()
		_, err := op.Wait(testkit.Within(t, 10*time.Hour))
		if _, unclear := errors.AsType[*client.UncertainError](err); !unclear || time.Since(begun) < 14*time.Minute || n.of("GET") != 1 {
			t.Errorf("got %v after %d polls, want a *client.UncertainError when the patience is over after 1", err, n.of("GET"))
		}
		rec := record(t, st, op)
		if rec.Phase != store.Uncertain || len(rec.Candidates) > 0 || rec.Conflict == nil || rec.Conflict.ID != id2 {
			t.Errorf("got %s, candidates %v, conflict %+v, want it uncertain and the id refuted", rec.Phase, rec.Candidates, rec.Conflict)
		}
	})
}

// TestTrueCandidateSurvivesAStray404 has the ERP not know an id for a while,
// whether somebody waits from the start or asks only later.
func TestTrueCandidateSurvivesAStray404(t *testing.T) {
	for name, idle := range map[string]time.Duration{"asked at once": 0, "asked when the grace is over": 2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			var polls atomic.Int32
			withERP(t, subscribed, losing(func(w http.ResponseWriter, r *http.Request) {
				if polls.Add(1) == 1 {
					w.WriteHeader(404)
					return
				}
				proof(w, r)
			}), func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits) {
				op := lose(t, c)
				propose(t, st, op, id2)
				time.Sleep(idle)
				res, err := op.Wait(testkit.Within(t, time.Minute))
				if err != nil || res.ID != id2 || n.of("GET") != 2 {
					t.Errorf("got %+v, %v after %d polls, want %s after 2", res, err, n.of("GET"), id2)
				}
			})
		})
	}
}

func TestFloodOfCandidatesDoesNotShutOutTheTrueOne(t *testing.T) {
	withERP(t, subscribed, losing(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, id2) {
			proof(w, r)
			return
		}
		w.WriteHeader(404)
	}), func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
		op := lose(t, c)
		for n := range 9 {
			propose(t, st, op, forgery(n))
		}
		propose(t, st, op, id2)
		if got := record(t, st, op).Candidates; len(got) > 8 || !slices.Contains(got, id2) || slices.Contains(got, forgery(0)) {
			t.Errorf("got candidates %v, want the newest 8", got)
		}
		if res, err := op.Wait(testkit.Within(t, time.Minute)); err != nil || res.ID != id2 {
			t.Errorf("got %+v, %v, want %s", res, err, id2)
		}
	})
}

func TestCandidateThatBelongsToAnotherOperationIsRefuted(t *testing.T) {
	var posts atomic.Int32
	withERP(t, subscribed, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != "POST":
			proof(w, r)
		case posts.Add(1) == 1:
			write(202, `{"id":"`+id1+`"}`)(w, r)
		default:
			drop(w, r)
		}
	}, func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits) {
		first, lost := post(t, c), lose(t, c)
		propose(t, st, lost, id1)
		begun := time.Now()
		_, err := lost.Wait(testkit.Within(t, time.Hour))
		if _, unclear := errors.AsType[*client.UncertainError](err); !unclear || time.Since(begun) < 14*time.Minute || n.of("GET") > 1 {
			t.Errorf("got %v after %d polls, want a *client.UncertainError when the patience is over after at most 1", err, n.of("GET"))
		}
		if rec := record(t, st, lost); rec.Phase != store.Uncertain || rec.ID != "" || len(rec.Candidates) > 0 || rec.Conflicts == 0 {
			t.Errorf("got %s, id %q, candidates %v, want it uncertain and the id refuted", rec.Phase, rec.ID, rec.Candidates)
		}
		if res, err := first.Wait(testkit.Within(t, time.Hour)); err != nil || res.ID != id1 {
			t.Errorf("the owner of the id: got %+v, %v", res, err)
		}
	})
}

func TestCandidateThatIsNoIDIsNeverAskedFor(t *testing.T) {
	ids := []string{"../../x", "..", "a/content", "%2e%2e%2fx", "a?b", "a b", strings.Repeat("a", 200)}
	withERP(t, subscribed, losing(proof), func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits) {
		op := lose(t, c)
		propose(t, st, op, ids...)
		begun := time.Now()
		_, err := op.Wait(testkit.Within(t, time.Hour))
		if _, unclear := errors.AsType[*client.UncertainError](err); !unclear || time.Since(begun) < 14*time.Minute || n.of("GET") != 0 {
			t.Errorf("got %v after %d calls, want a *client.UncertainError when the patience is over and none", err, n.of("GET"))
		}
		if rec := record(t, st, op); len(rec.Candidates) > 0 || rec.Conflicts != len(ids)+rec.Notifications-1 {
			t.Errorf("got candidates %q and %d conflicts, want all refuted", rec.Candidates, rec.Conflicts)
		}
	})
}

func TestWorkThatWasGivenUpIsRevivedByItsNotification(t *testing.T) {
	withERP(t, subscribed, losing(proof), func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
		op := lose(t, c)
		if err := op.Resolve(t.Context(), client.GivenUp("nobody knows")); err != nil {
			t.Fatal(err)
		}
		_, err := op.Wait(testkit.Within(t, time.Hour))
		if _, unclear := errors.AsType[*client.UncertainError](err); !unclear {
			t.Errorf("given up: got error %v, want a *client.UncertainError", err)
		}
		propose(t, st, op, id2)
		res, err := op.Wait(testkit.Within(t, time.Hour))
		if err != nil || res.ID != id2 {
			t.Fatalf("notified: got %+v, %v, want %s", res, err, id2)
		}
		if s, err := op.State(t.Context()); err != nil || !s.Late {
			t.Errorf("got %+v, %v, want it late", s, err)
		}
	})
}

func TestResolutionOfWhatIsNotUncertainChangesNothing(t *testing.T) {
	tests := []struct {
		phase  store.Phase
		answer http.HandlerFunc
		submit func(*testing.T, *client.Client) *client.Operation
	}{
		{store.Accepted, write(202, `{"id":"`+id1+`"}`), post},
		{store.Settled, write(201, ``), post}, // in the foreground: without an id
		{store.Rejected, drop, func(t *testing.T, c *client.Client) *client.Operation {
			op := lose(t, c)
			if err := op.Resolve(t.Context(), client.NotAccepted("not in the ERP")); err != nil {
				t.Fatal(err)
			}
			return op
		}},
	}
	for _, tt := range tests {
		t.Run(string(tt.phase), func(t *testing.T) {
			withERP(t, client.Config{}, tt.answer, func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
				op := tt.submit(t, c)
				before := record(t, st, op)
				if before.Phase != tt.phase {
					t.Fatalf("got %s, want %s", before.Phase, tt.phase)
				}
				for name, r := range map[string]client.Resolution{
					"AcceptedAs": client.AcceptedAs(id2), "NotAccepted": client.NotAccepted("not there"), "GivenUp": client.GivenUp("enough"),
				} {
					if err := op.Resolve(t.Context(), r); err == nil {
						t.Errorf("%s was taken", name)
					}
				}
				got := record(t, st, op)
				if got.Phase != tt.phase || got.ID != before.ID || got.Conflicts != 0 || len(got.OtherIDs) > 0 || got.Lease.Valid(time.Now()) {
					t.Errorf("got %+v, want it as it was", got)
				}
			})
		})
	}
}

// A candidate whose state cannot be read, as the token was refused or the server
// failed, is neither bound nor refuted, and is bound at a later poll.
func TestCandidateSurvivesAPollThatTellsNothing(t *testing.T) {
	for _, status := range []int{401, 500} {
		var polls atomic.Int32
		withERP(t, subscribed, losing(func(w http.ResponseWriter, r *http.Request) {
			if polls.Add(1) == 1 {
				w.WriteHeader(status)
				return
			}
			proof(w, r)
		}), func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits) {
			op := lose(t, c)
			propose(t, st, op, id2)
			_, _ = op.Poll(t.Context())
			rec := record(t, st, op)
			if rec.Phase != store.Uncertain || !slices.Contains(rec.Candidates, id2) || rec.ID != "" {
				t.Errorf("%d: got %s, id %q, candidates %q, want it uncertain with the candidate kept", status, rec.Phase, rec.ID, rec.Candidates)
			}
			res, err := op.Wait(testkit.Within(t, time.Hour))
			if err != nil || res.ID != id2 {
				t.Errorf("%d: got %+v, %v, want %s", status, res, err, id2)
			}
		})
	}
}
