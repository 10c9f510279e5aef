package mockserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/erp"
	"github.com/vismanet-go/background/mockserver/internal/gate"
	"github.com/vismanet-go/background/mockserver/internal/notify"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/internal/run"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/queue"
	"github.com/vismanet-go/background/openapi/server"
)

// BaseURL is the API root that [Server.Client] reaches.
const BaseURL = "https://erp.mock"

// A Server is an ERP with a background API. It is an http.Handler, safe for
// concurrent use; use [New] to make one. It opens no socket, and it runs
// goroutines only while an operation or a notification is under way.
type Server struct {
	cfg         Config
	log         *slog.Logger
	pool        *vtime.Pool
	clocks      *vtime.Clocks
	shown       sync.Map // *Clock by *vtime.Clock, so that each has one
	ids         *wire.IDs
	limits      *gate.Limiter
	same        *gate.SameLimiter
	credentials *gate.Credentials
	faults      *fault.Rules
	journal     *journal.Recorder
	runner      *run.Runner
	notifier    *notify.Notifier
	erp         *erp.ERP
	started     sync.Once
	user        *route.Table

	fronts        *setting[*front]
	rates         *setting[RateLimit]
	subscriptions *setting[Subscription]
	canned        endpointList

	admin *http.ServeMux
}

// New returns a server that is ready to answer. The error names every field of
// cfg that is wrong.
func New(cfg Config) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Server{
		cfg: cfg, log: cfg.Logger,
		pool: vtime.NewPool(), ids: wire.NewIDs(cfg.Seed),
		credentials: cfg.credentials(), journal: journal.New(cfg.JournalBytes),
		user: route.New(), admin: http.NewServeMux(),
		rates:         newSetting(cfg.RateLimit, nil),
		subscriptions: newSetting(cfg.Subscription, cfg.Subscriptions),
	}
	s.limits, s.same = gate.NewLimiter(s.limitsOf), gate.NewSameLimiter(s.sameLimitsOf)
	s.clocks = newClocks(cfg, s.pool, s.journal)
	s.faults = fault.New(fault.Config{
		Seed: cfg.Seed, Rules: cfg.Faults, AnyPath: len(cfg.Fallbacks) > 0, OnHit: s.journal.Hit,
		Now: s.clocks.Now, Times: func() func(string) time.Time { return s.clocks.Times().Of },
	})
	shared, _ := cfg.Queue.(queue.Shared)
	s.notifier = notify.New(notify.Config{
		Log: s.log, Pool: s.pool, Clocks: s.clocks, Journal: s.journal, IDs: s.ids, Faults: s.faults, Shared: shared, Profile: s.profileOf,
		Client: cfg.NotifyClient, TLS: cfg.NotifyTLS, PublicTargets: cfg.AllowPublicTargets,
		Subscription: s.notified, URLRetry: notify.Retry(cfg.URLRetry),
		Operation: func(id string) (background.Operation, bool) { return s.runner.Get(id) },
	})
	s.runner = run.New(run.Config{
		Log: s.log, Pool: s.pool, Clocks: s.clocks, Journal: s.journal, Store: cfg.Queue, Profile: s.profileOf,
		Workers: cfg.Workers, MaxRunning: cfg.MaxRunning, MaxAttempts: cfg.MaxAttempts, Order: cfg.Order,
		ExecTimeout: cfg.ExecTimeout, Retention: cfg.Retention,
		Work: s.work, Ended: s.notifier.Ended, Resume: s.notifier.Resume,
	})
	if shared != nil {
		s.clocks.OnMoved(s.runner.ClockMoved)
	}
	s.erp = erp.New(s.erpConfig(cfg.Profile), cfg.Invoices)
	s.fronts = newSetting(s.newFront(cfg.Profile), nil)
	s.routeAdmin()
	return s, nil
}

// badParameter answers for a parameter that does not have its type.
func badParameter(w http.ResponseWriter, _ *http.Request, err error) {
	message := "The request is invalid."
	if e, ok := errors.AsType[*server.InvalidParamFormatError](err); ok {
		message = "The value of parameter '" + e.ParamName + "' is not valid."
	}
	answer.WriteMessage(w, http.StatusBadRequest, message)
}

func (s *Server) routeAdmin() {
	health := func(w http.ResponseWriter, _ *http.Request) {
		answer.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	}
	s.Mount("GET /__mock/health", http.HandlerFunc(health))
	s.Mount("GET /__mock/health/{$}", http.HandlerFunc(health))
}

