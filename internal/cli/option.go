package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// An Option is one setting of a command. It is all that is known of it: from
// options follow the flags, the environment variables, the keys of a configuration
// file, the help, the man pages and the reference.
type Option struct {
	Name     string
	Short    string // its letter, if it has one
	Group    string // heading in the help
	Arg      string // what its value is, in a word; empty: a switch
	Usage    string
	Initial  string // default, as it would be written
	Repeats  bool
	Secret   bool   // its value is not repeated in errors
	FlagOnly bool   // neither a variable nor a key of the file
	Field    string // of a Config, by which errors of that name it
	Set      func(value string) error
}

// Options are those of a command.
type Options []*Option

// Sources are where values come from that no flag gives.
type Sources struct {
	Lookup func(variable string) string
	File   File // nil: none

	variable func(option string) string
}

// A File has options as well.
type File interface {
	// Take returns the values of an option and where they stand.
	Take(option string) (values []string, where string, found bool)

	// Rest tells of what was not taken and is no option.
	Rest(Options) []error
}

// addTo makes flags of options, and gives those that have one their default.
func (list Options) addTo(f *pflag.FlagSet) {
	for _, o := range list {
		if o.Initial != "" {
			if err := o.Set(o.Initial); err != nil {
				panic(fmt.Sprintf("the default of --%s: %v", o.Name, err))
			}
		}
		flag := f.VarPF(value{o}, o.Name, o.Short, o.Usage)
		if o.Arg == "" {
			flag.NoOptDefVal = "true"
		}
	}
}

// fill sets the options that no flag has set: from the environment, else from the
// file. Every value that is wrong is told.
func (list Options) fill(f *pflag.FlagSet, from Sources) error {
	var errs []error
	for _, o := range list {
		if o.FlagOnly || f.Changed(o.Name) {
			continue
		}
		variable := from.variable(o.Name)
		if text := from.Lookup(variable); text != "" {
			errs = append(errs, o.setAll(variable, o.words(text)))
		} else if from.File != nil {
			if values, where, found := from.File.Take(o.Name); found {
				errs = append(errs, o.setAll(where, values))
			}
		}
	}
	if from.File != nil {
		errs = append(errs, from.File.Rest(list)...)
	}
	return errors.Join(errs...)
}

// words are the values in a variable: of an option that repeats, those between
// blanks.
func (o *Option) words(text string) []string {
	if o.Repeats {
		return strings.Fields(text)
	}
	return []string{text}
}

// setAll sets values that stand at a place other than a flag.
func (o *Option) setAll(where string, values []string) error {
	if len(values) > 1 && !o.Repeats {
		return fmt.Errorf("%s: want one value, not %d", where, len(values))
	}
	for _, v := range values {
		if err := o.Set(v); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
	}
	return nil
}

// Find returns the option of a name, or of a letter; nil if there is none.
func (list Options) Find(name string) *Option {
	if i := slices.IndexFunc(list, func(o *Option) bool { return o.Name == name || o.Short != "" && o.Short == name }); i >= 0 {
		return list[i]
	}
	return nil
}

// value is an option as package pflag wants it.
type value struct{ *Option }

func (v value) String() string {
	if v.Option == nil {
		return ""
	}
	return v.Initial
}

func (v value) Set(text string) error { return v.Option.Set(text) }

// Type names what the value is, for completion.
func (v value) Type() string { return cmp.Or(v.Arg, "bool") }
