package client_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

// TestAcceptedIDIsReadFromWhateverIsReadable is about answers that are odder than
// the vectors or broken, and tell the id all the same: to take them for uncertain
// would be to lose an operation.
func TestAcceptedIDIsReadFromWhateverIsReadable(t *testing.T) {
	upper := strings.ToUpper(id1)
	cut := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			w.WriteHeader(202)
			_, _ = io.WriteString(w, body)
			panic(http.ErrAbortHandler)
		}
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"cut off after the id", cut(`{"id":"` + id1 + `","stateLocation":"https://ap`), id1},
		{"cut off after an address", cut(`{"stateLocation":"/v1/background/` + id1 + `","id":"2f6f`), id1},
		{"the bare id", write(202, `"`+id1+`"`), id1},
		{"a second name that is null", write(202, `{"id":"`+id1+`","ID":null}`), id1},
		{"a first name that is null", write(202, `{"jobId":null,"id":"`+id1+`"}`), id1},
		{"an id of something else inside", write(202, `{"links":{"id":"`+id2+`"},"rows":[{"id":"`+id2+`"}],"id":"`+id1+`"}`), id1},
		{"garbage after the id", write(202, `{"id":"`+id1+`"} <!-- proxy -->`), id1},
		{"in capitals in an address", write(202, `{"stateLocation":"/v1/background/`+upper+`"}`), id1},
		{"in capitals in a Location", write(202, ``, "Location", "/v1/background/"+upper), id1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			withERP(t, client.Config{}, tt.answer, func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
				op := post(t, c)
				if rec := record(t, st, op); op.ID() != tt.want || rec.ID != tt.want || rec.Phase != store.Accepted {
					t.Fatalf("got %q, recorded %s %q, want %q", op.ID(), rec.Phase, rec.ID, tt.want)
				}
				// The id of a notification is in the one spelling that a receiver gives it.
				r, err := st.Notify(t.Context(), store.Notification{ID: tt.want, Body: []byte("x")})
				if err != nil || r.Verdict != store.Matched || r.Ref != op.Ref() {
					t.Errorf("notification: got %+v, %v, want it matched", r, err)
				}
			})
		})
	}
}

func TestIDsThatPeopleGiveHaveOneSpellingToo(t *testing.T) {
	withERP(t, client.Config{}, losing(write(200, ended("201"))), func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
		op := lose(t, c)
		if err := op.Resolve(t.Context(), client.AcceptedAs(" {"+strings.ToUpper(id1)+"} ")); err != nil {
			t.Fatal(err)
		}
		if got := record(t, st, op).ID; got != id1 {
			t.Errorf("AcceptedAs: got %q, want %q", got, id1)
		}
		same, err := c.Operation(t.Context(), strings.ToUpper(id1))
		if err != nil || same.Ref() != op.Ref() {
			t.Errorf("Operation: got %v, %v, want %v", same, err, op)
		}
	})
}

// TestTraceTellsWhetherARequestMayHaveGoneOut has a transport fail at each
// point of a request, with a body that it has not read.
func TestTraceTellsWhetherARequestMayHaveGoneOut(t *testing.T) {
	dial := func(tr *httptrace.ClientTrace) { tr.GetConn("erp.mock:443") }
	tests := []struct {
		name      string
		body      string
		trace     func(*httptrace.ClientTrace)
		uncertain bool
	}{
		{"no connection was made", invoice, dial, false},
		{"no connection was made, no body", "", dial, false},
		{"a connection was there", invoice, func(tr *httptrace.ClientTrace) { dial(tr); tr.GotConn(httptrace.GotConnInfo{}) }, true},
		{"a part of the header was written", invoice, func(tr *httptrace.ClientTrace) { tr.WroteHeaderField(":method", []string{"POST"}) }, true},
		{"the header was written", invoice, func(tr *httptrace.ClientTrace) { tr.WroteHeaders() }, true},
		{"a second connection was wanted, no body", "", func(tr *httptrace.ClientTrace) { dial(tr); dial(tr) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := client.New(client.Config{BaseURL: base, HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				tt.trace(httptrace.ContextClientTrace(r.Context()))
				return nil, errors.New("broken")
			})}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, err = c.Submit(t.Context(), request("POST", "/v1/customerinvoice/000001/action/release", tt.body), client.SubmitOptions{})
			if _, unclear := errors.AsType[*client.UncertainError](err); err == nil || unclear != tt.uncertain {
				t.Errorf("got error %v, want it uncertain: %v", err, tt.uncertain)
			}
		})
	}
}

