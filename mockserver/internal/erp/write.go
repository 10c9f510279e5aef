package erp

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/vismanet-go/background/mockserver/internal/call"
	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/server"
)

// CreateCustomerInvoiceV1 serves POST /v1/customerinvoice, the deprecated twin.
func (e *ERP) CreateCustomerInvoiceV1(w http.ResponseWriter, r *http.Request, p server.CreateCustomerInvoiceV1Params) {
	e.CreateCustomerInvoice(w, r, server.CreateCustomerInvoiceParams(p))
}

// CreateCustomerInvoice serves POST /v2/customerinvoice.
func (e *ERP) CreateCustomerInvoice(w http.ResponseWriter, r *http.Request, _ server.CreateCustomerInvoiceParams) {
	u, f := e.decodeUpdate(r)
	if f != nil {
		e.refuse(w, f)
		return
	}
	c, b, unlock := e.open(r)
	defer unlock()
	inv := &invoice{doc: newDocument("Invoice"), dueByTerms: true}
	if f := b.create(inv, u); f != nil {
		e.refuse(w, f)
		return
	}
	inv.doc.CreatedDateTime = e.now(c.Company)
	inv.doc.LastModifiedDateTime = inv.doc.CreatedDateTime
	b.add(inv)
	e.setETag(w, inv.doc.TimeStamp)
	w.Header().Set("Location", c.Base+"/v1/customerinvoice/"+call.Segment(inv.doc.ReferenceNumber))
	w.WriteHeader(http.StatusCreated)
}

// create fills in a new invoice.
func (b *book) create(inv *invoice, u *openapi.CustomerInvoiceUpdate) *refusal {
	switch {
	case u.CustomerNumber == nil:
		return badRequest("'Customer' cannot be empty.")
	case u.DocumentDate == nil:
		return badRequest("'Date' cannot be empty.")
	case len(u.InvoiceLines) == 0:
		return badRequest("The document must have at least one line.")
	}
	if f := inv.apply(b, u); f != nil {
		return f
	}
	own, _ := u.ReferenceNumber.Get()
	override, _ := u.OverrideNumberSeries.Get()
	switch {
	case own == "":
		inv.doc.ReferenceNumber = b.number(&b.nextInvoice)
	case !override:
		return badRequest("The reference number is given automatically; set overrideNumberSeries to choose it.")
	case b.has(own) || strings.TrimSpace(own) != own || strings.ContainsFunc(own, unicode.IsControl):
		return badRequest("The reference number '%s' cannot be used.", own)
	default:
		inv.doc.ReferenceNumber = own
	}
	return nil
}

// UpdateCustomerInvoice serves PUT /v1/customerinvoice/{invoiceNumber}.
func (e *ERP) UpdateCustomerInvoice(w http.ResponseWriter, r *http.Request, number server.InvoiceNumber, p server.UpdateCustomerInvoiceParams) {
	u, bad := e.decodeUpdate(r)
	c, b, unlock := e.open(r)
	defer unlock()
	inv, f := b.find(number, p.IfMatch)
	switch {
	case f != nil:
	case bad != nil:
		f = bad
	case inv.released:
		f = badRequest("Customer invoice can't be updated because it is already released.")
	default:
		f = inv.apply(b, u)
	}
	if f != nil {
		e.refuse(w, f)
		return
	}
	inv.doc.LastModifiedDateTime = e.now(c.Company)
	b.put(inv)
	e.setETag(w, inv.doc.TimeStamp)
	w.WriteHeader(http.StatusNoContent)
}

// DeleteCustomerInvoice serves DELETE /v1/customerinvoice/{invoiceNumber}.
func (e *ERP) DeleteCustomerInvoice(w http.ResponseWriter, r *http.Request, number server.InvoiceNumber, _ server.DeleteCustomerInvoiceParams) {
	_, b, unlock := e.open(r)
	defer unlock()
	inv, f := b.find(number, nil)
	if f == nil && inv.released {
		f = badRequest("Customer invoice can't be deleted because it is already released.")
	}
	if f != nil {
		e.refuse(w, f)
		return
	}
	b.remove(inv)
	w.WriteHeader(http.StatusNoContent)
}

// decodeUpdate reads a body in which every scalar is wrapped.
func (e *ERP) decodeUpdate(r *http.Request) (*openapi.CustomerInvoiceUpdate, *refusal) {
	var u openapi.CustomerInvoiceUpdate
	return &u, e.decode(r, &u)
}

