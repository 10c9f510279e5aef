package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// told is an ERP that loses every answer to a submit, and answers polls by
// whatever is set.
type told struct{ polls atomic.Value }

func (e *told) set(h http.HandlerFunc) { e.polls.Store(h) }

func (e *told) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Erp-Api-Background") != "" {
		drop(w, r)
		return
	}
	e.polls.Load().(http.HandlerFunc)(w, r)
}

// ours is a state of the operation with id1, which tells that it is ours.
func ours(more string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		write(200, `{"id":"`+id1+`","originalUri":"https://finance.visma.net/0921001005/api/v2/customerInvoice","receivedUtc":"`+
			time.Now().UTC().Format("2006-01-02T15:04:05.999")+`",`+more+`}`)(w, r)
	}
}

func withTold(t *testing.T, cc client.Config, f func(*testing.T, *client.Client, *told, *client.Operation)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := &told{}
		e.set(write(500, ``))
		c, _ := serving(t, cc, e.ServeHTTP)
		defer c.Close()
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
		if _, unclear := errors.AsType[*client.UncertainError](err); !unclear {
			t.Fatalf("submit: got %v, want *UncertainError", err)
		}
		f(t, c, e, op)
	})
}

// TestEndedWithIsAnOutcome tells of an uncertain operation how it ended.
func TestEndedWithIsAnOutcome(t *testing.T) {
	for _, code := range []int{201, 204, 400, 422, 500} {
		var done atomic.Pointer[client.Completion]
		cc := client.Config{OnComplete: map[string]client.Handler{"": func(_ context.Context, d client.Completion) error { done.Store(&d); return nil }}}
		withTold(t, cc, func(t *testing.T, c *client.Client, _ *told, op *client.Operation) {
			stop := start(t, c)
			answer := client.Answer{StatusCode: code, Header: http.Header{"location": {"/v1/customerinvoice/300142"}}, Body: []byte(`{"a":1}`)}
			if err := op.Resolve(t.Context(), client.EndedWith(answer, "invoice 300142 is there")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			res, err := op.Wait(t.Context())
			failed, _ := errors.AsType[*client.OperationError](err)
			if (code >= 300) != (failed != nil) || res == nil || res.StatusCode != code || res.Told != "invoice 300142 is there" || res.Header.Get("Location") != "/v1/customerinvoice/300142" {
				t.Fatalf("%d: got %+v, %v", code, res, err)
			}
			if s, err := op.State(t.Context()); err != nil || s.Told == "" || s.Phase != store.Acknowledged {
				t.Errorf("%d: got %+v, %v, want it marked and handled", code, s, err)
			}
			if d := done.Load(); d == nil || d.Result.Told == "" || (d.Err == nil) != (code < 300) {
				t.Errorf("%d: the handler got %+v", code, d)
			}
			again, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
			if err != nil || again.Ref() != op.Ref() {
				t.Errorf("%d: the key is not held any more: %v, %v", code, again, err)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEndedWithWantsWhatMakesSense(t *testing.T) {
	withTold(t, client.Config{MaxContent: 10}, func(t *testing.T, _ *client.Client, _ *told, op *client.Operation) {
		for want, r := range map[string]client.Resolution{
			"StatusCode 0":  client.EndedWith(client.Answer{}, "x"),
			"StatusCode 99": client.EndedWith(client.Answer{StatusCode: 99}, "x"),
			"want a reason": client.EndedWith(client.Answer{StatusCode: 201}, " "),
			"MaxContent":    client.EndedWith(client.Answer{StatusCode: 201, Body: make([]byte, 11)}, "x"),
			"Header":        client.EndedWith(client.Answer{StatusCode: 201, Header: http.Header{"A": {"b\nc"}}}, "x"),
		} {
			if err := op.Resolve(t.Context(), r); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error that says %q", err, want)
			}
		}
		if s, err := op.State(t.Context()); err != nil || s.Phase != store.Uncertain {
			t.Errorf("got %+v, %v, want it uncertain still", s, err)
		}
	})
}

// TestAcceptedAsAsksTheERPFirst tells an id, of which the ERP says different
// things.
func TestAcceptedAsAsksTheERPFirst(t *testing.T) {
	tests := map[string]struct {
		id    string
		polls http.HandlerFunc
		want  string // of the error; "" for success
	}{
		"the number of an invoice": {"003549", ours(`"status":"Started"`), "EndedWith"},
		"zeros":                    {"00000000-0000-0000-0000-000000000000", ours(`"status":"Started"`), "EndedWith"},
		"not an id":                {"not an id", ours(`"status":"Started"`), "looks like"},
		"ours":                     {id1, ours(`"status":"Started"`), ""},
		"ours, in braces":          {"{" + strings.ToUpper(id1) + "}", ours(`"status":"Started"`), ""},
		"ours, and done":           {id1, ours(`"status":"Finished","statusCode":201`), ""},
		"not known":                {id1, write(404, ``), "does not know"},
		"gone":                     {id1, write(410, ``), "does not know"},
		"of somebody else":         {id1, write(403, ``), "does not show"},
		"of another address":       {id1, write(200, `{"id":"`+id1+`","status":"Started","receivedUtc":"2030-01-01T00:00:00","originalUri":"https://x/api/v1/payment"}`), "another address"},
		"older":                    {id1, write(200, `{"id":"`+id1+`","status":"Started","receivedUtc":"1999-01-01T00:00:00","originalUri":"https://x/api/v2/customerinvoice"}`), "older"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			withTold(t, client.Config{}, func(t *testing.T, _ *client.Client, e *told, op *client.Operation) {
				e.set(tt.polls)
				err := op.Resolve(t.Context(), client.AcceptedAs(tt.id))
				s, failed := op.State(t.Context())
				if failed != nil {
					t.Fatal(failed)
				}
				if tt.want == "" {
					if err != nil || s.ID != id1 || s.Tentative || s.Phase == store.Uncertain {
						t.Errorf("got %v and %+v, want it bound and confirmed", err, s)
					}
					if err := op.Resolve(t.Context(), client.NotAccepted("x")); err == nil {
						t.Error("undone after it was confirmed")
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), tt.want) || s.Phase != store.Uncertain || s.ID != "" {
					t.Errorf("got %v and %+v, want an error that says %q", err, s, tt.want)
				}
			})
		})
	}
}

// TestATentativeIDCanBeUndone binds an id while the ERP cannot be asked.
func TestATentativeIDCanBeUndone(t *testing.T) {
	for name, r := range map[string]client.Resolution{
		"another id":   client.AcceptedAs(id2),
		"ended":        client.EndedWith(client.Answer{StatusCode: 201}, "found it"),
		"not accepted": client.NotAccepted("it is not there"),
		"given up":     client.GivenUp("nobody knows"),
	} {
		t.Run(name, func(t *testing.T) {
			withTold(t, client.Config{}, func(t *testing.T, _ *client.Client, e *told, op *client.Operation) {
				e.set(write(503, ``))
				if err := op.Resolve(t.Context(), client.AcceptedAs(id1)); err != nil {
					t.Fatal(err)
				}
				if s, err := op.State(t.Context()); err != nil || !s.Tentative || s.ID != id1 || s.Phase != store.Accepted {
					t.Fatalf("got %+v, %v, want it bound tentatively", s, err)
				}
				if err := op.Resolve(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				want := map[string]store.Phase{"another id": store.Accepted, "ended": store.Settled, "not accepted": store.Rejected, "given up": store.Abandoned}[name]
				if s, err := op.State(t.Context()); err != nil || s.Phase != want || s.ID == id1 && name != "given up" {
					t.Errorf("got %+v, %v, want %s without the first id", s, err, want)
				}
			})
		})
	}
	t.Run("confirmed by a poll", func(t *testing.T) {
		withTold(t, client.Config{}, func(t *testing.T, _ *client.Client, e *told, op *client.Operation) {
			e.set(write(503, ``))
			if err := op.Resolve(t.Context(), client.AcceptedAs(id1)); err != nil {
				t.Fatal(err)
			}
			e.set(ours(`"status":"Finished","statusCode":201`))
			if res, err := op.Wait(testkit.Within(t, time.Hour)); err != nil || res.ID != id1 || res.Told != "" {
				t.Errorf("got %+v, %v, want the ERP's own answer", res, err)
			}
		})
	})
}

// TestErrorsOfALifecycleSayWhatIsSo makes changes that a phase does not allow.
func TestErrorsOfALifecycleSayWhatIsSo(t *testing.T) {
	bubble(t, client.Config{}, accepting(write(200, stateDoc(`"Started"`, ``))), func(t *testing.T, c *client.Client, _ *hits) {
		op := post(t, c)
		check := func(want string, err error) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q in it", err, want)
			}
		}
		check("it has not ended yet", op.Ack(t.Context()))
		check("it is not dead", op.Replay(t.Context()))
		check("it is already accepted", op.Resolve(t.Context(), client.NotAccepted("x")))
		_, err := op.Wait(testkit.Within(t, time.Minute))
		check("is pending (accepted)", err)
	})
	withTold(t, client.Config{}, func(t *testing.T, c *client.Client, _ *told, op *client.Operation) {
		if err := op.Ack(t.Context()); err == nil || !strings.Contains(err.Error(), "Resolve") {
			t.Errorf("got %v, want the remedy", err)
		}
	})
}
