package view

import (
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
)

// callbacks does to the callbacks of an operation what the options say.
func (m *maker) callbacks(o op, taken map[string]bool) error {
	switch m.Callbacks {
	case NoCallbacks:
		return m.removeCallbacks(o)
	case InlineCallbacks:
	default:
		return nil
	}
	own := o.node.Get("callbacks")
	if own.Is(apidoc.Object) {
		for _, c := range own.Items {
			if notifies, err := m.notifies(c); notifies || err != nil {
				return err // it has them
			}
		}
	} else {
		own = apidoc.NewObject()
		o.node.Set("callbacks", own)
	}
	id := o.node.Get("operationId").Str()
	added, err := m.contract.callbacks("on"+strings.ToUpper(id[:1])+id[1:], taken)
	if err != nil {
		return err
	}
	for i, key := range added.Keys {
		name := key
		if own.Has(name) {
			name = "background" + strings.ToUpper(key[:1]) + key[1:]
			m.tell(own, "%s has a callback %s; that of the background API is %s", o, key, name)
		}
		own.Set(name, added.Items[i])
	}
	return nil
}

// removeCallbacks removes those by which the ERP notifies; others stay.
func (m *maker) removeCallbacks(o op) error {
	own := o.node.Get("callbacks")
	if !own.Is(apidoc.Object) {
		return nil
	}
	var failed error
	own.Retain(func(_ string, c *apidoc.Node) bool {
		notifies, err := m.notifies(c)
		if err != nil {
			failed = err
		}
		return !notifies
	})
	if len(own.Keys) == 0 {
		o.node.Delete("callbacks")
	}
	return failed
}

// subscriptionAddress stands for the address that is registered for an
// application.
const subscriptionAddress = "https://webhook.example/subscription"

// notifies reports whether a callback is one by which the ERP notifies.
func (m *maker) notifies(c *apidoc.Node) (bool, error) {
	to, err := m.Deref(c)
	if err != nil || !to.Is(apidoc.Object) {
		return false, err
	}
	for _, expression := range to.Keys {
		if !strings.Contains(strings.ToLower(expression), headerName) && expression != subscriptionAddress {
			return false, nil
		}
	}
	return len(to.Keys) > 0, nil
}
