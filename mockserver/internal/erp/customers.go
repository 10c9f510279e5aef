package erp

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/vismanet-go/background/mockserver/internal/call"
	"github.com/vismanet-go/background/openapi"
)

// A customer buys. Published as CustomerDto, of which this is a part.
type customer struct {
	InternalID            int                     `json:"internalId"`
	Number                string                  `json:"number"`
	Name                  string                  `json:"name"`
	Status                string                  `json:"status"`
	MainAddress           address                 `json:"mainAddress"`
	MainContact           contact                 `json:"mainContact"`
	AccountReference      string                  `json:"accountReference,omitempty"`
	CustomerClass         openapi.CodeDescription `json:"customerClass"`
	CreditTerms           openapi.CodeDescription `json:"creditTerms"`
	CurrencyID            string                  `json:"currencyId"`
	CreditLimit           openapi.Decimal         `json:"creditLimit"`
	CreditDaysPastDue     int                     `json:"creditDaysPastDue"`
	InvoiceAddress        address                 `json:"invoiceAddress"`
	InvoiceContact        contact                 `json:"invoiceContact"`
	DeliveryAddress       address                 `json:"deliveryAddress"`
	DeliveryContact       contact                 `json:"deliveryContact"`
	PrintInvoices         bool                    `json:"printInvoices"`
	AcceptAutoInvoices    bool                    `json:"acceptAutoInvoices"`
	SendInvoicesByEmail   bool                    `json:"sendInvoicesByEmail"`
	VATRegistrationID     string                  `json:"vatRegistrationId,omitempty"`
	CorporateID           string                  `json:"corporateId,omitempty"`
	GLN                   string                  `json:"gln,omitempty"`
	VATZone               openapi.CodeDescription `json:"vatZone"`
	Location              openapi.Location        `json:"location"`
	NumberOfEmployees     int                     `json:"numberOfEmployees,omitempty"`
	ExcludeDebtCollection bool                    `json:"excludeDebtCollection"`
	CreatedDateTime       string                  `json:"createdDateTime"`
	LastModifiedDateTime  string                  `json:"lastModifiedDateTime"`
	TimeStamp             string                  `json:"timeStamp"`
	ErrorInfo             *string                 `json:"errorInfo"`
	Metadata              openapi.Metadata        `json:"metadata"`
}

// An address is one of a customer.
type address struct {
	AddressLine1 string           `json:"addressLine1,omitempty"`
	AddressLine2 string           `json:"addressLine2,omitempty"`
	AddressLine3 string           `json:"addressLine3,omitempty"`
	PostalCode   string           `json:"postalCode,omitempty"`
	City         string           `json:"city,omitempty"`
	Country      openapi.CodeName `json:"country"`
	County       openapi.CodeName `json:"county"`
}

// A contact is one of a customer.
type contact struct {
	Name      string `json:"name,omitempty"`
	Attention string `json:"attention,omitempty"`
	Email     string `json:"email,omitempty"`
	Web       string `json:"web,omitempty"`
	Phone1    string `json:"phone1,omitempty"`
	Phone2    string `json:"phone2,omitempty"`
	Fax       string `json:"fax,omitempty"`
}

