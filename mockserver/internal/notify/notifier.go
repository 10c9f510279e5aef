package notify

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
)

// A Notifier sends notifications. Waiting for the next attempt costs a timer only.
type Notifier struct {
	cfg    Config
	client *http.Client

	mu      sync.Mutex      // guards all below, and the deliveries in it
	list    []*delivery     // by acceptance of their operations
	parked  []*delivery     // waiting to be overtaken
	holding map[string]bool // by company whether notifications are held; "": of all others
}

// New returns a notifier that has nothing to send.
func New(cfg Config) *Notifier {
	return &Notifier{cfg: cfg, client: newClient(cfg), holding: make(map[string]bool)}
}

// Close closes the connections that are idle, unless the client is the caller's.
func (n *Notifier) Close() {
	if n.cfg.Client == nil {
		n.client.CloseIdleConnections()
	}
}

// Reset forgets the deliveries of a company, or all of them, and what was said of
// holding them.
func (n *Notifier) Reset(company string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	gone := func(d *delivery) bool { return company == "" || d.Company == company }
	n.list = slices.DeleteFunc(n.list, gone)
	n.parked = slices.DeleteFunc(n.parked, gone)
	delete(n.holding, company)
	if company == "" {
		clear(n.holding)
	}
}

// AwaitIfEarly holds a 202 back until the notification has overtaken it, if a fault
// wants that. T is the request.
func (n *Notifier) AwaitIfEarly(ctx context.Context, t *vtime.Task, op *background.Operation) {
	d, _ := op.Local.(*delivery)
	if d == nil || !d.fault.Early {
		return
	}
	if n.cfg.Shared != nil {
		n.awaitStored(ctx, t, d.OperationID)
		return
	}
	_ = t.Wait(ctx, d.first) // the 202 is due in any case
}
