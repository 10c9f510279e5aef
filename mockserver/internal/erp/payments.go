package erp

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/call"
	"github.com/vismanet-go/background/openapi"
)

// A payment is what a customer paid. Published as PaymentDto, of which this is a
// part.
type payment struct {
	Type                       string                  `json:"type"`
	RefNbr                     string                  `json:"refNbr"`
	Status                     string                  `json:"status"`
	Hold                       bool                    `json:"hold"`
	ApplicationDate            string                  `json:"applicationDate"`
	ApplicationPeriod          string                  `json:"applicationPeriod"`
	PaymentRef                 string                  `json:"paymentRef,omitempty"`
	Customer                   openapi.NumberName      `json:"customer"`
	Location                   openapi.Location        `json:"location"`
	PaymentMethod              openapi.CodeDescription `json:"paymentMethod"`
	CashAccount                string                  `json:"cashAccount"`
	Currency                   string                  `json:"currency"`
	PaymentAmount              openapi.Decimal         `json:"paymentAmount"`
	PaymentAmountInCurrency    openapi.Decimal         `json:"paymentAmountInCurrency"`
	InvoiceText                string                  `json:"invoiceText,omitempty"`
	AppliedToDocuments         openapi.Decimal         `json:"appliedToDocuments"`
	AppliedToOrders            openapi.Decimal         `json:"appliedToOrders"`
	AvailableBalance           openapi.Decimal         `json:"availableBalance"`
	AvailableBalanceInCurrency openapi.Decimal         `json:"availableBalanceInCurrency"`
	WriteOffAmount             openapi.Decimal         `json:"writeOffAmount"`
	FinanceCharges             openapi.Decimal         `json:"financeCharges"`
	DeductedCharges            openapi.Decimal         `json:"deductedCharges"`
	Branch                     string                  `json:"branch"`
	LastModifiedDateTime       string                  `json:"lastModifiedDateTime"`
	PaymentLines               []paymentLine           `json:"paymentLines"`
	TimeStamp                  string                  `json:"timeStamp"`
	ErrorInfo                  *string                 `json:"errorInfo"`
	Metadata                   openapi.Metadata        `json:"metadata"`
}

// A paymentLine is what of a payment is for one document. Published as
// PaymentLineDto.
type paymentLine struct {
	DocumentType      string          `json:"documentType"`
	RefNbr            string          `json:"refNbr"`
	AmountPaid        openapi.Decimal `json:"amountPaid"`
	CashDiscountTaken openapi.Decimal `json:"cashDiscountTaken"`
	BalanceWriteOff   openapi.Decimal `json:"balanceWriteOff"`
	Date              string          `json:"date"`
	DueDate           string          `json:"dueDate"`
	Balance           openapi.Decimal `json:"balance"`
	Currency          string          `json:"currency"`
	PostPeriod        string          `json:"postPeriod"`
}

// A paymentUpdate is what to create or change. Published as PaymentUpdateDto.
type paymentUpdate struct {
	ReferenceNumber      *openapi.StringValue  `json:"referenceNumber"`
	OverrideNumberSeries *openapi.BooleanValue `json:"overrideNumberSeries"`
	Type                 *openapi.StringValue  `json:"type"`
	Hold                 *openapi.BooleanValue `json:"hold"`
	ApplicationDate      *openapi.DateValue    `json:"applicationDate"`
	ApplicationPeriod    *openapi.StringValue  `json:"applicationPeriod"`
	PaymentRef           *openapi.StringValue  `json:"paymentRef"`
	Customer             *openapi.StringValue  `json:"customer"`
	Location             *openapi.StringValue  `json:"location"`
	PaymentMethod        *openapi.StringValue  `json:"paymentMethod"`
	CashAccount          *openapi.StringValue  `json:"cashAccount"`
	Currency             *openapi.StringValue  `json:"currency"`
	PaymentAmount        *openapi.NumberValue  `json:"paymentAmount"`
	InvoiceText          *openapi.StringValue  `json:"invoiceText"`
	Branch               *openapi.StringValue  `json:"branch"`
	PaymentLines         []struct {
		Operation    openapi.LineOperation `json:"operation"`
		DocumentType *openapi.StringValue  `json:"documentType"`
		RefNbr       *openapi.StringValue  `json:"refNbr"`
		AmountPaid   *openapi.NumberValue  `json:"amountPaid"`
	} `json:"paymentLines"`
}

// released reports whether the payment counts.
func (p *payment) released() bool { return p.Status != "Balanced" && p.Status != "Hold" }

