package openapidoc

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/media"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// transport are headers that say how an answer is sent, which no document knows.
var transport = []string{
	"Connection", "Content-Encoding", "Content-Length", "Content-Range", "Content-Type", "Date", "Keep-Alive", "Proxy-Authenticate", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade",
}

// setHeaders sets the headers that a response of the document declares, unless they are
// set already: the mock's own count, and what is known of the state. The body is that
// of the answer, and says v.
func (c *call) setHeaders(w http.ResponseWriter, resp *compiled.Response, status int, v any, body []byte) {
	for _, h := range resp.Headers {
		name := http.CanonicalHeaderKey(h.Name)
		if w.Header().Get(name) != "" || slices.Contains(transport, name) {
			continue
		}
		value := c.headerValue(name, h, status, v)
		if name == "Etag" && len(h.Examples) == 0 {
			value = tagOf(body)
		}
		if value = oneLine(value); value != "" {
			w.Header().Set(name, value)
		}
	}
}

// headerValue is what the document has for a header, or something that callers can do
// something with.
func (c *call) headerValue(name string, h *compiled.Header, status int, v any) string {
	if len(h.Examples) > 0 && !c.prefer.Dynamic {
		return headerText(h.Examples[0].Value)
	}
	switch name {
	case "Retry-After":
		return "1"
	case "Location", "Content-Location":
		if at := c.location(v); at != "" {
			return at
		}
		return c.mock.Base + c.r.URL.RequestURI()
	case "Content-Disposition":
		return `attachment; filename="file"`
	case "Www-Authenticate":
		return "Bearer"
	case "Cache-Control":
		return "no-cache"
	case "Allow":
		return c.Method
	case "Link", "Last-Modified", "Expires", "Content-Language", "Vary":
		if h.Schema == nil || h.Schema.Choices == nil {
			return "" // what is made up would say something that is wrong
		}
	}
	a := h.Answer(compiled.Want{Dynamic: c.prefer.Dynamic, Seed: c.seed(status) ^ 1, Mode: schema.Response})
	return headerText(a.Value)
}

// headerText is a value in the style "simple".
func headerText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = media.Plain(item)
		}
		return strings.Join(texts, ",")
	}
	return media.Plain(v)
}

// oneLine is a text without what no header may hold.
func oneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text))
}

// tag is the ETag of a value.
func tag(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return tagOf(data)
}

// tagOf is the ETag of a text.
func tagOf(data []byte) string {
	sum := sha256.Sum256(data)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}
