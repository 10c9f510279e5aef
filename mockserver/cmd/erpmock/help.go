package main

import (
	"cmp"
	"fmt"
	"strings"
)

// How values are given, in the words of all three kinds of documentation.
const sourcesOfOptions = "Each option is a flag, an environment variable and a key of the YAML file of --config: --exec-time, ERPMOCK_EXEC_TIME, exec-time. " +
	"A flag goes before the variable, and that before the file. Where an option may be repeated, the variable holds several values with blanks between them, and the file a list."

const exitStatuses = "The exit status is 0 if all went well, 2 if a flag, variable, file or argument is wrong, and 1 for any other error."

// helpOfAll is what erpmock --help prints: the commands, and the options of the
// first, which is the one if none is named.
func helpOfAll(list []*command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "erpmock is a mock of the Visma.net ERP Background API.\n\nUsage:\n  erpmock [options]            the same as erpmock serve\n  erpmock COMMAND [options]\n\nCommands:\n")
	for _, c := range list {
		fmt.Fprintf(&b, "  %-11s %s\n", c.name(), c.short)
	}
	fmt.Fprintf(&b, "  %-11s %s\n  %-11s %s\n", "completion", "completion of commands and flags in a shell", "help", "help of a command, such as erpmock help serve")
	b.WriteString("\nOptions of serve:\n\n" + wrap(sourcesOfOptions, "") + "\n")
	writeOptions(&b, list[0].options)
	return b.String()
}

// help is what a command's --help prints.
func (c *command) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nUsage:\n  erpmock %s%s\n", wrap(c.long, ""), c.usage(), optionsWord(c))
	if len(c.actions) > 0 {
		b.WriteString("\nActions:\n")
		for _, x := range c.actions {
			fmt.Fprintf(&b, "  %s\n%s", x.use, wrap(x.does, "      "))
		}
	}
	if c.examples != "" {
		fmt.Fprintf(&b, "\nExamples:\n  %s\n", strings.ReplaceAll(c.examples, "\n", "\n  "))
	}
	if c.name() == "serve" {
		b.WriteString("\n" + wrap(sourcesOfOptions, ""))
	}
	b.WriteString("\n")
	writeOptions(&b, c.options)
	return b.String()
}

func optionsWord(c *command) string {
	if len(c.options) == 0 {
		return ""
	}
	return " [options]"
}

func writeOptions(b *strings.Builder, list options) {
	group := "-"
	for _, o := range list {
		if o.group != group {
			if group != "-" {
				b.WriteString("\n")
			}
			group = o.group
			fmt.Fprintf(b, "%s:\n", cmp.Or(group, "Options"))
		}
		fmt.Fprintf(b, "  %s\n%s", o.title(), wrap(o.sentence(), "      "))
	}
}

// sentence is what an option is for, with its default and what may be done with
// it.
func (o *option) sentence() string {
	text := o.usage
	if o.repeats {
		text += "; may be repeated"
	}
	if o.initial != "" {
		text += " (default " + o.initial + ")"
	}
	return text
}

// title is an option as it is given.
func (o *option) title() string {
	return strings.TrimSpace("--" + o.name + " " + strings.ToUpper(o.arg))
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