// A customerUpdate is what to create or change. Published as CustomerUpdateDto.
type customerUpdate struct {
	Number                *openapi.StringValue          `json:"number"`
	OverrideNumberSeries  *openapi.BooleanValue         `json:"overrideNumberSeries"`
	Name                  *openapi.StringValue          `json:"name"`
	Status                *openapi.StringValue          `json:"status"`
	AccountReference      *openapi.StringValue          `json:"accountReference"`
	NumberOfEmployees     *openapi.IntegerValue         `json:"numberOfEmployees"`
	CurrencyID            *openapi.StringValue          `json:"currencyId"`
	CreditLimit           *openapi.NumberValue          `json:"creditLimit"`
	CreditDaysPastDue     *openapi.IntegerValue         `json:"creditDaysPastDue"`
	CustomerClassID       *openapi.StringValue          `json:"customerClassId"`
	CreditTermsID         *openapi.StringValue          `json:"creditTermsId"`
	PrintInvoices         *openapi.BooleanValue         `json:"printInvoices"`
	AcceptAutoInvoices    *openapi.BooleanValue         `json:"acceptAutoInvoices"`
	SendInvoicesByEmail   *openapi.BooleanValue         `json:"sendInvoicesByEmail"`
	VATRegistrationID     *openapi.StringValue          `json:"vatRegistrationId"`
	CorporateID           *openapi.StringValue          `json:"corporateId"`
	VATZoneID             *openapi.StringValue          `json:"vatZoneId"`
	GLN                   *openapi.StringValue          `json:"gln"`
	ExcludeDebtCollection *openapi.BooleanValue         `json:"excludeDebtCollection"`
	MainAddress           *openapi.Value[addressUpdate] `json:"mainAddress"`
	MainContact           *openapi.Value[contactUpdate] `json:"mainContact"`
	InvoiceAddress        *openapi.Value[addressUpdate] `json:"invoiceAddress"`
	InvoiceContact        *openapi.Value[contactUpdate] `json:"invoiceContact"`
	DeliveryAddress       *openapi.Value[addressUpdate] `json:"deliveryAddress"`
	DeliveryContact       *openapi.Value[contactUpdate] `json:"deliveryContact"`
}

type addressUpdate struct {
	AddressLine1 *openapi.StringValue `json:"addressLine1"`
	AddressLine2 *openapi.StringValue `json:"addressLine2"`
	AddressLine3 *openapi.StringValue `json:"addressLine3"`
	PostalCode   *openapi.StringValue `json:"postalCode"`
	City         *openapi.StringValue `json:"city"`
	CountryID    *openapi.StringValue `json:"countryId"`
	County       *openapi.StringValue `json:"county"`
}

type contactUpdate struct {
	Name      *openapi.StringValue `json:"name"`
	Attention *openapi.StringValue `json:"attention"`
	Email     *openapi.StringValue `json:"email"`
	Web       *openapi.StringValue `json:"web"`
	Phone1    *openapi.StringValue `json:"phone1"`
	Phone2    *openapi.StringValue `json:"phone2"`
	Fax       *openapi.StringValue `json:"fax"`
}

// customer returns a copy of a customer, to be changed and [book.putCustomer].
func (b *book) customer(number string) (*customer, *refusal) {
	if c := b.customers[number]; c != nil {
		own := *c
		return &own, nil
	}
	if i := slices.IndexFunc(buyers, func(c buyer) bool { return c.number == number }); i >= 0 {
		own := *seedCustomer(i)
		return &own, nil
	}
	return nil, &refusal{http.StatusNotFound, "Customer '" + number + "' cannot be found in the system."}
}

// allCustomers are the customers by internalId.
func (b *book) allCustomers() []customer {
	list := make([]customer, 0, len(buyers)+len(b.customers))
	for i := range buyers {
		if b.customers[buyers[i].number] == nil {
			list = append(list, *seedCustomer(i))
		}
	}
	for _, c := range b.customers {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b customer) int { return cmp.Compare(a.InternalID, b.InternalID) })
	return list
}

// putCustomer enters a customer as the next version.
func (b *book) putCustomer(c *customer) {
	b.version++
	c.TimeStamp = timeStamp(b.version)
	b.customers[c.Number] = c
	b.note(customerKey + c.Number)
}

// seedCustomers are those that every company has. They are never changed.
var seedCustomers = sync.OnceValue(func() []*customer {
	list := make([]*customer, len(buyers))
	for i := range list {
		list[i] = makeCustomer(i)
	}
	return list
})

func seedCustomer(i int) *customer { return seedCustomers()[i] }

func makeCustomer(i int) *customer {
	c := newCustomer(buyers[i].number, buyers[i].name)
	c.InternalID = i + 1
	c.CreditTerms, c.VATZone = creditTerms(buyers[i].terms), vatZone(buyers[i].vatZone)
	c.MainAddress.Country.ID, c.Location.CountryID = buyers[i].country, buyers[i].country
	c.InvoiceAddress, c.DeliveryAddress = c.MainAddress, c.MainAddress
	c.CreatedDateTime, c.LastModifiedDateTime = "2026-05-04T08:00:00.11", "2026-05-04T08:00:00.637"
	c.TimeStamp = timeStamp(firstVersion - uint64(len(buyers)-i))
	return c
}

