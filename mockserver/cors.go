package mockserver

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// exposed are the headers of answers that pages of other origins may read.
const exposed = "Location, ETag, Retry-After, WWW-Authenticate, Content-Disposition, " +
	"X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-RateLimit-Policy"

// corsMethods are those that a page may use.
const corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"

// allowsOrigin reports whether pages of an origin may call.
func (c Config) allowsOrigin(origin string) bool {
	return slices.ContainsFunc(c.CORSOrigins, func(allowed string) bool {
		if root, ok := strings.CutSuffix(allowed, ":*"); ok {
			rest, ok := strings.CutPrefix(strings.ToLower(origin), strings.ToLower(root))
			return ok && (rest == "" || rest[0] == ':' && !strings.ContainsAny(rest[1:], ":/@"))
		}
		return allowed == "*" || strings.EqualFold(allowed, origin)
	})
}

func (c Config) validateOrigins() error {
	var errs []error
	for i, origin := range c.CORSOrigins {
		root, _ := strings.CutSuffix(origin, ":*")
		u, err := url.Parse(root)
		if origin != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != root) {
			errs = append(errs, fmt.Errorf("CORSOrigins[%d]: %q: want scheme://host, scheme://host:port, scheme://host:* for any port, or *", i, origin))
		}
	}
	return errors.Join(errs...)
}

// cors lets pages of other origins read the answer to a request, and reports
// whether the request only asked for that, which it has answered then.
func (s *Server) cors(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin := r.Header.Get("Origin")
	if len(s.cfg.CORSOrigins) == 0 {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if origin == "" || !s.cfg.allowsOrigin(origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", exposed)
		return false
	}
	h.Set("Access-Control-Allow-Methods", corsMethods)
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
