package receiver

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
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
// grows with what arrives and not with what the sender announces. Its error is
// a *consumedError if the body is not the one that the sender sent.
func (rc *Receiver) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	sent := r.Body
	if sent == nil {
		sent = http.NoBody
	}
	body, err := readAll(http.MaxBytesReader(w, sent, rc.cfg.MaxBodyBytes), r.ContentLength)
	if err != nil {
		if why := interfered(err, rc.cfg.MaxBodyBytes); why != "" {
			err = &consumedError{r.ContentLength, len(body), why}
		}
		return body, err
	}
	if int64(len(body)) < r.ContentLength { // a connection that breaks off is an error
		return body, &consumedError{r.ContentLength, len(body), "the body was read before"}
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

// consumedError says that something which runs before the receiver has read
// the body or replaced it. That is a fault of our own side: the sender has to
// send it again, once the fault is mended.
type consumedError struct {
	announced int64 // -1: the sender announced no length
	read      int
	why       string
}

func (e *consumedError) Error() string {
	announced := fmt.Sprint(e.announced)
	if e.announced < 0 {
		announced = "no length"
	}
	return fmt.Sprintf("%s: announced %s, read %d", cmp.Or(e.why, "the body was read before"), announced, e.read)
}

// interfered tells whether an error while reading the body comes from what
// runs before the receiver, and why; it returns nothing if the error comes
// from the sender or the connection.
func interfered(err error, limit int64) string {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) && tooLarge.Limit != limit:
		return fmt.Sprintf("the body is limited to %d bytes before", tooLarge.Limit)
	case errors.Is(err, http.ErrBodyReadAfterClose), strings.HasSuffix(err.Error(), "body closed by handler"): // HTTP/1, HTTP/2
		return "the body was closed before"
	}
	return ""
}

// vanished reports whether a body that was read without an error may have been
// read before. A request that announces no length (chunked) does not tell an
// empty body from one that was read by somebody else; an empty one is no
// notification, so the latter is meant, unless the signature fits. Nor does it
// tell how much of a body that is not empty was read before.
func vanished(r *http.Request, body []byte) bool { return r.ContentLength < 0 && len(body) == 0 }

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
