package receiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// dispatcherHeaders are what the webhook dispatcher tells about a
// notification; none of it is signed.
var dispatcherHeaders = []string{
	"X-Vwd-Event-Id", notificationIDHeader, "X-Vwd-Notification-Timestamp", "X-Vwd-Webhook-Timestamp",
	"X-Vwd-Subscription-Id", tenantHeader, "X-Vwd-Application-Id", "X-Vwd-Application-Version", "X-Vwd-Group-Id",
}

const (
	notificationIDHeader = "X-Vwd-Notification-Id"
	tenantHeader         = "X-Vwd-Tenant-Id"
)

// maxHeaderValue bounds what is kept of one header; longer ones are left out.
const maxHeaderValue = 1024

// How long the sender should wait, in seconds: trouble of the store may be
// over soon; a store full of unmatched ones empties slowly.
const (
	retrySoon  = "5"
	retryLater = "60"
)

// keep stores the notification. It returns nil only if the store has it;
// otherwise it has logged why, and says when the sender should try again.
func (rc *Receiver) keep(r *http.Request, a admission, body []byte, seen *Received) (retry string, err error) {
	// Whether the sender waits for the answer must not decide whether what it
	// sent is kept.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), rc.cfg.StoreTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			retry, err = retrySoon, fmt.Errorf("panic: %v", p)
			rc.log.ErrorContext(ctx, "storing a notification panicked", "error", err, "stack", string(debug.Stack()))
		}
	}()
	begun := time.Now()
	defer func() {
		var stranger *strangerError
		if errors.As(err, &stranger) { // nothing was to be stored
			return
		}
		seen.Stored = time.Since(begun)
		if err != nil {
			rc.failed.Store(time.Now().UnixNano())
		}
	}()
	n, stranger := rc.notification(ctx, r, a, body)
	if stranger != nil {
		return "", stranger
	}
	receipt, err := rc.cfg.Store.Notify(ctx, n)
	if err != nil {
		rc.log.ErrorContext(ctx, "notification not stored", "error", err, "mode", n.Mode, "ref", n.Ref, "id", n.ID, "bytes", len(body))
		if errors.Is(err, store.ErrFull) {
			return retryLater, err
		}
		return retrySoon, err
	}
	rc.stored.Store(time.Now().UnixNano())
	seen.Verdict, seen.Unparsed = string(receipt.Verdict), n.Unparsed
	rc.report(ctx, n, receipt)
	return "", nil
}

// report logs what became of a stored notification.
func (rc *Receiver) report(ctx context.Context, n store.Notification, receipt store.Receipt) {
	if !n.Unparsed && receipt.Verdict != store.Disputed && !rc.log.Enabled(ctx, slog.LevelDebug) {
		return // nothing is built that nobody reads
	}
	attrs := []any{
		"verdict", string(receipt.Verdict), "mode", n.Mode, "ref", n.Ref, "id", n.ID,
		"notification", n.NotificationID, "bytes", len(n.Body),
	}
	switch {
	case n.Unparsed:
		rc.unparsed.Add(1)
		// The real shape is not published, so it may be the sender that is
		// right. Somebody has to look.
		rc.log.ErrorContext(ctx, "notification stored, but not understood", attrs...)
	case receipt.Verdict == store.Disputed:
		rc.log.WarnContext(ctx, "notification contradicts what is known", attrs...)
	default:
		rc.log.DebugContext(ctx, "notification stored", attrs...)
	}
}

// notification puts together what is stored. Everything in it is plain text
// or the body, whatever the sender put into its headers. Its error says that
// the notification is for a tenant that is not ours.
func (rc *Receiver) notification(ctx context.Context, r *http.Request, a admission, body []byte) (store.Notification, error) {
	n := store.Notification{
		Mode: a.mode, Ref: a.ref, Header: rc.keptHeader(r.Header), Body: body, ReceivedAt: time.Now(),
		Deliver: rc.cfg.HandledElsewhere || rc.handler.Load() != nil,
	}
	text := wire.Text(body, "") // the bytes tell, and a declaration is often wrong
	if p, ok := parse(text); ok {
		n.ID, n.StatusCode = p.id, p.statusCode
	} else {
		n.Unparsed = true
	}
	if a.secret != "" && bytes.Contains(text, []byte(a.secret)) {
		// A whole state document names the webhook's address.
		n.Body = bytes.ReplaceAll(text, []byte(a.secret), []byte(hook.Redacted))
	}
	if a.mode == modeURL {
		return n, nil
	}
	n.Ref = rc.headerRef(ctx, r.Header)
	n.NotificationID = plain(r.Header.Get(notificationIDHeader))
	var err error
	n.Tenant, err = rc.tenant(r.Header)
	return n, err
}

// headerRef returns our ref as the subscription brought it back.
func (rc *Receiver) headerRef(ctx context.Context, h http.Header) string {
	ref := strings.TrimSpace(h.Get(hook.RefHeader))
	if ref != "" && !hook.ValidRef(ref) {
		rc.log.WarnContext(ctx, "ref of a notification ignored", "why", "it is malformed", "bytes", len(ref))
		return ""
	}
	return ref
}

// strangerError says that a notification is for a tenant that is not ours.
type strangerError struct{ id, why string }

func (e *strangerError) Error() string {
	return fmt.Sprintf("the tenant %q %s", hook.Redact(e.id), e.why)
}

// tenant translates the tenant that the sender names, if it names one. The
// header is not signed: whoever has a body that was signed can send it with
// any other.
func (rc *Receiver) tenant(h http.Header) (string, error) {
	id := plain(h.Get(tenantHeader))
	if rc.cfg.Tenant == nil || id == "" {
		return "", nil
	}
	tenant, ok := rc.cfg.Tenant(id)
	switch {
	case !ok:
		return "", &strangerError{id, "is not known to Config.Tenant"}
	case strings.HasPrefix(tenant, "*"):
		return "", &strangerError{id, "means a tenant that is reserved"}
	}
	return tenant, nil
}

// header is the name of a header as net/http has it, and as it is stored.
type header struct{ canonical, lower string }

// keptHeader returns the headers to store, their names in lower case.
func (rc *Receiver) keptHeader(h http.Header) map[string]string {
	kept := make(map[string]string)
	for _, name := range rc.headers {
		if values := h[name.canonical]; len(values) > 0 {
			if v := plain(values[0]); v != "" {
				kept[name.lower] = hook.Redact(v) // a proxy may repeat the path in a header
			}
		}
	}
	return kept
}

// plain returns v if it is short and plain text, else nothing: not every
// store can hold other bytes, and one that cannot would refuse the
// notification for ever.
func plain(v string) string {
	if len(v) > maxHeaderValue {
		return ""
	}
	for i := range len(v) {
		if c := v[i]; c < ' ' || c >= 0x7f { // the rest of Unicode takes longer
			if !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
				return ""
			}
			break
		}
	}
	return v
}
