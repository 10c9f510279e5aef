package openapi

// Value wraps what is written to a field of an ERP document: {"value": …}. A
// Value whose pointer is nil is written as {"value": null}.
type Value[T any] struct {
	Value *T `json:"value"`
}

// Set returns a Value that sets a field to v.
func Set[T any](v T) *Value[T] {
	return &Value[T]{Value: &v}
}

// Null returns a Value that clears a field. That the ERP takes it so is likely,
// and not documented.
func Null[T any]() *Value[T] {
	return &Value[T]{}
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
