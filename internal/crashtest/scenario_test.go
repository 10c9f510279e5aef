//go:build unix

package crashtest

import (
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver/fault"
)

const tenant = "fjord"

// scenario is a way in which an application uses the client.
type scenario struct {
	method, path string
	body         string
	key          string
	notify       string // "", "subscription" or "url"
	receiver     bool   // in the process that submits, too; an heir has one where it is notified
	handlers     bool   // Run and OnComplete, else Wait and Ack
	buffer       int64  // MaxBuffer
	faults       []fault.Rule
	outbox       bool // many operations by way of it: see works
}

const invoice = `{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},
	"invoiceLines":[{"operation":"Insert","description":{"value":"Sykkelservice"},"quantity":{"value":2},"unitPriceInCurrency":{"value":500}}]}`

var scenarios = map[string]scenario{
	"subscribed": {
		method: "POST", path: "/v2/customerinvoice", body: invoice, key: "order-1",
		notify: "subscription", receiver: true, handlers: true,
	},
	"alone": {
		method: "POST", path: "/v2/customerinvoice", body: invoice, key: "order-1",
	},
	"addressed": {
		method: "PUT", path: "/v1/customerinvoice/003541", body: `{"note":{"value":"ring the bell"}}`, key: "order-1",
		notify: "url", receiver: true, handlers: true,
	},
	"streamed": { // too large to be held, so it has no key
		method: "POST", path: "/v2/customerinvoice", body: strings.Replace(invoice, "{", `{"note":{"value":"`+strings.Repeat("streamed ", 4000)+`"},`, 1),
		notify: "subscription", buffer: 1 << 10,
	},
	"outbox":          {handlers: true, outbox: true, faults: []fault.Rule{refuseOnce}},
	"outbox-notified": {handlers: true, outbox: true, faults: []fault.Rule{refuseOnce}, notify: "subscription", receiver: true},
	"asking": { // and asked twice for the state
		method: "GET", path: "/v1/customerinvoice?pageNumber=1&pageSize=20",
		faults: []fault.Rule{{On: fault.OnState, PerOperation: true, Times: 1, Do: fault.Answer{Stuck: true}}},
	},
}

// once reports whether the ERP may see the request no more than once.
func (sc scenario) once() bool { return sc.method != http.MethodGet }

func (sc scenario) request() *http.Request {
	var r *http.Request
	var err error
	if sc.body == "" {
		r, err = http.NewRequest(sc.method, sc.path, nil)
	} else if r, err = http.NewRequest(sc.method, sc.path, strings.NewReader(sc.body)); err == nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if err != nil {
		panic(err)
	}
	return r
}

func (sc scenario) options() client.SubmitOptions {
	return client.SubmitOptions{Key: sc.key, Kind: "invoice"}
}

// config is the client's in both processes.
func (sc scenario) config(o orders, st *steps, w *wire) client.Config {
	cfg := client.Config{
		BaseURL: o.Base, HTTPClient: &http.Client{Transport: w}, Store: st, Tenant: tenant, MaxBuffer: sc.buffer,
		Schedule: func(client.PollInfo) time.Duration { return time.Millisecond }, // half a second at the least
	}
	switch sc.notify {
	case "subscription":
		cfg.Notify = client.Subscription()
	case "url":
		cfg.Notify = client.WebhookURL("http://"+o.Hook+hookPath, secret)
	}
	return cfg
}
