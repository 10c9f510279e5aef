package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// WriteTable writes the report as Markdown.
func (r *Report) WriteTable(w io.Writer) error {
	var b strings.Builder
	head := fmt.Sprintf("%s, %s, %d rounds in %s; %d × %s, %s, %s", r.Begun.UTC().Format("2006-01-02 15:04 MST"), kind(r.Short), r.Rounds,
		r.Took.Round(time.Second), r.Host.Cores, r.Host.CPU, r.Host.System, r.Host.Go)
	for _, path := range slices.Sorted(maps.Keys(r.Host.Modules)) {
		head += fmt.Sprintf(", %s %s", path, r.Host.Modules[path])
	}
	b.WriteString(Wrap(head) + "\n")
	for _, row := range r.Rows {
		row.write(&b, r.Short)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Wrap breaks a paragraph at 120 columns.
func Wrap(text string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+n > 120:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

func kind(short bool) string {
	if short {
		return "short run"
	}
	return "full run"
}

func (r Result) write(b *strings.Builder, short bool) {
	what := fmt.Sprintf("%s Load average %.1f to %.1f.", r.What, r.Load[0], r.Load[1])
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n", r.Row, Wrap(what))
	names := figureNames(r.Contenders)
	b.WriteString("| median (min – max) | " + strings.Join(names, " | ") + " |\n|---|" + strings.Repeat("---|", len(names)) + "\n")
	for _, c := range r.Contenders {
		b.WriteString("| " + c.Name)
		for i, name := range names {
			switch at := slices.IndexFunc(c.Figures, func(s Spread) bool { return s.Name == name }); {
			case c.LeftOut != "" && i == 0:
				b.WriteString(" | left out: " + c.LeftOut)
			case at < 0:
				b.WriteString(" | –")
			default:
				b.WriteString(" | " + c.Figures[at].String())
			}
		}
		b.WriteString(" |\n")
	}
	if r.Error != "" {
		fmt.Fprintf(b, "\nBroken off: %s\n", r.Error)
	}
	if len(r.Goals) == 0 {
		return
	}
	b.WriteString("\n| goal | measured | |\n|---|---|---|\n")
	for _, g := range r.Goals {
		fmt.Fprintf(b, "| %s | %s | %s |\n", g.Goal, g.measured(), g.word(short))
	}
}

func figureNames(all []Standing) []string {
	var names []string
	for _, c := range all {
		for _, f := range c.Figures {
			if !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

func (v Verdict) measured() string {
	if v.NotMeasured {
		return "–"
	}
	return v.Value.String()
}

func (v Verdict) word(short bool) string {
	switch {
	case v.NotMeasured:
		return "not measured"
	case !v.Asserted:
		return "not asserted"
	case v.Met && short:
		return "plausible"
	case v.Met:
		return "met"
	}
	return "**not met**"
}

// String is the median with its spread.
func (s Spread) String() string {
	if s.Min == s.Max {
		return Number(s.Median)
	}
	return fmt.Sprintf("%s (%s – %s)", Number(s.Median), Number(s.Min), Number(s.Max))
}

// String is the figures in a line.
func (f Figures) String() string {
	parts := make([]string, len(f))
	for i, x := range f {
		parts[i] = x.Name + " " + Number(x.Value)
	}
	return strings.Join(parts, ", ")
}

// Number writes three digits that count.
func Number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case a >= 1000:
		return thousands(int64(math.Round(v)))
	case a >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	s := strconv.FormatFloat(v, 'f', 3, 64)
	if math.Abs(v) >= 1 {
		s = strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
