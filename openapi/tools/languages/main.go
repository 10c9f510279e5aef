// Command languages holds openapi/README.md to what erpmock conformance found:
// its checklist of rules with their scenarios, and its table of languages by rule.
//
//	erpmock conformance --list | languages [-update] README [REPORT.xml...]
//
// Each report is one that --junit wrote, and is compared with its column, so that
// the clients can be tried one by one, or none; it prints the table of the reports that it
// got. With -update it writes the checklist and those columns.
package main

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// columns are the languages by the names that their candidates give, in the order
// of the table.
var columns = []language{
	{"typescript", "TypeScript"}, {"python", "Python"}, {"java", "Java"}, {"php", "PHP"}, {"rust", "Rust"}, {"csharp", "C#"},
}

type language struct{ name, title string }

func main() {
	update := flag.Bool("update", false, "write the README")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *update, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "languages:", err)
		os.Exit(1)
	}
}

func run(list io.Reader, out io.Writer, update bool, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("want the README and reports as arguments")
	}
	rules, err := readRules(list)
	if err != nil {
		return err
	}
	path := args[0]
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	was, err := readTable(string(page))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	found := table{}
	for _, report := range args[1:] {
		name, column, err := readReport(report, rules)
		if err != nil {
			return fmt.Errorf("%s: %w", report, err)
		}
		found[name] = column
	}
	fmt.Fprint(out, found.markdown(rules))
	is := table{}
	for _, c := range columns {
		if column := found[c.name]; column != nil {
			is[c.name] = column
		} else if was[c.name] != nil {
			is[c.name] = was[c.name]
		}
	}
	want, err := replace(string(page), map[string]string{"checklist": checklist(rules), "table": is.markdown(rules)})
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case want == string(page):
		return nil
	case update:
		return os.WriteFile(path, []byte(want), 0o644)
	}
	return fmt.Errorf("%s does not say what was found: look at it, and run this again with UPDATE=1", path)
}

// A rule is one that clients or receivers are held to, with the ids of its
// scenarios.
type rule struct {
	id, sentence string
	scenarios    []string
}

// readRules reads what erpmock conformance --list prints.
func readRules(list io.Reader) ([]rule, error) {
	var rules []rule
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		line := lines.Text()
		if id, indented := strings.CutPrefix(line, "  "); indented && len(rules) > 0 {
			id, _, _ = strings.Cut(id, " ")
			last := &rules[len(rules)-1]
			last.scenarios = append(last.scenarios, id)
		} else if id, sentence, ok := strings.Cut(line, ": "); ok {
			rules = append(rules, rule{id: id, sentence: sentence})
		}
	}
	if len(rules) == 0 {
		return nil, fmt.Errorf("no rules on standard input: want what erpmock conformance --list prints")
	}
	return rules, lines.Err()
}

// checklist is the rules as a list in Markdown.
func checklist(rules []rule) string {
	var b strings.Builder
	for _, r := range rules {
		ids := "every scenario"
		if len(r.scenarios) > 0 {
			ids = "`" + strings.Join(r.scenarios, "`, `") + "`"
		}
		fmt.Fprintf(&b, "* %s\n", wrap("**"+r.id+"**: "+r.sentence+" ("+ids+")"))
	}
	return b.String()
}

// wrap breaks an item of a list at blanks, so that its lines have 120 columns at most.
func wrap(text string) string {
	var b strings.Builder
	column := 2
	for i, word := range strings.Fields(text) {
		width := len([]rune(word))
		if i > 0 && column+1+width > 120 {
			b.WriteString("\n  ")
			column = 2
		} else if i > 0 {
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += width
	}
	return b.String()
}

// A table has the columns of languages by their names: a cell for each rule by its
// id.
type table map[string]map[string]string

// readReport reads what --junit wrote. A report lacks no rule that has scenarios.
func readReport(path string, rules []rule) (name string, column map[string]string, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	var suite struct {
		Name  string `xml:"name,attr"`
		Cases []struct {
			Rule    string    `xml:"classname,attr"`
			ID      string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Skipped *struct {
				Why string `xml:"message,attr"`
			} `xml:"skipped"`
		} `xml:"testcase"`
	}
	if err := xml.Unmarshal(data, &suite); err != nil {
		return "", nil, err
	}
	if !slices.ContainsFunc(columns, func(c language) bool { return c.name == suite.Name }) {
		return "", nil, fmt.Errorf("no language is called %q: add it to the columns of openapi/tools/languages", suite.Name)
	}
	column = make(map[string]string)
	for _, r := range rules {
		passed, all := 0, 0
		var others []string
		for _, c := range suite.Cases {
			if c.Rule != r.id {
				continue
			}
			all++
			switch {
			case c.Failure != nil:
				others = append(others, "`"+c.ID+"` failed")
			case c.Skipped != nil:
				why, _, _ := strings.Cut(c.Skipped.Why, ":")
				others = append(others, "`"+c.ID+"` "+why)
			default:
				passed++
			}
		}
		switch {
		case all != len(r.scenarios):
			return "", nil, fmt.Errorf("it has %d scenarios of the rule %s, of which there are %d", all, r.id, len(r.scenarios))
		case all > 0:
			column[r.id] = strings.Join(append([]string{fmt.Sprintf("%d/%d", passed, all)}, others...), ", ")
		}
	}
	return suite.Name, column, nil
}

// markdown is the table as it stands in the README.
func (t table) markdown(rules []rule) string {
	var b bytes.Buffer
	line := func(first string, cell func(name, title string) string) {
		fmt.Fprintf(&b, "| %s |", first)
		for _, c := range columns {
			if t[c.name] != nil {
				fmt.Fprintf(&b, " %s |", cell(c.name, c.title))
			}
		}
		b.WriteString("\n")
	}
	line("rule", func(_, title string) string { return title })
	line("---", func(_, _ string) string { return "---" })
	for _, r := range rules {
		if len(r.scenarios) > 0 {
			line(r.id, func(name, _ string) string { return t[name][r.id] })
		}
	}
	return b.String()
}

// readTable reads the table of a page.
func readTable(page string) (table, error) {
	_, text, _, err := block(page, "table")
	if err != nil {
		return nil, err
	}
	t := table{}
	var names []string
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		for j, cell := range cells[1:] {
			switch {
			case i == 0:
				at := slices.IndexFunc(columns, func(c language) bool { return c.title == cell })
				if at < 0 {
					return nil, fmt.Errorf("its table has a column %q, which is no language", cell)
				}
				names = append(names, columns[at].name)
				t[columns[at].name] = make(map[string]string)
			case i > 1 && j < len(names):
				t[names[j]][cells[0]] = cell
			}
		}
	}
	return t, nil
}

// block finds what stands between the marks of a name.
func block(page, name string) (before, text, after string, err error) {
	begin, end := "<!-- "+name+" of make languages -->\n\n", "\n<!-- end -->"
	before, rest, found := strings.Cut(page, begin)
	text, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", "", "", fmt.Errorf("it has no block from %q to %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin, text, end + after, nil
}

// replace puts texts between the marks of their names.
func replace(page string, texts map[string]string) (string, error) {
	for name, text := range texts {
		before, _, after, err := block(page, name)
		if err != nil {
			return "", err
		}
		page = before + text + after
	}
	return page, nil
}
