package synth

import (
	"regexp/syntax"
	"strings"
	"unicode"
)

// writer writes one text.
type writer struct {
	strings.Builder
	*rng
	runes int
	steps int
	sizes map[*syntax.Regexp][2]int
}

const mostWrites = 200_000

// size returns how many characters an expression has at least and at most.
func (w *writer) size(re *syntax.Regexp) (low, high int) {
	if s, ok := w.sizes[re]; ok {
		return s[0], s[1]
	}
	switch re.Op {
	case syntax.OpLiteral:
		low, high = len(re.Rune), len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		low, high = 1, 1
	case syntax.OpCapture:
		low, high = w.size(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			l, h := w.size(sub)
			low, high = min(low+l, endlessText), min(high+h, endlessText)
		}
	case syntax.OpAlternate:
		low = endlessText
		for _, sub := range re.Sub {
			l, h := w.size(sub)
			low, high = min(low, l), max(high, h)
		}
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		l, h := w.size(re.Sub[0])
		from, to := times(re)
		low, high = min(l*from, endlessText), endlessText
		if to >= 0 {
			high = min(h*to, endlessText)
		} else if h == 0 {
			high = 0
		}
	}
	w.sizes[re] = [2]int{low, high}
	return low, high
}

// times returns how often an expression is repeated; to is -1 for no bound.
func times(re *syntax.Regexp) (from, to int) {
	switch re.Op {
	case syntax.OpStar:
		return 0, -1
	case syntax.OpPlus:
		return 1, -1
	case syntax.OpQuest:
		return 0, 1
	}
	return re.Min, re.Max
}

// write writes from low to high characters that match an expression.
func (w *writer) write(re *syntax.Regexp, low, high int) bool {
	if w.steps++; w.steps > mostWrites {
		return false
	}
	least, most := w.size(re)
	low, high = max(low, least), min(high, most)
	if low > high {
		if least > high {
			return false
		}
		low = high // as long as it can be
	}
	switch re.Op {
	case syntax.OpNoMatch:
		return false
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			w.rune(c)
		}
	case syntax.OpCharClass:
		return w.class(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.rune(rune(letters[w.below(len(letters))]))
	case syntax.OpCapture:
		return w.write(re.Sub[0], low, high)
	case syntax.OpConcat:
		return w.all(re.Sub, low, high)
	case syntax.OpAlternate:
		return w.oneOf(re.Sub, low, high)
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return w.repeat(re, low, high)
	}
	return true
}

func (w *writer) rune(c rune) {
	w.WriteRune(c)
	w.runes++
}

// all writes one expression behind the other.
func (w *writer) all(list []*syntax.Regexp, low, high int) bool {
	least, most := 0, 0 // of those that are left
	for _, re := range list {
		l, h := w.size(re)
		least, most = least+l, min(most+h, endlessText)
	}
	begin := w.runes
	for _, re := range list {
		l, h := w.size(re)
		least -= l
		if most < endlessText || h < endlessText {
			most -= h
		}
		if most >= endlessText/2 && !w.longer(list, re) {
			most = endlessText
		}
		used := w.runes - begin
		from := max(low-used-most, 0)
		if most >= endlessText/2 && h >= endlessText && low-used-least > 0 {
			from = w.below(low - used - least + 1) // a share of what is wanted
		}
		if !w.write(re, from, high-used-least) {
			return false
		}
	}
	return true
}

// longer reports whether re is the last of the list that has no bound.
func (w *writer) longer(list []*syntax.Regexp, re *syntax.Regexp) bool {
	last := false
	for _, other := range list {
		if _, h := w.size(other); h >= endlessText/2 {
			last = other == re
		}
	}
	return last
}

func (w *writer) oneOf(list []*syntax.Regexp, low, high int) bool {
	var fit, near []*syntax.Regexp
	for _, re := range list {
		l, h := w.size(re)
		if l > high {
			continue
		}
		near = append(near, re)
		if h >= low {
			fit = append(fit, re)
		}
	}
	if fit == nil {
		fit = near
	}
	if fit == nil {
		return false
	}
	return w.write(fit[w.below(len(fit))], low, high)
}

func (w *writer) repeat(re *syntax.Regexp, low, high int) bool {
	sub := re.Sub[0]
	l, h := w.size(sub)
	from, to := times(re)
	begin := w.runes
	n := from + w.below(3) // a few more than must be
	if low == 0 && from == 0 && high > 0 && h > 0 {
		n = max(n, w.below(4))
	}
	for i := 0; ; i++ {
		used := w.runes - begin
		if to >= 0 && i >= to || i >= from && (i >= n && used >= low || used+l > high || h == 0) {
			return true
		}
		left := max(from-i-1, 0) * l
		want := 0
		if to >= 0 { // what the repetitions behind cannot make up for
			want = max(low-used-min((to-i-1)*h, endlessText), 0)
		}
		mark := w.runes
		if !w.write(sub, want, high-used-left) {
			return i >= from && w.runes == mark
		}
		if w.runes == mark && i >= from {
			return true
		}
	}
}

// class writes a character of a class, of those that people write if there are.
func (w *writer) class(ranges []rune) bool {
	for _, nice := range niceRunes {
		if n := overlap(ranges, nice); n > 0 {
			w.rune(nth(ranges, nice, w.below(n)))
			return true
		}
	}
	for range 50 {
		if len(ranges) < 2 {
			return false
		}
		i := w.below(len(ranges)/2) * 2
		c := ranges[i] + rune(w.below(int(ranges[i+1]-ranges[i])+1))
		if c >= 0xd800 && c < 0xe000 || c > unicode.MaxRune {
			continue
		}
		w.rune(c)
		return true
	}
	return false
}

// niceRunes are the characters that are taken first.
var niceRunes = [][]rune{{'0', '9', 'A', 'Z', 'a', 'z'}, {'!', '~'}, {' ', ' '}, {0xc0, 0x17f}, {0x20, 0xd7ff}}

// overlap returns how many characters two classes have in common.
func overlap(a, b []rune) (n int) {
	for i := 0; i+1 < len(a); i += 2 {
		for j := 0; j+1 < len(b); j += 2 {
			if low, high := max(a[i], b[j]), min(a[i+1], b[j+1]); low <= high {
				n += int(high-low) + 1
			}
		}
	}
	return n
}

// nth returns one of those.
func nth(a, b []rune, n int) rune {
	for i := 0; i+1 < len(a); i += 2 {
		for j := 0; j+1 < len(b); j += 2 {
			low, high := max(a[i], b[j]), min(a[i+1], b[j+1])
			if low > high {
				continue
			}
			if size := int(high-low) + 1; n < size {
				return low + rune(n)
			} else {
				n -= size
			}
		}
	}
	return 'a'
}

// pad lengthens a text whose expression may match in the middle of it.
func (w *writer) pad(tree *syntax.Regexp, low int) string {
	text := w.String()
	if w.runes >= low {
		return text
	}
	more := fit("", low-w.runes, -1, w.rng)
	if endsOpen(tree) {
		return text + more
	}
	return more + text
}

// endsOpen reports whether what follows a match does not matter.
func endsOpen(tree *syntax.Regexp) bool {
	for tree.Op == syntax.OpConcat || tree.Op == syntax.OpCapture {
		tree = tree.Sub[len(tree.Sub)-1]
	}
	return tree.Op != syntax.OpEndText && tree.Op != syntax.OpEndLine
}
