package apidoc

import (
	"math/big"
	"regexp"
	"strings"
)

var (
	decimal  = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	jsonForm = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	based    = regexp.MustCompile(`^(0o[0-7]{1,40}|0x[0-9a-fA-F]{1,32})$`)
)

// plain returns what a plain word of YAML is by the core schema of YAML 1.2,
// and its text as JSON has it. What JSON has no number for is a string: .inf,
// and digits behind a leading zero, which are rather the code of something.
func plain(word string) (Kind, string) {
	switch word {
	case "", "~", "null", "Null", "NULL":
		return Null, ""
	case "true", "True", "TRUE":
		return Bool, "true"
	case "false", "False", "FALSE":
		return Bool, "false"
	}
	if c := word[0]; c != '-' && c != '+' && c != '.' && (c < '0' || c > '9') {
		return String, word
	}
	if jsonForm.MatchString(word) {
		return Number, word
	}
	if based.MatchString(word) {
		n, _ := new(big.Int).SetString(word, 0)
		return Number, n.String()
	}
	if !decimal.MatchString(word) {
		return String, word
	}
	// A sign, a point at the begin or the end.
	digits, exponent := word, ""
	if i := strings.IndexAny(word, "eE"); i >= 0 {
		digits, exponent = word[:i], word[i:]
	}
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign = "-"
	}
	whole, fraction, _ := strings.Cut(strings.TrimLeft(digits, "+-"), ".")
	if whole == "" {
		whole = "0"
	}
	if fraction == "" {
		fraction = "0"
	}
	if text := sign + whole + "." + fraction + exponent; strings.Contains(digits, ".") && jsonForm.MatchString(text) {
		return Number, text
	}
	if text := sign + whole + exponent; !strings.Contains(digits, ".") && jsonForm.MatchString(text) {
		return Number, text
	}
	return String, word
}

// oldWords are booleans to readers of YAML 1.1.
var oldWords = map[string]bool{"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true}

// Numbers and times as YAML 1.1 writes them: 0b11, 1_000, 1:30, 017, .inf,
// 2026-01-01.
var (
	oldNumber = regexp.MustCompile(`^[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_,]*(:[0-9]+)*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9_]+([eE][-+]?[0-9]+)?|\.(?i:inf|nan))$`)
	oldTime   = regexp.MustCompile(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?$`)
)

// needsQuotes reports whether some reader of YAML could take a string for
// something else if it were written without quotes.
func needsQuotes(text string) bool {
	if text == "" || text == "<<" || text == "=" {
		return true
	}
	kind, _ := plain(text)
	return kind != String || oldWords[strings.ToLower(text)] || oldNumber.MatchString(text) || oldTime.MatchString(text)
}
