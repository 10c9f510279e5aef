package erp

import (
	"math"
	"reflect"
	"strings"

	"github.com/vismanet-go/background/openapi/server"
)

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
