package synth

import (
	"strconv"
	"strings"
)

// word returns a text that a property of that name may have.
func word(name string, r *rng) string {
	lower := strings.ToLower(name)
	for _, w := range wording {
		for _, part := range w.parts {
			if strings.Contains(lower, part) {
				return w.text(r)
			}
		}
	}
	return pickOne(r, nouns) + " " + strconv.Itoa(1+r.below(99))
}

func pickOne(r *rng, of []string) string { return of[r.below(len(of))] }

var nouns = []string{"Alpha", "Bravo", "Delta", "Harbour", "Meadow", "Nordic", "Orchid", "River", "Summit", "Timber"}

func oneOf(words ...string) func(*rng) string {
	return func(r *rng) string { return pickOne(r, words) }
}

// wording is what properties hold, by a part of their names. The first one counts.
var wording = []struct {
	parts []string
	text  func(*rng) string
}{
	{[]string{"email", "e-mail"}, func(r *rng) string { return known["email"].text(r, 0, -1) }},
	{[]string{"phone", "mobile", "fax"}, func(r *rng) string { return "+47" + digits(r, 8) }},
	{[]string{"currency"}, oneOf("NOK", "SEK", "EUR", "DKK")},
	{[]string{"country"}, oneOf("NO", "SE", "DK", "FI", "NL")},
	{[]string{"language", "locale", "culture"}, oneOf("nb-NO", "sv-SE", "en-GB")},
	{[]string{"city", "town"}, oneOf("Oslo", "Bergen", "Stockholm", "Uppsala", "Aarhus", "Tampere")},
	{[]string{"postal", "zip"}, func(r *rng) string { return digits(r, 4) }},
	{[]string{"street", "addressline"}, func(r *rng) string { return pickOne(r, nouns) + " Street " + strconv.Itoa(1+r.below(99)) }},
	{[]string{"url", "uri", "href", "link"}, func(r *rng) string { return known["uri"].text(r, 0, -1) }},
	{[]string{"description", "comment", "note", "message", "remark"}, func(r *rng) string {
		return "Text about " + strings.ToLower(pickOne(r, nouns)) + " " + strconv.Itoa(1+r.below(99))
	}},
	{[]string{"number", "nbr", "code", "ref"}, func(r *rng) string { return digits(r, 6) }},
	{[]string{"name", "title"}, func(r *rng) string { return pickOne(r, nouns) + " " + pickOne(r, nouns) }},
}

// digits returns n digits, the first of which is not 0.
func digits(r *rng, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.below(10))
	}
	if n > 0 {
		b[0] = byte('1' + r.below(9))
	}
	return string(b)
}
