package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin/internal/api"
)

// base is where the API is.
const base = "/__mock/v1"

// Config configures [Mount]. Every field may be left zero.
type Config struct {
	// Hosts are names under which the mock is called besides those of loopback
	// and the addresses it has: "erpmock", "mock.example.com". Ports do not
	// matter.
	Hosts []string

	// Token is what calls show that do not come over loopback. Default: a random
	// one.
	Token string

	// MaxBody bounds a request's body. Default: 8 MiB.
	MaxBody int64

	// Export writes what happened on srv to a company, or to all if that is empty,
	// as a "scenario", as a test in "go" or as lines with "curl". It is a function, so
	// that nobody links package scenario who does not need it:
	//
	//	func(w io.Writer, srv *mockserver.Server, company, format string) error {
	//		return scenario.Export(w, srv, scenario.RecordOptions{Company: company, Seed: seed}, format)
	//	}
	//
	// Default: none, and what happened is not exported.
	Export func(w io.Writer, srv *mockserver.Server, company, format string) error

	// Contract lists the operations of the documents that srv answers from, with the
	// calls of a company, or of all if that is empty: see package openapidoc, which
	// nobody links who does not need it. Default: there are none.
	Contract func(company string) []ContractOperation

	// Unused lists what of a cassette nobody has asked for; package upstream knows
	// it. Default: nothing.
	Unused func() []UnusedAnswer

	// Page answers GET for /__mock/ and for what is below /__mock/assets/ and
	// /__mock/page/, with /__mock stripped, without host and token being looked at:
	// it must tell nothing of the mock's state. [dashboard.Page] is one. Default:
	// none, and /__mock/ leads to the reference.
	//
	// [dashboard.Page]: https://pkg.go.dev/github.com/vismanet-go/background/mockserver/dashboard
	Page http.Handler

	// Scenarios lists the scenarios that RunScenario runs, each on a mock of its own;
	// package scenario has some, and nobody links it who does not need it. Both are
	// set, or none. Default: there are none.
	Scenarios   func() []Scenario
	RunScenario func(ctx context.Context, name string) (ScenarioReport, error)
}

// A ContractOperation is an operation of an OpenAPI document.
type ContractOperation struct {
	Document string // its file
	Method   string
	Path     string // as the document writes it
	ID       string // operationId; empty: none
	Tags     []string
	Calls    int
}

// An Admin is the control of one server. It is safe for concurrent use.
type Admin struct {
	srv   *mockserver.Server
	cfg   Config
	run   string // identifies this run of the mock in ids of events
	token string

	closing sync.Once
	closed  chan struct{}                 // closed when streams and waits are to end
	setting sync.Mutex                    // held from the reading of a setting to its change
	streams atomic.Int64                  // readers of the journal
	dropped atomic.Int64                  // entries that they missed
	encoded [1024]atomic.Pointer[encoded] // entries of the journal that were sent lately
	waits   atomic.Int64                  // calls that wait for a condition
}

// Mount has the control of srv answered below /__mock/. The error names every
// field of cfg that is wrong. It panics if it was called before for srv.
func Mount(srv *mockserver.Server, cfg Config) (*Admin, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 8 << 20
	}
	a := &Admin{srv: srv, cfg: cfg, run: strings.ToLower(rand.Text()[:8]), token: cfg.Token, closed: make(chan struct{})}
	if a.token == "" {
		a.token = rand.Text()
	}
	mux := http.NewServeMux()
	api.HandlerWithOptions(a, api.StdHTTPServerOptions{BaseURL: base, BaseRouter: mux, ErrorHandlerFunc: wrongParameter})
	srv.Mount(base+"/", a.guard(routed(mux)))
	a.mountDocs()
	return a, nil
}

func (c Config) validate() error {
	var errs []error
	for i, host := range c.Hosts {
		if host == "" || strings.ContainsAny(host, "/@ ") {
			errs = append(errs, fmt.Errorf("%s[%d]: %q: want the name of a host", "Hosts", i, host))
		}
	}
	if c.Token != "" && (len(c.Token) < 16 || strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' || r == ';' || r == ',' || r == '"' || r == '\\' })) {
		errs = append(errs, fmt.Errorf("%s: want at least 16 letters, digits and signs, without blanks, quotes, commas and semicolons", "Token"))
	}
	if c.MaxBody < 0 {
		errs = append(errs, errors.New("MaxBody: must not be negative"))
	}
	if (c.Scenarios == nil) != (c.RunScenario == nil) {
		errs = append(errs, fmt.Errorf("%s and %s: set both or neither", "Scenarios", "RunScenario"))
	}
	return errors.Join(errs...)
}

// Token is what calls have to show that do not come over loopback, in the header
// "Authorization: Bearer ...".
func (a *Admin) Token() string { return a.token }

// Close ends streams of the journal, and calls that wait; nothing else changes.
// An HTTP server calls it when it shuts down, so that they do not hold that up.
func (a *Admin) Close() { a.closing.Do(func() { close(a.closed) }) }

// routed answers for what has no route as the API does.
func routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		if pattern != "" {
			if problem := unknownParameter(pattern, r); problem != nil {
				refuse(w, http.StatusBadRequest, *problem)
				return
			}
			mux.ServeHTTP(w, r)
			return
		}
		var allowed []string
		for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			other := *r
			if other.Method = m; hasRoute(mux, &other) {
				allowed = append(allowed, m)
			}
		}
		if len(allowed) == 0 {
			refuse(w, http.StatusNotFound, api.Problem{Error: "there is no " + r.URL.Path, Remedy: "see " + base + "/docs for what there is"})
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		refuse(w, http.StatusMethodNotAllowed, api.Problem{
			Error: r.Method + " is not for " + r.URL.Path, Remedy: "use " + strings.Join(allowed, " or "),
		})
	})
}

func hasRoute(mux *http.ServeMux, r *http.Request) bool {
	_, pattern := mux.Handler(r)
	return pattern != ""
}
