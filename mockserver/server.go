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
	"github.com/vismanet-go/background/mockserver/internal/call"
	"github.com/vismanet-go/background/mockserver/internal/erp"
	"github.com/vismanet-go/background/mockserver/internal/gate"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
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
	credentials *gate.Credentials
	faults      *Faults
	journal     *journal
	queue       *runner
	notifier    *notifier
	erp         *erp.ERP
	started     sync.Once
	builtin     *route.Table
	user        *route.Table
	admin       *http.ServeMux
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
		limits: gate.NewLimiter(cfg.limits()), credentials: cfg.credentials(),
		journal: newJournal(cfg.JournalBytes),
		builtin: route.New(), user: route.New(), admin: http.NewServeMux(),
	}
	s.clocks = newClocks(cfg, s.pool, s.journal)
	s.faults = newFaults(cfg.Seed, cfg.Faults, s.clocks, s.journal)
	s.notifier = newNotifier(s)
	s.queue = newRunner(s)
	if s.queue.shared != nil {
		s.clocks.OnMoved(s.queue.clockMoved)
	}
	if !cfg.Profile.ExactQueryNames {
		s.builtin.Names = queryNames()
	}
	s.routeBuiltin()
	s.routeAdmin()
	return s, nil
}

// endpoints is all that the contract asks for: the built-in ERP and the
// background API. That it implements the generated interface is what keeps the
// mock and the contract together.
type endpoints struct {
	*erp.ERP
	*backgroundAPI
}

var _ server.ServerInterface = endpoints{}

func (s *Server) routeBuiltin() {
	s.erp = erp.New(erp.Config{
		MaxPageSize:      s.cfg.Profile.MaxPageSize,
		UnquotedETags:    s.cfg.Profile.UnquotedETags,
		ForegroundResult: s.cfg.Profile.ForegroundActionResult,
		BackgroundResult: s.cfg.Profile.BackgroundActionResult,
		AsyncActions:     s.cfg.Profile.ReportAccepted,
		BeyondEnd:        s.cfg.Profile.PageBeyondEndStatus,
		NoBody:           s.cfg.Profile.bodiless,
		NullKeeps:        s.cfg.Profile.NullKeeps,
		CreditNoteType:   s.cfg.Profile.CreditNoteType,
		LineTypeCodes:    s.cfg.Profile.LineTypeCodes,
		SwapCurrencies:   s.cfg.Profile.SwapCurrencies,
		NewID:            s.ids.GUID,
		Now:              func(company string) time.Time { return s.cfg.Profile.times().Local(s.clocks.Now(company)) },
		Sleep:            Sleep,
	})
	all := endpoints{s.erp, &backgroundAPI{s}}
	server.HandlerWithOptions(all, server.StdHTTPServerOptions{BaseRouter: s.builtin, ErrorHandlerFunc: badParameter})
}

// badParameter answers for a parameter that does not have its type.
func badParameter(w http.ResponseWriter, _ *http.Request, err error) {
	message := "The request is invalid."
	if e, ok := errors.AsType[*server.InvalidParamFormatError](err); ok {
		message = "The value of parameter '" + e.ParamName + "' is not valid."
	}
	writeMessage(w, http.StatusBadRequest, message)
}

func (s *Server) routeAdmin() {
	health := func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	}
	s.admin.HandleFunc("GET /__mock/health", health)
	s.admin.HandleFunc("GET /__mock/health/{$}", health)
}

// Handle registers a handler for requests below the base path, for example
// "POST /v1/customerPayment/{number}/action/release". Patterns are those of
// [http.ServeMux]; paths match without regard to case, and the handler sees
// them as the pattern spells them. It goes before the built-in ERP, and with
// the background header it runs in the background like any endpoint: outside
// of the client's connection, with a context that ends when the server closes
// or Config.ExecTimeout is over. A panic makes the operation Failed.
//
// Like http.ServeMux.Handle it panics if the pattern is bad or taken.
func (s *Server) Handle(pattern string, h http.Handler) { s.user.Handle(pattern, h) }

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

// Close stops the server: it cancels the contexts of handlers and
// notifications under way, waits for them, and leaves what is queued where it
// is. Requests get 503 from then on; those being answered in the foreground
// are the HTTP server's to wait for. Close may be called more than once; it
// returns nil.
func (s *Server) Close() error {
	s.pool.Close()
	s.clocks.Close()
	s.pool.Wait()
	if s.cfg.NotifyClient == nil {
		s.notifier.client.CloseIdleConnections()
	}
	return nil
}

// ServeHTTP answers a request: health and the like below /__mock/, everything
// else as the ERP.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/__mock/") {
		s.admin.ServeHTTP(w, r)
		return
	}
	in, err := s.receive(w, r)
	if err != nil {
		refuseBody(w, err)
		return
	}
	if s.cfg.Profile.isTokenPath(r.URL.Path) {
		s.serveToken(w, in)
		return
	}
	s.Start()
	clock := s.clocks.Serving(in.Company)
	if clock == nil {
		s.refuseCompany(w)
		return
	}
	if in.task, err = clock.Enter(r.Context(), vtime.Label{Verb: "request", Method: r.Method, Path: in.URI()}); err != nil {
		panic(http.ErrAbortHandler) // the client went away
	}
	defer in.task.End()
	now := s.clocks.Now(in.Company)
	in.entry = s.journal.request(&in.Request, now)
	w = s.noting(w, in)
	free := s.cfg.Profile.PollsAreFree && in.OperationID() != ""
	in.quota = s.limits.Take(in.Company, free, now)
	s.limits.Describe(w.Header(), in.quota, now)
	if f := s.faultFor(in); f != nil {
		s.serveFaulty(w, in, f)
		return
	}
	s.serve(w, in)
}

