package cassette

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Redacted stands in place of what is not recorded.
const Redacted = "REDACTED"

// secretHeaders are not recorded.
func secretHeaders() []string {
	return []string{"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key"}
}

// passing headers say nothing about the call itself, and are not recorded either:
// they belong to one connection, one program or one way through proxies.
func passing() []string {
	return []string{"Accept-Encoding", "Connection", "Content-Length", "Transfer-Encoding", "User-Agent", "Via"}
}

// secretFields are fields that are redacted in queries, forms, JSON and XML.
func secretFields() []string {
	return []string{
		"access_token", "refresh_token", "id_token", "client_secret", "client_assertion", "api_key", "apikey",
		"password", "passwd", "secret", "private_key", "authorization",
	}
}

// shortest is how long a credential is, at least, to be looked for everywhere:
// what is shorter would be found in words that are none.
const shortest = 8

// saysText is a content type of text, in whatever charset.
var saysText = regexp.MustCompile(`(?i)^\s*text/|json|xml|urlencoded|multipart/form-data`)

// A redactor takes secrets out of entries.
type redactor struct {
	headers []string
	queries *regexp.Regexp // a field of a query or a form
	json    *regexp.Regexp
	xml     *regexp.Regexp
	edit    func(*Entry)
}

func newRedactor(names []string, edit func(*Entry)) *redactor {
	var fields []string
	for _, name := range append(secretFields(), names...) {
		// access_token is accessToken and access-token, too.
		plain := strings.NewReplacer("_", `[-_]?`, "-", `[-_]?`).Replace(regexp.QuoteMeta(strings.ReplaceAll(name, "-", "_")))
		fields = append(fields, plain)
	}
	any := "(?i:" + strings.Join(fields, "|") + ")"
	r := &redactor{
		queries: regexp.MustCompile(`(^|[&?])(` + any + `)=[^&\s]*`),
		json:    regexp.MustCompile(`("` + any + `"\s*:\s*)("(?:[^"\\]|\\.)*"|\{[^{}]*\}|\[[^\[\]]*\]|[^\s,{}\[\]"]+)`),
		xml:     regexp.MustCompile(`(<(?:[\w.-]+:)?(?:` + any + `)(?:\s[^<>]*)?>)[^<]*(</)`),
		edit:    edit,
	}
	r.headers = secretHeaders()
	for _, name := range names {
		r.headers = append(r.headers, http.CanonicalHeaderKey(name), http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-")))
	}
	return r
}

// entry redacts e, which belongs to the caller but for its bodies and headers.
func (r *redactor) entry(e *Entry) {
	words := credentials(e.RequestHeader, e.Header)
	hide := func(s string) string {
		for _, w := range words {
			s = strings.ReplaceAll(s, w, Redacted)
		}
		return s
	}
	e.URL = hide(r.query(e.URL))
	e.RequestHeader, e.Header = r.header(e.RequestHeader, hide), r.header(e.Header, hide)
	e.RequestBody, e.Body = r.body(e.RequestHeader, e.RequestBody, hide), r.body(e.Header, e.Body, hide)
	if r.edit != nil {
		r.edit(e)
	}
}

// query redacts the query of a URL.
func (r *redactor) query(u string) string {
	path, query, ok := strings.Cut(u, "?")
	if !ok {
		return u
	}
	return path + "?" + r.queries.ReplaceAllString(query, "${1}${2}="+Redacted)
}

// header is h without what is not recorded.
func (r *redactor) header(h http.Header, hide func(string) string) http.Header {
	var kept http.Header
	for name, values := range h {
		name = http.CanonicalHeaderKey(name)
		if len(values) == 0 || slices.Contains(passing(), name) || slices.Contains(r.headers, name) {
			continue
		}
		if kept == nil {
			kept = make(http.Header, len(h))
		}
		for _, v := range values {
			if name == "Location" || name == "Content-Location" || name == "Referer" {
				v = r.query(v)
			}
			kept[name] = append(kept[name], hide(v))
		}
	}
	return kept
}

// body redacts a body: its fields, unless it is a file of another kind than text.
func (r *redactor) body(h http.Header, body []byte, hide func(string) string) []byte {
	if len(body) == 0 {
		return nil
	}
	text := string(body)
	plain := text
	if utf8.ValidString(text) || saysText.MatchString(h.Get("Content-Type")) {
		plain = r.queries.ReplaceAllString(plain, "${1}${2}="+Redacted)
		plain = r.json.ReplaceAllString(plain, `${1}"`+Redacted+`"`)
		plain = r.xml.ReplaceAllString(plain, "${1}"+Redacted+"${2}")
	}
	if plain = hide(plain); plain == text {
		return body
	}
	return []byte(plain)
}

// credentials are what a call proved with who makes it, and what the answer gave
// for that: they are secret wherever they stand.
func credentials(asked, answered http.Header) []string {
	var words []string
	add := func(w string) {
		if w = strings.TrimSpace(w); len(w) >= shortest {
			words = append(words, w)
			if escaped := url.QueryEscape(w); escaped != w {
				words = append(words, escaped)
			}
		}
	}
	for _, name := range []string{"Authorization", "Proxy-Authorization", "X-Api-Key"} {
		for _, v := range asked.Values(name) {
			scheme, secret, ok := strings.Cut(strings.TrimSpace(v), " ")
			if !ok {
				secret = scheme
			}
			add(secret)
		}
	}
	for _, v := range asked.Values("Cookie") {
		for pair := range strings.SplitSeq(v, ";") {
			_, value, _ := strings.Cut(pair, "=")
			add(value)
		}
	}
	for _, v := range answered.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(v, ";")
		_, value, _ := strings.Cut(pair, "=")
		add(value)
	}
	return words
}
