package client

import (
	"net/http"
	"strings"

	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// isAttachment reports whether an answer is a file, of which the name and the
// type are the sender's business.
func isAttachment(h http.Header) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(h.Get("Content-Disposition"))), "attachment")
}

// tellType has the header of an outcome say the type that its content turned
// out to have.
func tellType(o *store.Outcome) {
	if wire.IsJSON(o.ContentType) && o.HasContent {
		if o.Header == nil {
			o.Header = map[string][]string{}
		}
		o.Header["Content-Type"] = []string{o.ContentType}
	}
}
