package client

import (
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is how many redirects of one GET are followed.
const maxRedirects = 5

// redirected returns path and query, below the base, to which an answer sends
// a GET. It reports false for an answer that is no redirect, and for one that
// leads elsewhere: there the credentials would go along.
func (o origin) redirected(from *url.URL, resp *http.Response) (rel string, ok bool) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return "", false
	}
	address := resp.Header.Get("Location")
	to, err := from.Parse(address)
	if err != nil || address == "" || to.User != nil || to.Opaque != "" {
		return "", false
	}
	if there := originOf(to); there.scheme != o.scheme || there.host != o.host || dotted(to.EscapedPath()) {
		return "", false
	}
	rel, ok = strings.CutPrefix(to.EscapedPath(), o.prefix)
	if !ok || rel == "" || rel[0] != '/' {
		return "", false
	}
	if to.RawQuery != "" {
		rel += "?" + to.RawQuery
	}
	return rel, true
}