// noting notes the status of the answer in the journal.
func (s *Server) noting(w http.ResponseWriter, in *incoming) http.ResponseWriter {
	return &statusWriter{ResponseWriter: w, note: func(status int) {
		s.journal.update(func() { in.entry.Request.StatusCode = status })
	}}
}

func refuseBody(w http.ResponseWriter, err error) {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		writeMessage(w, http.StatusRequestEntityTooLarge, "The request body is too large.")
		return
	}
	writeMessage(w, http.StatusBadRequest, "The request body could not be read.")
}

// refuseCompany answers for a company that is one too many.
func (s *Server) refuseCompany(w http.ResponseWriter) {
	writeMessage(w, http.StatusServiceUnavailable, fmt.Sprintf("This mock serves no more than %d companies (Config.MaxCompanies).", s.cfg.MaxCompanies))
}

// refuseClosed answers after Close.
func (*Server) refuseClosed(w http.ResponseWriter) {
	writeMessage(w, http.StatusServiceUnavailable, "The server is shutting down.")
}

// serve answers as the ERP does: unknown routes, credentials and limits first,
// then the queue or the endpoint.
func (s *Server) serve(w http.ResponseWriter, in *incoming) {
	h, path, known := s.route(in)
	switch {
	case s.pool.Context().Err() != nil:
		s.refuseClosed(w)
	case h == nil && known:
		w.Header().Set("Allow", s.allowed(in.Path))
		writeMessage(w, http.StatusMethodNotAllowed, "The requested resource does not support http method '"+in.HTTP.Method+"'.")
	case h == nil:
		s.unknownRoute(w, in.HTTP)
	case !s.authorize(w, in) || !s.wellFormed(w, in, path):
	case in.quota.Exceeded:
		s.limits.Refuse(w, in.quota, s.clocks.Now(in.Company))
	case in.point() == OnIntake && !in.fault.foreground():
		s.serveBackground(w, in, path)
	default:
		s.foreground(w, in, h, path)
	}
}

func (s *Server) unknownRoute(w http.ResponseWriter, _ *http.Request) {
	s.cfg.Profile.refuse(w, http.StatusNotFound, "No HTTP resource was found that matches the request URI.")
}

// serveBackground queues the request if its header is understood.
func (s *Server) serveBackground(w http.ResponseWriter, in *incoming, path string) {
	b, err := wire.ParseBackground(strings.Join(in.HTTP.Header.Values(wire.BackgroundHeader), ","), s.cfg.Profile.Pairs.rules())
	if err == nil {
		err = s.cfg.Profile.mayNotify(b)
	}
	switch {
	case err != nil && !s.cfg.Profile.UnknownHeaderAsNone:
		s.log.Info("request refused: its header "+wire.BackgroundHeader+" is not valid",
			"company", in.Company, "method", in.HTTP.Method, "path", in.Path, "value", in.HTTP.Header.Get(wire.BackgroundHeader), "error", err)
		writeMessage(w, http.StatusBadRequest, "The header "+wire.BackgroundHeader+" is not valid: "+err.Error()+".")
		return
	case err != nil:
		s.log.Info("nobody will be notified: the header "+wire.BackgroundHeader+" is not valid, and is taken for none",
			"company", in.Company, "method", in.HTTP.Method, "path", in.Path, "value", in.HTTP.Header.Get(wire.BackgroundHeader), "error", err)
		b = wire.Background{Mode: wire.NotifyNone}
	}
	if s.cfg.Profile.CheckIfMatchEarly && s.outdated(in, path) {
		s.cfg.Profile.refuse(w, http.StatusPreconditionFailed, "The customer invoice was changed by someone else.")
		return
	}
	s.accept(w, in, path, b)
}

// route finds the handler of a request, nil if there is none, and the path in
// the case of its route: user handlers first, then the ERP, then
// Config.Handler. Known tells whether the path exists with another method.
func (s *Server) route(in *incoming) (h http.Handler, path string, known bool) {
	for _, t := range []*route.Table{s.user, s.builtin} {
		p, ok := t.Canonical(in.Path)
		if ok && t.Has(in.HTTP.Method, p) {
			return t, p, true
		}
		known = known || ok
	}
	if s.cfg.Handler != nil && route.TakesBackground(in.Path) {
		return s.cfg.Handler, in.Path, true
	}
	if s.cfg.Profile.AcceptUnknownRoutes && in.point() == OnIntake {
		return http.HandlerFunc(s.unknownRoute), in.Path, true
	}
	return nil, in.Path, known
}

// A Call tells a handler whose request it answers.
type Call = call.Call

// CallFrom tells a handler, given its request's context, for which company it
// runs, whether in the background, and which root its links should have.
func CallFrom(ctx context.Context) (Call, bool) { return call.From(ctx) }
