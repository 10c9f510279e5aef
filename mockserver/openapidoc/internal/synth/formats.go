package synth

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// format is a format of strings: what makes texts of it, of a length if it can, and
// what checks them.
type format struct {
	text func(r *rng, low, high int) string
	fits func(string) bool
}

// known are the formats that are made. Others say nothing.
var known map[string]*format

func init() {
	all := func(string) bool { return true }
	matches := func(pattern string) func(string) bool { return regexp.MustCompile("^(?:" + pattern + ")$").MatchString }
	host := &format{hostname, matches(`([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`)}
	mailbox := &format{email, isEmail}
	address := &format{uri, isURI}
	relative := &format{func(r *rng, low, high int) string { return longer("/"+lower(r), low, high, r) }, func(s string) bool {
		_, err := url.Parse(s)
		return err == nil
	}}
	guid := &format{exactly(guidOf), matches(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)}
	number := &format{decimalText, matches(`-?[0-9]+(\.[0-9]+)?`)}
	whole := &format{integerText, matches(`[0-9]+`)}
	free := &format{func(r *rng, low, high int) string { return fit(lower(r)+digits(r, 2), low, high, r) }, all}
	known = map[string]*format{
		"date":      {exactly(date), parses(time.DateOnly)},
		"date-time": {dateTime, parses(time.RFC3339Nano)},
		"time":      {exactly(func(r *rng) string { return clock(r) + "Z" }), parses("15:04:05Z07:00")},
		"duration":  {exactly(func(r *rng) string { return fmt.Sprintf("P%dD", 1+r.below(30)) }), matches(`P[0-9]+D`)},
		"email":     mailbox, "idn-email": mailbox,
		"hostname": host, "idn-hostname": host,
		"ipv4": {exactly(func(r *rng) string { return "192.0.2." + strconv.Itoa(1+r.below(250)) }), func(s string) bool { return net.ParseIP(s) != nil && !strings.Contains(s, ":") }},
		"ipv6": {exactly(func(r *rng) string { return fmt.Sprintf("2001:db8::%x", 1+r.below(60000)) }), func(s string) bool { return net.ParseIP(s) != nil && strings.Contains(s, ":") }},
		"uri":  address, "iri": address, "url": address,
		"uri-reference": relative, "iri-reference": relative,
		"uri-template": {func(r *rng, low, high int) string { return uri(r, low, high) }, isURI},
		"uuid":         guid, "guid": guid,
		"json-pointer":          {func(r *rng, low, high int) string { return longer("/"+lower(r), low, high, r) }, matches(`(/[a-z0-9]*)*`)},
		"relative-json-pointer": {func(r *rng, low, high int) string { return longer("0/"+lower(r), low, high, r) }, matches(`0(/[a-z0-9]*)*`)},
		"regex":                 {func(r *rng, low, high int) string { return longer("^"+lower(r), low, high, r) }, func(s string) bool { _, err := regexp.Compile(s); return err == nil }},
		"byte":                  {base64Text, func(s string) bool { _, err := base64.StdEncoding.DecodeString(s); return err == nil }},
		"binary":                free, "password": free,
		"decimal": number, "double": number, "float": number,
		"int32": whole, "int64": whole, "integer": whole,
	}
}

// exactly makes texts whose length cannot be chosen.
func exactly(f func(*rng) string) func(*rng, int, int) string {
	return func(r *rng, _, _ int) string { return f(r) }
}

func parses(layout string) func(string) bool {
	return func(s string) bool {
		_, err := time.Parse(layout, s)
		return err == nil
	}
}

// lower returns a word in lower case.
func lower(r *rng) string { return strings.ToLower(pickOne(r, nouns)) }

// longer appends letters, or cuts, for a length.
func longer(text string, low, high int, r *rng) string { return fit(text, low, high, r) }

func date(r *rng) string {
	return time.Date(2024, 1, 1+r.below(900), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

func clock(r *rng) string {
	return fmt.Sprintf("%02d:%02d:%02d", r.below(24), r.below(60), r.below(60))
}

func dateTime(r *rng, low, _ int) string {
	text := date(r) + "T" + clock(r)
	if fraction := low - len(text) - len("Z") - len("."); low > len(text)+1 && fraction < 9 {
		text += "." + digits(r, max(fraction, 1))
	}
	return text + "Z"
}

func guidOf(r *rng) string {
	hex := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("0123456789abcdef"[r.below(16)])
		}
		return b.String()
	}
	return hex(8) + "-" + hex(4) + "-4" + hex(3) + "-a" + hex(3) + "-" + hex(12)
}

// padded makes the middle of a text as long as the whole must be.
func padded(before, middle, behind string, low, high int, r *rng) string {
	around := len(before) + len(behind)
	if high >= 0 {
		high = max(high-around, 1)
	}
	return before + fit(middle, max(low-around, 1), high, r) + behind
}

func email(r *rng, low, high int) string {
	name := lower(r) + digits(r, 2)
	if high >= 0 && high < 3+len("@example.com") {
		return padded("", name, "@a.no", low, high, r)
	}
	if low > 60 { // the name may have 64 characters
		return padded(fit(name, 0, 20, r)+"@", "example", ".com", low, -1, r)
	}
	return padded("", name, "@example.com", low, high, r)
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && strings.Contains(s, ".")
}

func hostname(r *rng, low, high int) string {
	if high >= 0 && high < len("a.example.com") {
		return fit(lower(r), low, high, r)
	}
	text := lower(r) + ".example.com"
	for len(text) < low { // labels of at most 63 characters
		text = fit("h", 0, -1, r) + fit("", min(40, max(1, low-len(text)-2)), -1, r) + "." + text
	}
	return text
}

func uri(r *rng, low, high int) string {
	if high >= 0 && high < len("https://example.com/a") {
		return padded("urn:a:", lower(r), "", low, high, r)
	}
	return padded("https://example.com/", lower(r)+"/"+digits(r, 3), "", low, high, r)
}

func isURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs()
}

func decimalText(r *rng, low, high int) string {
	if high >= 0 && high < 4 {
		return digits(r, max(high, 1))
	}
	return digits(r, min(max(1+r.below(3), low-3), 300)) + "." + digits(r, 2)
}

func integerText(r *rng, low, high int) string {
	n := max(1+r.below(4), low)
	if high >= 0 {
		n = min(n, high)
	}
	return digits(r, min(n, 18))
}

func base64Text(r *rng, low, high int) string {
	n := 12
	if low > 16 {
		n = (low + 3) / 4 * 3
	}
	if high >= 0 {
		n = min(n, high/4*3)
	}
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = letters[r.below(len(letters))]
	}
	return base64.StdEncoding.EncodeToString(raw)
}
