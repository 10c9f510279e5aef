package erp

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/vismanet-go/background/openapi"
)

// printInvoice serves GET /v1/customerinvoice/{number}/print: a PDF.
func (e *ERP) printInvoice(w http.ResponseWriter, r *http.Request) {
	_, b, unlock := e.open(r)
	inv, f := b.find(r.PathValue("number"), nil)
	unlock()
	if f != nil {
		e.refuse(w, f)
		return
	}
	d := &inv.doc
	lines := []string{
		d.Customer.Number + " " + d.Customer.Name, "",
		fmt.Sprintf("Dato %.10s  Forfall %.10s", d.DocumentDate, d.DocumentDueDate), "",
	}
	for i := range d.InvoiceLines {
		l := &d.InvoiceLines[i]
		lines = append(lines, fmt.Sprintf("%-34.34s %8s %-4s %12s", l.Description, l.Quantity, l.Uom, l.AmountInCurrency))
	}
	lines = append(lines, "",
		fmt.Sprintf("%-34s %26s", "Mva", d.VATTotalInCurrency),
		fmt.Sprintf("%-34s %26s", "Sum "+d.CurrencyID, d.AmountInCurrency))
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", disposition(d.DocumentType+" "+d.ReferenceNumber+".pdf"))
	_, _ = w.Write(pdfOf(d.DocumentType+" "+d.ReferenceNumber, lines)) // the client may be gone
}

// A workType is a kind of work with a deduction in Swedish tax. Published as
// WorkTypeDto.
type workType struct {
	RutRotType  string `json:"rutRotType"`
	Description string `json:"description"`
	XMLTag      string `json:"xmlTag"`
}

// listWorkTypes serves GET /v1/customerinvoice/worktypes.
func (*ERP) listWorkTypes(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, []workType{
		{"Rot", "Bygg", "Bygg"}, {"Rot", "El", "El"}, {"Rut", "Städning", "Stadning"}, {"Rut", "Trädgårdsarbete", "Tradgardsarbete"},
	})
}

// rotRut is what is deducted of an invoice. Published as RotRutDto, whose
// spelling this is.
type rotRut struct {
	DocType                 string          `json:"docType"`
	RefNbr                  string          `json:"refNbr"`
	DistributedAutomaticaly bool            `json:"distributedAutomaticaly"`
	Type                    *string         `json:"type"`
	TotalDeductableAmount   openapi.Decimal `json:"totalDeductableAmount"`
	OtherCost               openapi.Decimal `json:"otherCost"`
	MaterialCost            openapi.Decimal `json:"materialCost"`
	WorkPrice               openapi.Decimal `json:"workPrice"`
	DistributedAmount       openapi.Decimal `json:"distributedAmount"`
	Appartment              *string         `json:"appartment"`
	Estate                  *string         `json:"estate"`
	OrganizationNbr         *string         `json:"organizationNbr"`
	Distribution            []struct{}      `json:"distribution"`
}

// getRotRut serves GET /v1/customerinvoice/{number}/rotrut; no invoice of this
// ERP has a deduction.
func (e *ERP) getRotRut(w http.ResponseWriter, r *http.Request) {
	_, b, unlock := e.open(r)
	inv, f := b.find(r.PathValue("number"), nil)
	unlock()
	if f != nil {
		e.refuse(w, f)
		return
	}
	writeJSON(w, http.StatusOK, rotRut{
		DocType: inv.doc.DocumentType, RefNbr: inv.doc.ReferenceNumber, TotalDeductableAmount: "0", OtherCost: "0", MaterialCost: "0",
		WorkPrice: "0", DistributedAmount: "0", Distribution: []struct{}{},
	})
}

// A documentResult is that of an action that names a document. Published as
// CorrectArDocumentActionResultDto.
type documentResult struct {
	RefNbr       string `json:"refNbr"`
	DocumentType string `json:"documentType"`
	openapi.ActionResult
}

