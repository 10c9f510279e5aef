// Package erp is a small ERP: customer invoices that can be listed, read,
// created, changed, deleted, released and reversed, per company and in memory.
package erp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/call"
	"github.com/vismanet-go/background/openapi"
)

// Config configures an ERP. All fields are required.
type Config struct {
	MaxPageSize      int
	UnquotedETags    bool
	ForegroundResult string                            // actionResult of an action outside of the background
	BackgroundResult string                            // and in it
	BeyondEnd        int                               // status of a page after the last: 200, or a refusal
	NoBody           func(status int) bool             // whether a refusal has no body
	NullKeeps        bool                              // {"value":null} changes nothing
	CreditNoteType   string                            // documentType of a credit note
	LineTypeCodes    bool                              // lineType is a code
	SwapCurrencies   bool                              // amounts and their twins in currency change places
	AsyncActions     bool                              // in the background actions answer 202 first, and go on
	NewID            func(kind, company string) string // makes GUIDs
	Now              func(company string) time.Time    // the company's time
	Sleep            func(context.Context, time.Duration) error
}

// ERP answers for all companies. Each starts with the same made-up invoices on
// its first request and goes its own way from there. ERP implements the
// invoice operations of the contract's server interface, and is safe for
// concurrent use.
type ERP struct {
	cfg Config
	*library
}

// A library is all that an ERP knows of its companies.
type library struct {
	seed *seed

	mu      sync.Mutex // guards books and what is in them, and the map of shelves
	books   map[string]*book
	shelves map[string]*shelf
}

// New returns an ERP in which every company starts with so many invoices.
func New(cfg Config, invoices int) *ERP {
	return &ERP{cfg, &library{seed: newSeed(invoices), books: make(map[string]*book), shelves: make(map[string]*shelf)}}
}

// As is the same ERP, with the same data, as cfg shows it.
func (e *ERP) As(cfg Config) *ERP { return &ERP{cfg, e.library} }

// open locks the ERP and returns the company's book; in a session, the
// session's, which is locked already.
func (e *ERP) open(r *http.Request) (c call.Call, b *book, unlock func()) {
	c, _ = call.From(r.Context())
	if s, ok := r.Context().Value(sessionKey{}).(*Session); ok {
		return c, s.shelf.book, func() {}
	}
	e.mu.Lock()
	b = e.books[c.Company]
	if b == nil {
		b = newBook(e.seed)
		e.books[c.Company] = b
	}
	return c, b, e.mu.Unlock
}

// matches reads an If-Match header: "*", or versions with quotes, without, or
// with W/.
func matches(header, version string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == "*" || strings.Trim(candidate, `"`) == version {
			return true
		}
	}
	return false
}

func (e *ERP) setETag(w http.ResponseWriter, tag string) {
	if !e.cfg.UnquotedETags {
		tag = `"` + tag + `"`
	}
	w.Header().Set("ETag", tag)
}

// now is the time of a change as documents show it: local, without zone.
func (e *ERP) now(company string) string {
	return e.cfg.Now(company).Format("2006-01-02T15:04:05.999")
}

// Reset lets a company, or all of them, start anew.
func (e *ERP) Reset(company string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if company == "" {
		clear(e.books)
		clear(e.shelves)
	}
	delete(e.books, company)
	delete(e.shelves, company)
}

// A refusal is an answer that says no.
type refusal struct {
	status  int
	message string
}

func badRequest(format string, args ...any) *refusal {
	return &refusal{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func (e *ERP) refuse(w http.ResponseWriter, f *refusal) {
	if e.cfg.NoBody(f.status) {
		w.WriteHeader(f.status)
		return
	}
	writeJSON(w, f.status, openapi.ErrorMessage{Message: f.message})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // the types are ours
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))) // the client may be gone
}
