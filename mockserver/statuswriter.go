package mockserver

import "net/http"

// statusWriter notes the status of an answer in the journal before the client
// can see it.
type statusWriter struct {
	http.ResponseWriter
	note func(status int)
	done bool
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if !w.done && status >= 200 {
		w.done = true
		w.note(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(p []byte) (int, error) {
	if !w.done {
		w.done = true
		w.note(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush implements http.Flusher for handlers that stream in the foreground.
func (w *statusWriter) Flush() {
	if !w.done {
		w.done = true
		w.note(http.StatusOK)
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush() // not every writer can
}
