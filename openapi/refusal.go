package openapi

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
)

// MarshalJSON writes the fields that are set. An error names the field that
// cannot be written.
func (u CustomerInvoiceUpdate) MarshalJSON() ([]byte, error) {
	type plain CustomerInvoiceUpdate
	data, err := json.Marshal(plain(u))
	return data, named(err, reflect.ValueOf(u))
}

// MarshalJSON writes the fields that are set. An error names the field that
// cannot be written.
func (l CustomerInvoiceUpdateLine) MarshalJSON() ([]byte, error) {
	type plain CustomerInvoiceUpdateLine
	data, err := json.Marshal(plain(l))
	return data, named(err, reflect.ValueOf(l))
}

// A fieldError tells where a value stands that cannot be written.
type fieldError struct {
	path string
	err  error
}

func (e *fieldError) Error() string { return e.path + ": " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

// named finds the field of a struct that err, if it is one, comes from.
func named(err error, v reflect.Value) error {
	if err == nil {
		return nil
	}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if found := culprit(name, v.Field(i)); found != nil {
			return found
		}
	}
	return err
}

// culprit returns the error of a field or list that cannot be written.
func culprit(path string, v reflect.Value) error {
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct {
		for i := range v.Len() {
			if err := culprit(path+"["+strconv.Itoa(i)+"]", v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	}
	_, err := json.Marshal(v.Interface())
	if err == nil {
		return nil
	}
	if inner, ok := errors.AsType[*fieldError](err); ok {
		return &fieldError{path + "." + inner.path, inner.err}
	}
	if s := reflect.Indirect(v); s.Kind() == reflect.Struct && !s.Type().Implements(reflect.TypeFor[json.Marshaler]()) {
		for i := range s.NumField() {
			name, _, _ := strings.Cut(s.Type().Field(i).Tag.Get("json"), ",")
			if inner := culprit(path+"."+name, s.Field(i)); inner != nil {
				return inner
			}
		}
	}
	if outer, ok := errors.AsType[*json.MarshalerError](err); ok {
		err = outer.Unwrap()
	}
	return &fieldError{path, err}
}