// payment returns a copy of a payment, to be changed and [book.putPayment].
func (b *book) payment(number string) (*payment, *refusal) {
	p := b.payments[number]
	if p == nil {
		if p = b.seed.payment(number); p == nil {
			return nil, &refusal{http.StatusNotFound, "Customer payment '" + number + "' was not found."}
		}
	}
	own := *p
	own.PaymentLines = slices.Clone(p.PaymentLines)
	return &own, nil
}

// allPayments are the payments by number: those that are given automatically
// have the same length.
func (b *book) allPayments() []payment {
	var list []payment
	for n := range seedPayments {
		if number := strconv.Itoa(firstPayment + n); b.payments[number] == nil {
			list = append(list, *b.seed.payment(number))
		}
	}
	for _, p := range b.payments {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b payment) int {
		return cmp.Or(cmp.Compare(len(a.RefNbr), len(b.RefNbr)), strings.Compare(a.RefNbr, b.RefNbr))
	})
	return list
}

// putPayment enters a payment as the next version.
func (b *book) putPayment(p *payment) {
	b.version++
	p.TimeStamp = timeStamp(b.version)
	b.payments[p.RefNbr] = p
	b.note(paymentKey + p.RefNbr)
}

// seedPayments is how many payments a company starts with: 400652 paid the first
// invoice, 400653 is for the first open one and not released, and 400654 paid
// the second one and is released, as the one that was observed.
const seedPayments = 3

// payment is one that a company starts with, nil if there is none with a number.
func (s *seed) payment(number string) *payment {
	n, err := strconv.Atoi(number)
	if n -= firstPayment; err != nil || n < 0 || n >= seedPayments || number != strconv.Itoa(firstPayment+n) {
		return nil
	}
	which := [seedPayments]int{0, s.firstOpen(), 1}[n]
	p := newPayment()
	p.RefNbr, p.PaymentRef = number, "KID-"+number
	p.TimeStamp = timeStamp(firstVersion - uint64(len(buyers)+seedPayments-n))
	c := seedCustomer(which * 7 % len(buyers))
	p.ApplicationDate, p.LastModifiedDateTime = "2026-09-15T00:00:00", "2026-09-15T09:12:44.637"
	if which < s.size {
		inv := s.invoice(which)
		p.PaymentAmount = inv.doc.Amount
		p.PaymentLines = []paymentLine{lineFor(inv, inv.doc.Amount)}
	}
	p.Customer = openapi.NumberName{Number: c.Number, Name: c.Name}
	p.Location = c.Location
	if p.fill(); n != 1 {
		p.settle()
	}
	return p
}

func newPayment() *payment {
	return &payment{
		Type: "Payment", Status: "Balanced", CashAccount: "1920", Currency: "NOK", Branch: "1",
		PaymentMethod: openapi.CodeDescription{ID: "10", Description: "Bankgiro"},
		PaymentAmount: "0", AppliedToOrders: "0", WriteOffAmount: "0", FinanceCharges: "0", DeductedCharges: "0",
		PaymentLines: []paymentLine{}, Metadata: openapi.Metadata{TotalCount: 1},
	}
}

// lineFor is a line of a payment for an invoice.
func lineFor(inv *invoice, paid openapi.Decimal) paymentLine {
	d := &inv.doc
	return paymentLine{
		DocumentType: d.DocumentType, RefNbr: d.ReferenceNumber, AmountPaid: paid, CashDiscountTaken: "0", BalanceWriteOff: "0",
		Date: d.DocumentDate, DueDate: d.DocumentDueDate, Balance: d.BalanceInCurrency, Currency: d.CurrencyID, PostPeriod: d.PostPeriod,
	}
}

// fill derives the sums and the period.
func (p *payment) fill() *refusal {
	total, ok := amount(p.PaymentAmount)
	if !ok || total < 0 {
		return badRequest("The payment amount is too large, or below 0.")
	}
	var applied ore
	for _, l := range p.PaymentLines {
		paid, ok := amount(l.AmountPaid)
		if !ok || paid <= 0 {
			return badRequest("The amount paid for document '%s' must be greater than 0.", l.RefNbr)
		}
		if applied += paid; applied > total {
			return badRequest("The payment amount is less than what is applied to documents.")
		}
	}
	p.PaymentAmount = total.kroner()
	p.PaymentAmountInCurrency, p.AppliedToDocuments = p.PaymentAmount, applied.kroner()
	p.AvailableBalance = (total - applied).kroner()
	p.AvailableBalanceInCurrency = p.AvailableBalance
	if day, err := openapi.ParseTime(p.ApplicationDate); err == nil && p.ApplicationPeriod == "" {
		p.ApplicationPeriod = day.Format("200601")
	}
	return nil
}

