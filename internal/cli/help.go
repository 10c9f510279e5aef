package cli

import (
	"cmp"
	"fmt"
	"strings"
)

// help is what the program's --help prints: the commands, and the options of the
// first, which is the one if none is named.
func (p *Program) help(list []*Command) string {
	var b strings.Builder
	first := list[0]
	fmt.Fprintf(&b, "%s\nUsage:\n  %s%s%s the same as %s %s\n  %s COMMAND [options]\n\nCommands:\n",
		wrap(cmp.Or(p.Long, p.Name+" is "+p.Short+"."), ""),
		p.Name, arguments(first), padded(p.Name+arguments(first)), p.Name, first.Name(), p.Name)
	for _, c := range list {
		fmt.Fprintf(&b, "  %-11s %s\n", c.Name(), c.Short)
	}
	fmt.Fprintf(&b, "  %-11s %s\n  %-11s %s\n", "completion", "completion of commands and flags in a shell", "help", "help of a command, such as "+p.Name+" help "+first.Name())
	if first.Examples != "" && p.TakesArguments != nil {
		fmt.Fprintf(&b, "\nExamples:\n  %s\n", strings.ReplaceAll(first.Examples, "\n", "\n  "))
	}
	b.WriteString("\nOptions of " + first.Name() + ":\n\n" + wrap(p.Sources, "") + "\n")
	writeOptions(&b, first.Options)
	if p.TakesArguments != nil {
		b.WriteString("\n" + wrap(p.Exits, ""))
	}
	return b.String()
}

// padded fills up to the column where what a usage means is told.
func padded(usage string) string { return strings.Repeat(" ", max(1, 28-len(usage))) }

// arguments are what follows the name of a command.
func arguments(c *Command) string {
	_, args, _ := strings.Cut(c.Use, " ")
	return strings.TrimRight(" "+args, " ") + optionsWord(c)
}

// helpOf is what a command's --help prints.
func (p *Program) helpOf(c *Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nUsage:\n  %s %s%s\n", wrap(c.Long, ""), p.Name, c.usage(), optionsWord(c))
	if len(c.Actions) > 0 {
		b.WriteString("\nActions:\n")
		for _, x := range c.Actions {
			fmt.Fprintf(&b, "  %s\n%s", x.Use, wrap(x.Does, "      "))
		}
	}
	if c.Examples != "" {
		fmt.Fprintf(&b, "\nExamples:\n  %s\n", strings.ReplaceAll(c.Examples, "\n", "\n  "))
	}
	if c.Name() == p.Commands()[0].Name() {
		b.WriteString("\n" + wrap(p.Sources, ""))
	}
	b.WriteString("\n")
	writeOptions(&b, c.Options)
	return b.String()
}

func optionsWord(c *Command) string {
	if len(c.Options) == 0 {
		return ""
	}
	return " [options]"
}

func writeOptions(b *strings.Builder, list Options) {
	group := "-"
	for _, o := range list {
		if o.Group != group {
			if group != "-" {
				b.WriteString("\n")
			}
			group = o.Group
			fmt.Fprintf(b, "%s:\n", cmp.Or(group, "Options"))
		}
		fmt.Fprintf(b, "  %s\n%s", o.title(), wrap(o.sentence(), "      "))
	}
}

// sentence is what an option is for, with its default and what may be done with
// it.
func (o *Option) sentence() string {
	text := o.Usage
	if o.Repeats {
		text += "; may be repeated"
	}
	if o.Initial != "" {
		text += " (default " + o.Initial + ")"
	}
	return text
}

// title is an option as it is given.
func (o *Option) title() string {
	name := "--" + o.Name
	if o.Short != "" {
		name = "-" + o.Short + ", " + name
	}
	return strings.TrimSpace(name + " " + strings.ToUpper(o.Arg))
}

// wrap breaks paragraphs into lines of at most 80 columns.
func wrap(text, indent string) string {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := indent
		for word := range strings.FieldsSeq(paragraph) {
			if len(line) > len(indent) && len(line)+len(word) >= 80 {
				b.WriteString(strings.TrimRight(line, " ") + "\n")
				line = indent
			}
			line += word + " "
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
