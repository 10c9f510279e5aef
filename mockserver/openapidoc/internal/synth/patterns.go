package synth

import (
	"regexp/syntax"
	"strings"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// pattern makes texts that match a regular expression, out of its syntax tree.
type pattern struct {
	of    *schema.Pattern
	form  schema.PatternForm
	trees []*syntax.Regexp
}

func newPattern(of *schema.Pattern) (*pattern, error) {
	form, err := of.Form()
	if err != nil {
		return nil, err
	}
	p := &pattern{of: of, form: form}
	for _, re := range form.All {
		tree, err := syntax.Parse(re.String(), syntax.Perl)
		if err != nil {
			return nil, err
		}
		p.trees = append(p.trees, tree)
	}
	return p, nil
}

// endlessText is the length of a text that can be as long as one likes.
const endlessText = 1 << 30

// text returns a text that may match, and has from low to high characters; high is
// -1 for no bound.
func (p *pattern) text(r *rng, low, high int) (string, bool) {
	if high < 0 {
		high = endlessText
	}
	tree := p.trees[0]
	if len(p.trees) > 1 { // the last one is behind the lookaheads
		tree = p.trees[len(p.trees)-1]
		if r.below(3) > 0 {
			return p.mixed(r, low, high)
		}
	}
	w := &writer{rng: r, sizes: make(map[*syntax.Regexp][2]int)}
	if !w.write(tree, low, high) {
		return "", false
	}
	return w.pad(tree, low), true
}

// mixed makes a text of parts of all expressions, as passwords want them: a digit,
// an upper case letter and so on.
func (p *pattern) mixed(r *rng, low, high int) (string, bool) {
	var b strings.Builder
	for _, tree := range p.trees {
		w := &writer{rng: r, sizes: make(map[*syntax.Regexp][2]int)}
		if !w.write(tree, 0, high) {
			return "", false
		}
		b.WriteString(w.String())
	}
	runes := []rune(b.String())
	for len(runes) < low {
		runes = append(runes, rune(letters[r.below(len(letters))]))
	}
	return string(runes[:min(len(runes), high)]), true
}

// nameOf returns a name that matches a pattern.
func nameOf(p *schema.Pattern) (string, bool) {
	form, err := newPattern(p)
	if err != nil {
		return "", false
	}
	for i := range 20 {
		if text, ok := form.text(seed(i).rng(), 0, -1); ok && p.Match(text) {
			return text, true
		}
	}
	return "", false
}

// nameSchema returns the schema of all strings.
func (m *Maker) nameSchema() *schema.Schema {
	return m.derived(0, "string", func(to *schema.Schema) { to.Types = schema.String })
}

// patternSchema returns the schema of strings that match a pattern.
func patternSchema(m *Maker, p *schema.Pattern) *schema.Schema {
	return m.derived(0, "pattern "+p.Text, func(to *schema.Schema) {
		to.Types = schema.String
		to.Text = schema.NewText()
		to.Text.Pattern = p
	})
}
