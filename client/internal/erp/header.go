package erp

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vismanet-go/background/store"
)

// KeptHeader copies what belongs to an answer. It leaves out what belongs to the
// connection or the session, and what speaks of the bytes of a body that is
// handed on in other bytes, or in full.
func KeptHeader(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		if kept(name) {
			out[name] = values
		}
	}
	return out
}

// kept reports whether [KeptHeader] keeps a field.
func kept(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Set-Cookie", "Content-Length", "Date", "Age",
		"Content-Encoding", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "Content-Range", "Accept-Ranges":
		return false
	}
	return true
}

// IsAttachment reports whether an answer is a file, of which the name and the
// type are the sender's business.
func IsAttachment(h http.Header) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(h.Get("Content-Disposition"))), "attachment")
}

// TellType has the header of an outcome say the type that its content turned
// out to have.
func TellType(o *store.Outcome) {
	if o.ContentType != "" && o.HasContent && !slices.Equal(o.Header["Content-Type"], []string{o.ContentType}) {
		SetHeader(o, "Content-Type", []string{o.ContentType})
	}
}

// SetHeader sets a field of the header of an outcome.
func SetHeader(o *store.Outcome, name string, values []string) {
	if o.Header == nil {
		o.Header = map[string][]string{}
	}
	o.Header[name] = values
}
