package receivertest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/memhttp"
)

// Sender makes requests as the dispatcher does. It must have a URL; without Key
// and Secret nothing is signed. It is safe for concurrent use and may be
// copied.
type Sender struct {
	// URL is where the receiver is mounted, such as
	// "https://hooks.test/webhooks/erp".
	URL string
	// Key signs the body, in subscription mode.
	Key string
	// Secret makes capability URLs: with it the mode is URL mode. Key is then
	// not used.
	Secret string
	// SignatureHeader is the header of the signature. Default:
	// "x-vwd-signature-v1".
	SignatureHeader string
	// Handler gets the requests without a socket, whatever the host of URL.
	Handler http.Handler
	// Client sends them where there is no Handler. Default:
	// [http.DefaultClient].
	Client *http.Client
}

// Notice is a notification to be sent. Its zero value names no operation.
type Notice struct {
	ID         string // of the operation
	StatusCode int    // of its answer
	// Ref is the correlation value of the operation, see [NewRef]. URL mode
	// needs one.
	Ref string
	// TenantID and NotificationID are what the dispatcher says in its
	// headers, in subscription mode.
	TenantID       string
	NotificationID string
	Header         map[string]string // further headers
	Body           []byte            // sent as it is, in place of the usual one
	SentAt         time.Time         // the day of the capability; the zero time means now
}

// NewRef returns a correlation value of the form that the client uses, for
// notices about operations that no client submitted.
func NewRef() string { return hook.NewRef() }

// Capability returns the last segment of the URL that the client would make
// for the ref at the time.
func (s Sender) Capability(ref string, at time.Time) string {
	return hook.NewCapability(s.Secret, ref, at)
}

// Sign returns the signature of a body: base64 of its HMAC-SHA256. The key is
// used as the text that it is.
func Sign(key string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// body returns what is sent.
func (n Notice) body() []byte {
	if n.Body != nil {
		return n.Body
	}
	doc := struct {
		ID              string `json:"id,omitempty"`
		StatusCode      int    `json:"statusCode,omitempty"`
		StateLocation   string `json:"stateLocation,omitempty"`
		ContentLocation string `json:"contentLocation,omitempty"`
	}{ID: n.ID, StatusCode: n.StatusCode}
	if n.ID != "" {
		doc.StateLocation = "https://api.finance.visma.net/v1/background/" + n.ID
		doc.ContentLocation = doc.StateLocation + "/content"
	}
	body, err := json.Marshal(doc)
	if err != nil { // strings and a number
		panic(err)
	}
	return body
}

// Request makes the request of a notice: a fresh one each time, ready for an
// [http.Client] or for ServeHTTP of a handler.
func (s Sender) Request(ctx context.Context, n Notice) (*http.Request, error) {
	target := s.URL
	if s.Secret != "" {
		if !hook.ValidRef(n.Ref) {
			return nil, fmt.Errorf("receivertest: URL mode needs a ref, and %q is none: see NewRef", n.Ref)
		}
		at := n.SentAt
		if at.IsZero() {
			at = time.Now()
		}
		target = strings.TrimRight(target, "/") + "/" + s.Capability(n.Ref, at)
	}
	body := n.body()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("receivertest: the URL cannot be used") // which may hold a capability
	}
	r.RequestURI = r.URL.RequestURI() // as a server sees it
	r.RemoteAddr = "192.0.2.1:1234"   // a documentation address, as httptest has it
	r.Header.Set("Content-Type", "application/json")
	for name, value := range n.Header {
		r.Header.Set(name, value)
	}
	if s.Secret != "" {
		return r, nil
	}
	for name, value := range map[string]string{
		hook.RefHeader: n.Ref, "x-vwd-tenant-id": n.TenantID, "x-vwd-notification-id": n.NotificationID,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if s.Key != "" {
		r.Header.Set(cmp.Or(s.SignatureHeader, "x-vwd-signature-v1"), Sign(s.Key, body))
	}
	return r, nil
}

// Send sends a notice once and returns the status of the answer.
func (s Sender) Send(ctx context.Context, n Notice) (status int, err error) {
	r, err := s.Request(ctx, n)
	if err != nil {
		return 0, err
	}
	r.RequestURI, r.RemoteAddr = "", "" // which a client must not set
	res, err := s.client().Do(r)
	if err != nil {
		return 0, fmt.Errorf("receivertest: %s", hook.Redact(err.Error()))
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, fmt.Errorf("receivertest: read the answer: %w", err)
	}
	return res.StatusCode, nil
}

func (s Sender) client() *http.Client {
	switch {
	case s.Handler != nil:
		return &http.Client{
			Transport:     &memhttp.Transport{Default: s.Handler},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	case s.Client != nil:
		return s.Client
	}
	return http.DefaultClient
}
