package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/internal/spell"
)

// A Command is one of a program's, as its help, its man page and the reference show
// it.
type Command struct {
	Use      string // name and arguments
	Short    string // a line of the list of commands
	Long     string // what it does, in paragraphs
	Examples string // lines of a shell
	Options  Options
	Actions  []Action             // what it can do, where that is several things: the first is the default
	Args     cobra.PositionalArgs // nil: none
	Run      func(ctx context.Context, args []string) error

	// Prepare has the last word on where values come from that no flag gives.
	Prepare func(Sources) (Sources, error)

	// Complete returns what an argument may be, for completion in a shell.
	Complete func(args []string) []string
}

// An Action is one of the things that a command can do.
type Action struct {
	Use  string // its name and arguments
	Does string
	Run  func(ctx context.Context, args []string) error
}

func (x Action) name() string {
	name, _, _ := strings.Cut(x.Use, " ")
	return name
}

// Name is the first word of its use.
func (c *Command) Name() string {
	name, _, _ := strings.Cut(c.Use, " ")
	return name
}

// usage is the command with all it can do.
func (c *Command) usage() string {
	if len(c.Actions) == 0 {
		return c.Use
	}
	var all []string
	for _, x := range c.Actions {
		all = append(all, x.Use)
	}
	return c.Use + " [" + strings.Join(all, " | ") + "]"
}

// act does what the first argument names.
func (p *Program) act(ctx context.Context, c *Command, args []string) error {
	x := c.Actions[0]
	if len(args) > 0 {
		i := slices.IndexFunc(c.Actions, func(x Action) bool { return x.name() == args[0] })
		if i < 0 {
			var list []string
			for _, x := range c.Actions {
				list = append(list, x.name())
			}
			return Usagef("want %s %s; there is no %q%s", p.Name, c.usage(), args[0], spell.Hint(args[0], list))
		}
		x, args = c.Actions[i], args[1:]
	}
	least, most := 0, 0
	for _, word := range strings.Fields(x.Use)[1:] {
		if most++; word[0] != '[' {
			least++
		}
	}
	if len(args) < least || len(args) > most {
		return Usagef("want %s %s %s: it takes %d arguments, and got %d", p.Name, c.Use, x.Use, least, len(args))
	}
	return x.Run(ctx, args)
}

// cobra makes a command for cobra.
func (p *Program) cobra(c *Command) *cobra.Command {
	cc := &cobra.Command{
		Use: c.Use, Short: c.Short, Long: c.Long, Example: c.Examples,
		DisableFlagsInUseLine: true,
		Args: func(cc *cobra.Command, args []string) error {
			check := c.Args
			if len(c.Actions) > 0 {
				check = cobra.ArbitraryArgs
			}
			if check == nil {
				check = cobra.NoArgs
			}
			if check(cc, args) == nil {
				return nil
			}
			return Usagef("want %s %s; %s", p.Name, c.Use, p.argumentHint(c, args))
		},
		RunE: func(cc *cobra.Command, args []string) error {
			from := Sources{Lookup: p.Lookup, variable: p.Variable}
			var err error
			if c.Prepare != nil {
				if from, err = c.Prepare(from); err != nil {
					return UsageError{err}
				}
			}
			if err := c.Options.fill(cc.Flags(), from); err != nil {
				return UsageError{err}
			}
			p.tellUnknownVariables()
			if len(c.Actions) > 0 {
				return p.act(cc.Context(), c, args)
			}
			return c.Run(cc.Context(), args)
		},
	}
	for _, x := range c.Actions {
		cc.ValidArgs = append(cc.ValidArgs, x.name())
	}
	if c.Complete != nil {
		cc.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return c.Complete(args), cobra.ShellCompDirectiveNoFileComp
		}
	}
	c.Options.addTo(cc.Flags())
	cc.Flags().SortFlags = false
	cc.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return UsageError{p.wrongFlag(c, err)} })
	return cc
}

func (p *Program) argumentHint(c *Command, args []string) string {
	if len(args) > 0 && c.Args == nil {
		return fmt.Sprintf("%q is one argument too many: flags begin with --", args[0])
	}
	return p.Name + " help " + c.Name() + " says more"
}
