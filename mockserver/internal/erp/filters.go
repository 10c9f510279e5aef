package erp

import (
	"math"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/server"
)

// MoreQueryNames are the names of parameters that a list takes besides those of
// the contract.
func MoreQueryNames() []string {
	return []string{"documentType", "closedFinancialPeriod", "dunningLevel", "dunningLetterDateTime", "dunningLetterDateTimeCondition"}
}

// moreTests builds the conditions of the filters in MoreQueryNames.
func moreTests(query url.Values) (tests []func(*invoice) bool, f *refusal) {
	if want := query.Get("documentType"); want != "" {
		want = strings.ReplaceAll(want, " ", "") // one reader has "Credit Note"
		tests = append(tests, func(inv *invoice) bool { return strings.EqualFold(inv.doc.DocumentType, want) })
	}
	if want := query.Get("closedFinancialPeriod"); want != "" {
		tests = append(tests, func(inv *invoice) bool { return inv.doc.ClosedFinancialPeriod == want })
	}
	if text := query.Get("dunningLevel"); text != "" {
		want, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return nil, badRequest("The value '%s' is not valid for dunningLevel.", text)
		}
		tests = append(tests, func(inv *invoice) bool { return inv.doc.DunningLetterLevel == int(want) })
	}
	date, how := query.Get("dunningLetterDateTime"), openapi.DateCondition(query.Get("dunningLetterDateTimeCondition"))
	test, f := dateFilter{"dunningLetterDateTime", &date, &how, func(d *openapi.CustomerInvoice) string { return d.DunningLetterDate }}.test()
	if test != nil {
		tests = append(tests, test)
	}
	return tests, f
}

// checkNumbers refuses numbers that are none of what they stand for.
func checkNumbers(p server.ListCustomerInvoicesParams) *refusal {
	for _, n := range []struct {
		name       string
		value      *int
		from, upTo int
	}{
		{"pageNumber", p.PageNumber, 0, math.MaxInt32},
		{"pageSize", p.PageSize, 0, math.MaxInt32},
		{"released", p.Released, 0, 1},
	} {
		if n.value != nil && (*n.value < n.from || *n.value > n.upTo) {
			return badRequest("The value '%d' is not valid for %s.", *n.value, n.name)
		}
	}
	return nil
}

// beyondInt32 names a whole number in a body that is larger than the ERP's
// fields are, empty if there is none.
func beyondInt32(v reflect.Value, name string) string {
	switch v.Kind() {
	case reflect.Int:
		if n := v.Int(); n < math.MinInt32 || n > math.MaxInt32 {
			return name
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return beyondInt32(v.Elem(), name)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if found := beyondInt32(v.Index(i), name); found != "" {
				return found
			}
		}
	case reflect.Struct:
		for field, value := range v.Fields() {
			own, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name != "" {
				own = name + "." + own
			}
			if found := beyondInt32(value, own); found != "" {
				return found
			}
		}
	}
	return ""
}
