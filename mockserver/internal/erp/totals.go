package erp

import (
	"slices"

	"github.com/vismanet-go/background/openapi"
)

// sums are the totals of a document in its own currency.
type sums struct {
	detail, taxable, exempt, vat ore
	byCode                       map[string]ore // base of each VAT code
}

// calculate fills in all amounts of a document from quantity, price, discount
// and VAT code of its lines.
func calculate(doc *openapi.CustomerInvoice) *refusal {
	rate := doc.ExchangeRate
	if sign(rate) == 0 {
		rate = "1"
	}
	s := sums{byCode: make(map[string]ore)}
	for i := range doc.InvoiceLines {
		l := &doc.InvoiceLines[i]
		net, ok := calculateLine(l, rate)
		if !ok || !s.add(net, l.VATCode.ID) {
			return badRequest("The amount of line %d is too large.", l.LineNumber)
		}
	}
	details := make([]*openapi.TaxDetail, 0, len(s.byCode))
	for _, code := range vatCodes {
		base, ok := s.byCode[code.id]
		if !ok {
			continue
		}
		vat, ok := base.percent(code.rate)
		if !ok {
			return badRequest("The VAT of the document is too large.")
		}
		s.vat += vat
		details = append(details, code.detail(len(details)+1, base, vat))
	}
	doc.TaxDetails = details
	return s.fill(doc, rate)
}

// calculateLine fills in a line's amounts and returns its net amount.
func calculateLine(l *openapi.CustomerInvoiceLine, rate openapi.Decimal) (ore, bool) {
	before, ok := product(l.Quantity, l.UnitPriceInCurrency)
	if sign(l.ManualAmountInCurrency) != 0 {
		before, ok = amount(l.ManualAmountInCurrency)
	}
	if !ok {
		return 0, false
	}
	discount, ok := before.percent(l.DiscountPercent)
	if l.ManualDiscount || sign(l.DiscountPercent) == 0 && sign(l.DiscountAmountInCurrency) != 0 {
		discount, ok = amount(l.DiscountAmountInCurrency)
	}
	if !ok {
		return 0, false
	}
	net := before - discount
	price, ok1 := companyPrice(l.UnitPriceInCurrency, rate)
	converted, ok2 := net.times(rate)
	inCompany, ok3 := discount.times(rate)
	manual, ok4 := companyPrice(l.ManualAmountInCurrency, rate)
	l.DiscountAmountInCurrency, l.DiscountAmount = discount.kroner(), inCompany.kroner()
	l.AmountInCurrency, l.Amount = net.kroner(), converted.kroner()
	l.UnitPrice, l.ManualAmount = price, manual
	return net, ok1 && ok2 && ok3 && ok4
}

// companyPrice keeps a price in the company's currency as fine as it is, and
// rounds only what an exchange made of it.
func companyPrice(price, rate openapi.Decimal) (openapi.Decimal, bool) {
	if rate.Cmp("1") == 0 {
		return price, true
	}
	a, ok := product(price, rate)
	return a.kroner(), ok
}

// add counts a line's net amount.
func (s *sums) add(net ore, vatCode string) bool {
	s.detail += net
	s.byCode[vatCode] += net
	if sign(vatCodeRate(vatCode)) == 0 {
		s.exempt += net
	} else {
		s.taxable += net
	}
	return max(s.detail, -s.detail, s.taxable, -s.taxable) <= maxOre
}

// fill writes the totals in both currencies. The total in the company's
// currency is the sum of its parts, so that it adds up on paper.
func (s *sums) fill(doc *openapi.CustomerInvoice, rate openapi.Decimal) *refusal {
	var parts [4]ore
	for i, part := range []ore{s.detail, s.taxable, s.exempt, s.vat} {
		var ok bool
		if parts[i], ok = part.times(rate); !ok {
			return badRequest("The total of the document is too large.")
		}
	}
	total, inCompany := s.detail+s.vat, parts[0]+parts[3]
	doc.DetailTotalInCurrency, doc.DetailTotal = s.detail.kroner(), parts[0].kroner()
	doc.VATTaxableTotalInCurrency, doc.VATTaxableTotal = s.taxable.kroner(), parts[1].kroner()
	doc.VATExemptTotalInCurrency, doc.VATExemptTotal = s.exempt.kroner(), parts[2].kroner()
	doc.VATTotalInCurrency, doc.VATTotal = s.vat.kroner(), parts[3].kroner()
	doc.AmountInCurrency, doc.Amount = total.kroner(), inCompany.kroner()
	doc.BalanceInCurrency, doc.Balance = total.kroner(), inCompany.kroner()
	return nil
}

// A vatCode is a Norwegian VAT code.
type vatCode struct {
	id, description string
	rate            openapi.Decimal
}

// vatCodes are the codes that the ERP knows; never written.
var vatCodes = []vatCode{
	{"3", "Utgående mva 25%", "25"},
	{"31", "Utgående mva 15%", "15"},
	{"33", "Utgående mva 12%", "12"},
	{"5", "Fritatt for mva", "0"},
}

func findVATCode(id string) (vatCode, bool) {
	i := slices.IndexFunc(vatCodes, func(c vatCode) bool { return c.id == id })
	if i < 0 {
		return vatCode{}, false
	}
	return vatCodes[i], true
}

func vatCodeRate(id string) openapi.Decimal {
	c, _ := findVATCode(id)
	return c.rate
}

func (c vatCode) detail(record int, base, vat ore) *openapi.TaxDetail {
	d := &openapi.TaxDetail{
		RecordID: record, TaxID: c.id, VATRate: c.rate,
		TaxableAmount: base.kroner(), VATAmount: vat.kroner(),
	}
	d.VATID.Number, d.VATID.Description = c.id, c.description
	return d
}
