package erp

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/server"
)

// GetCustomerInvoice serves GET /v1/customerinvoice/{invoiceNumber}.
func (e *ERP) GetCustomerInvoice(w http.ResponseWriter, r *http.Request, number server.InvoiceNumber, _ server.GetCustomerInvoiceParams) {
	_, b, unlock := e.open(r)
	defer unlock()
	inv, f := b.find(number, nil)
	if f != nil {
		e.refuse(w, f)
		return
	}
	e.setETag(w, inv)
	doc := inv.doc
	doc.Metadata.MaxPageSize = e.cfg.MaxPageSize
	writeJSON(w, http.StatusOK, e.shown(doc))
}

// ListCustomerInvoices serves GET /v1/customerinvoice, oldest first.
func (e *ERP) ListCustomerInvoices(w http.ResponseWriter, r *http.Request, p server.ListCustomerInvoicesParams) {
	accept, f := filter(p)
	if f != nil {
		e.refuse(w, f)
		return
	}
	_, b, unlock := e.open(r)
	defer unlock()
	var found []*invoice
	for _, inv := range b.invoices {
		if accept(inv) {
			found = append(found, inv)
		}
	}
	if e.cfg.BeyondEnd != http.StatusOK && beyondEnd(len(found), value(p.PageNumber), value(p.PageSize), e.cfg.MaxPageSize) {
		e.refuse(w, &refusal{e.cfg.BeyondEnd, "There is no such page."})
		return
	}
	rows := []openapi.CustomerInvoice{} // an empty page is [], not null
	for _, inv := range page(found, value(p.PageNumber), value(p.PageSize), e.cfg.MaxPageSize) {
		rows = append(rows, e.shown(row(inv, p, openapi.Metadata{TotalCount: len(found), MaxPageSize: e.cfg.MaxPageSize})))
	}
	writeJSON(w, http.StatusOK, rows)
}

// page cuts one page out of a list. What is left out or senseless means the
// first page, and the largest.
func page[T any](list []T, number, size, maxSize int) []T {
	size = rowsPerPage(size, maxSize)
	skip := max(number, 1) - 1
	if skip > len(list)/size {
		return nil
	}
	return list[skip*size : min(len(list), (skip+1)*size)]
}

func rowsPerPage(size, maxSize int) int {
	if size <= 0 || size > maxSize {
		return maxSize
	}
	return size
}

// beyondEnd tells whether a page comes after the last; the first never does.
func beyondEnd(rows, number, size, maxSize int) bool {
	return number > 1 && number-1 >= (rows+rowsPerPage(size, maxSize)-1)/rowsPerPage(size, maxSize)
}

// row is an invoice as lists show it: a few fields are always empty, others
// unless asked for.
func row(inv *invoice, p server.ListCustomerInvoicesParams, m openapi.Metadata) openapi.CustomerInvoice {
	doc := inv.doc
	doc.Metadata = m
	doc.CreditTerms, doc.PaymentMethod = openapi.CodeDescription{}, openapi.CodeDescription{}
	if !value(p.ExpandTaxDetails) {
		doc.TaxDetails = nil
	}
	if !value(p.ExpandInvoiceAddress) {
		doc.InvoiceAddress = openapi.InvoiceAddress{}
	}
	return doc
}

