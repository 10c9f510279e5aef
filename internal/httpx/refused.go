package httpx

import (
	"errors"
	"strings"
)

// streamError has the shape of net/http's error for a stream of HTTP/2, by which
// errors.As finds it; its own type cannot be named.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "stream error" }

const codeRefused = 0x7 // RFC 9113, 7

// Refused reports whether an error says that the server did not process
// the request (RFC 9113, 8.7): it refused the stream, or it went away and named
// a last stream below it. net/http does not send such a request again by itself
// where it has a body, and then wraps the reason in text. That is read from its
// beginning to its end, because parts of such texts come from the server.
func Refused(err error) bool {
	if s := (streamError{}); errors.As(err, &s) && s.Code == codeRefused && fromPeer(s.Cause) {
		return true
	}
	for ; err != nil; err = errors.Unwrap(err) {
		text := err.Error()
		if inner, ok := strings.CutPrefix(text, "http2: Transport: cannot retry err ["); ok {
			text, _, _ = strings.Cut(inner, "] after Request.Body was written")
		}
		switch {
		case text == "http2: Transport received Server's graceful shutdown GOAWAY":
			return true
		case strings.HasPrefix(text, "http2: Transport received GOAWAY from server ErrCode:"):
			return true // net/http says so only of a stream above the last one
		case strings.HasPrefix(text, "stream error: stream ID ") && strings.HasSuffix(text, "; REFUSED_STREAM; received from peer"):
			return true
		}
	}
	return false
}

// fromPeer reports whether it was the server that ended a stream. net/http ends
// streams with the same codes.
func fromPeer(cause error) bool { return cause != nil && cause.Error() == "received from peer" }
