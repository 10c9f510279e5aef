package notify

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/profile"
)

// header builds what is sent with body in attempt number len(d.Attempts)+1, as
// a fault disturbs it. The caller holds the notifier's mutex.
func (n *Notifier) header(d *delivery, body []byte, now time.Time, fault fault.Notify) http.Header {
	p := n.cfg.Profile(d.Company)
	h := http.Header{"Content-Type": {p.NotificationContentType}, "User-Agent": {p.UserAgent}}
	defer answer.ApplyHeader(h, fault.Header)
	for _, own := range d.op.Asked.Pairs {
		h.Add(own.Name, own.Value)
	}
	if d.op.Asked.Mode == wire.NotifySubscription || p.SignURL {
		n.dispatch(h, d, body, now, fault.Forge)
	}
	return h
}

// dispatch sets the dispatcher's headers.
func (n *Notifier) dispatch(h http.Header, d *delivery, body []byte, now time.Time, forge bool) {
	p, sub := n.cfg.Profile(d.Company), n.cfg.Subscription(d.Company)
	first, attempt, id := now, now, d.NotificationID
	if len(d.Attempts) > 0 {
		first = d.Attempts[0].Started
	}
	if p.FixedWebhookTimestamp {
		attempt = first
	}
	if p.NewIDPerAttempt && len(d.Attempts) > 0 {
		id = wire.DerivedGUID(0, id, uint64(len(d.Attempts)))
	}
	for part, value := range map[string]string{
		"event-id":               p.EventID,
		"notification-id":        id,
		"notification-timestamp": unixMilli(first),
		"webhook-timestamp":      unixMilli(attempt),
		"subscription-id":        sub.ID,
		"tenant-id":              sub.TenantID,
		"application-id":         sub.ApplicationID,
		"application-version":    sub.ApplicationVersion,
		"group-id":               sub.GroupID,
	} {
		h.Set(headerName(p, part), value)
	}
	switch {
	case forge:
		h.Set(headerName(p, "signature-v1"), wire.Sign("forged"+sub.SigningKey, body))
	case sub.SigningKey != "":
		h.Set(headerName(p, "signature-v1"), wire.Sign(sub.SigningKey, body))
	}
}

// headerName is the whole name of one of the dispatcher's headers.
func headerName(p profile.Profile, part string) string {
	return cmp.Or(p.HeaderNames[part], p.HeaderPrefix+part)
}

func unixMilli(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
