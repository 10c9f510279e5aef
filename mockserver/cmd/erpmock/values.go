package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

// The setters of options, by what they take.

func text[T ~string](to *T) func(string) error {
	return func(v string) error {
		*to = T(v)
		return nil
	}
}

func texts(to *[]string) func(string) error {
	return func(v string) error {
		*to = append(*to, v)
		return nil
	}
}

func yesOrNo(to *bool) func(string) error {
	return func(v string) (err error) {
		if *to, err = strconv.ParseBool(v); err != nil {
			return errors.New("want true or false")
		}
		return nil
	}
}

func number(to *int) func(string) error {
	return func(v string) (err error) {
		if *to, err = strconv.Atoi(v); err != nil {
			return errors.New("want a whole number")
		}
		return nil
	}
}

func unsigned(to *uint64) func(string) error {
	return func(v string) (err error) {
		if *to, err = strconv.ParseUint(v, 10, 64); err != nil {
			return errors.New("want a whole number that is not negative")
		}
		return nil
	}
}

func duration(to *time.Duration) func(string) error {
	return func(v string) (err error) {
		if *to, err = time.ParseDuration(v); err != nil {
			return errors.New(`want a time such as "1m30s"`)
		}
		return nil
	}
}

// pairs reads texts such as id:secret into a map; what is how errors call the first of
// the two.
func pairs(sep, want, what string, put func(first, second string) (isNew bool)) func(string) error {
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

// putNew puts a value into a map, and reports whether its key is new.
func putNew[V any](m *map[string]V, key string, v V) bool {
	if _, twice := (*m)[key]; twice {
		return false
	}
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[key] = v
	return true
}

// readRules reads a file of rules; the error names it.
func readRules(name string) ([]fault.Rule, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	rules, err := fault.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rules, nil
}

// parseExecTime reads a time, a range or a distribution.
func parseExecTime(v string) (mockserver.ExecTime, error) {
	if rest, ok := strings.CutPrefix(v, "lognormal:"); ok {
		return parseLogNormal(rest)
	}
	from, to, isRange := strings.Cut(v, "..")
	least, err := time.ParseDuration(from)
	most, err2 := least, error(nil)
	if isRange {
		most, err2 = time.ParseDuration(to)
	}
	switch {
	case err != nil || err2 != nil:
		return nil, errors.New(`want a time such as "500ms", a range such as "1s..5s" or "lognormal:median=2s,p95=30s,max=5m"`)
	case least < 0 || most < least:
		return nil, errors.New("want times that are not negative, the shorter one first")
	case isRange:
		return mockserver.Uniform{Min: least, Max: most}, nil
	}
	return mockserver.Fixed(least), nil
}

// parseLogNormal reads median=2s,p95=30s,max=5m or median=2s,sigma=1.5.
func parseLogNormal(v string) (mockserver.ExecTime, error) {
	var d mockserver.LogNormal
	for part := range strings.SplitSeq(v, ",") {
		name, text, _ := strings.Cut(part, "=")
		var err error
		want := "a time"
		switch name {
		case "median":
			d.Median, err = time.ParseDuration(text)
		case "p95":
			d.P95, err = time.ParseDuration(text)
		case "max":
			d.Max, err = time.ParseDuration(text)
		case "sigma":
			want = "a number"
			d.Sigma, err = strconv.ParseFloat(text, 64)
		default:
			return nil, fmt.Errorf("lognormal: %q is not one of median, p95, sigma, max", name)
		}
		if err != nil {
			return nil, fmt.Errorf("lognormal: %s: %q is not %s", name, text, want)
		}
	}
	return d, nil
}
