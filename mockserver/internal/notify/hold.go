package notify

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/operation"
)

// Errors of [Notifier.Hold], [Notifier.Edit] and [Notifier.Release].
var (
	// ErrNotHeld says that the notification is not held now.
	ErrNotHeld = errors.New("the notification is not held")
	// ErrNothingToSend says that no further attempt will be made.
	ErrNothingToSend = errors.New("no attempt to notify is left to be held")
)

// A hold is what is kept of a delivery whose next attempt waits for somebody to
// let it go.
type hold struct {
	asked    bool        // of this delivery alone
	released bool        // it is not held any more
	resume   func()      // makes the attempt; nil: it is not held now
	header   http.Header // changes what is sent; a field without values is left out
}

// HoldAll says whether the notifications of a company are held before they leave,
// or those of all companies if that is empty.
func (n *Notifier) HoldAll(company string, held bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if company == "" {
		clear(n.holding)
	}
	n.holding[company] = held
}

// Holding reports whether the notifications of a company are held; of those of
// which nothing was said, if that is empty.
func (n *Notifier) Holding(company string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.holdsAll(company)
}

// holdsAll needs n.mu.
func (n *Notifier) holdsAll(company string) bool {
	if held, said := n.holding[company]; said {
		return held
	}
	return n.holding[""]
}

// Hold has the next attempt of an operation's notification held.
func (n *Notifier) Hold(id string) error {
	d, err := n.known(id)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if d.State != operation.DeliveryWaiting && d.State != operation.DeliveryHeld {
		return ErrNothingToSend
	}
	d.hold.asked = true
	return nil
}

// Edit changes what is sent of a notification that is held.
func (n *Notifier) Edit(id string, e operation.Edit) error {
	d, err := n.known(id)
	if err != nil {
		return err
	}
	n.mu.Lock()
	if d.hold.resume == nil {
		n.mu.Unlock()
		return ErrNotHeld
	}
	if e.Body != nil {
		d.Body = bytes.Clone(e.Body)
	}
	for name, values := range e.Header {
		if d.hold.header == nil {
			d.hold.header = make(http.Header)
		}
		d.hold.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	n.mu.Unlock()
	n.save(d)
	n.cfg.Journal.Touch()
	return nil
}

// Release lets the notification go that is held; what follows of it is not held
// again, unless that is asked for.
func (n *Notifier) Release(id string) error {
	d, err := n.known(id)
	if err != nil {
		return err
	}
	n.mu.Lock()
	resume := d.hold.resume
	if resume == nil {
		n.mu.Unlock()
		return ErrNotHeld
	}
	d.hold = hold{released: true, header: d.hold.header}
	d.State = operation.DeliveryWaiting
	n.mu.Unlock()
	n.cfg.Journal.Touch()
	resume()
	return nil
}

// known is the delivery of an operation.
func (n *Notifier) known(id string) (*delivery, error) {
	if _, ok := n.cfg.Operation(id); !ok {
		return nil, ErrUnknownOperation
	}
	if d := n.find(id); d != nil {
		return d, nil
	}
	return nil, ErrNoNotification
}

// holds reports whether an attempt is not to be made before somebody lets it go;
// then it is made by that.
func (n *Notifier) holds(d *delivery, attempt func(context.Context)) bool {
	n.mu.Lock()
	if d.taken || d.lost || !d.hold.asked && (d.hold.released || !n.holdsAll(d.Company)) {
		n.mu.Unlock()
		return false
	}
	d.State = operation.DeliveryHeld
	d.hold.resume = func() {
		d.generation.After(0, d.label("notification"), func(ctx context.Context, _ *vtime.Task) { attempt(ctx) })
	}
	n.mu.Unlock()
	n.save(d)
	n.cfg.Journal.Touch()
	n.cfg.Log.Debug("notification held", "id", d.OperationID, "company", d.Company)
	return true
}