func newCustomer(number, name string) *customer {
	no := openapi.CodeName{ID: "NO"}
	return &customer{
		Number: number, Name: name, Status: "Active", CurrencyID: "NOK", CreditLimit: "0",
		CustomerClass: openapi.CodeDescription{ID: "1", Description: "Kunder"},
		CreditTerms:   creditTerms("14"), VATZone: vatZone("01"),
		MainAddress: address{Country: no}, InvoiceAddress: address{Country: no}, DeliveryAddress: address{Country: no},
		MainContact: contact{Name: name}, InvoiceContact: contact{Name: name}, DeliveryContact: contact{Name: name},
		Location:      openapi.Location{CountryID: "NO", ID: "MAIN", Name: "Primary Location"},
		PrintInvoices: true, Metadata: openapi.Metadata{TotalCount: 1},
	}
}

// listCustomers serves GET /v1/customer.
func (e *ERP) listCustomers(w http.ResponseWriter, r *http.Request) {
	q := &query{values: r.URL.Query()}
	created, modified := q.date("createdDateTime"), q.date("lastModifiedDateTime")
	_, b, unlock := e.open(r)
	all := b.allCustomers()
	unlock()
	all = slices.DeleteFunc(all, func(c customer) bool {
		for name, has := range map[string]string{
			"name": c.Name, "status": c.Status, "corporateId": c.CorporateID, "vatRegistrationId": c.VATRegistrationID,
			"email": c.MainContact.Email, "phone": c.MainContact.Phone1,
		} {
			if want := q.values.Get(name); want != "" && !strings.EqualFold(want, has) {
				return true
			}
		}
		return !created(c.CreatedDateTime) || !modified(c.LastModifiedDateTime)
	})
	writePage(e, w, q, all, func(c *customer) *openapi.Metadata { return &c.Metadata })
}

// getCustomer serves GET /v1/customer/{number}.
func (e *ERP) getCustomer(w http.ResponseWriter, r *http.Request) {
	_, b, unlock := e.open(r)
	c, f := b.customer(r.PathValue("number"))
	unlock()
	if f != nil {
		e.refuse(w, f)
		return
	}
	c.Metadata.MaxPageSize = e.cfg.MaxPageSize
	e.setETag(w, c.TimeStamp)
	writeJSON(w, http.StatusOK, c)
}

// createCustomer serves POST /v1/customer.
func (e *ERP) createCustomer(w http.ResponseWriter, r *http.Request) {
	var u customerUpdate
	if f := e.decode(r, &u); f != nil {
		e.refuse(w, f)
		return
	}
	at, b, unlock := e.open(r)
	defer unlock()
	name, _ := u.Name.Get()
	c := newCustomer("", name)
	f := c.apply(&u)
	if f == nil {
		c.Number, f = b.customerNumber(&u)
	}
	if f != nil {
		e.refuse(w, f)
		return
	}
	b.lastCustomer++
	c.InternalID = len(buyers) + b.lastCustomer
	c.CreatedDateTime = e.now(at.Company)
	c.LastModifiedDateTime = c.CreatedDateTime
	b.putCustomer(c)
	e.setETag(w, c.TimeStamp)
	w.Header().Set("Location", at.Base+"/v1/customer/"+call.Segment(c.Number))
	w.WriteHeader(http.StatusCreated)
}

// customerNumber is the number of a new customer: the next one, or its own.
func (b *book) customerNumber(u *customerUpdate) (string, *refusal) {
	own, _ := u.Number.Get()
	if own == "" {
		for n := firstCustomer + b.lastCustomer; ; n++ {
			own = fmt.Sprint(n)
			if _, f := b.customer(own); f != nil {
				return own, nil
			}
		}
	}
	override, _ := u.OverrideNumberSeries.Get()
	switch _, f := b.customer(own); {
	case !override:
		return "", badRequest("The customer number is given automatically; set overrideNumberSeries to choose it.")
	case f == nil || strings.TrimSpace(own) != own || strings.ContainsFunc(own, unicode.IsControl):
		return "", badRequest("The customer number '%s' cannot be used.", own)
	}
	return own, nil
}

