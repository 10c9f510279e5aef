package openapi

import (
	"encoding/json"
	"math"
	"strconv"
)

// Value wraps what is written to a field of an ERP document: {"value": …}. A
// Value whose pointer is nil is written as {"value": null}.
//
// A number is written without an exponent. A number that was read, or set by
// [SetDecimal], keeps its digits beside the float64 for as long as Value points
// to the number that they mean.
type Value[T any] struct {
	Value *T `json:"value"`

	digits string // of a float64, unless they are its shortest
}

// Set returns a Value that sets a field to v. For an amount that has more than
// 15 digits, or that was calculated, see [SetDecimal].
func Set[T any](v T) *Value[T] {
	return &Value[T]{Value: &v}
}

// Null returns a Value that clears a field. That the ERP does so is likely, but
// not documented.
func Null[T any]() *Value[T] {
	return &Value[T]{}
}

// SetDecimal returns a Value that sets a field to exactly d. If d holds no
// number, writing the Value is an error.
func SetDecimal(d Decimal) *NumberValue {
	v := &NumberValue{}
	v.setDigits(d.String())
	return v
}

// GetDecimal is [Value.Get] with all digits. A number that JSON does not have,
// such as infinity, gives the Decimal "NaN", which cannot be written either.
func GetDecimal(v *NumberValue) (Decimal, bool) {
	if v == nil || v.Value == nil {
		return "", false
	}
	text, err := v.number(*v.Value)
	if err != nil {
		return "NaN", true
	}
	return Decimal(text), true
}

// Get returns the wrapped value, and whether there is one. It is safe on a nil
// receiver, so that a field can be read without a check.
func (v *Value[T]) Get() (T, bool) {
	if v == nil || v.Value == nil {
		var zero T
		return zero, false
	}
	return *v.Value, true
}

// MarshalJSON writes {"value": …}.
func (v Value[T]) MarshalJSON() ([]byte, error) {
	var inner any = v.Value
	if f, ok := inner.(*float64); ok && f != nil {
		text, err := v.number(*f)
		if err != nil {
			return nil, err
		}
		inner = json.Number(text)
	}
	return json.Marshal(struct {
		Value any `json:"value"`
	}{inner})
}

// UnmarshalJSON reads {"value": …}.
func (v *Value[T]) UnmarshalJSON(data []byte) error {
	*v = Value[T]{}
	if _, ok := any(v.Value).(*float64); !ok {
		return json.Unmarshal(data, (*struct {
			Value  *T `json:"value"`
			digits string
		})(v))
	}
	var read struct {
		Value *Decimal `json:"value"`
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	if read.Value != nil {
		v.setDigits(read.Value.String())
	}
	return nil
}

// setDigits sets a Value of float64 to the number that digits mean.
func (v *Value[T]) setDigits(digits string) {
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		f = math.NaN() // too large for a float64, or no number: number tells
	}
	if shortest, err := floatDigits(f); err != nil || shortest != digits {
		v.digits = digits
	}
	if to, ok := any(&v.Value).(**float64); ok {
		*to = &f
	}
}

// number is how f is written: by the digits, unless f has become another one.
func (v *Value[T]) number(f float64) (string, error) {
	if v.digits == "" {
		return floatDigits(f)
	}
	meant, err := strconv.ParseFloat(v.digits, 64)
	if same := meant == f || err != nil && math.IsNaN(f); !same {
		return floatDigits(f)
	}
	return plainDigits(v.digits)
}
