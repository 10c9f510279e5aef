package answer

import (
	"net/http"

	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/profile"
)

// WriteJSON answers with a value of the mock's own.
func WriteJSON(w http.ResponseWriter, status int, v any) { WriteBody(w, status, wire.JSON(v)) }

// WriteBody answers with JSON text.
func WriteBody(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// Refuse answers with a message, unless the contract declares no body for the
// status and the profile keeps to that.
func Refuse(w http.ResponseWriter, p profile.Profile, status int, message string) {
	if Bodiless(p, status) {
		w.WriteHeader(status)
		return
	}
	WriteMessage(w, status, message)
}

// Bodiless reports whether an answer with this status has no body.
func Bodiless(p profile.Profile, status int) bool {
	switch status {
	case http.StatusNoContent:
		return true
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone, http.StatusPreconditionFailed:
		return p.EmptyErrors
	}
	return false
}

// WriteMessage answers with a message.
func WriteMessage(w http.ResponseWriter, status int, message string) {
	WriteJSON(w, status, map[string]string{"message": message})
}