// updateCustomer serves PUT /v1/customer/{number}.
func (e *ERP) updateCustomer(w http.ResponseWriter, r *http.Request) {
	var u customerUpdate
	bad := e.decode(r, &u)
	at, b, unlock := e.open(r)
	defer unlock()
	c, f := b.customer(r.PathValue("number"))
	if f == nil {
		f = cmp.Or(checkVersion(r, c.TimeStamp, "customer"), bad)
	}
	if f == nil {
		f = c.apply(&u)
	}
	if f != nil {
		e.refuse(w, f)
		return
	}
	c.LastModifiedDateTime = e.now(at.Company)
	b.putCustomer(c)
	e.setETag(w, c.TimeStamp)
	w.WriteHeader(http.StatusNoContent)
}

// apply changes a customer as u says.
func (c *customer) apply(u *customerUpdate) *refusal {
	if id, ok := u.CreditTermsID.Get(); ok {
		if _, known := termDays(id); !known {
			return badRequest("Credit terms '%s' cannot be found in the system.", id)
		}
		c.CreditTerms = creditTerms(id)
	}
	if id, ok := u.CurrencyID.Get(); ok {
		if len(id) != 3 {
			return badRequest("Currency '%s' cannot be found in the system.", id)
		}
		c.CurrencyID = strings.ToUpper(id)
	}
	if id, ok := u.VATZoneID.Get(); ok {
		c.VATZone = vatZone(id)
	}
	if id, ok := u.CustomerClassID.Get(); ok {
		c.CustomerClass = openapi.CodeDescription{ID: id}
	}
	set(&c.Name, u.Name)
	if c.Name == "" {
		return badRequest("'Customer name' cannot be empty.")
	}
	set(&c.Status, u.Status)
	set(&c.AccountReference, u.AccountReference)
	set(&c.NumberOfEmployees, u.NumberOfEmployees)
	setDecimal(&c.CreditLimit, u.CreditLimit)
	set(&c.CreditDaysPastDue, u.CreditDaysPastDue)
	set(&c.PrintInvoices, u.PrintInvoices)
	set(&c.AcceptAutoInvoices, u.AcceptAutoInvoices)
	set(&c.SendInvoicesByEmail, u.SendInvoicesByEmail)
	set(&c.VATRegistrationID, u.VATRegistrationID)
	set(&c.CorporateID, u.CorporateID)
	set(&c.GLN, u.GLN)
	set(&c.ExcludeDebtCollection, u.ExcludeDebtCollection)
	c.MainAddress.apply(u.MainAddress)
	c.InvoiceAddress.apply(u.InvoiceAddress)
	c.DeliveryAddress.apply(u.DeliveryAddress)
	c.MainContact.apply(u.MainContact)
	c.InvoiceContact.apply(u.InvoiceContact)
	c.DeliveryContact.apply(u.DeliveryContact)
	c.Location.CountryID = c.MainAddress.Country.ID
	return nil
}

func (a *address) apply(v *openapi.Value[addressUpdate]) {
	u, _ := v.Get()
	set(&a.AddressLine1, u.AddressLine1)
	set(&a.AddressLine2, u.AddressLine2)
	set(&a.AddressLine3, u.AddressLine3)
	set(&a.PostalCode, u.PostalCode)
	set(&a.City, u.City)
	set(&a.Country.ID, u.CountryID)
	set(&a.County.ID, u.County)
}

func (c *contact) apply(v *openapi.Value[contactUpdate]) {
	u, _ := v.Get()
	set(&c.Name, u.Name)
	set(&c.Attention, u.Attention)
	set(&c.Email, u.Email)
	set(&c.Web, u.Web)
	set(&c.Phone1, u.Phone1)
	set(&c.Phone2, u.Phone2)
	set(&c.Fax, u.Fax)
}
