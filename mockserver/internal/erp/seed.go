package erp

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/vismanet-go/background/openapi"
)

// A buyer is a customer that every company has.
type buyer struct {
	number, name, country string
	vatZone               string
	terms                 string
}

// buyers are the customers of every company. They are made up, and never written.
var buyers = []buyer{
	{"10000", "Nordlys Kaffebrenneri AS", "NO", "01", "14"},
	{"10012", "Havbris Seilmakeri AS", "NO", "01", "30"},
	{"10023", "Fjelltopp Turutstyr AS", "NO", "01", "14"},
	{"10031", "Lyngheim Gartneri SA", "NO", "01", "14"},
	{"10045", "Fjordvik Sykkel AS", "NO", "01", "14"},
	{"10058", "Brattli Bygg og Anlegg AS", "NO", "01", "30"},
	{"10067", "Soltun Barnehage SA", "NO", "01", "14"},
	{"10074", "Vintervoll Ski AB", "SE", "02", "30"},
	{"10081", "Granly Trevare AS", "NO", "01", "10"},
	{"10099", "Kystrute Logistikk AS", "NO", "01", "30"},
}

// An item is sold.
type item struct {
	number, description, uom, lineType string
	price                              openapi.Decimal
	vat, account                       string
}

// items are those of every company; never written.
var items = []item{
	{"SYK-01", "Sykkelservice", "STK", "GoodsForSales", "500", "3", "3000"},
	{"SYK-02", "Kjede 11-delt", "STK", "GoodsForSales", "349.9", "3", "3000"},
	{"SYK-03", "Dekk 28 tommer", "STK", "GoodsForSales", "279.5", "3", "3000"},
	{"KAF-10", "Filterkaffe 1 kg", "KG", "GoodsForSales", "189.95", "31", "3010"},
	{"TUR-05", "Telt for tre", "STK", "GoodsForSales", "3299", "3", "3000"},
	{"FRA-01", "Frakt", "STK", "NonStockItem", "149", "3", "3090"},
	{"REI-01", "Persontransport", "TUR", "Service", "87.33", "33", "3020"},
	{"EKS-01", "Vare for eksport", "STK", "GoodsForSales", "1000", "5", "3100"},
}

func findItem(number string) (item, bool) {
	i := slices.IndexFunc(items, func(it item) bool { return it.number == number })
	if i < 0 {
		return item{}, false
	}
	return items[i], true
}

// termDays is how many days a code of credit terms gives.
func termDays(terms string) (days int, known bool) {
	switch terms {
	case "10":
		return 10, true
	case "14":
		return 14, true
	case "30":
		return 30, true
	}
	return 0, false
}

func creditTerms(id string) openapi.CodeDescription {
	return openapi.CodeDescription{ID: id, Description: id + " dager"}
}

func vatZone(id string) openapi.CodeDescription {
	var name string
	switch id {
	case "01":
		name = "Innland"
	case "02":
		name = "Utland"
	}
	return openapi.CodeDescription{ID: id, Description: name}
}

// accounts names those that have a name of their own; never written.
var accounts = map[string]string{
	"1500": "Kundefordringer", "3000": "Salgsinntekt", "3010": "Salgsinntekt, næringsmidler",
	"3020": "Salgsinntekt, transport", "3090": "Fraktinntekt", "3100": "Salgsinntekt, avgiftsfri",
}

func account(number string) openapi.Account {
	kind := "Income"
	if number == "1500" {
		kind = "Asset"
	}
	return openapi.Account{Number: number, Description: cmp.Or(accounts[number], "Konto "+number), Type: kind, Active: true}
}

// What companies start with.
const (
	DefaultInvoices = 48
	firstInvoice    = 3501
	firstCredit     = 700001
	firstVersion    = 0x772ba0
	firstCustomer   = 10100
	firstPayment    = 400652
)

// keptInvoices is how large a seed may be to be kept once it was made.
const keptInvoices = 1000

// A seed is the invoices that a company starts with, from 003501 on: the oldest
// are paid, then come open ones, and the last few are not released. They are
// the same for all companies, and never changed.
type seed struct {
	size int
	once sync.Once
	kept []*invoice // of a small one
}

// defaultSeed is that of most servers.
var defaultSeed = &seed{size: DefaultInvoices}

func newSeed(size int) *seed {
	if size == DefaultInvoices {
		return defaultSeed
	}
	return &seed{size: size}
}

// invoice is the i-th of the seed.
func (s *seed) invoice(i int) *invoice {
	if s.size > keptInvoices {
		return s.make(i)
	}
	s.once.Do(func() {
		s.kept = make([]*invoice, s.size)
		for i := range s.kept {
			s.kept[i] = s.make(i)
		}
	})
	return s.kept[i]
}

