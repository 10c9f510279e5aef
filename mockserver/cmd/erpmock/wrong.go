package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/match"
)

// wrongFlag says in one line what package flag found wrong: the flag as it is
// written, what it takes, and what may have been meant.
func wrongFlag(f *flag.FlagSet, err error) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		var names []string
		f.VisitAll(func(g *flag.Flag) { names = append(names, g.Name) })
		if meant := match.Nearest(name, names); meant != "" {
			return fmt.Errorf("there is no flag --%s; did you mean --%s?", name, meant)
		}
		return fmt.Errorf("there is no flag --%s; erpmock --help lists them", name)
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return fmt.Errorf("--%s: a value is missing: want %s", name, wanted(f, name))
	}
	for _, kind := range []string{"invalid value ", "invalid boolean value "} {
		rest, ok := strings.CutPrefix(text, kind)
		value, quoteErr := strconv.QuotedPrefix(rest)
		if !ok || quoteErr != nil {
			continue
		}
		rest = strings.TrimPrefix(strings.TrimPrefix(rest[len(value):], " for flag -"), " for -")
		name, why, _ := strings.Cut(rest, ": ")
		where := "--" + name
		if name != "client" { // a secret does not belong into logs
			where += " " + value
		}
		return wrongValue(f, name, where, errors.New(why))
	}
	return err
}

// wrongValue says why a flag does not take a value, where being the flag or
// variable that has it.
func wrongValue(f *flag.FlagSet, name, where string, err error) error {
	if why := err.Error(); why == "parse error" || why == "value out of range" {
		return fmt.Errorf("%s: want %s", where, wanted(f, name))
	}
	return fmt.Errorf("%s: %w", where, err)
}

// wanted says what a flag takes.
func wanted(f *flag.FlagSet, name string) string {
	g := f.Lookup(name)
	if g == nil {
		return "another one"
	}
	if typed, ok := g.Value.(flag.Getter); ok {
		switch typed.Get().(type) {
		case bool:
			return "true or false"
		case int:
			return "a whole number"
		case uint64:
			return "a whole number that is not negative"
		case time.Duration:
			return `a time such as "1m30s"`
		}
	}
	kind, usage := flag.UnquoteUsage(g)
	if kind == "" || kind == "value" {
		return usage
	}
	return "a " + kind + ": " + usage
}

// fieldFlags are the flags that set the fields of the configurations.
func fieldFlags() map[string]string {
	return map[string]string{
		"Workers": "workers", "MaxRunning": "max-running", "MaxCompanies": "max-companies", "Retention": "retention",
		"RateLimit.Limit": "rate-limit", "ExternalURL": "external-url", "Subscription.URL": "subscription-url", "Seed": "seed",
		"ExecTime": "exec-time", "Clock.Rate": "clock-rate", "Clock.Start": "clock-start",
		"Auth.Clients": "client", "Auth.Tenants": "tenant", "Auth.TokenLife": "token-life", "Faults": "faults", "Profile": "profile",
		"CORSOrigins": "cors-origin", "Hosts": "admin-host", "Token": "admin-token",
		"Durability": "durability", "Worker": "worker-id", "Lease": "lease",
	}
}

// field is how an error of a configuration begins.
var field = regexp.MustCompile(`^[A-Z][A-Za-z]*(\.[A-Z][A-Za-z]*)*`)

// byFlags names the flags in an error of a configuration, and tells whether it
// was about one.
func byFlags(err error) (text string, ok bool) {
	flags := fieldFlags()
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		path := field.FindString(line)
		for name := path; name != ""; name = name[:max(0, strings.LastIndexByte(name, '.'))] {
			if flags[name] != "" {
				lines[i], ok = "--"+flags[name]+strings.Replace(line[len(name):], ".", " ", min(1, len(path)-len(name))), true
				break
			}
		}
	}
	return strings.Join(lines, "\n"), ok
}

// listening says why an address cannot be listened on.
func listening(address string, err error) error {
	hint := ""
	if _, port, wrong := net.SplitHostPort(address); wrong != nil {
		hint = "; want host:port, such as 127.0.0.1:8787"
	} else if errors.Is(err, syscall.EADDRINUSE) {
		hint = "; with 0 in place of " + port + " any free port is taken, and --port-file tells which"
	}
	return fmt.Errorf("--listen %q: %w%s", address, err, hint)
}
