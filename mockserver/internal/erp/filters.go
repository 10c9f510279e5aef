package erp

import (
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/server"
)

// spansOf are the parts of indexes that a list is to be in.
func spansOf(p server.ListCustomerInvoicesParams) (spans []span, f *refusal) {
	if f := checkNumbers(p); f != nil {
		return nil, f
	}
	for _, t := range []struct {
		by    field
		value *string
	}{
		{byCustomer, p.Customer},
		{byStatus, p.Status},
		{byExternalReference, p.ExternalReference},
		{byCustomerRefNumber, p.CustomerRefNumber},
		{byPaymentReference, p.PaymentReference},
		{byFinancialPeriod, p.FinancialPeriod},
		{byClosedPeriod, p.ClosedFinancialPeriod},
		{byProject, p.Project},
		{byBranch, p.Branch},
	} {
		if value(t.value) != "" {
			spans = append(spans, equalTo(t.by, strings.ToLower(*t.value)))
		}
	}
	if kind := strings.ReplaceAll(value(p.DocumentType), " ", ""); kind != "" { // one reader has "Credit Note"
		spans = append(spans, equalTo(byDocumentType, strings.ToLower(kind)))
	}
	if p.DunningLevel != nil {
		spans = append(spans, equalTo(byDunningLevel, strconv.Itoa(*p.DunningLevel)))
	}
	if p.Released != nil {
		spans = append(spans, equalTo(byReleased, strconv.Itoa(*p.Released)))
	}
	if p.GreaterThanValue != nil {
		spans = append(spans, above(byNumber, *p.GreaterThanValue))
	}
	dates, f := dateSpans(p)
	return append(spans, dates...), f
}

// A dateFilter is a condition that comes as a pair of date and comparison.
type dateFilter struct {
	name  string
	by    field
	value *string
	how   *openapi.DateCondition
}

// dateSpans are those of the conditions on dates.
func dateSpans(p server.ListCustomerInvoicesParams) (spans []span, f *refusal) {
	for _, c := range []dateFilter{
		{"documentDate", byDocumentDate, p.DocumentDate, p.DocumentDateCondition},
		{"documentDueDate", byDueDate, p.DocumentDueDate, p.DocumentDueDateCondition},
		{"createdDateTime", byCreated, p.CreatedDateTime, p.CreatedDateTimeCondition},
		{"lastModifiedDateTime", byLastModified, p.LastModifiedDateTime, p.LastModifiedDateTimeCondition},
		{"dunningLetterDateTime", byDunningDate, p.DunningLetterDateTime, p.DunningLetterDateTimeCondition},
	} {
		if value(c.value) == "" {
			continue
		}
		s, f := c.span()
		if f != nil {
			return nil, f
		}
		spans = append(spans, s)
	}
	return spans, nil
}

// span is what the condition asks for; without a comparison, on that date.
func (c dateFilter) span() (span, *refusal) {
	limit, err := openapi.ParseTime(*c.value)
	if err != nil {
		return span{}, badRequest("The value '%s' is not valid for %s.", *c.value, c.name)
	}
	key := limit.UTC().Format("2006-01-02T15:04:05.999999999")
	switch how := value(c.how); how {
	case "", "=":
		return equalTo(c.by, key), nil
	case openapi.DateConditionAfter:
		return above(c.by, key), nil
	case openapi.DateConditionBefore:
		return below(c.by, key), nil
	case openapi.DateConditionNotBefore:
		return notBelow(c.by, key), nil
	case openapi.DateConditionNotAfter:
		return notAbove(c.by, key), nil
	default:
		return span{}, badRequest("The value '%s' is not valid for %sCondition.", how, c.name)
	}
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
		{"dunningLevel", p.DunningLevel, math.MinInt32, math.MaxInt32},
	} {
		if n.value != nil && (*n.value < n.from || *n.value > n.upTo) {
			return badRequest("The value '%d' is not valid for %s.", *n.value, n.name)
		}
	}
	return nil
}

// beyondInt32 looks in a body for a whole number that is larger than the ERP's
// fields are, and names its field.
func beyondInt32(v reflect.Value) (field string, found bool) {
	switch v.Kind() {
	case reflect.Int:
		n := v.Int()
		return "", n < math.MinInt32 || n > math.MaxInt32
	case reflect.Pointer:
		if !v.IsNil() {
			return beyondInt32(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			if field, found = beyondInt32(v.Index(i)); found {
				return field, true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() { // names are put together once there is something to tell
			if field, found = beyondInt32(v.Field(i)); found {
				name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
				return strings.TrimSuffix(name+"."+field, "."), true
			}
		}
	}
	return "", false
}
