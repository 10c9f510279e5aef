// Package cli makes a command-line program of a table of commands and options: each
// option is written down once, and flags, environment variables, help, completion,
// man pages and the reference in Markdown follow from it.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/internal/spell"
)

// A Program is what its commands have in common.
type Program struct {
	Name    string // as it is called: "erpmock"
	Short   string // a line
	Long    string // what the reference says of it, in a paragraph; Short if it is empty
	Package string // import path, for go install
	Section string // where its source is, for whoever edits the reference
	Sources string // how values are given, beyond flags
	Exits   string // what its exit statuses mean
	Files   string // further paragraphs of the reference: files, for example

	// Commands makes the commands, each time with values of their own. The first is
	// the one that runs where none is named.
	Commands func() []*Command

	// TakesArguments has arguments that name no command go to the first one.
	TakesArguments func(args []string) bool

	// Ignored reports whether a variable that begins like those of options is none
	// of a user's.
	Ignored func(variable string) bool

	// Variables are those that mean something beside those of options.
	Variables []string

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Environ        []string // as os.Environ has it
}

// Lookup returns the value of an environment variable.
func (p *Program) Lookup(variable string) string {
	found := ""
	for _, v := range p.Environ {
		if name, value, _ := strings.Cut(v, "="); name == variable {
			found = value
		}
	}
	return found
}

// Statuses with which a program exits.
const (
	ExitFailed = 1
	ExitUsage  = 2
)

// A UsageError is an error in what the user wrote, told in its words.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }

func (e UsageError) Unwrap() error { return e.Err }

// Usagef returns a UsageError.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// A Status is an error with the exit status that it stands for. Without an Err
// nothing is printed.
type Status struct {
	Code int
	Err  error
}

func (e *Status) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Code)
	}
	return e.Err.Error()
}

func (e *Status) Unwrap() error { return e.Err }

// Run runs the program; it returns the exit status.
func (p *Program) Run(ctx context.Context, args []string) int {
	err := p.Execute(ctx, args)
	if err == nil {
		return 0
	}
	status, exits := errors.AsType[*Status](err)
	if !exits || status.Err != nil {
		for line := range strings.Lines(err.Error()) {
			if !strings.HasPrefix(line, "  ") { // a command to copy
				line = p.Name + ": " + line
			}
			fmt.Fprintln(p.Stderr, strings.TrimRight(line, "\n"))
		}
	}
	if exits {
		return status.Code
	}
	if _, usage := errors.AsType[UsageError](err); usage {
		return ExitUsage
	}
	return ExitFailed
}

// Execute runs the program; it returns the error and prints none.
func (p *Program) Execute(ctx context.Context, args []string) error {
	root := p.root(args)
	root.SetArgs(p.longFlags(args))
	return root.ExecuteContext(ctx)
}

// root makes the commands for cobra. The root is the first one, so that a command
// need not be named.
func (p *Program) root(args []string) *cobra.Command {
	cobra.MousetrapHelpText = "" // on Windows, whoever clicks it wants it to run
	list := p.Commands()
	root := p.cobra(list[0])
	root.Use = p.Name
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetIn(p.Stdin)
	if p.TakesArguments == nil || !p.TakesArguments(args) {
		root.Args = func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return Usagef("there is no command %q%s", args[0], p.orHelp(spell.Hint(args[0], names(list))))
		}
	}
	for _, c := range p.Commands() { // the first once more, with values of its own
		root.AddCommand(p.cobra(c))
	}
	byName := make(map[string]*Command)
	for _, c := range list {
		byName[c.Name()] = c
	}
	plain := root.HelpFunc()
	root.SetHelpFunc(func(cc *cobra.Command, args []string) {
		switch c := byName[cc.Name()]; {
		case cc == root:
			p.Print(p.help(list))
		case c != nil:
			p.Print(p.helpOf(c))
		default:
			plain(cc, args)
		}
	})
	return root
}

// Print writes a text to the standard output.
func (p *Program) Print(text string) { _, _ = fmt.Fprint(p.Stdout, text) }

func names(list []*Command) []string {
	all := []string{"help", "completion"}
	for _, c := range list {
		all = append(all, c.Name())
	}
	return all
}

// orHelp ends an error that has no better hint.
func (p *Program) orHelp(hint string) string {
	if hint != "" {
		return hint
	}
	return "; " + p.Name + " --help lists what there is"
}

// longFlags lets flags begin with one dash where no flag of one letter is meant.
func (p *Program) longFlags(args []string) []string {
	valued, short := make(map[string]bool), make(map[byte]bool)
	for _, c := range p.Commands() {
		for _, o := range c.Options {
			valued[o.Name] = o.Arg != ""
			if o.Short != "" {
				short[o.Short[0]] = true
				valued[o.Short] = o.Arg != ""
			}
		}
	}
	args = append([]string{}, args...) // not nil, for which cobra takes those of the process
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		name, isFlag := strings.CutPrefix(args[i], "-")
		if !isFlag || name == "" {
			continue
		}
		if name[0] != '-' && short[name[0]] {
			if len(name) == 1 && valued[name] {
				i++
			}
			continue
		}
		if len(strings.TrimPrefix(name, "-")) < 2 {
			continue
		}
		if name[0] != '-' {
			args[i] = "-" + args[i]
		}
		name, _, given := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if valued[name] && !given {
			i++ // what follows is its value, whatever it begins with
		}
	}
	return args
}

// tellUnknownVariables tells of variables that look like options of the program and
// are none.
func (p *Program) tellUnknownVariables() {
	known := make(map[string]bool)
	for _, name := range p.Variables {
		known[name] = true
	}
	for _, c := range p.Commands() {
		for _, o := range c.Options {
			if !o.FlagOnly {
				known[p.variable(o)] = true
			}
		}
	}
	var list []string
	for name := range known {
		list = append(list, name)
	}
	slices.Sort(list)
	for _, v := range p.Environ {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, p.prefix()) || known[name] || p.Ignored != nil && p.Ignored(strings.TrimPrefix(name, p.prefix())) {
			continue
		}
		fmt.Fprintf(p.Stderr, "%s: %s is set and means nothing here%s\n", p.Name, name, spell.Hint(name, list))
	}
}

// prefix is what the names of variables begin with.
func (p *Program) prefix() string { return strings.ToUpper(p.Name) + "_" }

// variable is the environment variable of an option.
func (p *Program) variable(o *Option) string { return p.Variable(o.Name) }

// Variable is the environment variable of an option of that name.
func (p *Program) Variable(option string) string {
	return p.prefix() + strings.ToUpper(strings.ReplaceAll(option, "-", "_"))
}