// settle is the status after a release.
func (p *payment) settle() {
	p.Status, p.Hold = "Open", false
	if sign(p.AvailableBalance) == 0 {
		p.Status = "Closed"
	}
}

// listPayments serves GET /v1/customerPayment.
func (e *ERP) listPayments(w http.ResponseWriter, r *http.Request) {
	q := &query{values: r.URL.Query()}
	modified, dated := q.date("lastModifiedDateTime"), q.date("docDate")
	_, b, unlock := e.open(r)
	all := b.allPayments()
	unlock()
	all = slices.DeleteFunc(all, func(p payment) bool {
		for name, has := range map[string]string{
			"paymentNbr": p.RefNbr, "paymentType": p.Type, "customer": p.Customer.Number, "status": p.Status, "branch": p.Branch,
			"financialPeriod": p.ApplicationPeriod,
		} {
			if want := q.values.Get(name); want != "" && !strings.EqualFold(want, has) {
				return true
			}
		}
		invoice, above := q.values.Get("invoiceRefNbr"), q.values.Get("greaterThanValue")
		return invoice != "" && !p.pays(invoice) || above != "" && p.RefNbr <= above ||
			!modified(p.LastModifiedDateTime) || !dated(p.ApplicationDate)
	})
	writePage(e, w, q, all, func(p *payment) *openapi.Metadata { return &p.Metadata })
}

// pays reports whether a line is for a document.
func (p *payment) pays(number string) bool {
	return slices.IndexFunc(p.PaymentLines, func(l paymentLine) bool { return l.RefNbr == number }) >= 0
}

// getPayment serves GET /v1/customerPayment/{number}.
func (e *ERP) getPayment(w http.ResponseWriter, r *http.Request) {
	_, b, unlock := e.open(r)
	p, f := b.payment(r.PathValue("number"))
	unlock()
	if f != nil {
		e.refuse(w, f)
		return
	}
	p.Metadata.MaxPageSize = e.cfg.MaxPageSize
	e.setETag(w, p.TimeStamp)
	writeJSON(w, http.StatusOK, p)
}

// createPayment serves POST /v1/customerPayment.
func (e *ERP) createPayment(w http.ResponseWriter, r *http.Request) {
	var u paymentUpdate
	if f := e.decode(r, &u); f != nil {
		e.refuse(w, f)
		return
	}
	at, b, unlock := e.open(r)
	defer unlock()
	p := newPayment()
	p.ApplicationDate = e.cfg.Now(at.Company).Format(time.DateOnly) + "T00:00:00"
	var f *refusal
	if number, _ := u.Customer.Get(); number == "" {
		f = badRequest("'Customer' cannot be empty.")
	}
	if f = cmp.Or(f, p.apply(b, &u)); f == nil {
		p.RefNbr, f = b.paymentNumber(&u)
	}
	if f != nil {
		e.refuse(w, f)
		return
	}
	p.LastModifiedDateTime = e.now(at.Company)
	b.putPayment(p)
	e.setETag(w, p.TimeStamp)
	w.Header().Set("Location", at.Base+"/v1/customerPayment/"+call.Segment(p.RefNbr))
	w.WriteHeader(http.StatusCreated)
}

// paymentNumber is the number of a new payment: the next one, or its own.
func (b *book) paymentNumber(u *paymentUpdate) (string, *refusal) {
	own, _ := u.ReferenceNumber.Get()
	if override, _ := u.OverrideNumberSeries.Get(); own != "" && !override {
		return "", badRequest("The reference number is given automatically; set overrideNumberSeries to choose it.")
	}
	if own != "" {
		if _, f := b.payment(own); f == nil || strings.TrimSpace(own) != own {
			return "", badRequest("The reference number '%s' cannot be used.", own)
		}
		return own, nil
	}
	for {
		own = strconv.Itoa(b.nextPayment)
		b.nextPayment++
		if _, f := b.payment(own); f != nil {
			return own, nil
		}
	}
}

// updatePayment serves PUT /v1/customerPayment/{number}.
func (e *ERP) updatePayment(w http.ResponseWriter, r *http.Request) {
	var u paymentUpdate
	bad := e.decode(r, &u)
	at, b, unlock := e.open(r)
	defer unlock()
	p, f := b.payment(r.PathValue("number"))
	if f == nil {
		f = cmp.Or(checkVersion(r, p.TimeStamp, "customer payment"), bad)
	}
	if f == nil && p.released() {
		f = alreadyReleased()
	}
	if f == nil {
		f = p.apply(b, &u)
	}
	if f != nil {
		e.refuse(w, f)
		return
	}
	p.LastModifiedDateTime = e.now(at.Company)
	b.putPayment(p)
	e.setETag(w, p.TimeStamp)
	w.WriteHeader(http.StatusNoContent)
}

