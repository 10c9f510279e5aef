package client

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/durations"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/httpx"
	"github.com/vismanet-go/background/store"
)

// Client submits ERP requests to run in the background and awaits their
// answers. It is safe for concurrent use. Make one with [New]; a client per
// company is cheap. It starts no goroutine until it is used, and none of
// those outlives [Client.Close].
type Client struct {
	cfg      Config
	origin   erp.Origin
	http     *http.Client
	template *http.Request // what every GET is made of; never written to
	// ownHTTP is the transport of http if we made it, else nil.
	ownHTTP *http.Transport
	store   store.Store
	owned   bool   // the store is ours to close
	owner   string // names this client in leases
	log     *slog.Logger

	// life ends with Close. Polls run under it and not under the context of
	// the waiter that asked: others may wait for the same poll.
	life     context.Context
	end      context.CancelFunc
	budget   *budget.Budget     // which every call passes
	learned  *durations.Learner // how long operations run
	pendings pendings
	missed   missed
	sched    scheduler

	running     atomic.Bool  // Run
	http2       atomic.Bool  // the last answer came over HTTP/2
	deniedPolls atomic.Int64 // polls in a row that were refused for their credentials

	mu         sync.Mutex // guards the rest
	closed     bool
	failed     map[string]failure   // records whose polls the store does not take, by ref
	facts      map[string]int       // how many facts are still to be written, by ref
	troubles   map[string]*trouble  // records whose polls fail, by ref
	words      map[string]bool      // statuses that are not known and were told of
	unresolved map[string]bool      // records whose resolver failed and was told of, by ref
	unopened   map[string]bool      // records of which something cannot be opened and was told of, by ref
	kinds      map[string]bool      // kinds without a handler that were told of
	asked      map[string]time.Time // before which a 202 asked not to be polled, by ref
	working    sync.WaitGroup       // Add needs mu and !closed
}

// New returns a client, or an error that names every field that is wrong. It
// makes no call.
func New(cfg Config) (*Client, error) {
	cfg, base, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	hc := *cfg.HTTPClient
	// Following a redirect would send credentials elsewhere, or a POST twice.
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{
		cfg: cfg, origin: base, http: &hc, store: cfg.Store, owner: hook.NewRef(), log: cfg.Logger,
		failed: make(map[string]failure), asked: make(map[string]time.Time),
		facts: make(map[string]int), troubles: make(map[string]*trouble), words: make(map[string]bool), kinds: make(map[string]bool), unresolved: make(map[string]bool), unopened: make(map[string]bool),
	}
	if hc.Transport == nil {
		hc.Transport = httpx.Default()
		if hc.Transport != http.DefaultTransport {
			c.ownHTTP, _ = hc.Transport.(*http.Transport)
		}
	}
	hc.Transport = guarded{hc.Transport}
	c.template = c.newTemplate()
	if c.store == nil {
		c.store, c.owned = store.NewMemory(store.MemoryConfig{}), true
		if cfg.Notify.mode == modeSubscription || cfg.Notify.mode == modeURL {
			c.log.Warn("no receiver can tell this client of notifications: Config.Store is not set, and the receiver needs the same store; ends are found by polling")
		}
	}
	c.life, c.end = context.WithCancel(c.charging(context.Background()))
	shared := c.store
	if c.owned {
		shared = nil // with nobody
	}
	c.budget = budget.New(budget.Config{
		Store: shared, Tenant: cfg.Tenant, Origin: base.String(), Application: cfg.Application, Owner: c.owner, Log: cfg.Logger, Life: c.life,
	})
	c.budget.OnChange(c.sched.kick)
	c.learned = durations.New(durations.Config{Store: shared, Tenant: cfg.Tenant, Origin: base.String(), Log: cfg.Logger})
	c.sched = scheduler{c: c, wake: make(chan struct{}, 1), items: make(map[string]*item), dirty: make(map[string]struct{})}
	if _, deaf := cfg.Observer.(NopObserver); !deaf {
		c.cfg.Observer = &safeObserver{next: cfg.Observer, c: c}
	}
	return c, nil
}

// Close ends every wait with [ErrClosed], stops what runs and waits for it.
// Operations go on at the ERP; their records stay in a store that was given.
// It is idempotent.
func (c *Client) Close() error {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	c.mu.Unlock()
	c.end()
	c.working.Wait()
	c.budget.Close()
	c.flushLearned()
	if c.ownHTTP != nil {
		c.ownHTTP.CloseIdleConnections()
	}
	if first && c.owned {
		return c.store.Close()
	}
	return nil
}

// String tells whose client it is: no credentials and no secrets, which a
// plain %v of its fields would show.
func (c *Client) String() string {
	return "client of " + c.origin.String() + " for tenant " + c.cfg.Tenant
}

// GoString is String, for %#v.
func (c *Client) GoString() string { return c.String() }

// LogValue is String, for slog.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// work runs f in a goroutine that Close waits for. It reports false on a
// closed client.
func (c *Client) work(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.working.Go(f)
	return true
}

// storeError turns the store's errors into those of this package.
func storeError(err error) error {
	if errors.Is(err, store.ErrClosed) {
		return errStoreClosed
	}
	return err
}
