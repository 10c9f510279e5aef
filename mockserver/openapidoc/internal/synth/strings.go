package synth

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// texts is what a shape says of strings.
type texts struct {
	min, max int // max is -1 if there is none
	patterns []*pattern
	formats  []string // those that are known
	fail     *Reason
	bad      *Reason // a pattern that Go cannot run
}

// mostRunes is how long strings are made because a schema wants it.
const mostRunes = 100_000

func (sh *shape) texts() *texts {
	sh.textOnce.Do(func() {
		t := &sh.text
		t.max = -1
		for _, m := range sh.members {
			if known[m.s.Format] != nil && !slices.Contains(t.formats, m.s.Format) {
				t.formats = append(t.formats, m.s.Format)
			}
			if k := m.s.Text; k != nil {
				t.min = max(t.min, k.MinLength)
				if k.MaxLength >= 0 && (t.max < 0 || k.MaxLength < t.max) {
					t.max = k.MaxLength
				}
				sh.addPattern(m.s)
			}
			if n := m.s.Notes; n != nil && strings.EqualFold(n.ContentEncoding, "base64") {
				t.formats = append(t.formats, "byte")
			}
		}
		switch {
		case t.max >= 0 && t.min > t.max:
			t.fail = reason(sh.pointer(), Unsatisfiable, "at least %d characters are wanted, and at most %d", t.min, t.max)
		case t.min > mostRunes:
			t.fail = reason(sh.pointer()+"/minLength", TooLarge, "%d characters are wanted; at most %d are made", t.min, mostRunes)
		}
	})
	return &sh.text
}

func (sh *shape) addPattern(s *schema.Schema) {
	if s.Text.Pattern == nil {
		return
	}
	p, err := newPattern(s.Text.Pattern)
	if err != nil {
		if sh.text.bad == nil {
			sh.text.bad = reason(s.Pointer+"/pattern", BadPattern, "%v", err)
		}
		return
	}
	sh.text.patterns = append(sh.text.patterns, p)
	sh.text.min = max(sh.text.min, p.form.Min)
	if p.form.Max >= 0 && (sh.text.max < 0 || p.form.Max < sh.text.max) {
		sh.text.max = p.form.Max
	}
}

// str makes a string.
func (g *maker) str(sh *shape, at spot) (any, bool) {
	t := sh.texts()
	if t.fail != nil {
		g.fail = t.fail
		return nil, false
	}
	if t.bad != nil {
		g.note(*t.bad)
	}
	r := &g.rng
	r.state = uint64(at.seed.index(at.again))
	if at.wild > 0 {
		if text := fit(wild[at.wild%len(wild)], t.min, t.max, r); t.fits(text) {
			return text, true
		}
	}
	if len(t.patterns) == 0 && len(t.formats) == 0 {
		return fit(word(at.name, r), t.min, t.max, r), true
	}
	attempts := 60
	if len(t.patterns) == 0 {
		attempts = 10
	}
	for try := range attempts {
		text, ok := t.attempt(try, at.name, r)
		if ok && t.fits(text) {
			return text, true
		}
	}
	kind := NotFound
	return nil, g.because(sh.pointer(), kind, "no text was found that has %s", t.wants())
}

// attempt makes a text that may fit.
func (t *texts) attempt(try int, name string, r *rng) (string, bool) {
	if len(t.formats) > 0 && (len(t.patterns) == 0 || try%2 == 0) {
		return known[t.formats[try/2%len(t.formats)]].text(r, t.min, t.max), true
	}
	if try == 0 { // a word may do
		return fit(word(name, r), t.min, t.max, r), true
	}
	return t.patterns[try%len(t.patterns)].text(r, t.min, t.max)
}

func (t *texts) fits(text string) bool {
	n := utf8.RuneCountInString(text)
	if n < t.min || t.max >= 0 && n > t.max {
		return false
	}
	for _, p := range t.patterns {
		if !p.of.Match(text) {
			return false
		}
	}
	for _, f := range t.formats {
		if !known[f].fits(text) {
			return false
		}
	}
	return true
}

func (t *texts) wants() string {
	var words []string
	for _, p := range t.patterns {
		words = append(words, "the pattern "+p.of.Text)
	}
	for _, f := range t.formats {
		words = append(words, "the format "+f)
	}
	if t.min > 0 || t.max >= 0 {
		words = append(words, "the length")
	}
	return strings.Join(words, " and ")
}

// fit makes a text as long as it must be.
func fit(text string, low, high int, r *rng) string {
	n := utf8.RuneCountInString(text)
	if n < low {
		var b strings.Builder
		b.WriteString(text)
		for ; n < low; n++ {
			b.WriteByte(letters[r.below(len(letters))])
		}
		return b.String()
	}
	if high >= 0 && n > high {
		return string([]rune(text)[:high])
	}
	return text
}

const letters = "abcdefghijklmnopqrstuvwxyz"

// wild are texts that nobody would write.
var wild = []string{"", "a", "0", "A1", "x", "~~", "Zebra 12", "12345", "ab", "é", "a very long text that has more than fifty characters in it"}