// alreadyReleased is word for word what was observed, of the action too.
func alreadyReleased() *refusal {
	return badRequest("Payment can't be updated because it is already released.")
}

// apply changes a payment that is not released as u says.
func (p *payment) apply(b *book, u *paymentUpdate) *refusal {
	if u.Customer != nil {
		number, _ := u.Customer.Get()
		c, f := b.customer(number)
		if f != nil {
			return badRequest("%s", f.message)
		}
		p.Customer, p.Location = openapi.NumberName{Number: c.Number, Name: c.Name}, c.Location
	}
	if u.ApplicationDate != nil {
		p.ApplicationPeriod = ""
	}
	if f := (dateChange{"applicationDate", &p.ApplicationDate, u.ApplicationDate}).apply(); f != nil {
		return f
	}
	if currency, ok := u.Currency.Get(); ok {
		p.Currency = strings.ToUpper(currency)
	}
	set(&p.Type, u.Type)
	set(&p.ApplicationPeriod, u.ApplicationPeriod)
	set(&p.PaymentRef, u.PaymentRef)
	set(&p.Location.ID, u.Location)
	set(&p.PaymentMethod.ID, u.PaymentMethod)
	set(&p.CashAccount, u.CashAccount)
	setDecimal(&p.PaymentAmount, u.PaymentAmount)
	set(&p.InvoiceText, u.InvoiceText)
	set(&p.Branch, u.Branch)
	set(&p.Hold, u.Hold)
	if p.Status = "Balanced"; p.Hold {
		p.Status = "Hold"
	}
	for i := range u.PaymentLines {
		l := &u.PaymentLines[i]
		number, _ := l.RefNbr.Get()
		at := slices.IndexFunc(p.PaymentLines, func(has paymentLine) bool { return has.RefNbr == number })
		switch {
		case l.Operation == openapi.LineOperationInsert && at < 0:
			paid, _ := openapi.GetDecimal(l.AmountPaid)
			inv := b.get(number)
			if inv == nil {
				return badRequest("Document '%s' cannot be found in the system.", number)
			}
			p.PaymentLines = append(p.PaymentLines, lineFor(inv, paid))
		case l.Operation == openapi.LineOperationUpdate && at >= 0:
			setDecimal(&p.PaymentLines[at].AmountPaid, l.AmountPaid)
		case l.Operation == openapi.LineOperationDelete && at >= 0:
			p.PaymentLines = slices.Delete(p.PaymentLines, at, at+1)
		default:
			return badRequest("Payment line %d: operation '%s' is not possible for document '%s'.", i+1, l.Operation, number)
		}
	}
	if f := p.fill(); f != nil {
		return f
	}
	_, f := p.paid(b)
	return f
}

// paid are the invoices as they are once the payment is released.
func (p *payment) paid(b *book) ([]*invoice, *refusal) {
	var paid []*invoice
	for _, l := range p.PaymentLines {
		inv, f := b.find(l.RefNbr, nil)
		switch {
		case f != nil:
			return nil, badRequest("Document '%s' cannot be found in the system.", l.RefNbr)
		case inv.doc.Customer.Number != p.Customer.Number:
			return nil, badRequest("Document '%s' is another customer's.", l.RefNbr)
		case !inv.released:
			return nil, badRequest("Document '%s' is not released.", l.RefNbr)
		case inv.doc.CurrencyID != p.Currency:
			return nil, badRequest("Document '%s' is in another currency.", l.RefNbr)
		}
		if f := inv.pay(l.AmountPaid, false); f != nil {
			return nil, f
		}
		paid = append(paid, inv)
	}
	return paid, nil
}

// pay takes an amount in the document's currency from what is left of an
// invoice, or gives it back.
func (inv *invoice) pay(paid openapi.Decimal, back bool) *refusal {
	d := &inv.doc
	left, _ := amount(d.BalanceInCurrency)
	n, ok := amount(paid)
	if back {
		n = -n
	}
	if !ok || n > left {
		return badRequest("The amount paid exceeds the balance of document '%s'.", d.ReferenceNumber)
	}
	left -= n
	rate := d.ExchangeRate
	if sign(rate) == 0 {
		rate = "1"
	}
	inCompany, ok := left.times(rate)
	if !ok {
		return badRequest("The balance of document '%s' is too large.", d.ReferenceNumber)
	}
	d.BalanceInCurrency, d.Balance = left.kroner(), inCompany.kroner()
	d.Status = "Open"
	if left == 0 {
		d.Status = "Closed"
	}
	return nil
}

