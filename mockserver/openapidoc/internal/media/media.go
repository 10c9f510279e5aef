// Package media chooses among media types, writes values as texts of them, and reads
// such texts.
package media

import (
	"mime"
	"strconv"
	"strings"
)

// Kind says how the values of a media type are written.
type Kind uint8

// The kinds of media types.
const (
	Other  Kind = iota // bytes as they are
	JSON               // also +json
	Lines              // a JSON text in each line
	Events             // text/event-stream
	Form               // application/x-www-form-urlencoded
	Parts              // multipart/form-data
	XML                // also +xml
	Text               // text/*
)

// KindOf tells the kind of a media type, whatever its parameters.
func KindOf(mediaType string) Kind {
	t := plain(mediaType)
	main, sub, _ := strings.Cut(t, "/")
	switch {
	case sub == "json", strings.HasSuffix(sub, "+json"):
		return JSON
	case sub == "x-ndjson", sub == "ndjson", sub == "jsonl", sub == "x-jsonlines", sub == "json-seq":
		return Lines
	case t == "text/event-stream":
		return Events
	case sub == "x-www-form-urlencoded":
		return Form
	case main == "multipart":
		return Parts
	case sub == "xml", strings.HasSuffix(sub, "+xml"):
		return XML
	case main == "text":
		return Text
	}
	return Other
}

// plain is a media type in lower case without parameters.
func plain(mediaType string) string {
	t, _, _ := strings.Cut(mediaType, ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// Choose returns the index of the media type among those offered that an Accept header
// likes best, -1 if none will do. Without a header JSON comes before the others, and
// so it does among those that it likes as much.
func Choose(accept []string, offered []string) int {
	ranges := parseAccept(accept)
	best, bestQ, bestRank := -1, 0.0, 0
	for i, offer := range offered {
		q, rank := quality(ranges, offer)
		if KindOf(offer) == JSON {
			rank++
		}
		if q > bestQ || q == bestQ && q > 0 && rank > bestRank {
			best, bestQ, bestRank = i, q, rank
		}
	}
	return best
}

// An acceptRange is one of an Accept header.
type acceptRange struct {
	main, sub string
	params    map[string]string
	q         float64
}

func parseAccept(lines []string) (list []acceptRange) {
	for part := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		t, params, err := mime.ParseMediaType(part)
		if err != nil && t == "" {
			continue
		}
		r := acceptRange{params: params, q: 1}
		if text, ok := params["q"]; ok {
			q, err := strconv.ParseFloat(text, 64)
			if err != nil || !(q >= 0 && q <= 1) {
				q = 1
			}
			r.q = q
			delete(params, "q")
		}
		if r.main, r.sub, _ = strings.Cut(t, "/"); r.sub == "" {
			r.sub = "*" // Java's URLConnection asks for "*"
		}
		list = append(list, r)
	}
	if list == nil {
		list = []acceptRange{{main: "*", sub: "*", q: 1}}
	}
	return list
}

// quality is how much an offer is liked, by the most specific range that fits it, and
// how specific that is.
func quality(ranges []acceptRange, offer string) (q float64, rank int) {
	t, params, err := mime.ParseMediaType(offer)
	if err != nil {
		t = plain(offer)
	}
	main, sub, _ := strings.Cut(t, "/")
	rank = -1
	for _, r := range ranges {
		own := 0
		switch {
		case r.main == "*", main == "*":
		case r.main != main:
			continue
		case r.sub == "*", sub == "*":
			own = 10
		case r.sub == sub && has(params, r.params):
			own = 20 + 10*len(r.params)
		default:
			continue
		}
		if own > rank || own == rank && r.q > q {
			q, rank = r.q, own
		}
	}
	if rank < 0 {
		return 0, 0
	}
	return q, rank
}

// has reports whether the parameters of an offer are those of a range; a charset is
// always UTF-8.
func has(params, wanted map[string]string) bool {
	for name, value := range wanted {
		if name != "charset" && !strings.EqualFold(params[name], value) {
			return false
		}
	}
	return true
}

// Concrete is the media type of an answer for one that a document names, which may be
// a range.
func Concrete(offer string, accept []string, binary bool) string {
	if !strings.Contains(plain(offer), "*") {
		return offer
	}
	for _, r := range parseAccept(accept) {
		if r.q > 0 && r.main != "*" && r.sub != "*" {
			if q, _ := quality([]acceptRange{r}, offer); q > 0 {
				return r.main + "/" + r.sub
			}
		}
	}
	main, _, _ := strings.Cut(plain(offer), "/")
	switch {
	case main == "text":
		return "text/plain"
	case main == "image":
		return "image/png"
	case main == "audio":
		return "audio/mpeg"
	case main == "video":
		return "video/mp4"
	case binary:
		return "application/octet-stream"
	}
	return "application/json"
}

// Matches returns the index of the media type among those that a document declares
// that a body's Content-Type is, -1 if it is none of them. An exact one comes before a
// range.
func Matches(contentType string, declared []string) int {
	t, params, err := mime.ParseMediaType(contentType)
	if err != nil && t == "" {
		return -1
	}
	main, sub, _ := strings.Cut(t, "/")
	best, bestRank := -1, 0
	for i, d := range declared {
		dt, dparams, err := mime.ParseMediaType(d)
		if err != nil {
			dt = plain(d)
		}
		dmain, dsub, _ := strings.Cut(dt, "/")
		rank := 0
		switch {
		case dmain == "*":
			rank = 1
		case dmain != main:
		case dsub == "*":
			rank = 2
		case dsub == sub && has(params, dparams):
			rank = 4 + len(dparams)
		case dsub == sub:
			rank = 3
		}
		if rank > bestRank {
			best, bestRank = i, rank
		}
	}
	return best
}
