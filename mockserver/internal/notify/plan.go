package notify

import (
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/operation"
)

// maxDeliveries bounds what is remembered of them.
const maxDeliveries = 10_000

// A delivery is what the notifier keeps of an operation.Delivery. The notifier's mutex
// guards the embedded one and the flags and the hold at the end; the rest never changes.
type delivery struct {
	operation.Delivery
	op         *background.Operation
	retry      Retry
	fault      fault.Notify
	first      *vtime.Signal // opened when the first attempt was made, or none will be
	generation *vtime.Generation
	begun      bool // the first attempt is under way
	tried      bool // first is open
	lost       bool // another process is at it
	taken      bool // a redelivery got through: no further attempts
	hold       hold
}

// label describes something about d.
func (d *delivery) label(verb string) vtime.Label { return background.Label(verb, &d.op.Operation) }

// Plan decides at acceptance whether and where op is notified, and notes that in
// op.
func (n *Notifier) Plan(op *background.Operation, g *vtime.Generation) {
	d := n.plan(op, g)
	if d == nil {
		return
	}
	op.Local = d
	if n.cfg.Shared != nil {
		op.Notice = d.encode()
	}
}

func (n *Notifier) plan(op *background.Operation, g *vtime.Generation) *delivery {
	d := &delivery{op: op, retry: n.cfg.URLRetry, first: g.Clock().NewSignal(), generation: g}
	d.Delivery = operation.Delivery{
		OperationID: op.ID, Company: op.Company, Method: op.Method, Path: op.Path,
		Mode: string(op.Asked.Mode), URL: op.Asked.URL, State: operation.DeliveryWaiting,
	}
	switch {
	case op.Asked.Mode == wire.NotifyNone:
		return nil
	case op.Asked.Mode == wire.NotifySubscription:
		sub := n.cfg.Subscription(op.Company)
		d.URL, d.retry = sub.URL, sub.Retry
	}
	if d.URL == "" {
		n.cfg.Log.Warn("no subscription is configured (Config.Subscription, --subscription-url): nobody will be notified", "id", op.ID)
		return nil
	}
	d.NotificationID = n.cfg.IDs.GUID("notification", op.Company)
	d.fault, d.Fault = n.faultOf(d)
	if n.cfg.Shared == nil {
		n.enlist(d)
	}
	return d
}

// Forget takes back what Plan did.
func (n *Notifier) Forget(op *background.Operation) {
	d, _ := op.Local.(*delivery)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = slices.DeleteFunc(n.list, func(other *delivery) bool { return other == d })
}

// enlist remembers a delivery.
func (n *Notifier) enlist(d *delivery) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.list) >= maxDeliveries {
		n.list = slices.Delete(n.list, 0, maxDeliveries/10)
	}
	n.list = append(n.list, d)
}

// find returns the delivery of an operation, nil if it is not listed here.
func (n *Notifier) find(id string) *delivery {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, d := range slices.Backward(n.list) {
		if strings.EqualFold(d.OperationID, id) && !d.lost {
			return d
		}
	}
	return nil
}

// Deliveries lists the latest 10 000, in the order in which their operations were
// accepted.
func (n *Notifier) Deliveries() []operation.Delivery {
	if n.cfg.Shared != nil {
		return n.stored()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]operation.Delivery, len(n.list))
	for i, d := range n.list {
		list[i] = d.Delivery
		list[i].Attempts = slices.Clone(d.Attempts)
	}
	return list
}
