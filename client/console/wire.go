package console

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// A problem is what is answered instead of what was asked for.
type problem struct {
	Error  string `json:"error"`
	Remedy string `json:"remedy,omitempty"`
}

func refuse(w http.ResponseWriter, status int, text, remedy string) {
	write(w, status, problem{text, remedy})
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the reader may be gone
}

// fail answers for an error of the client or the store.
func fail(w http.ResponseWriter, err error) {
	_, invalid := errors.AsType[*store.InvalidError](err)
	_, phase := errors.AsType[*store.PhaseError](err)
	switch {
	case errors.Is(err, store.ErrNotFound):
		refuse(w, http.StatusNotFound, "The store has no such operation.", "it may have been purged")
	case invalid:
		refuse(w, http.StatusBadRequest, err.Error(), "")
	case phase, errors.Is(err, store.ErrLeased), errors.Is(err, store.ErrFenced):
		refuse(w, http.StatusConflict, err.Error(), "look at it again: somebody else was faster")
	case errors.Is(err, client.ErrClosed):
		refuse(w, http.StatusServiceUnavailable, "The service is shutting down.", "")
	default:
		refuse(w, http.StatusUnprocessableEntity, err.Error(), "")
	}
}

// maxBody bounds what the page sends.
const maxBody = 1 << 20

// read decodes a request's body, and answers if it cannot.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		refuse(w, http.StatusBadRequest, "The body is not what was wanted: "+err.Error(), "")
		return false
	}
	return true
}
