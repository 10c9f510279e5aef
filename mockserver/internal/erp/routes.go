package erp

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/vismanet-go/background/openapi"
)

// Routes are the endpoints beside those of the contract's document, by pattern:
// what the vendor's document has of customers, customer payments, attachments
// and the rest of customer invoices.
func (e *ERP) Routes() map[string]http.HandlerFunc {
	const invoice, payment = "/v1/customerinvoice/{number}", "/v1/customerPayment/{number}"
	return map[string]http.HandlerFunc{
		"GET /v1/customer":                                  e.listCustomers,
		"POST /v1/customer":                                 e.createCustomer,
		"GET /v1/customer/{number}":                         e.getCustomer,
		"PUT /v1/customer/{number}":                         e.updateCustomer,
		"GET /v1/customerPayment":                           e.listPayments,
		"POST /v1/customerPayment":                          e.createPayment,
		"GET " + payment:                                    e.getPayment,
		"PUT " + payment:                                    e.updatePayment,
		"POST " + payment + "/action/release":               e.releasePayment,
		"POST " + payment + "/action/void":                  e.voidPayment,
		"GET /v1/attachment/{id}":                           e.getAttachment,
		"PUT /v1/attachment/{id}":                           e.updateAttachment,
		"POST " + invoice + "/attachment":                   e.attachToInvoice,
		"POST " + invoice + "/{line}/attachment":            e.attachToLine,
		"GET " + invoice + "/print":                         e.printInvoice,
		"GET " + invoice + "/rotrut":                        e.getRotRut,
		"GET /v1/customerinvoice/worktypes":                 e.listWorkTypes,
		"POST " + invoice + "/action/correct":               e.correctInvoice,
		"POST " + invoice + "/action/sendToAutoInvoice":     e.sendToAutoInvoice,
		"POST " + invoice + "/action/reverseandapplytonote": e.reverseAndApply,
	}
}

// QueryNames are the names of parameters in the queries of [ERP.Routes].
func QueryNames() []string {
	return []string{
		"branch", "corporateId", "createdDateTime", "createdDateTimeCondition", "customer", "docDate", "docDateCondition", "email",
		"financialPeriod", "greaterThanValue", "invoiceRefNbr", "lastModifiedDateTime", "lastModifiedDateTimeCondition", "name",
		"pageNumber", "pageSize", "paymentNbr", "paymentType", "phone", "status", "vatRegistrationId",
	}
}

// ifMatch is a request's If-Match, nil if it has none.
func ifMatch(r *http.Request) *string {
	if values := r.Header.Values("If-Match"); len(values) > 0 {
		return &values[0]
	}
	return nil
}

// checkVersion refuses a request for another version of something.
func checkVersion(r *http.Request, timeStamp, what string) *refusal {
	if m := ifMatch(r); m != nil && !matches(*m, timeStamp) {
		return &refusal{http.StatusPreconditionFailed, "The " + what + " was changed by someone else."}
	}
	return nil
}

// A query is what a list is asked for. The first fault that it finds is kept.
type query struct {
	values url.Values
	fault  *refusal
}

// number is a whole number, 0 if it was left out.
func (q *query) number(name string) int {
	text := q.values.Get(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		q.fault = cmp.Or(q.fault, badRequest("The value '%s' is not valid for %s.", text, name))
	}
	return int(n)
}

// date is a condition on a date that comes as a pair, in the form of a test.
func (q *query) date(name string) func(text string) bool {
	text := q.values.Get(name)
	if text == "" {
		return func(string) bool { return true }
	}
	how := openapi.DateCondition(q.values.Get(name + "Condition"))
	s, f := dateFilter{name: name, value: &text, how: &how}.span()
	q.fault = cmp.Or(q.fault, f)
	return s.has
}

// writePage answers with one page of a list, oldest first.
func writePage[T any](e *ERP, w http.ResponseWriter, q *query, all []T, meta func(*T) *openapi.Metadata) {
	number, size := max(q.number("pageNumber"), 1), rowsPerPage(q.number("pageSize"), e.cfg.MaxPageSize)
	if q.fault != nil {
		e.refuse(w, q.fault)
		return
	}
	from := min((number-1)*size, len(all))
	if e.cfg.BeyondEnd != http.StatusOK && number > 1 && from == len(all) {
		e.refuse(w, &refusal{e.cfg.BeyondEnd, "There is no such page."})
		return
	}
	rows := make([]T, 0, size)
	for _, row := range all[from:min(from+size, len(all))] {
		*meta(&row) = openapi.Metadata{TotalCount: len(all), MaxPageSize: e.cfg.MaxPageSize}
		rows = append(rows, row)
	}
	writeJSON(w, http.StatusOK, rows)
}

// A dateChange is what a date is to be.
type dateChange struct {
	name  string
	field *string
	value *openapi.DateValue // nil: as it is
}

func (d dateChange) apply() *refusal {
	if d.value == nil {
		return nil
	}
	text, ok := d.value.Get()
	day, err := openapi.ParseTime(text)
	if ok && err != nil {
		return badRequest("The value '%s' is not valid for %s.", text, d.name)
	}
	*d.field = ""
	if ok {
		*d.field = day.Format(time.DateOnly) + "T00:00:00"
	}
	return nil
}
