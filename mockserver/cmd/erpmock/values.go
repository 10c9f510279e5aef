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
