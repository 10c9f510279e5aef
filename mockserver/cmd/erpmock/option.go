package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// An option is one setting of a command. It is all that is known of it: from
// options follow the flags, the environment variables, the keys of the
// configuration file, the help, the man pages and docs/erpmock.md.
type option struct {
	name     string
	group    string // heading in the help
	arg      string // what its value is, in a word; empty: a switch
	usage    string
	initial  string // default, as it would be written
	repeats  bool
	secret   bool   // its value is not repeated in errors
	flagOnly bool   // neither a variable nor a key of the file
	field    string // of a Config, by which errors of that name it
	set      func(value string) error
}

// variable is the environment variable of an option.
func (o *option) variable() string { return variable(o.name) }

func variable(name string) string {
	return "ERPMOCK_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// options are those of a command.
type options []*option

// sources are where values come from that no flag gives.
type sources struct {
	lookup func(variable string) string
	file   *configFile // nil: none
}

// addTo makes flags of options, and gives those that have one their default.
func (list options) addTo(f *pflag.FlagSet) {
	for _, o := range list {
		if o.initial != "" {
			if err := o.set(o.initial); err != nil {
				panic(fmt.Sprintf("the default of --%s: %v", o.name, err))
			}
		}
		flag := f.VarPF(value{o}, o.name, "", o.usage)
		if o.arg == "" {
			flag.NoOptDefVal = "true"
		}
	}
}

// fill sets the options that no flag has set: from the environment, else from the
// file. Every value that is wrong is told.
func (list options) fill(f *pflag.FlagSet, from sources) error {
	var errs []error
	for _, o := range list {
		if o.flagOnly || f.Changed(o.name) {
			continue
		}
		if text := from.lookup(o.variable()); text != "" {
			errs = append(errs, o.setAll(o.variable(), o.words(text)))
		} else if found, ok := from.file.take(o.name); ok {
			errs = append(errs, o.setAll(found.where, found.values))
		}
	}
	return errors.Join(append(errs, from.file.rest(list))...)
}

// words are the values in a variable: of an option that repeats, those between
// blanks.
func (o *option) words(text string) []string {
	if o.repeats {
		return strings.Fields(text)
	}
	return []string{text}
}

// setAll sets values that stand at a place other than a flag.
func (o *option) setAll(where string, values []string) error {
	if len(values) > 1 && !o.repeats {
		return fmt.Errorf("%s: want one value, not %d", where, len(values))
	}
	for _, v := range values {
		if err := o.set(v); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
	}
	return nil
}

// find returns the option of a name, or nil.
func (list options) find(name string) *option {
	if i := slices.IndexFunc(list, func(o *option) bool { return o.name == name }); i >= 0 {
		return list[i]
	}
	return nil
}

// value is an option as package pflag wants it.
type value struct{ *option }

func (v value) String() string {
	if v.option == nil {
		return ""
	}
	return v.initial
}

func (v value) Set(text string) error { return v.set(text) }

// Type names what the value is, for completion.
func (v value) Type() string { return cmp.Or(v.arg, "bool") }
