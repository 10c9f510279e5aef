package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// DocsCommand is the command that prints the reference of all commands, or writes
// man pages.
func (p *Program) DocsCommand() *Command {
	var file, man string
	return &Command{
		Use:   "docs",
		Short: "print the reference of all commands, or write man pages",
		Long: `Prints the reference of all commands and options in Markdown.

With --man it writes man pages instead: to ~/.local/share/man/man1, for example, where man finds them.`,
		Examples: p.Name + " docs\n" + p.Name + " docs --man ~/.local/share/man/man1",
		Options: Options{
			{Name: "markdown", Arg: "file", FlagOnly: true, Usage: "write the reference to this file", Set: Text(&file)},
			{Name: "man", Arg: "directory", FlagOnly: true, Usage: "write man pages to this directory", Set: Text(&man)},
		},
		Run: func(context.Context, []string) error {
			if file == "" && man == "" {
				p.Print(p.Markdown())
				return nil
			}
			var errs []error
			if file != "" {
				errs = append(errs, os.WriteFile(file, []byte(p.Markdown()), 0o644))
			}
			if man != "" {
				errs = append(errs, p.writeManPages(man))
			}
			return errors.Join(errs...)
		},
	}
}

// Markdown is the reference of all commands and options.
func (p *Program) Markdown() string {
	list := p.Commands()
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n<!-- Written by make generate from the table of options; edit %s. -->\n\n", p.Name, p.Section)
	b.WriteString(lines(cmp.Or(p.Long, p.Short)) + "\n")
	fmt.Fprintf(&b, "```sh\ngo install %s@latest\n%s\n```\n\n", p.Package, p.Name)
	b.WriteString(lines(p.Sources+" `"+p.Name+"` alone is `"+p.Name+" "+list[0].Name()+"`. "+p.Exits) + "\n")
	if p.Files != "" {
		b.WriteString(lines(p.Files) + "\n")
	}
	b.WriteString("| command | |\n|---|---|\n")
	for _, c := range list {
		fmt.Fprintf(&b, "| [`%s`](#%s-%s) | %s |\n", c.Name(), p.Name, c.Name(), c.Short)
	}
	fmt.Fprintf(&b, "| `completion` | completion of commands and flags in a shell: `%s completion bash --help` says how |\n", p.Name)
	for _, c := range list {
		p.markdownOf(&b, c)
	}
	return b.String()
}

func (p *Program) markdownOf(b *strings.Builder, c *Command) {
	fmt.Fprintf(b, "\n## %s %s\n\n%s\n", p.Name, c.Name(), lines(c.Long))
	fmt.Fprintf(b, "```\n%s %s%s\n```\n", p.Name, c.usage(), optionsWord(c))
	if len(c.Actions) > 0 {
		b.WriteString("\n| action | |\n|---|---|\n")
		for _, x := range c.Actions {
			fmt.Fprintf(b, "| `%s` | %s |\n", x.Use, cell(x.Does))
		}
	}
	if c.Examples != "" {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", c.Examples)
	}
	group := "-"
	for _, o := range c.Options {
		if o.Group != group {
			group = o.Group
			if group != "" {
				fmt.Fprintf(b, "\n### %s\n", group)
			}
			b.WriteString("\n| option | |\n|---|---|\n")
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", o.title(), cell(o.sentence()))
	}
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

// writeManPages writes a page for the program, which has the first command, and one
// for each other command.
func (p *Program) writeManPages(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var errs []error
	for name, page := range p.ManPages() {
		errs = append(errs, os.WriteFile(filepath.Join(dir, name), []byte(page), fs.FileMode(0o644)))
	}
	return errors.Join(errs...)
}

// ManPages are the man pages by the names of their files.
func (p *Program) ManPages() map[string]string {
	pages := make(map[string]string)
	for i, c := range p.Commands() {
		title, short := p.Name+"-"+c.Name(), c.Short
		if i == 0 {
			title, short = p.Name, p.Short
		}
		pages[title+".1"] = p.man(c, title, short)
	}
	return pages
}

// man is a command's man page.
func (p *Program) man(c *Command, title, short string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", strings.ToUpper(title), roff(title), roff(short))
	if title == p.Name {
		fmt.Fprintf(&b, ".B %s\n[%s]%s\n.br\n.B %s\nCOMMAND [options]\n", p.Name, c.Name(), roff(arguments(c)), p.Name)
	} else {
		fmt.Fprintf(&b, ".B %s\n%s\n", p.Name, roff(c.usage()+optionsWord(c)))
	}
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", strings.ReplaceAll(roff(c.Long), "\n\n", "\n.PP\n"))
	if title == p.Name {
		b.WriteString(".SH COMMANDS\n")
		for _, other := range p.Commands() {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", other.Name(), roff(other.Short))
		}
	}
	if len(c.Actions) > 0 {
		b.WriteString(".SH ACTIONS\n")
		for _, x := range c.Actions {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(x.Use), roff(x.Does))
		}
	}
	if len(c.Options) > 0 {
		b.WriteString(".SH OPTIONS\n")
		if title == p.Name {
			fmt.Fprintf(&b, "%s\n", roff(p.Sources))
		}
	}
	group := ""
	for _, o := range c.Options {
		if o.Group != group {
			group = o.Group
			fmt.Fprintf(&b, ".SS %s\n", roff(group))
		}
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(o.title()), roff(o.sentence()))
	}
	if c.Examples != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(c.Examples))
	}
	if title == p.Name && p.Files != "" {
		fmt.Fprintf(&b, ".SH FILES\n%s\n", roff(p.Files))
	}
	fmt.Fprintf(&b, ".SH EXIT STATUS\n%s\n", roff(p.Exits))
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