// Handle registers a handler for requests below the base path, for example
// "POST /v1/customerPayment/{number}/action/release". Patterns are those of
// [http.ServeMux]; paths match without regard to case, and the handler sees
// them as the pattern spells them. The handler comes before the built-in ERP,
// and with the background header it runs in the background like any endpoint:
// outside of the client's connection, with a context that ends when the server
// closes or Config.ExecTimeout is over. A panic makes the operation Failed.
//
// Like http.ServeMux.Handle it panics if the pattern is bad or taken.
func (s *Server) Handle(pattern string, h http.Handler) { s.user.Handle(pattern, h) }

// Mount registers a handler for requests below /__mock/, which is the mock's
// own and not the ERP's: they are not counted, not disturbed and not in the
// journal. Patterns are those of [http.ServeMux]; the handler sees paths as
// they were sent.
//
// It panics if the pattern is bad, taken or not below /__mock/.
func (s *Server) Mount(pattern string, h http.Handler) {
	_, path, spaced := strings.Cut(pattern, " ")
	if !spaced {
		path = pattern
	}
	if !strings.HasPrefix(strings.TrimLeft(path, " \t"), "/__mock/") {
		panic(fmt.Sprintf("mockserver: Mount(%q): want a path below /__mock/; use Handle for the ERP's", pattern))
	}
	s.admin.Handle(pattern, h)
}

// Client returns an HTTP client that reaches the server in memory, at
// [BaseURL], at the two hosts of the real API and at that of its token
// endpoint. No other host exists for it.
func (s *Server) Client() *http.Client {
	return MemoryClient(map[string]http.Handler{
		"erp.mock":              s,
		"api.finance.visma.net": s,
		"integration.visma.net": s,
		"connect.visma.com":     s, // for tokens
	})
}

// MemoryClient returns an HTTP client for which exactly the given hosts exist,
// served by handlers in the same process. As Config.NotifyClient it lets
// notifications reach a receiver without sockets, also inside a
// testing/synctest bubble.
func MemoryClient(hosts map[string]http.Handler) *http.Client {
	return &http.Client{Transport: &memhttp.Transport{Hosts: hosts}}
}

// Close stops the server: it cancels the contexts of handlers and notifications
// under way, waits for them, and leaves what is queued where it is. Requests
// get 503 from then on; the HTTP server has to wait for those that are being
// answered in the foreground. Close may be called more than once; it returns
// nil.
func (s *Server) Close() error {
	s.pool.Close()
	s.clocks.Close()
	s.pool.Wait()
	s.notifier.Close()
	return nil
}

// Reset makes a company, or all of them if company is empty, what it was after
// [New]: without operations, deliveries, counted calls and journal, with the
// first invoices, the rules of Config.Faults, the profile, rate limit and
// subscription of the Config, no endpoints of [Server.AddEndpoint] for it alone,
// the first ids (with Config.Seed), a clock as Config.Clock sets it, and a queue that is not paused. Other
// companies notice nothing.
//
// Operations that run are cancelled, with [ErrReset] as the cause; Reset waits
// for their handlers and for requests that are being answered, but for nothing
// that waits for the clock. Requests of the company that come in meanwhile
// wait. If ctx ends first, the company is reset all the same, the error tells
// what still runs, and the result of that is discarded; what a user's handler
// does elsewhere is not undone. A handler that resets its own company with its
// request's context gets [ErrOwnCompany], and nothing is reset. [Server.Close]
// cuts Reset off as ctx does; after it the error is [ErrClosed].
//
// With a shared queue the company's part of it is emptied; of other servers
// nothing else is reset, and what they are running of the company is discarded
// when it ends.
func (s *Server) Reset(ctx context.Context, company string) error {
	wiped := false
	err := s.clocks.Reset(ctx, company, s.runner.Taking(), func(ctx context.Context) error {
		wiped = true
		return s.wipe(ctx, company)
	})
	if wiped {
		s.runner.Dispatch(nil) // there may be room now for others
	}
	return err
}

// wipe forgets what there is of a company, in which nothing happens now.
func (s *Server) wipe(ctx context.Context, company string) error {
	err := s.runner.Reset(ctx, company)
	s.notifier.Reset(company)
	s.erp.Reset(company)
	s.ids.Reset(func(name string) bool { return company == "" || name == company })
	s.limits.Reset(company)
	s.same.Reset(company)
	s.faults.Reset(company)
	s.fronts.reset(company)
	s.rates.reset(company)
	s.subscriptions.reset(company)
	s.canned.reset(company)
	s.resetFallbacks(company)
	s.journal.Reset(company)
	return err
}
