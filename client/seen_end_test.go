package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// TestAnEndThatWasSeenDoesNotExpire has operations end in ways that cannot be
// recorded at once, until the ERP has forgotten them.
func TestAnEndThatWasSeenDoesNotExpire(t *testing.T) {
	finished := time.Now().UTC().Format("2006-01-02T15:04:05")
	tests := map[string]struct {
		state  string
		verify string
		phase  store.Phase
		code   int
	}{
		"success, and the verifier is not known":    {`{"status":"Finished","statusCode":201,"responseHeaders":{"Location":"/v1/customerinvoice/7"},"hasResponseContent":false}`, "v", store.Settled, 201},
		"a word that nobody knows, seen only twice": {`{"status":"Completed","statusCode":201,"responseHeaders":{"Location":"/v1/customerinvoice/7"},"finishedUtc":"` + finished + `"}`, "", store.Unclear, 201},
		"running when it was seen last":             {`{"status":"Started"}`, "", store.Expired, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := store.NewMemory(store.MemoryConfig{})
				defer st.Close()
				erp := accepting(write(200, tt.state))
				cc := client.Config{Store: st, Verifiers: map[string]client.Verifier{"v": invoiceReleased}}
				c, _ := serving(t, cc, erp)
				op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Verify: tt.verify, Key: "order-1"})
				if err != nil {
					t.Fatal(err)
				}
				c.Close() // and what comes after does not know the verifier

				begun := time.Now()
				c, _ = serving(t, client.Config{Store: st}, func(w http.ResponseWriter, r *http.Request) {
					if time.Since(begun) > 5*time.Minute {
						write(404, ``)(w, r)
						return
					}
					erp(w, r)
				})
				defer c.Close()
				op, err = c.Operation(t.Context(), op.ID())
				if err != nil {
					t.Fatal(err)
				}
				res, err := op.Wait(testkit.Within(t, 40*time.Hour))
				s, failed := op.State(t.Context())
				if failed != nil || s.Phase != tt.phase || s.StatusCode != tt.code {
					t.Fatalf("got %+v, %v, want %s with %d (wait: %v)", s, failed, tt.phase, tt.code, err)
				}
				if tt.code == 0 {
					return
				}
				if res == nil || res.Header.Get("Location") != "/v1/customerinvoice/7" || tt.phase == store.Settled && (err != nil || !res.Unconfirmed()) {
					t.Errorf("got %+v, %v, want the Location, and what was not verified unconfirmed", res, err)
				}
				_, err = c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1", Supersede: op.Ref()})
				if err == nil {
					t.Error("its key could be taken over")
				}
			})
		})
	}
}

// TestAnERPThatIsAwayRefutesNothing has the calls of a verifier fail for longer
// than Within, and a client that was away for that long.
func TestAnERPThatIsAwayRefutesNothing(t *testing.T) {
	for name, away := range map[string]struct{ erp, client time.Duration }{"the ERP": {5 * time.Hour, 0}, "the client": {0, 3 * time.Hour}, "both": {3*time.Hour + time.Minute, 3 * time.Hour}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := store.NewMemory(store.MemoryConfig{})
				defer st.Close()
				begun := time.Now()
				done := begun.UTC().Format("2006-01-02T15:04:05Z")
				erp := func(w http.ResponseWriter, r *http.Request) {
					switch {
					case r.Method == "POST":
						write(202, `{"id":"`+id1+`"}`)(w, r)
					case strings.Contains(r.URL.Path, "/background/"):
						write(200, `{"status":"Finished","statusCode":200,"finishedUtc":"`+done+`","hasResponseContent":false}`)(w, r)
					case time.Since(begun) < away.erp:
						write(500, ``)(w, r)
					case time.Since(begun) < away.client+5*time.Minute:
						write(200, `{"status":"Balanced"}`)(w, r)
					default:
						write(200, `{"status":"Open"}`)(w, r)
					}
				}
				cc := client.Config{Store: st, Verifiers: map[string]client.Verifier{"v": invoiceReleased}}
				c, _ := serving(t, cc, erp)
				op, err := c.Submit(t.Context(), request("POST", "/v1/customerinvoice/1/action/release", ``), client.SubmitOptions{Verify: "v"})
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
				time.Sleep(away.client)
				c, _ = serving(t, cc, erp)
				defer c.Close()
				if op, err = c.Operation(t.Context(), op.ID()); err != nil {
					t.Fatal(err)
				}
				if res, err := op.Wait(testkit.Within(t, 20*time.Hour)); err != nil || res.Unconfirmed() {
					t.Errorf("got %+v, %v after %v, want it confirmed", res, err, time.Since(begun))
				}
			})
		})
	}
}

// stalling is a transport whose answers stop coming.
type stalling struct{ status int }

func (s stalling) RoundTrip(req *http.Request) (*http.Response, error) {
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, `{"id":"`+id1+`","x":"`)
		<-req.Context().Done()
		_ = w.CloseWithError(req.Context().Err())
	}()
	return &http.Response{StatusCode: s.status, Header: http.Header{}, Body: r, ContentLength: 500, Request: req}, nil
}

// TestAnAnswerThatStopsComingEndsASubmit has no context end it.
func TestAnAnswerThatStopsComingEndsASubmit(t *testing.T) {
	for status, want := range map[int]string{202: "accepted", 200: "uncertain", 400: "refused", 500: "uncertain"} {
		synctest.Test(t, func(t *testing.T) {
			c, err := client.New(client.Config{BaseURL: base, HTTPClient: &http.Client{Transport: stalling{status}}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			begun := time.Now()
			op, err := c.Submit(context.Background(), request("POST", "/v1/x", `{}`), client.SubmitOptions{})
			got := "accepted"
			if _, unclear := errors.AsType[*client.UncertainError](err); unclear {
				got = "uncertain"
			} else if _, refused := errors.AsType[*client.ResponseError](err); refused {
				got = "refused"
			}
			if took := time.Since(begun); got != want || took > 6*time.Minute || want == "accepted" && (err != nil || op.ID() != id1 || took > time.Minute) {
				t.Errorf("%d: got %s, %v after %v, want %s", status, got, err, took, want)
			}
		})
	}
}

// TestTheZeroOfAGUIDIsNoID has a 202 name it, alone and beside a real one.
func TestTheZeroOfAGUIDIsNoID(t *testing.T) {
	const zero = "00000000-0000-0000-0000-000000000000"
	for want, answers := range map[string][]http.HandlerFunc{
		"": {write(202, `{"id":"`+zero+`"}`), write(202, `"`+zero+`"`), write(202, `{"stateLocation":"`+base+`/v1/background/`+zero+`"}`), write(202, ``, "Location", "/v1/background/"+zero)},
		id1: {
			write(202, `{"id":"`+zero+`","jobId":"`+id1+`"}`), write(202, `{"id":"`+zero+`"}`, "Location", "/v1/background/"+id1),
			write(202, `{"id":"`+zero+`","stateLocation":"/v1/background/`+id1+`"}`),
		},
	} {
		for i, answer := range answers {
			c, _ := serving(t, client.Config{}, answer)
			op, err := c.Submit(t.Context(), request("POST", "/v1/x", `{}`), client.SubmitOptions{})
			if op == nil || op.ID() != want || (want == "") != (err != nil) {
				t.Errorf("%d: got %v, %v, want the id %q", i, op, err, want)
			}
			c.Close()
		}
	}
}
