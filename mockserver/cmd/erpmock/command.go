package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/mockserver/internal/match"
)

// A command is one of erpmock's, as its help, its man page and the document show
// it.
type command struct {
	use      string // name and arguments
	short    string // a line of the list of commands
	long     string // what it does, in paragraphs
	examples string // lines of a shell
	options  options
	actions  []action             // what it can do, where that is several things: the first is the default
	args     cobra.PositionalArgs // nil: none
	run      func(ctx context.Context, args []string) error
	prepare  func(sources) (sources, error) // before values are read that no flag gives
}

// An action is one of the things that a command can do.
type action struct {
	use  string // its name and arguments
	does string
	run  func(ctx context.Context, args []string) error
}

func (x action) name() string {
	name, _, _ := strings.Cut(x.use, " ")
	return name
}

// usage is the command with all it can do.
func (c *command) usage() string {
	if len(c.actions) == 0 {
		return c.use
	}
	var all []string
	for _, x := range c.actions {
		all = append(all, x.use)
	}
	return c.use + " [" + strings.Join(all, " | ") + "]"
}

// act does what the first argument names.
func (c *command) act(ctx context.Context, args []string) error {
	x := c.actions[0]
	if len(args) > 0 {
		i := slices.IndexFunc(c.actions, func(x action) bool { return x.name() == args[0] })
		if i < 0 {
			var list []string
			for _, x := range c.actions {
				list = append(list, x.name())
			}
			return usageError{fmt.Errorf("want erpmock %s; there is no %q%s", c.usage(), args[0], match.Hint(args[0], list))}
		}
		x, args = c.actions[i], args[1:]
	}
	least, most := 0, 0
	for _, word := range strings.Fields(x.use)[1:] {
		if most++; word[0] != '[' {
			least++
		}
	}
	if len(args) < least || len(args) > most {
		return usageError{fmt.Errorf("want erpmock %s %s: it takes %d arguments, and got %d", c.use, x.use, least, len(args))}
	}
	return x.run(ctx, args)
}

// name is the first word of its use.
func (c *command) name() string {
	name, _, _ := strings.Cut(c.use, " ")
	return name
}

// commands lists the program's commands, serve being the first.
func (a *app) commands() []*command {
	return []*command{
		a.serveCommand(), a.listenCommand(), a.runCommand(), a.readyCommand(), a.triggerCommand(),
		a.opsCommand(), a.deliveriesCommand(), a.faultsCommand(), a.clockCommand(), a.waitCommand(), a.verifyCommand(), a.saveCommand(),
		a.compareCommand(), a.conformanceCommand(), a.specCommand(), a.docsCommand(), a.versionCommand(),
	}
}

// Statuses with which the program exits.
const (
	exitFailed = 1
	exitUsage  = 2
)

// A usageError is an error in what the user wrote, told in its words.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// run is the program; it returns the exit status.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(a.longFlags(args))
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(a.stderr, "erpmock:", strings.TrimRight(line, "\n"))
	}
	if _, usage := errors.AsType[usageError](err); usage {
		return exitUsage
	}
	return exitFailed
}

// root makes the commands for cobra. The root is serve, so that a command need not
// be named.
func (a *app) root() *cobra.Command {
	cobra.MousetrapHelpText = "" // on Windows, whoever clicks it wants a mock
	list := a.commands()
	root := a.cobra(list[0])
	root.Use = "erpmock"
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetIn(a.stdin)
	root.Args = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return usageError{fmt.Errorf("there is no command %q%s", args[0], orHelp(match.Hint(args[0], names(list))))}
	}
	for _, c := range a.commands() { // serve once more, with values of its own
		root.AddCommand(a.cobra(c))
	}
	byName := make(map[string]*command)
	for _, c := range list {
		byName[c.name()] = c
	}
	plain := root.HelpFunc()
	root.SetHelpFunc(func(cc *cobra.Command, args []string) {
		switch c := byName[cc.Name()]; {
		case cc == root:
			a.print(helpOfAll(list))
		case c != nil:
			a.print(c.help())
		default:
			plain(cc, args)
		}
	})
	return root
}

