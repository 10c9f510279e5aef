package schema

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Pattern is a regular expression of ECMA-262, as far as Go can run it: what the
// two write differently is translated, and lookaheads at the begin become
// expressions of their own.
type Pattern struct {
	Text string

	once sync.Once
	form PatternForm
	err  error
}

// PatternForm is what a pattern comes to: a text matches if all of All match it,
// none of None does, and it has at least Min and at most Max characters.
type PatternForm struct {
	All, None []*regexp.Regexp
	Min, Max  int // Max is -1 if there is none
}

// NewPattern returns the pattern that text is.
func NewPattern(text string) *Pattern { return &Pattern{Text: text} }

// Form returns what p comes to. An error tells why Go cannot run it.
func (p *Pattern) Form() (PatternForm, error) {
	p.once.Do(func() { p.form, p.err = translate(p.Text) })
	return p.form, p.err
}

// Match reports whether text matches, and true for a pattern that cannot be run.
func (p *Pattern) Match(text string) bool {
	form, err := p.Form()
	if err != nil {
		return true
	}
	if form.Min > 0 || form.Max >= 0 {
		if n := utf8.RuneCountInString(text); n < form.Min || form.Max >= 0 && n > form.Max {
			return false
		}
	}
	for _, re := range form.All {
		if !re.MatchString(text) {
			return false
		}
	}
	for _, re := range form.None {
		if re.MatchString(text) {
			return false
		}
	}
	return true
}

// longestPattern bounds what is compiled.
const longestPattern = 20_000

func translate(text string) (PatternForm, error) {
	form := PatternForm{Max: -1}
	if len(text) > longestPattern {
		return form, fmt.Errorf("the pattern has %d bytes; the limit is %d", len(text), longestPattern)
	}
	rest := text
	begin := strings.HasPrefix(rest, "^")
	rest = strings.TrimPrefix(rest, "^")
	for begin {
		inner, behind, not := lookahead(rest)
		if inner == "" {
			break
		}
		re, err := compilePattern("^(?:" + inner + ")")
		if err != nil {
			return form, err
		}
		if not {
			form.None = append(form.None, re)
		} else {
			form.All = append(form.All, re)
		}
		rest = behind
	}
	if begin {
		rest = "^" + rest
	}
	if class, low, high, ok := repeated(rest); ok {
		rest = "^" + class + "*$"
		form.Min, form.Max = low, high
	}
	re, err := compilePattern(rest)
	if err != nil {
		return form, err
	}
	form.All = append(form.All, re)
	return form, nil
}

// lookahead splits a text that begins with (?=…) or (?!…). Alternatives outside of
// it would not stand behind it, so a text with such is left alone.
func lookahead(text string) (inner, behind string, not bool) {
	if !strings.HasPrefix(text, "(?=") && !strings.HasPrefix(text, "(?!") {
		return "", "", false
	}
	end := closing(text)
	if end < 0 || alternatives(text[end+1:]) || end+1 < len(text) && strings.IndexByte("*+?{", text[end+1]) >= 0 {
		return "", "", false
	}
	return text[3:end], text[end+1:], text[2] == '!'
}

// scan calls f for each byte of a pattern that is neither escaped nor in a class,
// until it returns false.
func scan(text string, f func(i int) bool) {
	class := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case class:
			class = text[i] != ']'
		case text[i] == '[':
			class = true
		default:
			if !f(i) {
				return
			}
		}
	}
}

// closing returns the place of the parenthesis that closes the first one, or -1.
func closing(text string) int {
	depth, end := 0, -1
	scan(text, func(i int) bool {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				end = i
				return false
			}
		}
		return true
	})
	return end
}

// alternatives reports whether text has a | outside of parentheses.
func alternatives(text string) bool {
	depth, found := 0, false
	scan(text, func(i int) bool {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		case '|':
			found = found || depth == 0
		}
		return true
	})
	return found
}

// single matches a pattern that is one character or class, repeated.
var single = regexp.MustCompile(`^\^(\[(?:[^\]\\]|\\.)+\]|\.|\\[dwsDWS])\{([0-9]{1,9})(,([0-9]{0,9}))?\}\$$`)

// repeated reads a pattern such as ^[a-z]{1,4000}$, which Go refuses for the number.
func repeated(text string) (class string, low, high int, ok bool) {
	m := single.FindStringSubmatch(text)
	if m == nil {
		return "", 0, 0, false
	}
	low, _ = strconv.Atoi(m[2])
	switch {
	case m[3] == "":
		high = low
	case m[4] == "":
		high = -1
	default:
		high, _ = strconv.Atoi(m[4])
	}
	if low <= 1000 && high <= 1000 {
		return "", 0, 0, false
	}
	return m[1], low, high, true
}

func compilePattern(text string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(text)
	if err == nil && !strings.Contains(text, `\`) && !strings.Contains(text, "[^]") {
		return re, nil
	}
	translated := ecma(text)
	if translated == text && err == nil {
		return re, nil
	}
	re, second := regexp.Compile(translated)
	if second == nil {
		return re, nil
	}
	reason := second.Error()
	if i := strings.Index(reason, "error parsing regexp: "); i >= 0 {
		reason = reason[i+len("error parsing regexp: "):]
	}
	return nil, errors.New("Go cannot run the pattern: " + reason)
}

// ecma writes escapes of ECMA-262 as Go does.
func ecma(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], "[^]") {
			b.WriteString(`(?s:.)`)
			i += 2
			continue
		}
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		rest := text[i:]
		switch c := text[i]; {
		case c == 'u' && len(rest) > 1 && rest[1] == '{':
			b.WriteString(`\x`)
		case c == 'u' && isHex(rest[1:], 4):
			b.WriteString(`\x{` + rest[1:5] + `}`)
			i += 4
		case c == 'c' && len(rest) > 1:
			fmt.Fprintf(&b, `\x%02x`, rest[1]&0x1f)
			i++
		case c == '0':
			b.WriteString(`\x00`)
		case c == 'Z' || c == 'A' || c == 'z' || c == 'Q' || c == 'E' || c == 'a' || c == 'C':
			b.WriteByte(c) // an escape in Go only
		case c >= utf8.RuneSelf || strings.IndexByte(`_'"@#%&,:;<=>~!/ `+"`", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(text string, n int) bool {
	if len(text) < n {
		return false
	}
	_, err := strconv.ParseUint(text[:n], 16, 32)
	return err == nil
}
