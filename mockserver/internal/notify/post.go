package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"unicode"

	"github.com/vismanet-go/background/internal/httpx"
	"github.com/vismanet-go/background/mockserver/operation"
)

// send makes the call of an attempt, notes what came of it, and logs that.
func (n *Notifier) send(ctx context.Context, d *delivery, body []byte, a *operation.Attempt) {
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, d.retry.Timeout)
	defer cancel()
	status, said, err := n.post(ctx, d.URL, body, a.Header)
	a.Ended, a.StatusCode = d.generation.Clock().Now(), status
	switch {
	case err == nil && (status < 200 || status > 599):
		a.Error = n.reason(d, *a)
	case err == nil:
	case caller.Err() == nil && ctx.Err() != nil:
		a.Error = fmt.Sprintf("no answer within %v (Retry.Timeout): %v", d.retry.Timeout, err)
	default:
		a.Error = err.Error()
	}
	if caller.Err() == nil { // else nobody is to know of it
		n.tell(d, *a, said, errors.Is(err, errRefusedTarget))
	}
}

// post sends a body, over HTTP/2 once. The status alone is the answer, as soon as its header is
// there; said is the beginning of a body that refuses, for people.
func (n *Notifier) post(ctx context.Context, target string, body []byte, h http.Header) (status int, said string, err error) {
	sent := httpx.Watch(ctx, 1) // what the receiver resets net/http would send again, unrecorded and without end
	defer sent.End()
	req, err := http.NewRequestWithContext(sent.Context(), http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header = h.Clone()
	resp, err := sent.Take(n.client.Do(req))
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 599 {
		// The body of a 101 is the connection, and no context ends a read of it.
		return resp.StatusCode, "", nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // a short body, once read, lets the connection be used again
	return resp.StatusCode, excerpt(text), nil
}

// excerpt is the beginning of an answer's body, in one line.
func excerpt(body []byte) string {
	const most = 200
	text := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(string(body[:min(len(body), 4*most)]), ""))
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// reason says why an attempt did not deliver; empty if it did.
func (n *Notifier) reason(d *delivery, a operation.Attempt) string {
	switch {
	case n.delivered(d, a.StatusCode):
		return ""
	case a.Error != "":
		return a.Error
	case a.StatusCode == http.StatusSwitchingProtocols:
		return "the receiver answered 101 Switching Protocols, which is no answer to a notification"
	case a.StatusCode < 200 || a.StatusCode > 599:
		return fmt.Sprintf("the receiver answered with the status %03d, which is none", a.StatusCode)
	case a.StatusCode/100 == 3:
		return strings.TrimSpace(fmt.Sprintf("the receiver answered %d %s", a.StatusCode, http.StatusText(a.StatusCode))) + ": redirects are not followed"
	}
	return strings.TrimSpace(fmt.Sprintf("the receiver answered %d %s", a.StatusCode, http.StatusText(a.StatusCode)))
}

// tell logs an attempt: one that failed with its reason, as it fails. A target
// that is refused will not be taken the next time either, so that somebody
// should see it without asking.
func (n *Notifier) tell(d *delivery, a operation.Attempt, said string, refused bool) {
	n.mu.Lock()
	number := len(d.Attempts) + 1
	n.mu.Unlock()
	attrs := []any{"id", d.OperationID, "company", d.Company, "url", d.URL, "attempt", number, "status", a.StatusCode}
	why := n.reason(d, a)
	switch {
	case why == "":
		n.cfg.Log.Debug("notification delivered", attrs...)
		return
	case said != "":
		attrs = append(attrs, "said", said)
	}
	level := slog.LevelInfo
	if refused {
		level = slog.LevelWarn
	}
	n.cfg.Log.Log(context.Background(), level, "notification not delivered", append(attrs, "error", why)...)
}