func TestRefusalIsAnAnswerOfItsOwnLength(t *testing.T) {
	for size, kept := range map[int]int{20: 20, 100_000: 64 << 10} {
		refusal := write(400, strings.Repeat("x", size), "Content-Length", strconv.Itoa(size), "X-Request", "7")
		withERP(t, client.Config{}, refusal, func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
			resp, err := c.Do(request("POST", "/v2/customerinvoice", invoice))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || len(body) != kept || resp.ContentLength != int64(kept) || resp.StatusCode != 400 {
				t.Errorf("got %d bytes, ContentLength %d, status %d, %v, want %d", len(body), resp.ContentLength, resp.StatusCode, err, kept)
			}
			if resp.Header["Content-Length"] != nil || resp.Header.Get("X-Request") != "7" {
				t.Errorf("got header %v, want it without Content-Length", resp.Header)
			}
		})
	}
}

func TestDoWaitsForWhatTheStoreDidNotTakeYet(t *testing.T) {
	withERP(t, client.Config{}, accepting(write(200, ended("201"))), func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits) {
		st.Fail("Report", 3, errDisk)
		req := request("POST", "/v2/customerinvoice", invoice).WithContext(testkit.Within(t, 10*time.Minute))
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		list, err := st.List(t.Context(), "fjord", store.Query{})
		if resp.StatusCode != 201 || err != nil || len(list) != 1 || list[0].ID != id1 || list[0].Phase != store.Acknowledged || n.of("POST") != 1 {
			t.Errorf("got %d and %+v, %v after %d submits, want 201, handled, 1", resp.StatusCode, list, err, n.of("POST"))
		}
	})
}

// TestSecretsThatTheERPRepeatsAreNotShown has the ERP put the address that it
// was told to call into whatever it says.
func TestSecretsThatTheERPRepeatsAreNotShown(t *testing.T) {
	var logged bytes.Buffer
	var capability string
	cc := client.Config{
		Notify: client.WebhookURL(hookBase+"/erp", secret),
		Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	echo := func(code int, format string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if own := r.Header.Get("Erp-Api-Background"); own != "" {
				capability = own
			}
			write(code, fmt.Sprintf(format, capability))(w, r)
		}
	}
	answers := map[string]http.HandlerFunc{
		"a refusal":       echo(400, `{"message":"Invalid webhook address %s"}`),
		"in text":         echo(400, `Invalid webhook address <%s>.`),
		"the old gateway": echo(400, `{"ExceptionMessage":"The address '%s' is not known"}`),
		"an uncertain one": func(w http.ResponseWriter, r *http.Request) {
			echo(500, `{"message":"no route to %s"}`)(w, r)
		},
		"a poll": func(w http.ResponseWriter, r *http.Request) {
			if capability = r.Header.Get("Erp-Api-Background") + capability; r.Method == "POST" {
				write(202, `{"id":"`+id1+`"}`)(w, r)
				return
			}
			echo(503, `{"message":"no route to %s"}`)(w, r)
		},
		"a failure": func(w http.ResponseWriter, r *http.Request) {
			if capability = r.Header.Get("Erp-Api-Background") + capability; r.Method == "POST" {
				write(202, `{"id":"`+id1+`"}`)(w, r)
				return
			}
			echo(200, `{"status":"Failed","statusCode":500,"errorMessage":"no route to %s"}`)(w, r)
		},
	}
	for name, h := range answers {
		t.Run(name, func(t *testing.T) {
			capability = ""
			logged.Reset()
			withERP(t, cc, h, func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
				op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
				shown := fmt.Sprint(err)
				if op != nil {
					_, err = op.Wait(testkit.Within(t, time.Minute))
					shown += fmt.Sprintf("\n%v %+v %#v", err, op, op)
				}
				shown += "\n" + logged.String()
				token := strings.TrimPrefix(capability, hookBase+"/erp/")
				if len(token) < 40 {
					t.Fatalf("got capability %q", token)
				}
				if strings.Contains(shown, token) {
					t.Errorf("%s is shown in:\n%s", token, shown)
				}
			})
		})
	}
}

func TestClientAndConfigShowNoSecret(t *testing.T) {
	cfg := client.Config{
		BaseURL: base, Notify: client.WebhookURL(hookBase, secret), Header: http.Header{"Authorization": {"Bearer hush"}},
	}
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var out bytes.Buffer
	for _, v := range []any{c, cfg, &cfg, cfg.Notify, struct{ C *client.Client }{c}, struct{ Cfg client.Config }{cfg}} {
		fmt.Fprintf(&out, "%v %+v %#v %s\n", v, v, v, v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "value", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "value", v)
	}
	for _, hidden := range []string{secret, "hush", "Bearer"} {
		if strings.Contains(out.String(), hidden) {
			t.Errorf("%q is shown in:\n%s", hidden, out.String())
		}
	}
	for _, want := range []string{c.String(), `"value":"` + c.String() + `"`} {
		if !strings.Contains(c.String(), base) || !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in:\n%s", want, out.String())
		}
	}
}
