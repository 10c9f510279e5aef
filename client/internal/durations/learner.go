package durations

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vismanet-go/background/store"
)

const (
	// maxRoutes is how many routes are known: more are templates that a client
	// failed to see as one.
	maxRoutes = 256
	// maxName bounds the name of a route in bytes. The rest does not count.
	maxName = 128
	// saveEvery is the least time between two writes of the document: replicas that
	// begin together should not each learn alone.
	saveEvery = 10 * time.Second
	// maxTries is how often a write that others were faster than is repeated.
	maxTries = 8
)

// Config tells a [Learner] where to keep what it learns.
type Config struct {
	Store  store.Store
	Tenant string
	Origin string // of the ERP: another one runs at another pace
	Log    *slog.Logger
}

// Learner learns how long operations run, by route: a method and a template of
// paths. It knows the 256 routes that it learned of last. It is safe for
// concurrent use and starts no goroutine: whoever has it calls Save when Dirty
// says so, and Flush at the end.
type Learner struct {
	cfg Config

	saving sync.Mutex // held by the Save that is under way

	mu     sync.Mutex // guards the rest
	routes map[string]*route
	clock  int64 // counts what was learned, to tell what was learned last
	used   bool  // somebody asked or told something
	loaded bool  // the document was read
	fresh  bool  // something was learned that no Save has taken yet
	told   bool  // the log knows of a document that cannot be read
	next   time.Time
}

// route is what is known of one route: what the document said when it was read
// last, what a Save is adding to it, and what was learned since.
type route struct {
	stored, sent, own table
	learnt            int64 // the clock when something was learned last
	stale             int   // observations that view does not have yet
	view              *Durations
}

// New returns a learner that has read nothing yet.
func New(cfg Config) *Learner { return &Learner{cfg: cfg, routes: make(map[string]*route)} }

// Ended learns that an operation ran for a time. The age at which it was last seen
// to run, polled, is 0 if it was not.
func (l *Learner) Ended(name string, polled, ran time.Duration) {
	l.observe(name, func(t *table) { t.end(polled, max(0, ran)) })
}

// Running learns that an operation still runs at an age. The age at which it was
// seen to run before that, polled, is 0 if it was not.
func (l *Learner) Running(name string, polled, age time.Duration) {
	l.observe(name, func(t *table) { t.pass(polled, age) })
}

func (l *Learner) observe(name string, count func(*table)) {
	name = cut(name)
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.route(name)
	l.clock++
	r.learnt = l.clock
	count(&r.own)
	r.stale++
	l.used, l.fresh = true, true
	l.limit()
}

// route returns what is known of a route, which may be nothing.
func (l *Learner) route(name string) *route {
	r := l.routes[name]
	if r == nil {
		r = &route{}
		l.routes[name] = r
	}
	return r
}

// limit forgets the routes that nothing was learned of for longest.
func (l *Learner) limit() {
	for len(l.routes) > maxRoutes {
		oldest := ""
		for name, r := range l.routes {
			if oldest == "" || r.learnt < l.routes[oldest].learnt {
				oldest = name
			}
		}
		delete(l.routes, oldest)
	}
}

// For returns what is known of a route, nil if nothing is. It may be a little
// behind: the more was learned, the less often it is worked out anew.
func (l *Learner) For(name string) *Durations {
	name = cut(name)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = true
	r := l.routes[name]
	if r == nil {
		return nil
	}
	if r.view == nil || r.stale > r.view.count/32 {
		known := r.stored
		known.add(&r.sent)
		known.add(&r.own)
		r.view, r.stale = known.durations(), 0
	}
	return r.view
}

// Names returns the routes of which something is known, in no order.
func (l *Learner) Names() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = true
	return slices.Collect(maps.Keys(l.routes))
}

// Dirty reports whether it is time to call Save: the document was not read yet, or
// something was learned and the last write is ten seconds ago.
func (l *Learner) Dirty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return (l.fresh || l.used && !l.loaded) && !time.Now().Before(l.next)
}