func (a *app) print(text string) { _, _ = fmt.Fprint(a.stdout, text) }

func names(list []*command) []string {
	all := []string{"help", "completion"}
	for _, c := range list {
		all = append(all, c.name())
	}
	return all
}

// orHelp ends an error that has no better hint.
func orHelp(hint string) string {
	if hint != "" {
		return hint
	}
	return "; erpmock --help lists what there is"
}

// cobra makes a command for cobra.
func (a *app) cobra(c *command) *cobra.Command {
	cc := &cobra.Command{
		Use: c.use, Short: c.short, Long: c.long, Example: c.examples,
		DisableFlagsInUseLine: true,
		Args: func(cc *cobra.Command, args []string) error {
			check := c.args
			if len(c.actions) > 0 {
				check = cobra.ArbitraryArgs
			}
			if check == nil {
				check = cobra.NoArgs
			}
			if check(cc, args) == nil {
				return nil
			}
			return usageError{fmt.Errorf("want erpmock %s; %s", c.use, argumentHint(c, args))}
		},
		RunE: func(cc *cobra.Command, args []string) error {
			from := sources{lookup: a.lookup}
			var err error
			if c.prepare != nil {
				if from, err = c.prepare(from); err != nil {
					return usageError{err}
				}
			}
			if err := c.options.fill(cc.Flags(), from); err != nil {
				return usageError{err}
			}
			a.tellUnknownVariables()
			if len(c.actions) > 0 {
				return c.act(cc.Context(), args)
			}
			return c.run(cc.Context(), args)
		},
	}
	for _, x := range c.actions {
		cc.ValidArgs = append(cc.ValidArgs, x.name())
	}
	c.options.addTo(cc.Flags())
	cc.Flags().SortFlags = false
	cc.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{wrongFlag(c, err)} })
	return cc
}

func argumentHint(c *command, args []string) string {
	if len(args) > 0 && c.args == nil {
		return fmt.Sprintf("%q is one argument too many: flags begin with --", args[0])
	}
	return "erpmock help " + c.name() + " says more"
}

// longFlags lets flags begin with one dash, as they could before there were
// commands: none of one letter has a meaning beside -h.
func (a *app) longFlags(args []string) []string {
	valued := make(map[string]bool)
	for _, c := range a.commands() {
		for _, o := range c.options {
			valued[o.name] = o.arg != ""
		}
	}
	args = append([]string{}, args...) // not nil, for which cobra takes those of the process
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		name, isFlag := strings.CutPrefix(args[i], "-")
		if !isFlag || len(strings.TrimPrefix(name, "-")) < 2 {
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

// tellUnknownVariables tells of variables that look like options of erpmock and
// are none. Such as Kubernetes makes for a service named erpmock are not meant.
func (a *app) tellUnknownVariables() {
	known := make(map[string]bool)
	for _, name := range compareVariables() {
		known[name] = true
	}
	for _, c := range a.commands() {
		for _, o := range c.options {
			if !o.flagOnly {
				known[o.variable()] = true
			}
		}
	}
	var list []string
	for name := range known {
		list = append(list, name)
	}
	slices.Sort(list)
	for _, v := range a.environ {
		name, _, _ := strings.Cut(v, "=")
		rest, ours := strings.CutPrefix(name, "ERPMOCK_")
		if !ours || known[name] || rest == "PORT" || strings.HasPrefix(rest, "SERVICE_") || strings.HasPrefix(rest, "PORT_") && strings.ContainsAny(rest, "0123456789") {
			continue
		}
		fmt.Fprintf(a.stderr, "erpmock: %s is set and means nothing here%s\n", name, match.Hint(name, list))
	}
}
