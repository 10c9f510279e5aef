package main

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/vismanet-go/background/mockserver/internal/match"
)

// wrongFlag says in one line what package pflag found wrong: the flag as it is
// written, what it takes, and what may have been meant.
func wrongFlag(c *command, err error) error {
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var list []string
		for _, o := range c.options {
			list = append(list, o.name)
		}
		name := e.GetSpecifiedName()
		if meant := match.Nearest(name, list); meant != "" {
			return fmt.Errorf("there is no flag --%s; did you mean --%s?", name, meant)
		}
		return fmt.Errorf("there is no flag --%s; erpmock %s --help lists them", name, c.name())
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		o := c.options.find(e.GetSpecifiedName())
		return fmt.Errorf("--%s: a value is missing: want %s: %s", o.name, article(o.arg), o.usage)
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		where := "--" + e.GetFlag().Name
		if o := c.options.find(e.GetFlag().Name); o != nil && !o.secret { // a secret does not belong into logs
			where += fmt.Sprintf(" %q", e.GetValue())
		}
		return fmt.Errorf("%s: %w", where, errors.Unwrap(e))
	}
	return err
}

// article puts a word behind its article.
func article(word string) string {
	if strings.ContainsRune("aeio", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}

// field is how an error of a configuration begins.
var field = regexp.MustCompile(`^[A-Z][A-Za-z]*(\.[A-Z][A-Za-z]*)*`)

// byFlags names the flags in an error of a configuration, and tells whether it
// was about one.
func (list options) byFlags(err error) (text string, ok bool) {
	flags := make(map[string]string)
	for _, o := range list {
		if o.field != "" {
			flags[o.field] = o.name
		}
	}
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

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
