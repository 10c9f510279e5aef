package mockserver

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
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
	Error          string      // why there was none, or none that counts
	Duplicate      bool        // sent again after a success, by a fault
	Replayed       bool        // sent with another operation's body, by a fault
	Redelivery     bool        // asked for by [Server.Redeliver]
}

// maxDeliveries bounds the list behind Server.Deliveries.
const maxDeliveries = 10_000

// A delivery is what the notifier keeps of a Delivery. The notifier's mutex
// guards the embedded Delivery and the flags at the end; the rest never changes.
type delivery struct {
	Delivery
	op         *operation
	retry      Retry
	fault      NotifyFault
	first      *vtime.Signal // opened when the first attempt was made, or none will be
	generation *vtime.Generation
	begun      bool // the first attempt is under way
	tried      bool // first is open
	lost       bool // another process is at it
	taken      bool // a redelivery got through: no further attempts
}

// A DeliveryFilter says which deliveries are meant; empty fields mean any.
type DeliveryFilter struct {
	OperationID string
	Company     string
	State       DeliveryState
}

func (f DeliveryFilter) fits(d *Delivery) bool {
	return (f.OperationID == "" || strings.EqualFold(f.OperationID, d.OperationID)) &&
		(f.Company == "" || f.Company == d.Company) && (f.State == "" || f.State == d.State)
}

// Deliveries lists the latest 10 000 notifications, in the order in which their
// operations were accepted: all, or those that fit one of the filters.
func (s *Server) Deliveries(filters ...DeliveryFilter) []Delivery {
	list := s.notifier.deliveries()
	if len(filters) == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(d Delivery) bool {
		return !slices.ContainsFunc(filters, func(f DeliveryFilter) bool { return f.fits(&d) })
	})
}

func (n *notifier) deliveries() []Delivery {
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
func (n *notifier) plan(op *operation, g *vtime.Generation) *delivery {
	d := &delivery{op: op, retry: n.cfg.URLRetry, first: g.Clock().NewSignal(), generation: g}
	d.Delivery = Delivery{
		OperationID: op.ID, Company: op.Company, Method: op.Method, Path: op.Path,
		Mode: string(op.background.Mode), URL: op.background.URL, State: DeliveryWaiting,
	}
	switch {
	case op.background.Mode == wire.NotifyNone:
		return nil
	case op.background.Mode == wire.NotifySubscription:
		sub := n.cfg.subscription(op.Company)
		d.URL, d.retry = sub.URL, sub.Retry
	}
	if d.URL == "" {
		n.log.Warn("no subscription is configured: nobody will be notified", "id", op.ID)
		return nil
	}
	d.NotificationID = n.ids.GUID("notification", op.Company)
	d.fault, d.Fault = n.faultOf(d)
	if n.shared == nil {
		n.enlist(d)
	}
	return d
}

// header builds what is sent with body in attempt number len(d.Attempts)+1, as
// a fault disturbs it. The caller holds the notifier's mutex.
func (n *notifier) header(d *delivery, body []byte, now time.Time, fault NotifyFault) http.Header {
	p := n.cfg.Profile
	h := http.Header{"Content-Type": {p.NotificationContentType}, "User-Agent": {p.UserAgent}}
	defer applyHeader(h, fault.Header)
	for _, own := range d.op.background.Pairs {
		h.Add(own.Name, own.Value)
	}
	if d.op.background.Mode == wire.NotifySubscription || p.SignURL {
		n.dispatch(h, d, body, now, fault.Forge)
	}
	return h
}

// dispatch sets the dispatcher's headers.
func (n *notifier) dispatch(h http.Header, d *delivery, body []byte, now time.Time, forge bool) {
	p, sub := n.cfg.Profile, n.cfg.subscription(d.Company)
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
		"tenant-id":              n.cfg.tenant(d.Company),
		"application-id":         sub.ApplicationID,
		"application-version":    sub.ApplicationVersion,
		"group-id":               sub.GroupID,
	} {
		h.Set(p.headerName(part), value)
	}
	switch {
	case forge:
		h.Set(p.headerName("signature-v1"), wire.Sign("forged"+sub.SigningKey, body))
	case sub.SigningKey != "":
		h.Set(p.headerName("signature-v1"), wire.Sign(sub.SigningKey, body))
	}
}

// forget takes back what plan did.
func (n *notifier) forget(d *delivery) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = slices.DeleteFunc(n.list, func(other *delivery) bool { return other == d })
}
