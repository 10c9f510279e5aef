package client_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

var errDisk = errors.New("disk full")

const started = `{"status":"Started"}`

// withERP runs f in a bubble with a client whose ERP is the handler and whose
// store is one that can fail.
func withERP(t *testing.T, cc client.Config, h http.HandlerFunc, f func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := faultstore.NewMemory()
		cc.Store, cc.Tenant = st, "fjord"
		c, n := serving(t, cc, h)
		defer c.Close()
		f(t, c, st, n)
	})
}

// post submits an invoice, which must be accepted.
func post(t *testing.T, c *client.Client) *client.Operation {
	t.Helper()
	op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
	if err != nil {
		t.Fatalf("submit: %v", err)
	}
	return op
}

// lose submits an invoice whose answer is lost.
func lose(t *testing.T, c *client.Client) *client.Operation {
	t.Helper()
	op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
	if _, unclear := errors.AsType[*client.UncertainError](err); !unclear {
		t.Fatalf("submit: got error %v, want a *client.UncertainError", err)
	}
	return op
}

// propose notifies of an operation under an id.
func propose(t *testing.T, st store.Store, op *client.Operation, ids ...string) {
	t.Helper()
	for _, id := range ids {
		r, err := st.Notify(t.Context(), store.Notification{Ref: op.Ref(), ID: id, Body: []byte(`{"id":"` + id + `"}`)})
		if err != nil || r.Verdict != store.Matched {
			t.Fatalf("notify of %s: got %+v, %v, want it matched", id, r, err)
		}
	}
}

// losing breaks the connection of every submit and leaves the rest to h.
func losing(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Erp-Api-Background") != "" {
			drop(w, r)
		}
		h(w, r)
	}
}

// proof is the state of an operation that can only be the invoice that was
// posted just now.
func proof(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `{"status":"Finished","statusCode":201,"receivedUtc":"`+time.Now().UTC().Format(time.RFC3339)+
		`","originalUri":"https://finance.visma.net/1/api/v2/customerInvoice"}`)
}

// withContent has every operation end with an answer, and leaves the content
// to h.
func withContent(h http.HandlerFunc) http.HandlerFunc {
	return accepting(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/content") {
			h(w, r)
			return
		}
		write(200, `{"status":"Finished","statusCode":201,"hasResponseContent":true}`)(w, r)
	})
}

// record reads what the store has of an operation.
func record(t *testing.T, st *faultstore.Store, op *client.Operation) store.Record {
	t.Helper()
	rec, err := st.Store.Get(t.Context(), "fjord", op.Ref())
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// answer makes a response without a server.
func answer(code int, body string, r *http.Request) *http.Response {
	return &http.Response{
		StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
}

// overtake has cut submit keyed work and lose its lease on the way. Then a
// person says that the ERP does not have it, and another client submits the
// same under the same key. It returns what cut's Submit does at last.
func overtake(t *testing.T, cut, other *client.Client, st store.Store) error {
	t.Helper()
	keyed := client.SubmitOptions{Key: "order-1"}
	done := make(chan error, 1)
	go func() {
		_, err := cut.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), keyed)
		done <- err
	}()
	time.Sleep(time.Minute)
	rec, err := st.GetByKey(t.Context(), "fjord", "order-1")
	if err != nil || rec.Phase != store.Uncertain {
		t.Fatalf("when its lease has ended: got %s, %v, want uncertain", rec.Phase, err)
	}
	if _, err := st.Report(t.Context(), "fjord", rec.Ref, store.RejectedFact{ByUser: true, Reason: "not in the ERP"}); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), keyed); err != nil {
		t.Fatal(err)
	}
	return <-done
}
