package notify

import (
	"context"
	"net/http"
	"slices"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/operation"
)

// faultOf finds what disturbs a notification. Its second result names what hit.
func (n *Notifier) faultOf(d *delivery) (fault.Notify, string) {
	if !n.cfg.Faults.Wants(fault.OnNotification) {
		return fault.Notify{}, ""
	}
	does, name := n.cfg.Faults.Decide(d.op.Event(fault.OnNotification), d.op.Received)
	f, _ := does.(fault.Notify)
	return f, name
}

// disturbed is what a fault makes of the real body.
func disturbed(b []byte, f fault.Notify) []byte {
	switch {
	case f.Body != nil:
		return f.Body
	case f.Set != nil || f.Omit != nil:
		return answer.Edit(b, f.Set, f.Omit)
	}
	return b
}

// overtaken lets go what waited for another notification of its company.
func (n *Notifier) overtaken(by *delivery) {
	n.mu.Lock()
	var free []*delivery
	for _, d := range n.parked {
		if d != by && d.Company == by.Company {
			free = append(free, d)
		}
	}
	n.mu.Unlock()
	for _, d := range free {
		d.generation.After(0, d.label("notification"), func(ctx context.Context, _ *vtime.Task) { n.begin(ctx, d) })
	}
}

// replay sends another operation's body with the headers of d.
func (n *Notifier) replay(ctx context.Context, d *delivery) {
	n.mu.Lock()
	body := n.foreignBody(d)
	a := operation.Attempt{Started: d.generation.Clock().Now(), Replayed: true}
	a.Header = n.header(d, body, a.Started, d.fault)
	n.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, d.retry.Timeout)
	defer cancel()
	n.send(ctx, d, body, &a)
	n.record(d, a, operation.DeliveryWaiting)
}

// foreignBody is that of the company's latest other operation which has ended,
// or one that is made up. The caller holds n.mu.
func (n *Notifier) foreignBody(d *delivery) []byte {
	for _, other := range slices.Backward(n.list) {
		if other != d && other.Company == d.Company && other.Body != nil {
			return other.Body
		}
	}
	id := n.cfg.IDs.GUID("forged", d.Company)
	return wire.JSON(wire.Notification{
		ID: id, StatusCode: http.StatusOK, StateLocation: d.op.Base + "/v1/background/" + id, ContentLocation: "null",
	})
}
