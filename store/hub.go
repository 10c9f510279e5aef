package store

import (
	"maps"
	"slices"
	"sync"
)

// NoRef is the ref of no record: a watcher of it alone watches nothing yet, and
// learns what to watch by [Watcher.Add].
const NoRef = ""

// Hub hands out wake-ups inside one process. Implementations embed or hold
// one, and publish after a change is durable. Its zero value works; it is
// safe for concurrent use.
type Hub struct {
	// OnActive, if set before first use, is told when the first watcher
	// arrives (true) and when the last one has left (false), one call at a
	// time. It must not call the Hub.
	OnActive func(active bool)

	mu       sync.Mutex // guards the rest
	watchers map[*Watcher]struct{}
	refs     map[string]*link                 // who watches a ref
	tenants  map[string]map[*Watcher]struct{} // who watches all of a tenant
	closed   bool
}

// link is one of the watchers of a ref, of any tenant.
type link struct {
	w    *Watcher
	next *link
}

// Watcher receives wake-ups about what it watches, which may be changed while it
// lives. It is made by [Store.Watch] and [Store.WatchDocuments], and safe for
// concurrent use.
type Watcher struct {
	hub    *Hub
	tenant string
	whole  bool // it watches all of the tenant
	c      chan struct{}

	watched map[string]struct{} // guarded by hub.mu; refs, unless it is whole

	mu      sync.Mutex          // guards the rest
	changed map[string]struct{} // refs since the last Take
	any     bool                // anything may have changed since
	closed  bool
}

// maxChanged bounds what a watcher of a whole tenant remembers; beyond it,
// anything may have changed. What other watchers remember is bounded by what
// they watch.
const maxChanged = 1 << 16

// keptChanged is how many refs a watcher takes at once and keeps the room for them.
const keptChanged = 64

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
	w := &Watcher{hub: h, tenant: tenant, whole: len(refs) == 0, c: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || !valid {
		w.closed = true
		close(w.c)
		return w
	}
	if h.watchers == nil {
		h.watchers = make(map[*Watcher]struct{})
		h.refs = make(map[string]*link)
		h.tenants = make(map[string]map[*Watcher]struct{})
	}
	h.watchers[w] = struct{}{}
	if w.whole {
		if h.tenants[tenant] == nil {
			h.tenants[tenant] = make(map[*Watcher]struct{})
		}
		h.tenants[tenant][w] = struct{}{}
	}
	for _, ref := range refs {
		h.add(w, ref)
	}
	if len(h.watchers) == 1 && h.OnActive != nil {
		h.OnActive(true)
	}
	return w
}

// add needs h.mu, and so does remove.
func (h *Hub) add(w *Watcher, ref string) {
	if _, ok := w.watched[ref]; ok || ref == NoRef {
		return
	}
	if w.watched == nil {
		w.watched = make(map[string]struct{})
	}
	w.watched[ref] = struct{}{}
	h.refs[ref] = &link{w, h.refs[ref]}
}

func (h *Hub) remove(w *Watcher, ref string) {
	first := h.refs[ref]
	for l := &first; *l != nil; l = &(*l).next {
		if (*l).w == w {
			*l = (*l).next
			break
		}
	}
	if first == nil {
		delete(h.refs, ref)
	} else {
		h.refs[ref] = first
	}
}

// Publish wakes whoever watches the ref or its tenant. It never blocks.
func (h *Hub) Publish(tenant, ref string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := h.refs[ref]; l != nil; l = l.next {
		if l.w.tenant == tenant {
			l.w.wake(ref)
		}
	}
	for w := range h.tenants[tenant] {
		w.wake(ref)
	}
}

// PublishAll wakes all watchers. An implementation calls it when it may have
// missed a change. It never blocks.
func (h *Hub) PublishAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		w.wakeAll()
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
	for w := range h.watchers {
		w.end()
	}
	if len(h.watchers) > 0 && h.OnActive != nil {
		h.OnActive(false)
	}
	h.watchers, h.refs, h.tenants = nil, nil, nil
}

// C returns a channel that delivers a value when something may have changed. It
// is closed when the store closes, and not by [Watcher.Close].
func (w *Watcher) C() <-chan struct{} { return w.c }

// Take returns the refs, or names of documents, that changed since the last
// call, in no order, or all = true if anything watched may have changed: the
// store may have missed changes, or the watcher watches a whole tenant and tens
// of thousands of its records changed.
func (w *Watcher) Take() (refs []string, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.any {
		w.any = false
		return nil, true
	}
	if len(w.changed) == 0 {
		return nil, false
	}
	refs = slices.AppendSeq(make([]string, 0, len(w.changed)), maps.Keys(w.changed))
	if len(refs) > keptChanged {
		w.changed = nil
	}
	clear(w.changed)
	return refs, false
}

// Add has the watcher watch these refs, or names of documents, too: each change
// that is made after Add has returned wakes it. A watcher of all of a tenant
// hears of them anyway.
func (w *Watcher) Add(refs ...string) {
	w.changeWatched(func(h *Hub) {
		for _, ref := range refs {
			h.add(w, ref)
		}
	})
}

// Remove ends the watch of these refs, or names of documents. One that watches
// nothing any more stays open for [Watcher.Add]. A watcher of all of a tenant
// stays one.
func (w *Watcher) Remove(refs ...string) {
	w.changeWatched(func(h *Hub) {
		for _, ref := range refs {
			if _, ok := w.watched[ref]; ok {
				delete(w.watched, ref)
				h.remove(w, ref)
			}
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, ref := range refs {
			delete(w.changed, ref)
		}
	})
}

// changeWatched calls f, under the hub's lock, unless the watcher watches a whole
// tenant or is closed.
func (w *Watcher) changeWatched(f func(*Hub)) {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, open := h.watchers[w]; open && !w.whole {
		f(h)
	}
}

// Close ends the registration: nothing is delivered after it. It is idempotent.
func (w *Watcher) Close() {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	if _, open := h.watchers[w]; !open {
		return
	}
	delete(h.watchers, w)
	if w.whole {
		delete(h.tenants[w.tenant], w)
		if len(h.tenants[w.tenant]) == 0 {
			delete(h.tenants, w.tenant)
		}
	}
	for ref := range w.watched {
		h.remove(w, ref)
	}
	w.watched = nil
	if len(h.watchers) == 0 && h.OnActive != nil {
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
	case w.any:
	case w.whole && len(w.changed) >= maxChanged:
		w.changed, w.any = nil, true
	default:
		if w.changed == nil {
			w.changed = make(map[string]struct{})
		}
		w.changed[ref] = struct{}{}
	}
	w.signal()
}

func (w *Watcher) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.changed, w.any = nil, true
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
