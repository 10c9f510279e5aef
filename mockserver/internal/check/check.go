// Package check judges the values of configurations. An error begins with the
// field that is wrong.
package check

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// NotNegative refuses what is below zero.
func NotNegative[T int | int64 | time.Duration](field string, v T) error {
	if v < 0 {
		return fmt.Errorf("%s: must not be negative", field)
	}
	return nil
}

// OneOf refuses what is none of the values.
func OneOf[T comparable](field string, v T, values ...T) error {
	if slices.Contains(values, v) {
		return nil
	}
	return fmt.Errorf("%s: %#v is not one of its values", field, v)
}

// URL refuses what is neither empty nor an absolute URL of the web.
func URL(field, value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%s %q: want http(s)://host", field, value)
	}
	return nil
}

// Root is URL for what links begin with.
func Root(field, value string) error {
	beyond := func(r rune) bool { return r <= ' ' || r > '~' }
	if strings.ContainsAny(value, "?#") || strings.ContainsFunc(value, beyond) {
		return fmt.Errorf("%s %q: want http(s)://host/path in ASCII, without a query", field, value)
	}
	return URL(field, value)
}

// Encodable refuses what JSON cannot write.
func Encodable(field string, set map[string]any) error {
	if _, err := json.Marshal(set); err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	return nil
}

// IsToken reports whether s may be the name of a header.
func IsToken(s string) bool { return s != "" && !strings.ContainsFunc(s, notTokenChar) }

func notTokenChar(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}
