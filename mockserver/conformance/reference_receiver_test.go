package conformance

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

type referenceReceiver struct {
	*reference
	file *os.File

	mu     sync.Mutex // guards all below
	ids    []string
	broken bool
}

func newReferenceReceiver(r *reference) (*referenceReceiver, error) {
	path := filepath.Join(r.env["DIR"], "received")
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	c := &referenceReceiver{reference: r}
	for id := range strings.Lines(string(data)) {
		c.ids = append(c.ids, strings.TrimSpace(id))
	}
	c.file, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return c, err
}

func (c *referenceReceiver) do(s step) (map[string]any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.Do == "store" {
		c.broken = !*s.Works
		return map[string]any{}, nil
	}
	list := []notification{}
	for _, id := range c.ids {
		list = append(list, notification{id})
	}
	return map[string]any{"notifications": list}, nil
}

// signed reports whether a signature is one by one of the keys.
func signed(signature string, body []byte, keys string) bool {
	for key := range strings.SplitSeq(keys, ",") {
		if hmac.Equal([]byte(signature), []byte(wire.Sign(key, body))) {
			return true
		}
	}
	return false
}

// valid reports whether a notification is authentic.
func (c *referenceReceiver) valid(r *http.Request, body []byte) bool {
	keys := c.env["SIGNING_KEYS"]
	signature := r.Header.Get(signatureHeader)
	switch {
	case c.is("does not verify"):
		return true
	case c.is("knows one key"):
		keys, _, _ = strings.Cut(keys, ",")
	case c.is("takes an empty key"):
		keys += ","
	case c.is("writes the body anew"):
		var v any
		if json.Unmarshal(body, &v) == nil {
			body, _ = json.Marshal(v)
		}
	case c.is("decodes keys too"), c.is("decodes keys only"):
		decoded := ""
		for key := range strings.SplitSeq(keys, ",") {
			b, _ := base64.StdEncoding.DecodeString(key)
			decoded += "," + string(b)
		}
		keys += decoded
		if c.is("decodes keys only") {
			keys = decoded[1:]
		}
	}
	return signed(signature, body, keys)
}

func (c *referenceReceiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		if !c.is("acknowledges any method") {
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
		return
	}
	most := int64(1 << 20)
	if c.is("reads what comes") && r.ContentLength > most {
		_ = c.file.Close() // it has no memory left
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil && !c.is("takes half a body") {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if !c.is("takes half a body") && !c.valid(r, body) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	id := strings.ToLower(c.idIn(body, err))
	if c.is("acknowledges first") {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
	}
	if id == "" && c.is("breaks on nonsense") {
		_ = c.file.Close()
	}
	if err := c.store(id, r.Header.Get("x-vwd-notification-id")); err != nil && !c.is("acknowledges first") {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
}

// idIn is the operation's id in a body.
func (c *referenceReceiver) idIn(body []byte, broken error) string {
	if broken != nil {
		return "half"
	}
	o := c.object(body)
	if inner, ok := c.named(o, "data").(map[string]any); ok && !c.is("knows no other fields") {
		data, _ := json.Marshal(inner)
		o = c.object(data)
	}
	id := c.word(o, "id")
	if !c.is("knows no other fields") {
		id += c.word(o, "jobId")
	}
	if !c.is("knows no other fields") || id != "" {
		id += " " + c.word(o, "stateLocation")
	}
	if c.is("minds the shape") && len(o) > 4 {
		return ""
	}
	return guids.FindString(id)
}

// store keeps the id of an operation.
func (c *referenceReceiver) store(id, notification string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.is("goes by the header") {
		if slices.Contains(c.ids, notification) {
			return nil
		}
	}
	switch {
	case c.broken && !c.is("does not store"):
		return errors.New("the store is broken")
	case slices.Contains(c.ids, id) && c.is("refuses duplicates"):
		return errors.New("it is there already")
	case id == "" || slices.Contains(c.ids, id) && !c.is("keeps duplicates"):
		return nil
	case c.is("acknowledges first"), c.is("does not store"):
		c.ids = append(c.ids, id)
		return nil
	}
	if _, err := c.file.WriteString(id + "\n"); err != nil {
		return err
	}
	c.ids = append(c.ids, id)
	if c.is("goes by the header") {
		c.ids = append(c.ids, notification)
	}
	return c.file.Sync()
}
