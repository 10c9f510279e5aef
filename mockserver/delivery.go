package mockserver

import (
	"net/http"
	"slices"
	"time"
)

// A DeliveryState tells how far a notification is.
type DeliveryState string

// States of a delivery.
const (
	DeliveryWaiting   DeliveryState = "Waiting"   // for the operation's end, or the next attempt
	DeliveryDelivered DeliveryState = "Delivered" // an attempt got a 2xx
	DeliveryDead      DeliveryState = "Dead"      // all attempts failed
	DeliveryDropped   DeliveryState = "Dropped"   // not sent, by a fault or by the profile
)

// A Delivery is the notification of one operation.
type Delivery struct {
	OperationID    string
	Company        string
	Method         string // of the operation
	Path           string
	NotificationID string // the same for all attempts
	Mode           string // "url" or "subscription"
	URL            string
	State          DeliveryState
	Body           []byte    // nil until the operation has ended
	Attempts       []Attempt // oldest first, duplicates included
	Fault          string    // name of the rule that disturbed it, or "Config.NotifyFault"
}

// An Attempt is one sending of a notification.
type Attempt struct {
	Started, Ended time.Time
	Header         http.Header // as it was sent
	StatusCode     int         // 0: no answer
	Error          string      // why there was none
	Duplicate      bool        // sent again after a success, by a fault
	Replayed       bool        // sent with another operation's body, by a fault
}

// maxDeliveries bounds the list behind Server.Deliveries.
const maxDeliveries = 10_000

// A delivery is what the notifier keeps of a Delivery. The notifier's mutex
// guards the embedded Delivery, begun, tried and lost; the rest never changes.
type delivery struct {
	Delivery
	op    *operation
	retry Retry
	fault NotifyFault
	first *latch // opened when the first attempt was made, or none will be
	life  *life
	begun bool // the first attempt is under way
	tried bool // first is open
	lost  bool // another process is at it
}

// Deliveries lists the latest notifications, in the order in which their
// operations were accepted.
func (s *Server) Deliveries() []Delivery {
	n := s.notifier
	if n.shared != nil {
		return n.stored()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]Delivery, len(n.list))
	for i, d := range n.list {
		list[i] = d.Delivery
		list[i].Attempts = slices.Clone(d.Attempts)
	}
	return list
}

// plan decides at acceptance whether and where op is notified.
func (n *notifier) plan(op *operation, l *life) *delivery {
	d := &delivery{op: op, retry: n.cfg.URLRetry, first: l.clock.newLatch(), life: l}
	d.Delivery = Delivery{
		OperationID: op.ID, Company: op.Company, Method: op.Method, Path: op.Path,
		Mode: string(op.background.mode), URL: op.background.url, State: DeliveryWaiting,
	}
	switch {
	case op.background.mode == notifyNone:
		return nil
	case op.background.mode == notifySubscription:
		d.URL, d.retry = n.cfg.Subscription.URL, n.cfg.Subscription.Retry
	}
	if d.URL == "" {
		n.log.Warn("no subscription is configured: nobody will be notified", "id", op.ID)
		return nil
	}
	d.NotificationID = n.ids.guid("notification", op.Company)
	d.fault, d.Fault = n.faultOf(d)
	if n.shared == nil {
		n.enlist(d)
	}
	return d
}

// header builds what is sent with body in attempt number len(d.Attempts)+1. The
// caller holds the notifier's mutex.
func (n *notifier) header(d *delivery, body []byte, now time.Time) http.Header {
	h := http.Header{
		"Content-Type": {"application/json; charset=utf-8"},
		"User-Agent":   {n.cfg.Profile.UserAgent},
	}
	defer applyHeader(h, d.fault.Header)
	if d.op.background.mode != notifySubscription {
		return h
	}
	for _, p := range d.op.background.pairs {
		h.Add(p.name, p.value)
	}
	first := now
	if len(d.Attempts) > 0 {
		first = d.Attempts[0].Started
	}
	sub, prefix := n.cfg.Subscription, n.cfg.Profile.HeaderPrefix
	for name, value := range map[string]string{
		"event-id":               n.cfg.Profile.EventID,
		"notification-id":        d.NotificationID,
		"notification-timestamp": unixMilli(first),
		"webhook-timestamp":      unixMilli(now),
		"subscription-id":        sub.ID,
		"tenant-id":              n.cfg.tenant(d.Company),
		"application-id":         sub.ApplicationID,
		"application-version":    sub.ApplicationVersion,
		"group-id":               sub.GroupID,
	} {
		h.Set(prefix+name, value)
	}
	switch {
	case d.fault.Forge:
		h.Set(prefix+"signature-v1", sign("forged"+sub.SigningKey, body))
	case sub.SigningKey != "":
		h.Set(prefix+"signature-v1", sign(sub.SigningKey, body))
	}
	return h
}

// forget takes back what plan did.
func (n *notifier) forget(d *delivery) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = slices.DeleteFunc(n.list, func(other *delivery) bool { return other == d })
}
