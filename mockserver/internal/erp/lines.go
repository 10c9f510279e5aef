package erp

import (
	"math"
	"slices"

	"github.com/vismanet-go/background/openapi"
)

// applyLines inserts, changes and deletes lines.
func (inv *invoice) applyLines(u *openapi.CustomerInvoiceUpdate) *refusal {
	doc := &inv.doc
	for i := range u.InvoiceLines {
		l := &u.InvoiceLines[i]
		var f *refusal
		switch l.Operation {
		case openapi.LineOperationInsert:
			f = insertLine(doc, l)
		case openapi.LineOperationUpdate:
			f = updateLine(doc, l)
		case openapi.LineOperationDelete:
			f = deleteLine(doc, l)
		default:
			f = badRequest("Line %d: operation must be Insert, Update or Delete.", i+1)
		}
		if f != nil {
			return f
		}
	}
	return nil
}

func insertLine(doc *openapi.CustomerInvoice, u *openapi.CustomerInvoiceUpdateLine) *refusal {
	number := 1
	for i := range doc.InvoiceLines {
		number = max(number, doc.InvoiceLines[i].LineNumber+1)
	}
	if own, ok := u.LineNumber.Get(); ok {
		if lineIndex(doc, own) >= 0 {
			return badRequest("Line %d exists already.", own)
		}
		number = own
	}
	if number > math.MaxInt32 {
		return badRequest("Line %d: no line number is left after it.", number-1)
	}
	l := textLine(number)
	if inventory, _ := u.InventoryNumber.Get(); inventory != "" {
		it, ok := findItem(inventory)
		if !ok {
			return badRequest("Inventory item '%s' cannot be found in the system.", inventory)
		}
		l = itemLine(number, it, "0")
	} else if text, _ := u.Description.Get(); text == "" {
		return badRequest("Line %d needs inventoryNumber or description.", number)
	}
	if _, ok := u.Quantity.Get(); !ok {
		return badRequest("Line %d needs a quantity.", number)
	}
	if f := changeLine(&l, u); f != nil {
		return f
	}
	doc.InvoiceLines = append(doc.InvoiceLines, l)
	return nil
}

// textLine is a line without an item.
func textLine(number int) openapi.CustomerInvoiceLine {
	code, _ := findVATCode("3")
	return openapi.CustomerInvoiceLine{
		LineNumber: number, LineType: "NonStockItem",
		VATCode:      openapi.CodeDescription{ID: code.id, Description: code.description},
		Account:      account("3000"),
		BranchNumber: openapi.NumberName{Number: "1", Name: "Hovedkontor"},
	}
}

func updateLine(doc *openapi.CustomerInvoice, u *openapi.CustomerInvoiceUpdateLine) *refusal {
	number, _ := u.LineNumber.Get()
	i := lineIndex(doc, number)
	if i < 0 {
		return badRequest("Line %d was not found.", number)
	}
	l := &doc.InvoiceLines[i]
	if inventory, _ := u.InventoryNumber.Get(); inventory != "" && inventory != l.InventoryNumber {
		it, ok := findItem(inventory)
		if !ok {
			return badRequest("Inventory item '%s' cannot be found in the system.", inventory)
		}
		*l = itemLine(number, it, l.Quantity)
	}
	return changeLine(l, u)
}

func deleteLine(doc *openapi.CustomerInvoice, u *openapi.CustomerInvoiceUpdateLine) *refusal {
	number, _ := u.LineNumber.Get()
	i := lineIndex(doc, number)
	if i < 0 {
		return badRequest("Line %d was not found.", number)
	}
	doc.InvoiceLines = slices.Delete(doc.InvoiceLines, i, i+1)
	return nil
}

func lineIndex(doc *openapi.CustomerInvoice, number int) int {
	return slices.IndexFunc(doc.InvoiceLines, func(l openapi.CustomerInvoiceLine) bool { return l.LineNumber == number })
}

// changeLine sets what u brings.
func changeLine(l *openapi.CustomerInvoiceLine, u *openapi.CustomerInvoiceUpdateLine) *refusal {
	if id, ok := u.VATCodeID.Get(); ok {
		code, known := findVATCode(id)
		if !known {
			return badRequest("VAT code '%s' cannot be found in the system.", id)
		}
		l.VATCode = openapi.CodeDescription{ID: code.id, Description: code.description}
	}
	if number, ok := u.AccountNumber.Get(); ok {
		l.Account = account(number)
	}
	if percent, ok := openapi.GetDecimal(u.DiscountPercent); ok && (sign(percent) < 0 || percent.Cmp("100") > 0) {
		return badRequest("Line %d: the discount must be between 0 and 100 percent.", l.LineNumber)
	}
	if u.DiscountPercent != nil && u.DiscountAmountInCurrency == nil {
		l.DiscountAmountInCurrency, l.ManualDiscount = "0", false
	}
	for _, d := range []dateChange{
		{"startDate", &l.StartDate, u.StartDate},
		{"endDate", &l.EndDate, u.EndDate},
		{"termStartDate", &l.TermStartDate, u.TermStartDate},
		{"termEndDate", &l.TermEndDate, u.TermEndDate},
	} {
		if f := d.apply(); f != nil {
			return f
		}
	}
	set(&l.IsRotRutDeductible, u.DomesticServicesDeductible)
	set(&l.ItemType, u.ItemType)
	set(&l.TypeOfWork.Description, u.TypeOfWork)
	set(&l.Description, u.Description)
	setDecimal(&l.Quantity, u.Quantity)
	set(&l.Uom, u.Uom)
	setDecimal(&l.UnitPriceInCurrency, u.UnitPriceInCurrency)
	setDecimal(&l.ManualAmountInCurrency, u.ManualAmountInCurrency)
	setDecimal(&l.DiscountPercent, u.DiscountPercent)
	setDecimal(&l.DiscountAmountInCurrency, u.DiscountAmountInCurrency)
	set(&l.DiscountCode, u.DiscountCode)
	set(&l.ManualDiscount, u.ManualDiscount)
	set(&l.Seller.ID, u.Salesperson)
	set(&l.DeferralCode, u.DeferralCode)
	set(&l.DeferralSchedule, u.DeferralSchedule)
	set(&l.Note, u.Note)
	set(&l.BranchNumber.Number, u.BranchNumber)
	set(&l.ProjectTask.ID, u.TaskID)
	return nil
}
