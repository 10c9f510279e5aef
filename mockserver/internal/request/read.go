package request

import (
	"cmp"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/route"
)

// soon is how long a body may say that it is and be read in one piece.
const soon = 64 << 10

// ReadBody reads a request's body as io.ReadAll does, in one piece if it is as
// long as it says. A body of more than most bytes is an *http.MaxBytesError.
func ReadBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	limited := http.MaxBytesReader(w, r.Body, most)
	if r.ContentLength < 0 || r.ContentLength > soon {
		return io.ReadAll(limited)
	}
	body := make([]byte, 0, r.ContentLength+1)
	for {
		n, err := limited.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

// BaseOf is the API root that a caller used, whose path is prefix: as the first
// of the proxies between them saw it, if they tell.
func BaseOf(r *http.Request, prefix string) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	host := r.Host
	if proto, name := forwarded(r.Header); proto != "" || name != "" {
		scheme, host = cmp.Or(proto, scheme), cmp.Or(name, host)
	}
	if u, err := url.Parse("//" + host); host == "" || err != nil || u.Host != host {
		host = "localhost" // no links can be made with what the caller named
	}
	return scheme + "://" + host + prefix
}

// forwarded is how the caller reached the first proxy, as far as the headers
// Forwarded (RFC 7239), or else X-Forwarded-Proto and X-Forwarded-Host, tell.
func forwarded(h http.Header) (proto, host string) {
	if first := firstOf(h.Get("Forwarded")); first != "" {
		for pair := range strings.SplitSeq(first, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			switch value = strings.Trim(value, `"`); strings.ToLower(name) {
			case "proto":
				proto = value
			case "host":
				host = value
			}
		}
	} else {
		proto, host = firstOf(h.Get("X-Forwarded-Proto")), firstOf(h.Get("X-Forwarded-Host"))
	}
	if proto = strings.ToLower(proto); proto != "http" && proto != "https" {
		proto = ""
	}
	return proto, host
}

// firstOf is the first element of a list with commas.
func firstOf(list string) string {
	first, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(first)
}

// PathBelowBase is the path of a request URI, as rules and routes see it.
func PathBelowBase(uri string) string {
	path, _, _ := strings.Cut(uri, "?")
	_, rest := route.SplitBase(route.Plain(path))
	return rest
}
