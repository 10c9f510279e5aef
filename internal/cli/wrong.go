package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"github.com/vismanet-go/background/internal/spell"
)

// wrongFlag says in one line what package pflag found wrong: the flag as it is
// written, what it takes, and what may have been meant.
func (p *Program) wrongFlag(c *Command, err error) error {
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var list []string
		for _, o := range c.Options {
			list = append(list, o.Name)
		}
		name := e.GetSpecifiedName()
		dashes := "--"
		if len(name) == 1 {
			dashes = "-"
		}
		if meant := spell.Nearest(name, list); meant != "" {
			return fmt.Errorf("there is no flag %s%s; did you mean --%s?", dashes, name, meant)
		}
		return fmt.Errorf("there is no flag %s%s; %s %s --help lists them", dashes, name, p.Name, c.Name())
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		o := c.Options.Find(e.GetSpecifiedName())
		return fmt.Errorf("--%s: a value is missing: want %s: %s", o.Name, Article(o.Arg), o.Usage)
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		where := "--" + e.GetFlag().Name
		if o := c.Options.Find(e.GetFlag().Name); o != nil && !o.Secret { // a secret does not belong into logs
			where += fmt.Sprintf(" %q", e.GetValue())
		}
		return fmt.Errorf("%s: %w", where, errors.Unwrap(e))
	}
	return err
}

// Article puts a word behind its article.
func Article(word string) string {
	if strings.ContainsRune("aeioAEIO", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}

// field is how an error of a configuration begins.
var field = regexp.MustCompile(`^[A-Z][A-Za-z]*(\.[A-Z][A-Za-z]*)*`)

// ByFlags names the flags in an error of a configuration, and tells whether it
// was about one.
func (list Options) ByFlags(err error) (text string, ok bool) {
	flags := make(map[string]string)
	for _, o := range list {
		if o.Field != "" {
			flags[o.Field] = o.Name
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
