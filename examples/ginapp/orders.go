package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
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
	// Sequence names orders that become invoices one after another, as they were
	// posted; none: in any order. It is no part of the work: an order that is posted
	// again stays in the sequence that it is in.
	Sequence string `json:"sequence,omitempty"`
}

type line struct {
	Item     string `json:"item"` // its number in the ERP
	Quantity amount `json:"quantity"`
	Price    amount `json:"price,omitempty"` // of one, in the invoice's currency; none: the ERP's
}

// amount is a JSON number with the digits that were posted: 0.1 is no binary
// fraction. One number has one amount, however it is written.
type amount openapi.Decimal

// UnmarshalJSON reads a number. What is none is kept, for check to name it.
func (a *amount) UnmarshalJSON(data []byte) error {
	d, err := openapi.ParseDecimal(string(data))
	if err != nil {
		*a = "none"
		return nil
	}
	text := d.String()
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	*a = amount(text)
	return nil
}

// MarshalJSON writes it as it was read.
func (a amount) MarshalJSON() ([]byte, error) { return openapi.Decimal(a).MarshalJSON() }

// within reports whether it is a number from 0, which counts if zero does, to
// a million, with digits as the ERP keeps them.
func (a amount) within(zero bool) bool {
	d := openapi.Decimal(a)
	_, err := openapi.ParseDecimal(d.String())
	above := d.Cmp("0") > 0 || zero && d.Cmp("0") == 0
	return err == nil && above && d.Cmp("1000000") <= 0 && len(a) <= maxDigits
}

// maxDigits bounds how long an amount is. The ERP has decimals of 28 digits.
const maxDigits = 28

var number = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)

// readOrder reads an order and checks it. It reports every fault at once, each
// named by its field. What only the ERP can know is left to the ERP.
func readOrder(body io.Reader) (order, error) {
	var o order
	if err := readJSON(body, &o); err != nil {
		return o, err
	}
	return o, o.check()
}

// readJSON reads one object that has no other fields than those of v.
func readJSON(body io.Reader, v any) error {
	dec := json.NewDecoder(body)
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s: want %s, not %s", cmp.Or(wrong.Field, "body"), kindOf(wrong.Type.Kind().String()), kindOf(wrong.Value))
	}
	if err == nil {
		if _, end := dec.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("want one object and nothing after it")
		}
	}
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return nil
}

// kindOf is JSON's word for a kind of Go, or of JSON.
func kindOf(kind string) string {
	switch kind, _, _ = strings.Cut(kind, " "); kind {
	case "slice", "array":
		return "an array"
	case "struct", "object":
		return "an object"
	case "number", "bool":
		return "a " + kind
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
	want(o.Sequence == "" || number.MatchString(o.Sequence), "sequence", "1 to 32 letters, digits, '.', '_' or '-', or none")
	want(len(o.Lines) > 0 && len(o.Lines) <= 500, "lines", "1 to 500 of them")
	for i, l := range o.Lines {
		want(number.MatchString(l.Item), fmt.Sprintf("lines[%d].item", i), "an item number of the ERP")
		want(l.Quantity.within(false), fmt.Sprintf("lines[%d].quantity", i), "a number above 0, up to 1000000")
		want(l.Price == "" || l.Price.within(true), fmt.Sprintf("lines[%d].price", i), "a number from 0 to 1000000, or none")
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
			Operation: openapi.LineOperationInsert, InventoryNumber: openapi.Set(l.Item), Quantity: openapi.SetDecimal(openapi.Decimal(l.Quantity)),
		}
		if l.Price != "" {
			lines[i].UnitPriceInCurrency = openapi.SetDecimal(openapi.Decimal(l.Price))
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

// submit puts an order into the outbox, once for each order number. A corrected
// order takes the place of one that the ERP refused, and any order that of one
// of which a person says that it was not done.
func (a *app) submit(ctx context.Context, o order, requestID string) error {
	opts := client.SubmitOptions{
		Key: o.Number, Kind: kindInvoice, Sequence: o.Sequence,
		Metadata: map[string]string{"order": o.Number, "request": requestID, "sequence": o.Sequence},
	}
	before, ended, err := a.before(ctx, o.Number)
	if err != nil {
		return err
	}
	if before != nil && ended.told() && ended.refused() {
		return a.supersede(ctx, o, opts, before)
	}
	err = a.enqueue(ctx, o, opts)
	if errors.Is(err, client.ErrDuplicateKey) && ended.ref == "" {
		// The caller must not take it for done, nor be told so for ever.
		lost := outcome{ref: "purged/" + o.Number, order: o.Number, kind: kindInvoice, problem: "its record was purged before anybody noted what became of it"}
		if failed := a.book.record(ctx, lost); failed != nil {
			return failed
		}
		return err
	}
	if !errors.Is(err, client.ErrKeyReused) || before == nil || !ended.refused() {
		return err
	}
	return a.supersede(ctx, o, opts, before)
}

// before returns the operation that holds an order's number, nil if there is
// none, and what the book says of it, if it has ended.
func (a *app) before(ctx context.Context, number string) (op *client.Operation, ended outcome, err error) {
	s, err := a.step(ctx, kindInvoice, number, number)
	if errors.Is(err, errUnknown) {
		return nil, outcome{}, nil
	}
	if s.op != nil && s.state != stateDone && s.state != stateFailed {
		return s.op, outcome{}, err // what the book says is of the time before it was sent once more
	}
	return s.op, s.ended, err
}

// supersede has an order take the place of the one before, also in its sequence.
func (a *app) supersede(ctx context.Context, o order, opts client.SubmitOptions, before *client.Operation) error {
	state, err := before.State(ctx)
	if err != nil {
		return err
	}
	if state.Phase == store.Dead { // see stopped
		if err := before.Drop(ctx, "the order was posted again"); err != nil {
			return err
		}
	}
	opts.Supersede = before.Ref()
	opts.Sequence = cmp.Or(before.Metadata()["sequence"], o.Sequence)
	opts.Metadata["sequence"] = opts.Sequence
	return a.enqueue(ctx, o, opts)
}

// enqueue stores the request for an invoice. From then on it is sent by itself.
func (a *app) enqueue(ctx context.Context, o order, opts client.SubmitOptions) error {
	req, err := o.invoice()
	if err != nil {
		return err
	}
	_, err = a.client.Enqueue(ctx, req, opts)
	return err
}