// Save reads the document if it was not read yet, and adds to it what was learned
// since the last time. What others added meanwhile stays, and is known from then
// on. A document that is of a newer version is left as it is, one that nobody can
// read is replaced. After an error of the store, which it returns, nothing is lost, and Dirty
// reports true again after ten seconds. While another Save is under way it does
// nothing.
func (l *Learner) Save(ctx context.Context) error {
	if !l.saving.TryLock() {
		return nil
	}
	defer l.saving.Unlock()
	return l.save(ctx)
}

// Flush is Save, but it waits for another one that is under way.
func (l *Learner) Flush(ctx context.Context) error {
	l.saving.Lock()
	defer l.saving.Unlock()
	l.mu.Lock()
	idle := !l.fresh
	l.mu.Unlock()
	if idle {
		return nil
	}
	return l.save(ctx)
}

// save adds what was learned to the document. What of it could not be written is
// learned anew.
func (l *Learner) save(ctx context.Context) error {
	sent := l.take()
	known, err := l.write(ctx, sent)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		for _, r := range l.routes {
			l.fresh = l.fresh || !r.sent.empty()
			r.own.add(&r.sent)
			r.sent = table{}
		}
		if errors.Is(err, errNewer) {
			return nil
		}
		return err
	}
	l.loaded = true
	for i, k := range known {
		r := l.route(k.route)
		if r.learnt == 0 {
			r.learnt = int64(-1 - i) // before all that was learned here
		}
		r.stored, r.sent, r.view = k.table, table{}, nil
	}
	l.limit()
	return nil
}

// take returns what was learned since the last time, the newest first, which a
// Save is adding to the document from now on.
func (l *Learner) take() []learned {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = time.Now().Add(saveEvery)
	l.fresh = false
	var names []string
	for name, r := range l.routes {
		if !r.own.empty() {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(l.routes[b].learnt, l.routes[a].learnt) })
	sent := make([]learned, len(names))
	for i, name := range names {
		r := l.routes[name]
		r.sent, r.own = r.own, table{}
		sent[i] = learned{name, r.sent}
	}
	return sent
}

// write adds what was learned to the document, and returns what is known then.
func (l *Learner) write(ctx context.Context, sent []learned) ([]learned, error) {
	doc, err := l.cfg.Store.GetDocument(ctx, l.cfg.Tenant, l.document())
	for try := 0; err == nil || errors.Is(err, store.ErrChanged) && try < maxTries; try++ {
		stored, unread := decode(doc.Body)
		if unread != nil && len(doc.Body) > 0 {
			l.unreadable(ctx, unread)
		}
		if errors.Is(unread, errNewer) {
			return nil, unread // those who can read it need it
		}
		known := merge(sent, stored)
		if len(sent) == 0 {
			return known, nil
		}
		doc.Body = encode(known)
		if doc, err = l.cfg.Store.PutDocument(ctx, doc); err == nil {
			return known, nil
		}
	}
	return nil, err
}

// merge adds what was learned to what was known. What was learned last comes
// first, and what is too much is left out.
func merge(fresh, known []learned) []learned {
	sum := slices.Clone(fresh)
	at := make(map[string]int, len(sum))
	for i, l := range sum {
		at[l.route] = i
	}
	for _, k := range known {
		if i, ok := at[k.route]; ok {
			sum[i].table.add(&k.table)
		} else {
			sum = append(sum, k)
		}
	}
	return sum[:min(len(sum), maxRoutes)]
}

// unreadable tells once of a document that cannot be read.
func (l *Learner) unreadable(ctx context.Context, err error) {
	l.mu.Lock()
	told := l.told
	l.told = true
	l.mu.Unlock()
	if !told {
		l.cfg.Log.WarnContext(ctx, "how long operations run is learned anew, because what is stored cannot be read",
			"document", l.document(), "error", err)
	}
}

// document is the name of the document.
func (l *Learner) document() string {
	name := "durations " + l.cfg.Origin
	return name[:min(len(name), store.MaxDocumentName)]
}

// cut bounds a name.
func cut(name string) string { return name[:min(len(name), maxName)] }
