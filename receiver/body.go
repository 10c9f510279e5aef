package receiver

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// limitReading bounds the time for everything that is still to be read from
// the connection, also for what the server reads off after a refusal. A
// server that cannot do it has to bound it itself.
func (rc *Receiver) limitReading(w http.ResponseWriter, r *http.Request) {
	if rc.limitIsOurs(r) {
		// The error is not ours to handle: http.ErrNotSupported, or a
		// connection that is gone, which the next read reports.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(rc.cfg.ReadTimeout))
	}
}

// limitIsOurs reports whether our deadline is the shorter one.
func (rc *Receiver) limitIsOurs(r *http.Request) bool {
	srv, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	return srv == nil || srv.ReadTimeout <= 0 || srv.ReadTimeout > rc.cfg.ReadTimeout
}

// small is a body for which memory is set aside because the sender says how
// long it is.
const small = 4 << 10

// readBody reads the body up to the limit. Memory of a body that is not small
// grows with what arrives and not with what the sender announces.
func (rc *Receiver) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := readAll(http.MaxBytesReader(w, r.Body, rc.cfg.MaxBodyBytes), r.ContentLength)
	if err != nil {
		return nil, err
	}
	if rc.limitIsOurs(r) {
		// The deadline has done its work. Left in place it would look like a
		// sender that hung up while the store is still writing.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	return body, nil
}

func readAll(r io.Reader, announced int64) ([]byte, error) {
	if announced <= 0 || announced > small {
		return io.ReadAll(r)
	}
	body := bytes.NewBuffer(make([]byte, 0, announced+bytes.MinRead)) // it wants room to find the end
	_, err := body.ReadFrom(r)
	return body.Bytes(), err
}

// statusOfRead tells what an error while reading the body means.
func statusOfRead(err error) int {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout
	}
	return http.StatusBadRequest
}
