package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/itchyny/gojq"
	"golang.org/x/term"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/internal/spell"
)

// An output is how results are printed.
type output struct {
	fields []string // of --json; nil: for people
	query  *gojq.Code
}

// options are those of a command that prints operations.
func (o *output) options() cli.Options {
	return cli.Options{
		{Name: "json", Group: printing, Arg: "fields", FlagOnly: true, Usage: "print these fields as JSON, an object a line: " + strings.Join(viewFields(), ",") + ", or all", Set: o.setFields},
		o.jq("filter what --json prints, all fields without it, by this expression of jq; texts are printed without quotes"),
	}
}

const printing = "Output"

func (o *output) jq(usage string) *cli.Option {
	return &cli.Option{Name: "jq", Group: printing, Arg: "expression", FlagOnly: true, Usage: usage, Set: o.setQuery}
}

// viewFields are the names that --json takes.
func viewFields() []string {
	var list []string
	for f := range reflect.TypeFor[view]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		list = append(list, name)
	}
	return list
}

func (o *output) setFields(v string) error {
	known := viewFields()
	if v == "all" {
		o.fields = known
		return nil
	}
	for name := range strings.SplitSeq(v, ",") {
		if !slices.Contains(known, name) {
			return fmt.Errorf("there is no field %q%s; want some of %s", name, spell.Hint(name, known), strings.Join(known, ","))
		}
		o.fields = append(o.fields, name)
	}
	return nil
}

func (o *output) setQuery(v string) error {
	q, err := gojq.Parse(v)
	if err == nil {
		o.query, err = gojq.Compile(q)
	}
	return err
}

// machine reports whether JSON is wanted.
func (o *output) machine() bool { return o.fields != nil || o.query != nil }

// print prints a view as JSON: the fields that were chosen, filtered.
func (o *output) print(w io.Writer, v view) error {
	whole, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if o.fields != nil {
		if whole, err = chosen(whole, o.fields); err != nil {
			return err
		}
	}
	return o.filter(w, whole)
}

// chosen are fields of a JSON object in the order in which they were asked for; what
// it lacks is null.
func chosen(object []byte, fields []string) ([]byte, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(object, &all); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for i, name := range fields {
		value := all[name]
		if value == nil {
			value = json.RawMessage("null")
		}
		fmt.Fprintf(&b, "%c%q:%s", "{,"[min(i, 1)], name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// filter prints a JSON value on a line, or what the expression makes of it.
func (o *output) filter(w io.Writer, value []byte) error {
	if o.query == nil {
		var line bytes.Buffer
		if err := json.Compact(&line, value); err != nil {
			return err
		}
		line.WriteByte('\n')
		_, err := w.Write(line.Bytes())
		return err
	}
	// Numbers are kept as they are written: amounts of money are among them.
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return fmt.Errorf("--jq: the answer is no JSON: %w", err)
	}
	it := o.query.Run(v)
	for {
		found, more := it.Next()
		if !more {
			return nil
		}
		if err, bad := found.(error); bad {
			if halt, ok := errors.AsType[*gojq.HaltError](err); ok && halt.Value() == nil {
				return nil
			}
			return fmt.Errorf("--jq: %w", err)
		}
		text, isText := found.(string)
		if !isText {
			data, err := gojq.Marshal(found)
			if err != nil {
				return err
			}
			text = string(data)
		}
		if _, err := fmt.Fprintln(w, text); err != nil {
			return err
		}
	}
}

// width is that of the terminal to which a stream leads; 0 if it is none.
func width(stream any) int {
	f, ok := stream.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// table writes lines of columns: lined up on a terminal, with tabs between them for a
// program.
func (a *app) table(header []string, rows [][]string) {
	if !isTerminal(a.Stdout) {
		for _, row := range rows {
			fmt.Fprintln(a.Stdout, strings.Join(row, "\t"))
		}
		return
	}
	w := tabwriter.NewWriter(a.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(header, "\t"))
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush()
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// plain is a text from outside as a terminal may show it: without what would move
// the cursor or change colours.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, text)
}

// cut shortens a text that stands in a column.
func cut(text string, most int) string {
	text = plain(text)
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
