// Package spell finds out which name somebody meant who misspelt one.
package spell

import "strings"

// Nearest returns the name that a word is a misspelling of: the nearest of names, if
// no more than a third of its letters differ, the case apart and "-" and "_" too.
// It is empty if there is none.
func Nearest(word string, names []string) string {
	plain := strings.NewReplacer("-", "", "_", "", " ", "")
	best, least := "", -1
	for _, name := range names {
		d := distance(plain.Replace(strings.ToLower(word)), plain.Replace(strings.ToLower(name)))
		if d <= max(1, len(name)/3) && (least < 0 || d < least) {
			best, least = name, d
		}
	}
	return best
}

// Hint is Nearest as the end of an error's sentence, empty if there is nothing to
// say.
func Hint(word string, names []string) string {
	if name := Nearest(word, names); name != "" && name != word {
		return "; did you mean " + name + "?"
	}
	return ""
}

// distance is how many letters have to be put in, taken out, replaced or
// exchanged with their neighbours to make b of a.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
