package erp

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/call"
	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/server"
)

// ReleaseCustomerInvoice serves POST …/action/release: Balanced becomes Open.
func (e *ERP) ReleaseCustomerInvoice(w http.ResponseWriter, r *http.Request, number server.InvoiceNumber, p server.ReleaseCustomerInvoiceParams) {
	check := func(b *book) (*invoice, *refusal) { return b.releasable(number, p.IfMatch) }
	w = e.answerFirst(w, r, check)
	c, b, unlock := e.open(r)
	defer unlock()
	inv, f := check(b)
	if f != nil {
		e.refuse(w, f)
		return
	}
	inv.released, inv.doc.Status = true, "Open"
	inv.doc.LastModifiedDateTime = e.now(c.Company)
	if f := b.releaseNote(inv, inv.doc.LastModifiedDateTime); f != nil {
		e.refuse(w, f)
		return
	}
	b.put(inv)
	e.setETag(w, inv.doc.TimeStamp)
	writeJSON(w, http.StatusOK, openapi.ActionResult{ActionID: e.cfg.NewID("action", c.Company), ActionResult: e.result(c)})
}

// releasable finds an invoice that can be released.
func (b *book) releasable(number string, ifMatch *string) (*invoice, *refusal) {
	inv, f := b.find(number, ifMatch)
	switch {
	case f != nil:
	case inv.released:
		f = badRequest("Customer invoice can't be released because it is already released.")
	case inv.doc.Hold:
		f = badRequest("Customer invoice can't be released because it is on hold.")
	}
	return inv, f
}

// asyncTime is how long an action goes on after its answer.
const asyncTime = 500 * time.Millisecond

// answerFirst answers an action that only begins, and returns a writer for what
// nobody will see. What can be refused at once is left to be, as it was seen to
// be. An action whose data are kept elsewhere ends at once, as everybody else
// would wait for it.
func (e *ERP) answerFirst(w http.ResponseWriter, r *http.Request, check func(*book) (*invoice, *refusal)) http.ResponseWriter {
	if c, _ := call.From(r.Context()); !e.cfg.AsyncActions || !c.Background() {
		return w
	}
	c, b, unlock := e.open(r)
	_, f := check(b)
	unlock()
	if f != nil {
		return w
	}
	writeJSON(w, http.StatusAccepted, openapi.ActionResult{ActionID: e.cfg.NewID("action", c.Company), ActionResult: openapi.ActionQueued})
	_ = http.NewResponseController(w).Flush() // a writer that cannot is read at the end
	if _, elsewhere := r.Context().Value(sessionKey{}).(*Session); !elsewhere {
		_ = e.cfg.Sleep(r.Context(), asyncTime) // it is done when nobody waits any more, too
	}
	return discard{make(http.Header)}
}

// discard is a writer that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// result is the word for an action that went well.
func (e *ERP) result(c call.Call) string {
	if c.Background() {
		return e.cfg.BackgroundResult
	}
	return e.cfg.ForegroundResult
}

// ReverseCustomerInvoice serves POST …/action/reverse: a released invoice gets
// a credit note over its amount, which is not released yet.
func (e *ERP) ReverseCustomerInvoice(w http.ResponseWriter, r *http.Request, number server.InvoiceNumber, p server.ReverseCustomerInvoiceParams) {
	e.reverse(w, r, number, p.IfMatch, func(_, _ *invoice) {})
}

// reverse makes the credit note of an invoice; finish gets both.
func (e *ERP) reverse(w http.ResponseWriter, r *http.Request, number string, ifMatch *string, finish func(inv, note *invoice)) {
	var body openapi.ReverseInvoiceAction
	var bad *refusal
	if r.ContentLength != 0 {
		bad = e.decode(r, &body)
	}
	check := func(b *book) (*invoice, *refusal) {
		inv, f := b.find(number, ifMatch)
		switch {
		case f != nil:
		case bad != nil:
			f = bad
		case !inv.released:
			f = badRequest("Customer invoice can't be reversed because it is not released.")
		}
		return inv, f
	}
	w = e.answerFirst(w, r, check)
	c, b, unlock := e.open(r)
	defer unlock()
	inv, f := check(b)
	if f != nil {
		e.refuse(w, f)
		return
	}
	note := b.creditNote(inv)
	note.doc.CreatedDateTime = e.now(c.Company)
	note.doc.LastModifiedDateTime = note.doc.CreatedDateTime
	finish(inv, note)
	b.add(note)
	e.setETag(w, note.doc.TimeStamp)
	result := openapi.ReverseActionResult{
		ActionID: e.cfg.NewID("action", c.Company), ActionResult: e.result(c), ReferenceNumber: note.doc.ReferenceNumber,
	}
	if body.ReturnCreditNote {
		result.CreditNoteDto = asMap(e.shown(note.doc))
	}
	writeJSON(w, http.StatusOK, result)
}

// creditNoteType is the documentType that is kept.
const creditNoteType = "CreditNote"

// creditNote copies an invoice into a credit note. Its amounts are positive, as
// its type says which way they go.
func (b *book) creditNote(inv *invoice) *invoice {
	note := inv.again(creditNoteType)
	note.doc.ReferenceNumber = b.number(&b.nextCredit)
	return note
}

// again is a new document of some type with what an invoice has.
func (inv *invoice) again(kind string) *invoice {
	next := &invoice{doc: inv.doc}
	doc := &next.doc
	doc.InvoiceLines = slices.Clone(inv.doc.InvoiceLines)
	doc.DocumentType, doc.Status, doc.Hold = kind, "Balanced", false
	doc.Balance, doc.BalanceInCurrency = doc.Amount, doc.AmountInCurrency
	doc.ClosedFinancialPeriod = ""
	doc.Applications, doc.Attachments = nil, nil
	return next
}

func asMap(doc openapi.CustomerInvoice) map[string]any {
	var m map[string]any
	data, err := json.Marshal(doc)
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		panic(err) // the type is ours
	}
	return m
}
