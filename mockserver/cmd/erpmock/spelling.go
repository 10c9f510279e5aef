package main

import "net/http"

// literalNames are headers by their names in Go, with the spelling that the
// vendor documents. Names have no case, yet there are clients that look for
// them letter by letter.
func literalNames() map[string]string {
	return map[string]string{
		"Etag": "ETag", "Www-Authenticate": "WWW-Authenticate", "X-Ratelimit-Limit": "X-RateLimit-Limit",
		"X-Ratelimit-Remaining": "X-RateLimit-Remaining", "X-Ratelimit-Reset": "X-RateLimit-Reset", "X-Ratelimit-Policy": "X-RateLimit-Policy",
	}
}

// literal has a handler's headers sent as the vendor spells them.
func literal(h http.Handler) http.Handler {
	names := literalNames()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(&literalWriter{w, names}, r)
	})
}

type literalWriter struct {
	http.ResponseWriter
	names map[string]string
}

// Unwrap lets http.ResponseController find what else the writer can do.
func (w *literalWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *literalWriter) WriteHeader(status int) {
	w.spell()
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *literalWriter) Write(p []byte) (int, error) {
	w.spell()
	return w.ResponseWriter.Write(p)
}

// FlushError sends what is there.
func (w *literalWriter) FlushError() error {
	w.spell()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *literalWriter) spell() {
	h := w.Header()
	for name, spelled := range w.names {
		if values, ok := h[name]; ok {
			delete(h, name)
			h[spelled] = values
		}
	}
}
