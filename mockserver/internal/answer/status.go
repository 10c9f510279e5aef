package answer

import "net/http"

// A StatusWriter tells the status of an answer before the client can see it.
type StatusWriter struct {
	http.ResponseWriter
	Note func(status int)
	done bool
}

// WriteHeader implements http.ResponseWriter.
func (w *StatusWriter) WriteHeader(status int) {
	if !w.done && status >= 200 {
		w.done = true
		w.Note(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *StatusWriter) Write(p []byte) (int, error) {
	if !w.done {
		w.done = true
		w.Note(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (w *StatusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush implements http.Flusher for handlers that stream in the foreground.
func (w *StatusWriter) Flush() {
	if !w.done {
		w.done = true
		w.Note(http.StatusOK)
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush() // not every writer can
}
