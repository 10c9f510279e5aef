package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/openapi/erp"
)

// Kinds route an operation that has ended to its handler, also after a
// restart. Do not rename them while operations are under way.
const (
	kindInvoice = "invoice"
	kindRelease = "release"
)

// invoiced is the handler of invoices: it notes what became of the order, and
// goes on to the next step.
//
// It runs at least once: if the process ends after any of its steps, all of
// them are done again. Noting is idempotent, see schema, and so is enqueuing
// under a key. An error has it run again later; a failure of the ERP is none,
// because no repetition would mend it.
func (a *app) invoiced(ctx context.Context, done client.Completion) error {
	o := outcomeOf(done)
	if o.problem == "" {
		// The answer has no body: its header names what was made.
		if o.invoice = invoiceOf(done.Result); o.invoice == "" {
			o.problem = "the ERP made an invoice and did not tell its number"
		}
	}
	if err := a.book.record(ctx, o); err != nil {
		return err
	}
	a.ended(ctx, o)
	if o.invoice == "" {
		return stopped(done)
	}
	if !a.cfg.release {
		return nil
	}
	err := release(ctx, done.Client, o, "")
	if errors.Is(err, client.ErrKeyReused) {
		// Somebody gave the order up, or said that it was not done, and it was
		// posted again.
		a.log.ErrorContext(ctx, "two invoices were made of one order: credit one in the ERP", "order", o.order, "ref", o.ref, "invoice", o.invoice)
		return nil
	}
	return err
}

// stopped ends the handling of an invoice that was not made. Where other orders may
// wait behind it, it becomes a dead letter: that keeps its request, and a person
// can have it sent once more. What is acknowledged has none any more.
func stopped(done client.Completion) error {
	failed, ok := errors.AsType[*client.OperationError](done.Err)
	if ok && done.Metadata["sequence"] != "" {
		return client.Discard(failed)
	}
	return nil
}

// release enqueues the release of an invoice that was made. It takes the place
// of the one before that supersede names, if any.
func release(ctx context.Context, c *client.Client, o outcome, supersede string) error {
	req, err := erp.NewReleaseCustomerInvoiceRequest("/", o.invoice, nil)
	if err != nil {
		return client.Discard(err)
	}
	_, err = c.Enqueue(ctx, req, client.SubmitOptions{
		Key: releaseKey(o.order), Supersede: supersede, Kind: kindRelease, Verify: verifyReleased,
		Metadata: map[string]string{"order": o.order, "invoice": o.invoice},
	})
	if underWay(err) {
		return nil
	}
	return err
}

// invoiceOf returns the number of what was made, "" if there is none that can be
// put into a path.
func invoiceOf(res *client.Result) string {
	if id := res.CreatedID(); isNumber(id) {
		return id
	}
	return ""
}

// releaseKey names the release of an order's invoice. No order number holds a
// slash.
func releaseKey(order string) string { return "release/" + order }

// underWay reports whether there is an operation, whatever else Enqueue said: it
// will end, or be found out about, and then its handler runs. Under a duplicate
// key that was long ago, and only the book still knows.
func underWay(err error) bool {
	_, uncertain := errors.AsType[*client.UncertainError](err)
	return err == nil || uncertain || errors.Is(err, client.ErrDuplicateKey)
}

// released is the handler of releases.
func (a *app) released(ctx context.Context, done client.Completion) error {
	o := outcomeOf(done)
	o.invoice = done.Metadata["invoice"]
	if o.problem == "" && done.Result.Told == "" && done.Result.Unconfirmed() {
		o.problem = "the ERP began the release, and nothing tells whether it is done"
	}
	if err := a.book.record(ctx, o); err != nil {
		return err
	}
	a.ended(ctx, o)
	return nil
}

// outcomeOf reads what is common to both kinds.
func outcomeOf(done client.Completion) outcome {
	o := outcome{ref: done.Ref, order: done.Metadata["order"], kind: done.Kind}
	if done.Result != nil {
		o.code = done.Result.StatusCode
	}
	if done.Err != nil {
		o.problem = done.Err.Error()
	}
	if o.problem == "" && done.Result.Partial() {
		o.problem = "the ERP did only a part of it"
	}
	if failed, ok := errors.AsType[*client.OperationError](done.Err); ok {
		o.problem = cmp.Or(failed.Message, o.problem) // the ERP's own words
	}
	return o
}

// ended tells of an outcome, once for each run.
func (a *app) ended(ctx context.Context, o outcome) {
	a.log.InfoContext(ctx, "ended", "kind", o.kind, "order", o.order, "ref", o.ref, "invoice", o.invoice, "code", o.code, "ok", o.problem == "")
}

// verifyReleased names the check that a release is followed by. It is kept
// with the operation, so it must not be renamed either.
const verifyReleased = "invoice-released"

// invoiceReleased confirms a release by reading the invoice: the ERP may
// answer the action as soon as it has begun.
var invoiceReleased = client.Verifier{
	Path: func(v client.Verification) (string, error) {
		invoice, found := strings.CutSuffix(v.Path, "/action/release")
		if !found {
			return "", fmt.Errorf("%s is no release", v.Path)
		}
		return invoice, nil
	},
	Check: func(_ client.Verification, resp *http.Response) error {
		var invoice struct{ Status string }
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("the invoice cannot be read: %s", resp.Status)
		}
		if err := json.NewDecoder(resp.Body).Decode(&invoice); err != nil {
			return fmt.Errorf("the invoice cannot be read: %w", err)
		}
		switch invoice.Status {
		case "Open", "Closed":
			return nil
		case "Balanced":
			return client.ErrNotYet
		}
		return fmt.Errorf("the invoice is %s", invoice.Status)
	},
}
