package erp

import (
	"net/http"

	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/server"
)

// GetCustomerInvoice serves GET /v1/customerinvoice/{invoiceNumber}.
func (e *ERP) GetCustomerInvoice(w http.ResponseWriter, r *http.Request, number server.InvoiceNumber, _ server.GetCustomerInvoiceParams) {
	_, b, unlock := e.open(r)
	inv, f := b.find(number, nil)
	unlock()
	if f != nil {
		e.refuse(w, f)
		return
	}
	e.setETag(w, inv.doc.TimeStamp)
	doc := inv.doc
	doc.Metadata.MaxPageSize = e.cfg.MaxPageSize
	writeJSON(w, http.StatusOK, e.shown(doc))
}

// ListCustomerInvoices serves GET /v1/customerinvoice, oldest first.
func (e *ERP) ListCustomerInvoices(w http.ResponseWriter, r *http.Request, p server.ListCustomerInvoicesParams) {
	spans, f := spansOf(p)
	if f != nil {
		e.refuse(w, f)
		return
	}
	_, b, unlock := e.open(r)
	size, number := rowsPerPage(value(p.PageSize), e.cfg.MaxPageSize), max(value(p.PageNumber), 1)
	found, total := b.list(spans, (number-1)*size, size)
	unlock()
	if e.cfg.BeyondEnd != http.StatusOK && number > 1 && len(found) == 0 {
		e.refuse(w, &refusal{e.cfg.BeyondEnd, "There is no such page."})
		return
	}
	rows := make([]openapi.CustomerInvoice, len(found)) // an empty page is [], not null
	for i, r := range found {
		rows[i] = e.shown(listed(b.invoice(r), p, openapi.Metadata{TotalCount: total, MaxPageSize: e.cfg.MaxPageSize}))
	}
	writeJSON(w, http.StatusOK, rows)
}

// rowsPerPage is how many rows a page has. What is left out or senseless means
// the largest.
func rowsPerPage(size, maxSize int) int {
	if size <= 0 || size > maxSize {
		return maxSize
	}
	return size
}

// listed is an invoice as lists show it: a few fields are always empty, others
// unless asked for.
func listed(inv *invoice, p server.ListCustomerInvoicesParams, m openapi.Metadata) openapi.CustomerInvoice {
	doc := inv.doc
	doc.Metadata = m
	doc.CreditTerms, doc.PaymentMethod = openapi.CodeDescription{}, openapi.CodeDescription{}
	if !value(p.ExpandTaxDetails) {
		doc.TaxDetails = nil
	}
	if !value(p.ExpandInvoiceAddress) {
		doc.InvoiceAddress = openapi.InvoiceAddress{}
	}
	if !value(p.ExpandApplications) {
		doc.Applications = nil
	}
	if !value(p.ExpandAttachments) {
		doc.Attachments = nil
	}
	return doc
}

// value is what a parameter holds, zero if it was left out.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