// releasePayment serves POST …/action/release: what it pays of invoices is paid.
func (e *ERP) releasePayment(w http.ResponseWriter, r *http.Request) {
	check := func(b *book) (*invoice, *refusal) {
		p, f := b.payment(r.PathValue("number"))
		if f == nil {
			f = checkVersion(r, p.TimeStamp, "customer payment")
		}
		switch {
		case f != nil:
		case p.released():
			f = alreadyReleased()
		case p.Hold:
			f = badRequest("Payment can't be released because it is on hold.")
		default:
			_, f = p.paid(b)
		}
		return nil, f
	}
	w = e.answerFirst(w, r, check)
	c, b, unlock := e.open(r)
	defer unlock()
	if _, f := check(b); f != nil {
		e.refuse(w, f)
		return
	}
	p, _ := b.payment(r.PathValue("number"))
	invoices, _ := p.paid(b)
	p.settle()
	p.LastModifiedDateTime = e.now(c.Company)
	for i, inv := range invoices {
		inv.doc.LastModifiedDateTime = p.LastModifiedDateTime
		inv.doc.ClosedFinancialPeriod = ""
		if inv.doc.Status == "Closed" {
			inv.doc.ClosedFinancialPeriod = p.ApplicationPeriod
		}
		p.PaymentLines[i].Balance = inv.doc.BalanceInCurrency
		inv.doc.Applications = append(slices.Clip(inv.doc.Applications), p.application(p.PaymentLines[i]))
		b.put(inv)
	}
	b.putPayment(p)
	e.setETag(w, p.TimeStamp)
	writeJSON(w, http.StatusOK, openapi.ActionResult{ActionID: e.cfg.NewID("action", c.Company), ActionResult: e.result(c)})
}

// application is a line as its invoice shows it.
func (p *payment) application(l paymentLine) *openapi.Application {
	return &openapi.Application{
		DocType: p.Type, RefNbr: p.RefNbr, CustomerCD: p.Customer.Number, AmountPaid: l.AmountPaid, Balance: p.AvailableBalance,
		CashDiscountTaken: "0", Released: true, PaymentRef: p.PaymentRef, Status: p.Status,
		ApplicationDate: p.ApplicationDate, ApplicationPeriod: p.ApplicationPeriod,
	}
}

// voidPayment serves POST …/action/void: what it paid is not paid any more.
func (e *ERP) voidPayment(w http.ResponseWriter, r *http.Request) {
	check := func(b *book) (*invoice, *refusal) {
		p, f := b.payment(r.PathValue("number"))
		if f == nil {
			f = checkVersion(r, p.TimeStamp, "customer payment")
		}
		switch {
		case f != nil:
		case p.Status == "Voided":
			f = badRequest("Payment can't be voided because it is already voided.")
		case !p.released():
			f = badRequest("Payment can't be voided because it is not released.")
		}
		return nil, f
	}
	w = e.answerFirst(w, r, check)
	c, b, unlock := e.open(r)
	defer unlock()
	if _, f := check(b); f != nil {
		e.refuse(w, f)
		return
	}
	p, _ := b.payment(r.PathValue("number"))
	p.Status = "Voided"
	p.LastModifiedDateTime = e.now(c.Company)
	for _, l := range p.PaymentLines {
		inv, f := b.find(l.RefNbr, nil)
		if f != nil || inv.pay(l.AmountPaid, true) != nil {
			continue // it was deleted elsewhere: nothing is left to give back to
		}
		inv.doc.ClosedFinancialPeriod, inv.doc.LastModifiedDateTime = "", p.LastModifiedDateTime
		inv.doc.Applications = slices.DeleteFunc(slices.Clone(inv.doc.Applications), func(a *openapi.Application) bool {
			return a.RefNbr == p.RefNbr
		})
		b.put(inv)
	}
	b.putPayment(p)
	e.setETag(w, p.TimeStamp)
	writeJSON(w, http.StatusOK, struct {
		Type   string `json:"type"`
		RefNbr string `json:"refNbr"`
		openapi.ActionResult
	}{p.Type, p.RefNbr, openapi.ActionResult{ActionID: e.cfg.NewID("action", c.Company), ActionResult: e.result(c)}})
}