func (e *ERP) decode(r *http.Request, into any) *refusal {
	data, err := io.ReadAll(r.Body)
	if err == nil {
		data = e.meant(data)
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return badRequest(`The request body is invalid: field '%s' does not take a %s; scalars are written {"value": …}.`, e.Field, e.Value)
	}
	if err != nil {
		return badRequest("The request body is not valid JSON: %v.", err)
	}
	if field, ok := beyondInt32(reflect.ValueOf(into)); ok {
		return badRequest("The request body is invalid: field '%s' takes a whole number of 32 bits.", field)
	}
	return nil
}

// apply changes an unreleased invoice as u says, or leaves it as it is.
func (inv *invoice) apply(b *book, u *openapi.CustomerInvoiceUpdate) *refusal {
	next := *inv
	next.doc.InvoiceLines = slices.Clone(inv.doc.InvoiceLines)
	if f := next.applyParties(b, u); f != nil {
		return f
	}
	if f := next.applyDates(u); f != nil {
		return f
	}
	next.applyTexts(u)
	if f := next.applyLines(u); f != nil {
		return f
	}
	if f := next.fillDates(); f != nil {
		return f
	}
	next.doc.Status = "Balanced"
	if next.doc.Hold {
		next.doc.Status = "Hold"
	}
	if f := calculate(&next.doc); f != nil {
		return f
	}
	*inv = next
	return nil
}

// set changes a field if v is there; a null clears it.
func set[T any](field *T, v *openapi.Value[T]) {
	if v != nil {
		*field, _ = v.Get()
	}
}

// setDecimal is set for a number, with all its digits.
func setDecimal(field *openapi.Decimal, v *openapi.NumberValue) {
	if v != nil {
		*field, _ = openapi.GetDecimal(v)
	}
}

// applyParties changes who deals with whom, and on which terms.
func (inv *invoice) applyParties(b *book, u *openapi.CustomerInvoiceUpdate) *refusal {
	doc := &inv.doc
	if u.CustomerNumber != nil {
		number, _ := u.CustomerNumber.Get()
		c, f := b.customer(number)
		if f != nil {
			return badRequest("%s", f.message)
		}
		setCustomer(doc, c)
	}
	if u.CreditTermsID != nil {
		id, _ := u.CreditTermsID.Get()
		if _, ok := termDays(id); !ok {
			return badRequest("Credit terms '%s' cannot be found in the system.", id)
		}
		doc.CreditTerms = creditTerms(id)
	}
	if currency, ok := u.CurrencyID.Get(); ok {
		if len(currency) != 3 {
			return badRequest("Currency '%s' cannot be found in the system.", currency)
		}
		doc.CurrencyID = strings.ToUpper(currency)
	}
	if rate, ok := openapi.GetDecimal(u.ExchangeRate); ok {
		if sign(rate) <= 0 {
			return badRequest("The exchange rate must be greater than 0.")
		}
		doc.ExchangeRate = rate
	}
	set(&doc.CustomerVATZone.ID, u.CustomerVATZoneID)
	set(&doc.Location.ID, u.LocationID)
	set(&doc.BranchNumber.Number, u.BranchNumber)
	set(&doc.PaymentMethod.ID, u.PaymentMethodID)
	set(&doc.CashAccount, u.CashAccount)
	set(&doc.Contact.ID, u.Contact)
	set(&doc.Project.ID, u.Project)
	if u.SalesPersonID != nil { // the deprecated form of the next
		id, ok := u.SalesPersonID.Get()
		if doc.SalesPerson.ID = ""; ok {
			doc.SalesPerson.ID = strconv.Itoa(id)
		}
	}
	set(&doc.SalesPerson.ID, u.Salesperson)
	applyAddress(doc, u)
	return nil
}