// position is which of the seed has a number.
func (s *seed) position(number string) (i int, found bool) {
	n, err := strconv.Atoi(number)
	i = n - firstInvoice
	return i, err == nil && i >= 0 && i < s.size && invoiceNumber(n) == number
}

// make is the i-th invoice as it was created and went on.
func (s *seed) make(i int) *invoice {
	inv := new(invoice)
	s.head(inv, i)
	doc := &inv.doc
	for n := range 1 + i%3 {
		it := items[(i+n*3)%len(items)]
		doc.InvoiceLines = append(doc.InvoiceLines, itemLine(n+1, it, openapi.Decimal(strconv.Itoa(1+(i+n)%4))))
	}
	if f := calculate(doc); f != nil {
		panic(f.message) // the seed is ours
	}
	if doc.Status == "Closed" {
		doc.Balance, doc.BalanceInCurrency = "0", "0"
	}
	return inv
}

// head makes inv the i-th invoice without its lines and amounts, by which nothing
// is looked for.
func (s *seed) head(inv *invoice, i int) {
	at := s.time(i)
	*inv = invoice{doc: newDocument("Invoice"), dueByTerms: true, seq: i + 1}
	doc := &inv.doc
	doc.ReferenceNumber = invoiceNumber(firstInvoice + i)
	doc.TimeStamp = timeStamp(firstVersion + uint64(i) + 1)
	setCustomer(doc, seedCustomer(i*7%len(buyers)))
	doc.DocumentDate = at.Format(time.DateOnly) + "T00:00:00"
	doc.CreatedDateTime = at.Add(110 * time.Millisecond).Format("2006-01-02T15:04:05.999")
	doc.LastModifiedDateTime = at.Add(637 * time.Millisecond).Format("2006-01-02T15:04:05.999")
	doc.ExternalReference = "WEB-" + strconv.Itoa(4700+i)
	inv.fillDates()
	s.settle(inv, i)
}

// time is when the i-th invoice was created. A larger seed has more of them in
// the same hundred days.
func (s *seed) time(i int) time.Time {
	const step = 53 * time.Hour
	since := time.Duration(i) * step
	if s.size > DefaultInvoices {
		since = time.Duration(float64(i) / float64(s.size) * float64(DefaultInvoices*step)).Round(time.Millisecond)
	}
	return time.Date(2026, time.June, 1, 8, 30, 0, 0, time.UTC).Add(since)
}

// settle gives an invoice its place in the usual life of one.
func (s *seed) settle(inv *invoice, i int) {
	doc := &inv.doc
	switch age := i * DefaultInvoices / max(s.size, DefaultInvoices); {
	case age < 28:
		inv.released, doc.Status = true, "Closed"
		doc.ClosedFinancialPeriod = doc.FinancialPeriod
	case age < 40:
		inv.released, doc.Status = true, "Open"
	case i%4 == 3:
		doc.Status, doc.Hold = "Hold", true
	}
}

// newDocument is an empty document as every new one starts.
func newDocument(kind string) openapi.CustomerInvoice {
	return openapi.CustomerInvoice{
		DocumentType: kind, Status: "Balanced", CurrencyID: "NOK", ExchangeRate: "1",
		Account:       account("1500"),
		BranchNumber:  openapi.NumberName{Number: "1", Name: "Hovedkontor"},
		PaymentMethod: openapi.CodeDescription{ID: "10", Description: "Bankgiro"},
		CashAccount:   "1920",
		Metadata:      openapi.Metadata{TotalCount: 1},
	}
}

func setCustomer(doc *openapi.CustomerInvoice, c *customer) {
	doc.Customer = openapi.NumberName{Number: c.Number, Name: c.Name}
	doc.CreditTerms, doc.CustomerVATZone, doc.Location = c.CreditTerms, c.VATZone, c.Location
}

func itemLine(number int, it item, quantity openapi.Decimal) openapi.CustomerInvoiceLine {
	code, _ := findVATCode(it.vat)
	return openapi.CustomerInvoiceLine{
		LineNumber: number, LineType: it.lineType, InventoryNumber: it.number, Description: it.description,
		Quantity: quantity, Uom: it.uom, UnitPriceInCurrency: it.price,
		VATCode:      openapi.CodeDescription{ID: code.id, Description: code.description},
		Account:      account(it.account),
		BranchNumber: openapi.NumberName{Number: "1", Name: "Hovedkontor"},
	}
}

// firstOpen is the first invoice that is released and not paid.
func (s *seed) firstOpen() int {
	return (28*max(s.size, DefaultInvoices) + DefaultInvoices - 1) / DefaultInvoices
}
