package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

// TestVectorsOfAnswers has a submit answered with each of openapi/vectors/answers.json.
func TestVectorsOfAnswers(t *testing.T) {
	type input struct {
		Status  int
		Headers map[string]string
		testkit.BodyIn
	}
	type want struct{ Outcome, ID, StatePath string }
	for _, v := range testkit.Vectors[input, want](t, "answers") {
		t.Run(v.Name, func(t *testing.T) {
			var header []string
			for name, value := range v.Input.Headers {
				header = append(header, name, value)
			}
			polled := ""
			erp := func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Erp-Api-Background") == "" {
					polled = r.URL.Path
					write(200, `{"status":"Started"}`)(w, r)
					return
				}
				write(v.Input.Status, string(v.Input.Bytes()), header...)(w, r)
			}
			withERP(t, client.Config{}, erp, func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits) {
				op, err := c.Submit(testkit.Within(t, 5*time.Second), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
				outcome := outcomeOf(t, st, n, err)
				if outcome != v.Want.Outcome {
					t.Fatalf("%s\ngot %s, %v, want %s", v.Why, outcome, err, v.Want.Outcome)
				}
				if outcome != "accepted" {
					return
				}
				if _, err := op.Poll(t.Context()); err != nil || op.ID() != v.Want.ID || polled != v.Want.StatePath {
					t.Errorf("%s\ngot the id %s, polled at %q, %v, want %s, %s", v.Why, op.ID(), polled, err, v.Want.ID, v.Want.StatePath)
				}
			})
		})
	}
}

// outcomeOf names what the only submit came to, in the words of the vectors.
func outcomeOf(t *testing.T, st *faultstore.Store, n *hits, err error) string {
	t.Helper()
	if errors.Is(err, client.ErrRateLimited) {
		return "limited"
	}
	list, listed := st.List(t.Context(), "fjord", store.Query{})
	if listed != nil || len(list) != 1 {
		t.Fatalf("recorded %+v, %v, want one operation", list, listed)
	}
	switch phase := list[0].Phase; {
	case phase == store.Accepted && err == nil:
		return "accepted"
	case phase == store.Settled && err == nil:
		return "foreground"
	case phase == store.Rejected && n.of("POST") == 2:
		return "unauthorized"
	case phase == store.Rejected:
		return "refused"
	case phase == store.Uncertain:
		return "uncertain"
	default:
		return string(phase)
	}
}

// TestVectorsOfStates waits for operations whose state is each of
// openapi/vectors/states.json, for longer than an unclear end needs.
func TestVectorsOfStates(t *testing.T) {
	type want struct {
		Verdict    string
		ID         string
		StatusCode int
		HasContent bool
	}
	for _, v := range testkit.Vectors[testkit.Body, want](t, "states") {
		t.Run(v.Name, func(t *testing.T) {
			id := v.Want.ID
			if id == "" {
				id = id1
			}
			erp := func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Header.Get("Erp-Api-Background") != "":
					write(202, `{"id":"`+id+`"}`)(w, r)
				case strings.HasSuffix(r.URL.Path, "/content"):
					write(200, `{"message":"stored"}`)(w, r)
				default:
					write(200, string(v.Input))(w, r)
				}
			}
			withERP(t, client.Config{}, erp, func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
				res, err := post(t, c).Wait(testkit.Within(t, time.Hour))
				verdict := verdictOf(err)
				want := v.Want.Verdict
				if want == "unreadable" { // and so read again
					want = "pending"
				}
				if verdict != want {
					t.Fatalf("%s\ngot %s, %v, want %s", v.Why, verdict, err, want)
				}
				if want != "pending" && (res.StatusCode != v.Want.StatusCode || res.HasContent() != v.Want.HasContent) {
					t.Errorf("%s\ngot the status code %d, content %v, want %d, %v", v.Why, res.StatusCode, res.HasContent(), v.Want.StatusCode, v.Want.HasContent)
				}
			})
		})
	}
}

// verdictOf names what a wait came to, in the words of the vectors.
func verdictOf(err error) string {
	_, failed := errors.AsType[*client.OperationError](err)
	_, unclear := errors.AsType[*client.UnclearError](err)
	switch {
	case err == nil:
		return "succeeded"
	case failed:
		return "failed"
	case unclear:
		return "unclear"
	case errors.Is(err, context.DeadlineExceeded):
		return "pending"
	}
	return err.Error()
}

// TestVectorsOfHeaders sends, or refuses to send, what is asked for in each of
// openapi/vectors/header-build.json. To a subscription the client tells a pair of
// its own as well, and below a URL it makes an address for each operation.
func TestVectorsOfHeaders(t *testing.T) {
	type input struct {
		Mode, URL string
		Pairs     [][2]string
	}
	type want struct {
		Header  string
		Refused bool
	}
	for _, v := range testkit.Vectors[input, want](t, "header-build") {
		t.Run(v.Name, func(t *testing.T) {
			var pairs []client.Pair
			for _, p := range v.Input.Pairs {
				pairs = append(pairs, client.Pair{Name: p[0], Value: p[1]})
			}
			notify := map[string]client.Notify{
				"none": client.NoNotification(), "url": client.WebhookURL(v.Input.URL, secret), "subscription": client.Subscription(pairs...),
			}[v.Input.Mode]
			got := ""
			erp := func(w http.ResponseWriter, r *http.Request) {
				got = r.Header.Get("Erp-Api-Background")
				write(202, `{"id":"`+id1+`"}`)(w, r)
			}
			withERP(t, client.Config{}, erp, func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
				op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Notify: notify})
				if v.Want.Refused {
					if err == nil || got != "" {
						t.Errorf("%s\nsent %q, %v, want it refused before anything is sent", v.Why, got, err)
					}
					return
				}
				if err != nil {
					t.Fatalf("%s\ngot %v, want %q sent", v.Why, err, v.Want.Header)
				}
				switch v.Input.Mode {
				case "url":
					got, _, _ = strings.Cut(got, "/"+op.Ref())
				case "subscription":
					rest, _ := strings.CutPrefix(got, "subscription:background-ref="+op.Ref())
					got = "subscription" + strings.Replace(rest, ",", ":", 1)
				}
				if got != v.Want.Header {
					t.Errorf("%s\nsent %q, want %q", v.Why, got, v.Want.Header)
				}
			})
		})
	}
}
