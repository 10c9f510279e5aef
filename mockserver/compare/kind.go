package compare

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The kinds of values. They are all that is ever said of one.
const (
	kindAbsent  = "left out"
	kindNull    = "null"
	kindBoolean = "true or false"
	kindWhole   = "a whole number"
	kindNumber  = "a number with a fraction"
	kindList    = "a list"
	kindNone    = "an empty list"
	kindObject  = "an object"
	kindEmpty   = "an empty text"
	kindText    = "a text"
	kindOffset  = "a time with an offset"
	kindUTC     = "a time in UTC (Z)"
	kindNoZone  = "a time without a zone"
	kindZero    = "the zero time of .NET"
	kindGUID    = "a GUID"
	kindHere    = "an address of the host that was called"
	kindThere   = "an address of another host"
	kindPath    = "a path"
	kindNoJSON  = "no JSON"
	kindHTML    = "HTML"
	kindNoBody  = "no body"
)

// words are those that the contract, the vendor's pages or somebody's code have for
// the fields in question. Only they are ever repeated.
var words = map[string][]string{
	"status":         {"Started", "Finished", "Failed", "Queued", "Running", "Completed", "InProcess"},
	"actionResult":   {"Queued", "InProcess", "Failed", "Done"},
	"webhookAddress": {"none", "subscription"},
}

var (
	guid     = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	dateTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$`)
	lineCode = regexp.MustCompile(`^[A-Z]{2}$`)
)

// kindOf is the kind of a scalar in a field. Host is the one that was called.
func kindOf(field string, v any, host string) string {
	switch v := v.(type) {
	case nil:
		return kindNull
	case bool:
		return kindBoolean
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return kindNumber
		}
		return kindWhole
	}
	return kindOfText(field, v.(string), host)
}

func kindOfText(field, text, host string) string {
	if known := words[field]; known != nil {
		for _, word := range known {
			if text == word {
				return `the word "` + word + `"`
			}
		}
	}
	switch {
	case text == "":
		return kindEmpty
	case field == "lineType" && lineCode.MatchString(text):
		return "a code of two letters"
	case guid.MatchString(text):
		return kindGUID
	case dateTime.MatchString(text):
		return kindOfTime(text)
	case strings.HasPrefix(text, "http://"), strings.HasPrefix(text, "https://"):
		if u, err := url.Parse(text); err == nil && strings.EqualFold(u.Host, host) {
			return kindHere
		}
		return kindThere
	case strings.HasPrefix(text, "/"):
		return kindPath
	}
	return kindText
}

func kindOfTime(text string) string {
	switch {
	case strings.HasPrefix(text, "0001-01-01T00:00:00"):
		return kindZero
	case strings.HasSuffix(text, "Z"):
		return kindUTC
	case dateTime.FindStringSubmatch(text)[2] != "":
		return kindOffset
	}
	return kindNoZone
}

// kindsOfHeader says what is told of a header's value.
var kindsOfHeader = map[string]func(value, host string) string{
	"Content-Type": func(value, _ string) string {
		media, _, _ := strings.Cut(strings.ToLower(value), ";")
		known := []string{"application/json", "text/json", "application/problem+json", "text/html", "text/plain", "application/xml", "application/pdf"}
		if media = strings.TrimSpace(media); slices.Contains(known, media) {
			return known[slices.Index(known, media)]
		}
		return "another type"
	},
	"Location": func(value, host string) string { return kindOfText("", value, host) },
	"Etag": func(value, _ string) string {
		switch {
		case strings.HasPrefix(value, `W/"`):
			return "weak"
		case strings.HasPrefix(value, `"`):
			return "in quotes"
		}
		return "without quotes"
	},
	"Retry-After":           secondsOr(isDate, "a date"),
	"X-Ratelimit-Limit":     secondsOr(nil, ""),
	"X-Ratelimit-Remaining": secondsOr(nil, ""),
	"X-Ratelimit-Reset": func(value, _ string) string {
		n, ok := number(value)
		switch {
		case !ok:
			return kindText
		case n > 1e8: // as seconds, three years
			return "a Unix time"
		}
		return "seconds"
	},
	"X-Ratelimit-Policy": func(string, string) string { return kindText },
	"Www-Authenticate": func(value, _ string) string {
		if scheme, _, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Bearer") {
			return "Bearer"
		}
		return "another scheme"
	},
	"Allow": func(string, string) string { return kindText },
}

func secondsOr(other func(string) bool, kind string) func(value, host string) string {
	return func(value, _ string) string {
		switch _, ok := number(value); {
		case ok:
			return kindWhole
		case other != nil && other(value):
			return kind
		}
		return kindText
	}
}

func isDate(value string) bool {
	_, err := time.Parse(time.RFC1123, value)
	return err == nil
}

func number(text string) (float64, bool) {
	f, err := json.Number(strings.TrimSpace(text)).Float64()
	return f, err == nil
}
