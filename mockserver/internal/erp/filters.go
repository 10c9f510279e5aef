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