// onReleased is the check of an action on a released invoice.
func onReleased(r *http.Request, done string) func(*book) (*invoice, *refusal) {
	return func(b *book) (*invoice, *refusal) {
		inv, f := b.find(r.PathValue("number"), ifMatch(r))
		if f == nil && !inv.released {
			f = badRequest("Customer invoice can't be %s because it is not released.", done)
		}
		return inv, f
	}
}

// correctInvoice serves POST …/action/correct: a credit note over the invoice,
// and a copy of it to be corrected.
func (e *ERP) correctInvoice(w http.ResponseWriter, r *http.Request) {
	check := onReleased(r, "corrected")
	w = e.answerFirst(w, r, check)
	c, b, unlock := e.open(r)
	defer unlock()
	inv, f := check(b)
	if f == nil && inv.doc.DocumentType != "Invoice" {
		f = badRequest("Document '%s' can't be corrected because it is no invoice.", inv.doc.ReferenceNumber)
	}
	if f != nil {
		e.refuse(w, f)
		return
	}
	note, corrected := b.creditNote(inv), inv.again("Invoice")
	corrected.doc.ReferenceNumber = b.number(&b.nextInvoice)
	for _, next := range []*invoice{note, corrected} {
		next.doc.CreatedDateTime = e.now(c.Company)
		next.doc.LastModifiedDateTime = next.doc.CreatedDateTime
		b.add(next)
	}
	e.setETag(w, corrected.doc.TimeStamp)
	writeJSON(w, http.StatusOK, documentResult{corrected.doc.ReferenceNumber, "Invoice", e.actionResult(c.Company, e.result(c))})
}

// sendToAutoInvoice serves POST …/action/sendToAutoInvoice.
func (e *ERP) sendToAutoInvoice(w http.ResponseWriter, r *http.Request) {
	check := onReleased(r, "sent")
	w = e.answerFirst(w, r, check)
	c, b, unlock := e.open(r)
	defer unlock()
	inv, f := check(b)
	if f != nil {
		e.refuse(w, f)
		return
	}
	inv.doc.SendToAutoInvoice = true
	inv.doc.LastModifiedDateTime = e.now(c.Company)
	b.put(inv)
	e.setETag(w, inv.doc.TimeStamp)
	doc := e.shown(inv.doc)
	writeJSON(w, http.StatusOK, documentResult{doc.ReferenceNumber, doc.DocumentType, e.actionResult(c.Company, e.result(c))})
}

// reverseAndApply serves POST …/action/reverseandapplytonote: as reverse, and the
// credit note is for the invoice, of which its balance is gone once somebody has
// released it.
func (e *ERP) reverseAndApply(w http.ResponseWriter, r *http.Request) {
	e.reverse(w, r, r.PathValue("number"), ifMatch(r), func(inv, note *invoice) {
		note.doc.Applications = []*openapi.Application{{
			DocType: inv.doc.DocumentType, RefNbr: inv.doc.ReferenceNumber, CustomerCD: inv.doc.Customer.Number,
			AmountPaid: inv.doc.BalanceInCurrency, Balance: "0", CashDiscountTaken: "0", Status: inv.doc.Status,
		}}
	})
}

// actionResult is that of an action that went well.
func (e *ERP) actionResult(company, word string) openapi.ActionResult {
	return openapi.ActionResult{ActionID: e.cfg.NewID("action", company), ActionResult: word}
}

// releaseNote settles what a credit note is applied to, once it is released.
func (b *book) releaseNote(note *invoice, at string) *refusal {
	if note.doc.DocumentType != creditNoteType {
		return nil
	}
	for _, a := range slices.Clone(note.doc.Applications) {
		inv, f := b.find(a.RefNbr, nil)
		if f != nil {
			return badRequest("Document '%s' cannot be found in the system.", a.RefNbr)
		}
		if f = inv.pay(a.AmountPaid, false); f == nil {
			f = note.pay(a.AmountPaid, false)
		}
		if f != nil {
			return f
		}
		if inv.doc.Status == "Closed" {
			inv.doc.ClosedFinancialPeriod = note.doc.FinancialPeriod
		}
		inv.doc.LastModifiedDateTime = at
		b.put(inv)
	}
	return nil
}