func applyAddress(doc *openapi.CustomerInvoice, u *openapi.CustomerInvoiceUpdate) {
	if a, ok := u.BillingAddress.Get(); ok {
		to := &doc.InvoiceAddress
		set(&to.AddressLine1, a.AddressLine1)
		set(&to.AddressLine2, a.AddressLine2)
		set(&to.AddressLine3, a.AddressLine3)
		set(&to.City, a.City)
		set(&to.PostalCode, a.PostalCode)
		set(&to.Country.ID, a.CountryID)
		set(&to.County.ID, a.County)
		set(&to.OverrideAddress, a.OverrideAddress)
	}
	if c, ok := u.InvoiceContact.Get(); ok {
		to := &doc.InvoiceContact
		set(&to.Attention, c.Attention)
		set(&to.BusinessName, c.Name)
		set(&to.Email, c.Email)
		set(&to.Phone1, c.Phone1)
		set(&to.OverrideContact, c.OverrideContact)
	}
}

// applyDates changes dates and periods.
func (inv *invoice) applyDates(u *openapi.CustomerInvoiceUpdate) *refusal {
	doc := &inv.doc
	if text, ok := u.DocumentDate.Get(); u.DocumentDate != nil && !ok {
		return badRequest("The value '%s' is not valid for documentDate.", text)
	}
	for _, d := range []dateChange{
		{"documentDate", &doc.DocumentDate, u.DocumentDate},
		{"documentDueDate", &doc.DocumentDueDate, u.DocumentDueDate},
		{"origInvoiceDate", &doc.OrigInvoiceDate, u.OrigInvoiceDate},
		{"cashDiscountDate", &doc.CashDiscountDate, u.CashDiscountDate},
		{"startDate", &doc.StartDate, u.StartDate},
		{"endDate", &doc.EndDate, u.EndDate},
	} {
		if f := d.apply(); f != nil {
			return f
		}
	}
	if u.DocumentDueDate != nil {
		inv.dueByTerms = doc.DocumentDueDate == ""
	}
	if u.DocumentDate != nil {
		doc.FinancialPeriod, doc.PostPeriod = "", "" // follow the date unless given
	}
	set(&doc.FinancialPeriod, u.FinancialPeriod)
	set(&doc.PostPeriod, u.PostPeriod)
	return nil
}

// fillDates derives what nobody set: the due date from the terms, the periods
// from the date.
func (inv *invoice) fillDates() *refusal {
	doc := &inv.doc
	day, err := openapi.ParseTime(doc.DocumentDate)
	if err != nil {
		return nil
	}
	if inv.dueByTerms {
		days, _ := termDays(doc.CreditTerms.ID)
		due := day.AddDate(0, 0, days)
		if due.Year() > 9999 {
			return badRequest("The value '%s' is not valid for documentDate: the due date by its credit terms is beyond the year 9999.", doc.DocumentDate)
		}
		doc.DocumentDueDate = due.Format(time.DateOnly) + "T00:00:00"
	}
	if doc.FinancialPeriod == "" {
		doc.FinancialPeriod = day.Format("200601")
	}
	if doc.PostPeriod == "" {
		doc.PostPeriod = doc.FinancialPeriod
	}
	return nil
}

// applyTexts changes the fields that stand for themselves.
func (inv *invoice) applyTexts(u *openapi.CustomerInvoiceUpdate) {
	doc := &inv.doc
	set(&doc.Hold, u.Hold)
	set(&doc.InvoiceText, u.InvoiceText)
	set(&doc.Note, u.Note)
	set(&doc.PaymentReference, u.PaymentReference)
	set(&doc.CustomerRefNumber, u.CustomerRefNumber)
	set(&doc.ExternalReference, u.ExternalReference)
	set(&doc.CustomerProject, u.CustomerProject)
	set(&doc.SendToAutoInvoice, u.SendToAutoInvoice)
	set(&doc.DontPrint, u.DontPrint)
	set(&doc.DontEmail, u.DontEmail)
	set(&doc.Revoked, u.Revoked)
	set(&doc.ExcludeDebtCollection, u.ExcludeDebtCollection)
	set(&doc.AccountingCostRef, u.AccountingCostRef)
	set(&doc.OriginatorDocRef, u.OriginatorDocRef)
	set(&doc.ContractDocRef, u.ContractDocRef)
	set(&doc.IsRotRutDeductible, u.DomesticServicesDeductibleDocument)
	set(&doc.DebtCollection.CaseNumber, u.DebtCollectionCaseNbr)
	set(&doc.DebtCollection.CaseType, u.DebtCollectionCaseType)
	set(&doc.DebtCollection.CaseStatus, u.DebtCollectionCaseStatus)
	set(&doc.DebtCollection.CaseURL, u.DebtCollectionCaseURL)
}
