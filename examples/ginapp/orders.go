package main

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/erp"
	"github.com/vismanet-go/background/store"
)

// order is what a caller posts.
type order struct {
	Number   string `json:"number"`
	Customer string `json:"customer"` // its number in the ERP
	// Date is the invoice's. It is the caller's to name: "today" would make
	// another request of the same order tomorrow.
	Date  string `json:"date"`
	Lines []line `json:"lines"`
}

type line struct {
	Item     string  `json:"item"` // its number in the ERP
	Quantity float64 `json:"quantity"`
}

var number = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)

// readOrder reads an order and checks it. It reports every fault at once, each
// named by its field. What only the ERP can know is left to the ERP.
func readOrder(body io.Reader) (order, error) {
	var o order
	dec := json.NewDecoder(body)
	dec.DisallowUnknownFields()
	err := dec.Decode(&o)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return o, fmt.Errorf("%s: want %s, not a %s", cmp.Or(wrong.Field, "body"), kindOf(wrong.Type.Kind().String()), wrong.Value)
	}
	if err == nil {
		if _, end := dec.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("want one order and nothing after it")
		}
	}
	if err != nil {
		return o, fmt.Errorf("body: %w", err)
	}
	return o, o.check()
}

// kindOf is JSON's word for a kind of Go.
func kindOf(kind string) string {
	switch kind {
	case "float64":
		return "a number"
	case "slice":
		return "an array"
	case "struct":
		return "an object"
	}
	return "a string"
}

func (o order) check() error {
	var errs []error
	want := func(ok bool, field, wanted string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: want %s", field, wanted))
		}
	}
	day, err := time.Parse(time.DateOnly, o.Date)
	want(number.MatchString(o.Number), "number", "1 to 32 letters, digits, '.', '_' or '-', the first a letter or a digit")
	want(number.MatchString(o.Customer), "customer", "a customer number of the ERP")
	want(err == nil && day.Year() >= 2000, "date", "a day as 2006-01-02")
	want(len(o.Lines) > 0 && len(o.Lines) <= 500, "lines", "1 to 500 of them")
	for i, l := range o.Lines {
		want(number.MatchString(l.Item), fmt.Sprintf("lines[%d].item", i), "an item number of the ERP")
		want(l.Quantity > 0 && l.Quantity <= 1e6, fmt.Sprintf("lines[%d].quantity", i), "a number above 0, up to 1000000")
	}
	return errors.Join(errs...)
}

// invoice makes the request that turns the order into an invoice. The same
// order gives the same bytes: by them the client tells the same work from
// other work under the same key.
func (o order) invoice() (*http.Request, error) {
	lines := make([]openapi.CustomerInvoiceUpdateLine, len(o.Lines))
	for i, l := range o.Lines {
		lines[i] = openapi.CustomerInvoiceUpdateLine{
			Operation: openapi.LineOperationInsert, InventoryNumber: openapi.Set(l.Item), Quantity: openapi.Set(l.Quantity),
		}
	}
	return erp.NewCreateCustomerInvoiceRequest("/", nil, openapi.CustomerInvoiceUpdate{
		CustomerNumber: openapi.Set(o.Customer),
		DocumentDate:   openapi.Set(o.Date),
		// By this a person finds the invoice of an order in the ERP, should it
		// ever stay uncertain whether there is one.
		ExternalReference: openapi.Set(o.Number),
		InvoiceLines:      lines,
	})
}

// submit hands an order to the ERP, once for each order number. A corrected
// order takes the place of one that the ERP refused.
func (a *app) submit(ctx context.Context, o order, requestID string) error {
	opts := client.SubmitOptions{
		Key: o.Number, Kind: kindInvoice, Metadata: map[string]string{"order": o.Number, "request": requestID},
	}
	err := a.send(ctx, o, opts)
	if !errors.Is(err, client.ErrKeyReused) {
		return err
	}
	before, lookup := a.client.OperationByKey(ctx, o.Number)
	if lookup != nil {
		return err // purged: what became of it is in the book
	}
	ended, lookup := a.book.of(ctx, before.Ref())
	if lookup != nil || !ended.refused() {
		return err
	}
	opts.Supersede = before.Ref()
	return a.send(ctx, o, opts)
}

func (a *app) send(ctx context.Context, o order, opts client.SubmitOptions) error {
	req, err := o.invoice()
	if err != nil {
		return err
	}
	_, err = a.client.Submit(ctx, req, opts)
	return err
}

// States of an order.
const (
	stateWaiting   = "waiting"   // for the ERP
	stateUncertain = "uncertain" // sent, and no answer told whether it was taken; a notification will
	stateDone      = "done"
	stateFailed    = "failed"
)

// status is what a caller is told of an order.
type status struct {
	Order   string `json:"order"`
	State   string `json:"state"`
	Invoice string `json:"invoice,omitempty"`
	Problem string `json:"problem,omitempty"` // the ERP's words
}

// errUnknown says that there is no such order.
var errUnknown = errors.New("unknown order")

// status tells how far an order is, without a call to the ERP, or returns
// errUnknown.
func (a *app) status(ctx context.Context, order string) (status, error) {
	state, o, err := a.step(ctx, kindInvoice, order, order)
	if err != nil {
		return status{}, err
	}
	s := status{Order: order, State: state, Invoice: o.invoice, Problem: o.problem}
	if state != stateDone || !a.cfg.release {
		return s, nil
	}
	s.State, o, err = a.step(ctx, kindRelease, order, releaseKey(order))
	s.Problem = o.problem
	if errors.Is(err, errUnknown) {
		s.State, err = stateWaiting, nil // its handler is about to submit it
	}
	return s, err
}

// step tells how far one step of an order is. While the client knows its
// operation, that decides; the book remembers what the client has purged.
func (a *app) step(ctx context.Context, kind, order, key string) (state string, o outcome, err error) {
	op, err := a.client.OperationByKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		o, err = a.book.last(ctx, order, kind)
		if errors.Is(err, sql.ErrNoRows) {
			err = errUnknown
		}
		return o.state(), o, err
	}
	if err != nil {
		return "", o, err
	}
	now, err := op.State(ctx)
	if err != nil {
		return "", o, err
	}
	switch {
	case now.Phase == store.Uncertain || now.Phase == store.Abandoned:
		return stateUncertain, o, nil
	case now.Phase == store.Dead:
		return stateFailed, outcome{problem: "given up: see the log"}, nil
	case !now.Phase.Terminal():
		return stateWaiting, o, nil
	}
	o, err = a.book.of(ctx, op.Ref())
	if errors.Is(err, sql.ErrNoRows) {
		return stateWaiting, o, nil // for its handler
	}
	return o.state(), o, err
}

func (o outcome) state() string {
	if o.problem != "" {
		return stateFailed
	}
	return stateDone
}
