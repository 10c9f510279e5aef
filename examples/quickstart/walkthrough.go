package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/erp"
	"github.com/vismanet-go/background/store"
)

// walkThrough starts an ERP and a receiver, and makes the four calls.
func walkThrough(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()

	// Client and receiver meet in the store: the receiver writes what it
	// was told, and the store wakes the client.
	st := store.NewMemory(store.MemoryConfig{})
	defer st.Close()
	signingKey, secret := rand.Text(), rand.Text()
	hooks, err := serveReceiver(st, signingKey, secret)
	if err != nil {
		return err
	}
	defer hooks.Close()
	webhook := "http://" + hooks.Addr + webhookPath

	mock, err := mockserver.New(mockserver.Config{
		ExecTime: mockserver.Fixed(300 * time.Millisecond),
		// What one registers in the vendor's developer portal.
		Subscription: mockserver.Subscription{URL: webhook, SigningKey: signingKey},
	})
	if err != nil {
		return err
	}
	defer mock.Close()
	srv, err := serve(mock)
	if err != nil {
		return err
	}
	defer srv.Close()
	base := "http://" + srv.Addr

	c, err := client.New(client.Config{BaseURL: base, Store: st, Schedule: impatient})
	if err != nil {
		return err
	}
	defer c.Close()
	api, err := erp.NewClientWithResponses(base)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "mock of the ERP  %s\nreceiver         %s\n", base, webhook)

	w := &walk{session: session{client: c, out: out}, api: api, byURL: client.WebhookURL(webhook, secret)}
	steps := []func(context.Context) error{w.list, w.create, w.change, w.release}
	for i, step := range steps {
		if err := step(ctx); err != nil {
			return fmt.Errorf("call %d of %d: %w", i+1, len(steps), err)
		}
	}
	return w.summary(len(steps))
}

// impatient polls every half second, because the mock is quick. The default
// begins at two seconds and slows down: the ERP limits the number of calls.
func impatient(l client.PollInfo) time.Duration {
	if l.Notify {
		return client.DefaultSchedule(l) // only a safety net
	}
	return 500 * time.Millisecond
}

// walk is the walk-through under way.
type walk struct {
	session
	api    *erp.ClientWithResponses // in the foreground, to read between the calls
	byURL  client.Notify
	number string // of the new invoice
}

// list gets a page of invoices. The ERP calls a URL made for this one call
// when the page is ready.
func (w *walk) list(ctx context.Context) error {
	req, err := erp.NewListCustomerInvoicesRequest("/", &erp.ListCustomerInvoicesParams{PageNumber: new(1), PageSize: new(100)})
	if err != nil {
		return err
	}
	res, err := w.do(ctx, req, w.byURL)
	if err != nil {
		return err
	}
	rows, err := client.Decode[[]openapi.CustomerInvoice](ctx, res)
	if err != nil {
		return err
	}
	w.tell("%d invoices", len(rows))
	return nil
}

// create makes an invoice. The ERP calls the subscription's URL, with a
// signature.
func (w *walk) create(ctx context.Context) error {
	req, err := erp.NewCreateCustomerInvoiceRequest("/", nil, openapi.CustomerInvoiceUpdate{
		CustomerNumber: openapi.Set("10045"),
		DocumentDate:   openapi.Set(time.Now().Format(time.DateOnly)),
		InvoiceLines: []openapi.CustomerInvoiceUpdateLine{{
			Operation:       openapi.LineOperationInsert,
			InventoryNumber: openapi.Set("SYK-01"),
			Quantity:        openapi.SetDecimal("2"),
		}},
	})
	if err != nil {
		return err
	}
	res, err := w.do(ctx, req, client.Subscription())
	if err != nil {
		return err
	}
	// The answer has no body; its header names what was made.
	if w.number = res.CreatedID(); w.number == "" {
		return errors.New("the ERP made an invoice and did not tell its number: its answer has no Location")
	}
	w.tell("made invoice %s", w.number)
	return nil
}

// change puts a text on the invoice, unless somebody else has changed it since
// it was read. Nobody is told when it is done: the client polls.
func (w *walk) change(ctx context.Context) error {
	_, etag, err := w.read(ctx)
	if err != nil {
		return err
	}
	req, err := erp.NewUpdateCustomerInvoiceRequest("/", w.number, &erp.UpdateCustomerInvoiceParams{IfMatch: &etag},
		openapi.CustomerInvoiceUpdate{InvoiceText: openapi.Set("Thank you for your order")})
	if err != nil {
		return err
	}
	res, err := w.do(ctx, req, client.NoNotification())
	if err != nil {
		return err
	}
	w.tell("invoice %s went from version %s to %s", w.number, etag, res.Header.Get("ETag"))
	return nil
}

// release releases the invoice and then reads it: what counts is the document
// and not the answer of the action.
func (w *walk) release(ctx context.Context) error {
	req, err := erp.NewReleaseCustomerInvoiceRequest("/", w.number, nil)
	if err != nil {
		return err
	}
	if _, err := w.do(ctx, req, client.Subscription()); err != nil {
		return err
	}
	invoice, _, err := w.read(ctx)
	if err != nil {
		return err
	}
	if invoice.Status != "Open" {
		return fmt.Errorf("invoice %s is %s after its release", w.number, invoice.Status)
	}
	w.tell("invoice %s is %s: %s %s to be paid", w.number, invoice.Status, invoice.Balance, invoice.CurrencyID)
	return nil
}

// read gets the invoice and its version at once, without the background.
func (w *walk) read(ctx context.Context) (invoice *openapi.CustomerInvoice, etag string, err error) {
	resp, err := w.api.GetCustomerInvoiceWithResponse(ctx, w.number, nil)
	if err != nil {
		return nil, "", err
	}
	if resp.JSON200 == nil {
		return nil, "", fmt.Errorf("read invoice %s: %s", w.number, resp.Status())
	}
	return resp.JSON200, resp.HTTPResponse.Header.Get("ETag"), nil
}