// filter builds the condition of a list.
func filter(p server.ListCustomerInvoicesParams) (func(*invoice) bool, *refusal) {
	if f := checkNumbers(p); f != nil {
		return nil, f
	}
	var tests []func(*invoice) bool
	texts := func(want *string, get func(*openapi.CustomerInvoice) string) {
		if want != nil && *want != "" {
			tests = append(tests, func(inv *invoice) bool { return strings.EqualFold(get(&inv.doc), *want) })
		}
	}
	texts(p.Customer, func(d *openapi.CustomerInvoice) string { return d.Customer.Number })
	texts(p.Status, func(d *openapi.CustomerInvoice) string { return d.Status })
	texts(p.ExternalReference, func(d *openapi.CustomerInvoice) string { return d.ExternalReference })
	texts(p.CustomerRefNumber, func(d *openapi.CustomerInvoice) string { return d.CustomerRefNumber })
	texts(p.PaymentReference, func(d *openapi.CustomerInvoice) string { return d.PaymentReference })
	texts(p.FinancialPeriod, func(d *openapi.CustomerInvoice) string { return d.FinancialPeriod })
	texts(p.ClosedFinancialPeriod, func(d *openapi.CustomerInvoice) string { return d.ClosedFinancialPeriod })
	texts(p.Project, func(d *openapi.CustomerInvoice) string { return d.Project.ID })
	texts(p.Branch, func(d *openapi.CustomerInvoice) string { return d.BranchNumber.Number })
	if p.DocumentType != nil && *p.DocumentType != "" {
		want := strings.ReplaceAll(*p.DocumentType, " ", "") // one reader has "Credit Note"
		tests = append(tests, func(inv *invoice) bool { return strings.EqualFold(inv.doc.DocumentType, want) })
	}
	if p.DunningLevel != nil {
		tests = append(tests, func(inv *invoice) bool { return inv.doc.DunningLetterLevel == *p.DunningLevel })
	}
	if p.Released != nil {
		tests = append(tests, func(inv *invoice) bool { return inv.released == (*p.Released != 0) })
	}
	if p.GreaterThanValue != nil {
		tests = append(tests, func(inv *invoice) bool { return inv.doc.ReferenceNumber > *p.GreaterThanValue })
	}
	dates, f := dateTests(p)
	tests = append(tests, dates...)
	return func(inv *invoice) bool {
		for _, ok := range tests {
			if !ok(inv) {
				return false
			}
		}
		return true
	}, f
}

// A dateFilter is a condition that comes as a pair of date and comparison.
type dateFilter struct {
	name  string
	value *string
	how   *openapi.DateCondition
	get   func(*openapi.CustomerInvoice) string
}

// dateTests builds the conditions on dates.
func dateTests(p server.ListCustomerInvoicesParams) (tests []func(*invoice) bool, f *refusal) {
	for _, c := range []dateFilter{
		{"documentDate", p.DocumentDate, p.DocumentDateCondition, func(d *openapi.CustomerInvoice) string { return d.DocumentDate }},
		{"documentDueDate", p.DocumentDueDate, p.DocumentDueDateCondition, func(d *openapi.CustomerInvoice) string { return d.DocumentDueDate }},
		{"createdDateTime", p.CreatedDateTime, p.CreatedDateTimeCondition, func(d *openapi.CustomerInvoice) string { return d.CreatedDateTime }},
		{"lastModifiedDateTime", p.LastModifiedDateTime, p.LastModifiedDateTimeCondition, func(d *openapi.CustomerInvoice) string { return d.LastModifiedDateTime }},
		{"dunningLetterDateTime", p.DunningLetterDateTime, p.DunningLetterDateTimeCondition, func(d *openapi.CustomerInvoice) string { return d.DunningLetterDate }},
	} {
		test, f := c.test()
		if f != nil {
			return nil, f
		}
		if test != nil {
			tests = append(tests, test)
		}
	}
	return tests, nil
}

// test is the condition, nil if there is none.
func (c dateFilter) test() (func(*invoice) bool, *refusal) {
	if value(c.value) == "" {
		return nil, nil
	}
	limit, err := openapi.ParseTime(*c.value)
	if err != nil {
		return nil, badRequest("The value '%s' is not valid for %s.", *c.value, c.name)
	}
	compare, ok := comparison(value(c.how))
	if !ok {
		return nil, badRequest("The value '%s' is not valid for %sCondition.", *c.how, c.name)
	}
	return func(inv *invoice) bool {
		at, err := openapi.ParseTime(c.get(&inv.doc))
		return err == nil && compare(at, limit)
	}, nil
}

// comparison reads a condition; none means "on that date".
func comparison(c openapi.DateCondition) (func(a, b time.Time) bool, bool) {
	switch cmp.Or(c, "=") {
	case "=":
		return time.Time.Equal, true
	case openapi.DateConditionAfter:
		return time.Time.After, true
	case openapi.DateConditionBefore:
		return time.Time.Before, true
	case openapi.DateConditionNotBefore:
		return func(a, b time.Time) bool { return !a.Before(b) }, true
	case openapi.DateConditionNotAfter:
		return func(a, b time.Time) bool { return !a.After(b) }, true
	}
	return nil, false
}

// value is what a parameter holds, zero if it was left out.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
