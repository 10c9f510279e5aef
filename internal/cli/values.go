package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The setters of options, by what they take.

// Text sets a text.
func Text[T ~string](to *T) func(string) error {
	return func(v string) error {
		*to = T(v)
		return nil
	}
}

// Texts adds a text, of an option that repeats.
func Texts(to *[]string) func(string) error {
	return func(v string) error {
		*to = append(*to, v)
		return nil
	}
}

// YesOrNo sets a switch.
func YesOrNo(to *bool) func(string) error {
	return func(v string) (err error) {
		if *to, err = strconv.ParseBool(v); err != nil {
			return errors.New("want true or false")
		}
		return nil
	}
}

// Number sets a whole number.
func Number(to *int) func(string) error {
	return func(v string) (err error) {
		if *to, err = strconv.Atoi(v); err != nil {
			return errors.New("want a whole number")
		}
		return nil
	}
}

// Unsigned sets a whole number that is not negative.
func Unsigned(to *uint64) func(string) error {
	return func(v string) (err error) {
		if *to, err = strconv.ParseUint(v, 10, 64); err != nil {
			return errors.New("want a whole number that is not negative")
		}
		return nil
	}
}

// Duration sets a time.
func Duration(to *time.Duration) func(string) error {
	return func(v string) (err error) {
		if *to, err = time.ParseDuration(v); err != nil {
			return errors.New(`want a time such as "1m30s"`)
		}
		return nil
	}
}

// Pairs reads texts such as id:secret into a map; what is how errors call the first
// of the two.
func Pairs(sep, want, what string, put func(first, second string) (isNew bool)) func(string) error {
	return func(v string) error {
		first, second, ok := strings.Cut(v, sep)
		if !ok || first == "" || second == "" {
			return errors.New("want " + want)
		}
		if !put(first, second) {
			return fmt.Errorf("the %s %q is there twice", what, first)
		}
		return nil
	}
}

// PutNew puts a value into a map, and reports whether its key is new.
func PutNew[V any](m *map[string]V, key string, v V) bool {
	if _, twice := (*m)[key]; twice {
		return false
	}
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[key] = v
	return true
}
