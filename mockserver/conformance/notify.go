package conformance

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// A message is a notification that the runner sends itself.
type message struct {
	body   string
	sign   string            // with this key; empty: not at all
	header map[string]string // added, or replaced
	id     string            // of the notification; empty: one of its own
	cut    int               // the connection breaks after so many bytes, if not 0
}

const signatureHeader = "x-vwd-signature-v1"

// notify sends a notification to the candidate, and returns the status of the answer,
// 0 if there was none.
func (p *play) notify(to string, m message) int {
	n := p.sent.Add(1)
	var body io.Reader = strings.NewReader(m.body)
	if m.cut > 0 {
		body = &breaking{strings.NewReader(m.body[:m.cut])}
	}
	ctx, cancel := context.WithTimeout(p.ctx, p.stage.patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, body)
	p.must(err)
	r.ContentLength = int64(len(m.body))
	now := fmt.Sprint(time.Now().UnixMilli())
	for name, value := range map[string]string{
		"Content-Type": typeJSON, "User-Agent": "conformance", "x-vwd-event-id": "BACKGROUND_API_RESPONSE",
		"x-vwd-notification-id": m.notificationID(uint64(n)), "x-vwd-notification-timestamp": now, "x-vwd-webhook-timestamp": now,
		"x-vwd-subscription-id": wire.DerivedGUID(0, "subscription", 1), "x-vwd-tenant-id": tenantID,
	} {
		r.Header[name] = []string{value} // in small letters, as the dispatcher does
	}
	if m.sign != "" {
		r.Header[signatureHeader] = []string{wire.Sign(m.sign, []byte(m.body))}
	}
	for name, value := range m.header {
		r.Header[name] = []string{value}
	}
	log := &p.stage.log
	x := log.begin(exchange{point: atHook, at: p.stage.now(), request: request{r.Method, r.URL.RequestURI(), r.Header.Clone(), []byte(m.body)}})
	// A connection of its own, so that none breaks that was kept.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	answered := &reply{drop: true}
	if err == nil {
		answered = &reply{status: resp.StatusCode, header: resp.Header}
		_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // it does not matter
		resp.Body.Close()
	}
	log.end(x, func(x *exchange) { x.reply, x.answered = answered, p.stage.now() })
	return answered.status
}

func (m message) notificationID(n uint64) string {
	if m.id != "" {
		return m.id
	}
	return wire.DerivedGUID(0, "notification", n)
}

// breaking breaks off at its end.
type breaking struct{ *strings.Reader }

// Read implements io.Reader.
func (b *breaking) Read(p []byte) (int, error) {
	if b.Len() == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return b.Reader.Read(p)
}
