package store

import (
	"slices"
	"sync"
)

// Hub hands out wake-ups inside one process. Implementations embed or hold
// one, and publish after a change is durable. Its zero value works; it is
// safe for concurrent use.
type Hub struct {
	// OnActive, if set before first use, is told when the first watcher
	// arrives (true) and when the last one has left (false), one call at a
	// time. It must not call the Hub.
	OnActive func(active bool)

	mu     sync.Mutex // guards the rest
	refs   map[string]map[*Watcher]struct{}
	all    map[string]map[*Watcher]struct{} // by tenant
	count  int
	closed bool
}

// Watcher receives wake-ups. It is made by [Store.Watch] and
// [Store.WatchDocuments].
type Watcher struct {
	hub    *Hub
	tenant string
	watch  []string
	c      chan struct{}

	mu     sync.Mutex // guards the rest
	refs   map[string]struct{}
	every  bool
	closed bool
}

// maxWoken bounds what a watcher remembers; beyond it, anything may have
// changed.
const maxWoken = 1024

// Watch registers a watcher for refs, or for all of the tenant if none is
// given. On a closed hub, and for a tenant that [CheckTenant] refuses, the
// watcher's channel is closed already.
func (h *Hub) Watch(tenant string, refs ...string) *Watcher {
	return h.watch(CheckTenant(tenant) == nil, tenant, refs)
}

// WatchDocuments registers a watcher for the documents of these names, or for
// all of the tenant if none is given. On a closed hub, and for a tenant that
// [CheckDocument] refuses, the watcher's channel is closed already.
func (h *Hub) WatchDocuments(tenant string, names ...string) *Watcher {
	return h.watch(checkOwn("tenant", tenant) == nil, DocumentTenant(tenant), names)
}

func (h *Hub) watch(valid bool, tenant string, refs []string) *Watcher {
	w := &Watcher{hub: h, tenant: tenant, watch: slices.Clone(refs), c: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || !valid {
		w.closed = true
		close(w.c)
		return w
	}
	if len(refs) == 0 {
		h.all = insert(h.all, tenant, w)
	}
	for _, ref := range refs {
		h.refs = insert(h.refs, ref, w)
	}
	h.count++
	if h.count == 1 && h.OnActive != nil {
		h.OnActive(true)
	}
	return w
}

func insert(m map[string]map[*Watcher]struct{}, key string, w *Watcher) map[string]map[*Watcher]struct{} {
	if m == nil {
		m = make(map[string]map[*Watcher]struct{})
	}
	if m[key] == nil {
		m[key] = make(map[*Watcher]struct{}, 1)
	}
	m[key][w] = struct{}{}
	return m
}

func remove(m map[string]map[*Watcher]struct{}, key string, w *Watcher) {
	delete(m[key], w)
	if len(m[key]) == 0 {
		delete(m, key)
	}
}

// Publish wakes whoever watches the ref or its tenant. It never blocks.
func (h *Hub) Publish(tenant, ref string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.refs[ref] {
		if w.tenant == tenant {
			w.wake(ref)
		}
	}
	for w := range h.all[tenant] {
		w.wake(ref)
	}
}

// PublishAll wakes all watchers. An implementation calls it when it may have
// missed a change. It never blocks.
func (h *Hub) PublishAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range []map[string]map[*Watcher]struct{}{h.refs, h.all} {
		for _, ws := range m {
			for w := range ws {
				w.wakeAll()
			}
		}
	}
}

// Close closes the channels of all watchers, and of those still to come.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	for _, m := range []map[string]map[*Watcher]struct{}{h.refs, h.all} {
		for _, ws := range m {
			for w := range ws {
				w.end()
			}
		}
	}
	if h.count > 0 && h.OnActive != nil {
		h.OnActive(false)
	}
	h.refs, h.all, h.count = nil, nil, 0
}

// C returns a channel that delivers a value when something may have changed. It
// is closed when the store closes, and not by [Watcher.Close].
func (w *Watcher) C() <-chan struct{} { return w.c }

// Take returns the refs, or names of documents, that changed since the last
// call, in no order, or all = true if anything watched may have changed.
func (w *Watcher) Take() (refs []string, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ref := range w.refs {
		refs = append(refs, ref)
	}
	all = w.every
	w.refs, w.every = nil, false
	if all {
		return nil, true
	}
	return refs, false
}

// Close ends the registration: nothing is delivered after it. It is idempotent.
func (w *Watcher) Close() {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	w.mu.Lock()
	closed := w.closed
	w.closed = true
	w.mu.Unlock()
	if closed || h.closed {
		return
	}
	if len(w.watch) == 0 {
		remove(h.all, w.tenant, w)
	}
	for _, ref := range w.watch {
		remove(h.refs, ref, w)
	}
	h.count--
	if h.count == 0 && h.OnActive != nil {
		h.OnActive(false)
	}
}

func (w *Watcher) wake(ref string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	switch {
	case w.every:
	case len(w.refs) >= maxWoken:
		w.refs, w.every = nil, true
	default:
		if w.refs == nil {
			w.refs = make(map[string]struct{}, 1)
		}
		w.refs[ref] = struct{}{}
	}
	w.signal()
}

func (w *Watcher) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.refs, w.every = nil, true
	w.signal()
}

// signal needs w.mu.
func (w *Watcher) signal() {
	select {
	case w.c <- struct{}{}:
	default: // one is waiting already
	}
}

func (w *Watcher) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.closed = true
		close(w.c)
	}
}
