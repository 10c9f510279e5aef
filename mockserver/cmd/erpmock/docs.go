package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func (a *app) docsCommand() *command {
	var file, man string
	return &command{
		use:   "docs",
		short: "print the reference of all commands, or write man pages",
		long: `Prints the reference of all commands and options in Markdown.

With --man it writes man pages instead: to ~/.local/share/man/man1, for example, where man finds them.`,
		examples: `erpmock docs
erpmock docs --man ~/.local/share/man/man1`,
		options: options{{name: "markdown", arg: "file", flagOnly: true, usage: "write the reference to this file", set: text(&file)}, {name: "man", arg: "directory", flagOnly: true, usage: "write man pages to this directory", set: text(&man)}},
		run: func(context.Context, []string) error {
			if file == "" && man == "" {
				a.print(markdown(a.commands()))
				return nil
			}
			var errs []error
			if file != "" {
				errs = append(errs, os.WriteFile(file, []byte(markdown(a.commands())), 0o644))
			}
			if man != "" {
				errs = append(errs, writeManPages(man, a.commands()))
			}
			return errors.Join(errs...)
		},
	}
}

// markdown is docs/erpmock.md.
func markdown(list []*command) string {
	var b strings.Builder
	b.WriteString("# erpmock\n\n<!-- Written by make generate from the table of options; edit mockserver/cmd/erpmock. -->\n\n")
	b.WriteString("A mock of the Visma.net ERP Background API as a program, and what controls one that runs.\n\n")
	b.WriteString("```sh\ngo install github.com/vismanet-go/background/mockserver/cmd/erpmock@latest\nerpmock\n```\n\n")
	b.WriteString(lines(sourcesOfOptions+" `erpmock` alone is `erpmock serve`. "+exitStatuses) + "\n")
	b.WriteString("| command | |\n|---|---|\n")
	for _, c := range list {
		fmt.Fprintf(&b, "| [`%s`](#erpmock-%s) | %s |\n", c.name(), c.name(), c.short)
	}
	b.WriteString("| `completion` | completion of commands and flags in a shell: `erpmock completion bash --help` says how |\n")
	for _, c := range list {
		fmt.Fprintf(&b, "\n## erpmock %s\n\n%s\n", c.name(), lines(c.long))
		fmt.Fprintf(&b, "```\nerpmock %s%s\n```\n", c.usage(), optionsWord(c))
		if len(c.actions) > 0 {
			b.WriteString("\n| action | |\n|---|---|\n")
			for _, x := range c.actions {
				fmt.Fprintf(&b, "| `%s` | %s |\n", x.use, cell(x.does))
			}
		}
		if c.examples != "" {
			fmt.Fprintf(&b, "\n```sh\n%s\n```\n", c.examples)
		}
		group := "-"
		for _, o := range c.options {
			if o.group != group {
				group = o.group
				if group != "" {
					fmt.Fprintf(&b, "\n### %s\n", group)
				}
				b.WriteString("\n| option | |\n|---|---|\n")
			}
			fmt.Fprintf(&b, "| `%s` | %s |\n", o.title(), cell(o.sentence()))
		}
	}
	return b.String()
}

// lines are paragraphs of Markdown, in lines of at most 120 columns.
func lines(text string) string {
	var b strings.Builder
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			b.WriteString("\n")
		}
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			if line != "" && len(line)+len(word) >= 120 {
				b.WriteString(line + "\n")
				line = ""
			}
			line = strings.TrimPrefix(line+" "+word, " ")
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(text)
}

// writeManPages writes a page for the program, which has serve, and one for each
// other command.
func writeManPages(dir string, list []*command) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var errs []error
	for name, page := range manPages(list) {
		errs = append(errs, os.WriteFile(filepath.Join(dir, name), []byte(page), fs.FileMode(0o644)))
	}
	return errors.Join(errs...)
}

// manPages are the man pages by the names of their files.
func manPages(list []*command) map[string]string {
	pages := make(map[string]string)
	for i, c := range list {
		title, short := "erpmock-"+c.name(), c.short
		if i == 0 {
			title, short = "erpmock", "a mock of the Visma.net ERP Background API"
		}
		pages[title+".1"] = c.man(title, short, list)
	}
	return pages
}

// man is a command's man page.
func (c *command) man(title, short string, list []*command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", strings.ToUpper(title), roff(title), roff(short))
	if title == "erpmock" {
		b.WriteString(".B erpmock\n[serve] [options]\n.br\n.B erpmock\nCOMMAND [options]\n")
	} else {
		fmt.Fprintf(&b, ".B erpmock\n%s\n", roff(c.usage()+optionsWord(c)))
	}
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", strings.ReplaceAll(roff(c.long), "\n\n", "\n.PP\n"))
	if title == "erpmock" {
		b.WriteString(".SH COMMANDS\n")
		for _, other := range list {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", other.name(), roff(other.short))
		}
	}
	if len(c.actions) > 0 {
		b.WriteString(".SH ACTIONS\n")
		for _, x := range c.actions {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(x.use), roff(x.does))
		}
	}
	if len(c.options) > 0 {
		b.WriteString(".SH OPTIONS\n")
		if title == "erpmock" {
			fmt.Fprintf(&b, "%s\n", roff(sourcesOfOptions))
		}
	}
	group := ""
	for _, o := range c.options {
		if o.group != group {
			group = o.group
			fmt.Fprintf(&b, ".SS %s\n", roff(group))
		}
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(o.title()), roff(o.sentence()))
	}
	if c.examples != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(c.examples))
	}
	fmt.Fprintf(&b, ".SH EXIT STATUS\n%s\n", roff(exitStatuses))
	return b.String()
}

// roff writes a text as troff wants it.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	all := strings.Split(text, "\n")
	for i, line := range all {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			all[i] = `\&` + line
		}
	}
	return strings.Join(all, "\n")
}
