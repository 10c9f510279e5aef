// Package console is a page for the people who look after the operations of a
// service: what is pending, what needs a person and why, and every word that a person
// can say, with a timeline for each operation.
//
//	page, err := console.New(console.Config{
//		Client: c, Store: st, Tenant: "acme",
//		Authorize: func(r *http.Request) (console.Principal, error) { … },
//	})
//	mux.Handle("/console/", http.StripPrefix("/console", page))
//
// The page works below any prefix and behind any proxy that passes server-sent events
// on, and loads nothing from elsewhere.
//
// # Safety
//
// Nothing is answered without Config.Authorize. Who is refused gets 401 or 403 and no
// data. What changes something wants a principal that may act, JSON, and a request
// that does not come from a page of another origin ([http.CrossOriginProtection]); it
// is logged with its principal. With Config.ReadOnly nothing is changed. The page has
// a strict Content-Security-Policy, and shows what came from outside as text.
//
// # What it shows
//
// What the store knows, and no more: of polls it is their number and the last one, of
// runs of a handler their number and why the last one failed. Answers are shown when
// somebody asks for one; who may see the page may see them.
package console

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/webassets"
	"github.com/vismanet-go/background/store"
)

//go:embed page/*.html page/*.js
var page embed.FS

// Config configures a Console.
type Config struct {
	// Client is the one whose operations are shown. Required.
	Client *client.Client

	// Store and Tenant are those of the client's Config. Required.
	Store  store.Store
	Tenant string

	// Authorize tells who makes a request: an error for nobody, which is answered
	// 401, or 403 if it is [ErrForbidden]. It must look at credentials that a page of
	// another origin cannot send along, or that the browser does not send to one:
	// cookies that are SameSite, for example. Required.
	Authorize func(*http.Request) (Principal, error)

	// ReadOnly changes nothing, whoever asks.
	ReadOnly bool

	// Health are further things to look at, by their names: the receiver's Health,
	// for example. The store is looked at anyway.
	Health map[string]func(context.Context) error

	// Title is shown at the top. Default: "Operations".
	Title string

	// Logger is told of each act, with its principal, at level Info. Default: silence.
	Logger *slog.Logger
}

// A Principal is who uses the page.
type Principal struct {
	Name   string // for the log
	CanAct bool   // may change something
}

// ErrForbidden is what Authorize returns for somebody who is known and may not see
// the page.
var ErrForbidden = errors.New("not allowed to see this page")

// A Console is the page with its API. It is an http.Handler for the path at which it
// is mounted, which is to be stripped, and safe for concurrent use.
type Console struct {
	cfg     Config
	mux     *http.ServeMux
	foreign *http.CrossOriginProtection
}

// New returns a console. The error names every field of cfg that is wrong.
func New(cfg Config) (*Console, error) {
	var errs []error
	for _, f := range []struct {
		name    string
		missing bool
		want    string
	}{
		{"Client", cfg.Client == nil, "must be set"},
		{"Store", cfg.Store == nil, "must be set, to that of the client"},
		{"Tenant", cfg.Tenant == "", "must be set, to that of the client"},
		{"Authorize", cfg.Authorize == nil, "must be set: nobody sees the page without it"},
	} {
		if f.missing {
			errs = append(errs, fmt.Errorf("%s: %s", f.name, f.want))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if cfg.Title == "" {
		cfg.Title = "Operations"
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	files, err := fs.Sub(page, "page")
	if err != nil {
		return nil, err
	}
	c := &Console{cfg: cfg, mux: http.NewServeMux(), foreign: http.NewCrossOriginProtection()}
	c.mux.Handle("/", webassets.Handler(files))
	c.mux.HandleFunc("GET /api/session", c.session)
	c.mux.HandleFunc("GET /api/overview", c.overview)
	c.mux.HandleFunc("GET /api/operations", c.operations)
	c.mux.HandleFunc("GET /api/operations/{ref}", c.operation)
	c.mux.HandleFunc("GET /api/operations/{ref}/answer", c.answer)
	c.mux.HandleFunc("POST /api/operations/{ref}/{act}", c.act)
	c.mux.HandleFunc("GET /api/sequences", c.sequences)
	c.mux.HandleFunc("POST /api/dead/{act}", c.dead)
	c.mux.HandleFunc("GET /api/events", c.events)
	return c, nil
}

type principalKey struct{}

// ServeHTTP implements http.Handler.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	webassets.Protect(w.Header())
	if r.URL.Path == "" { // the prefix without a slash, from which nothing relative leads on
		base := r.URL.EscapedPath()
		if original := strings.SplitN(r.RequestURI, "?", 2)[0]; original != "" {
			base = original
		}
		last := base[strings.LastIndexByte(base, '/')+1:]
		http.Redirect(w, r, "./"+last+"/", http.StatusFound)
		return
	}
	who, err := c.cfg.Authorize(r)
	switch {
	case errors.Is(err, ErrForbidden):
		refuse(w, http.StatusForbidden, "You may not see this page.", "")
		return
	case err != nil:
		refuse(w, http.StatusUnauthorized, "Sign in first.", "")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		switch {
		case c.foreign.Check(r) != nil:
			refuse(w, http.StatusForbidden, "This came from a page of another origin.", "")
			return
		case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
			refuse(w, http.StatusUnsupportedMediaType, "Want application/json.", "")
			return
		case c.cfg.ReadOnly:
			refuse(w, http.StatusForbidden, "This page is for reading only.", "")
			return
		case !who.CanAct:
			refuse(w, http.StatusForbidden, "You may look, and not change anything.", "")
			return
		}
	}
	c.mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), principalKey{}, who)))
}

func principal(r *http.Request) Principal {
	who, _ := r.Context().Value(principalKey{}).(Principal) // every request has one
	return who
}
