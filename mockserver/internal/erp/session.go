package erp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/vismanet-go/background/openapi"
)

// A Step is what changed in a company's data up to a version: documents by
// key, nil where one was deleted.
type Step struct {
	Version int64
	Docs    map[string][]byte
	Anew    bool // the data began anew: what was there before is void
}

// A Session is a piece of work on one company's data that is kept elsewhere:
// it begins with what is stored there, and its changes count once they are
// stored there too. Until it ends, nobody else in this process sees the data.
type Session struct {
	e       *ERP
	company string
	shelf   *shelf
}

// A shelf is where a company's book stands when it is a copy of one that is
// kept elsewhere.
type shelf struct {
	mu      sync.Mutex // held by a session
	seed    *seed
	book    *book // nil: not read yet
	version int64 // of the last step in it
}

type sessionKey struct{}

// Begin starts a session. Since is asked for what changed after a version.
func (e *ERP) Begin(company string, since func(version int64) (Step, error)) (*Session, error) {
	e.mu.Lock()
	sh := e.shelves[company]
	if sh == nil {
		sh = &shelf{seed: e.seed}
		e.shelves[company] = sh
	}
	e.mu.Unlock()
	sh.mu.Lock()
	if err := sh.catchUp(since); err != nil {
		sh.book, sh.version = nil, 0
		sh.mu.Unlock()
		return nil, fmt.Errorf("data of company %s: %w", company, err)
	}
	return &Session{e, company, sh}, nil
}

func (sh *shelf) catchUp(since func(int64) (Step, error)) error {
	if sh.book == nil {
		sh.book, sh.version = newBook(sh.seed), 0
	}
	step, err := since(sh.version)
	if err != nil {
		return err
	}
	if step.Anew {
		sh.book = newBook(sh.seed)
	}
	for key, doc := range step.Docs {
		if err := sh.book.load(key, doc); err != nil {
			return fmt.Errorf("document %s: %w", key, err)
		}
	}
	sh.version = step.Version
	sh.book.changed = make(map[string]bool)
	return nil
}

// Context carries the session to the handlers.
func (s *Session) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, sessionKey{}, s)
}

// Changes are what was done in the session, as the step to the next version;
// ok is false if nothing was.
func (s *Session) Changes() (step Step, ok bool) {
	b := s.shelf.book
	if len(b.changed) == 0 {
		return Step{}, false
	}
	step = Step{Version: s.shelf.version + 1, Docs: make(map[string][]byte, len(b.changed)+1)}
	for key := range b.changed {
		step.Docs[key] = b.save(key)
	}
	step.Docs[countersKey] = mustJSON(counters{b.nextInvoice, b.nextCredit, b.version, b.nextSeq, b.lastCustomer, b.nextPayment})
	return step, true
}

// End ends the session, and takes back what was not stored.
func (s *Session) End(stored bool) {
	defer s.shelf.mu.Unlock()
	switch b := s.shelf.book; {
	case len(b.changed) == 0:
	case stored:
		clear(b.changed)
		s.shelf.version++
	default:
		s.shelf.book, s.shelf.version = nil, 0
	}
}

// Keys of documents.
const (
	invoiceKey    = "invoice/"
	customerKey   = "customer/"
	paymentKey    = "payment/"
	attachmentKey = "attachment/"
	countersKey   = "counters"
)

// counters is the stored form of a book's numbers. Data of earlier versions do
// not have the last two.
type counters struct {
	NextInvoice, NextCredit int
	Version                 uint64
	NextSeq                 int
	LastCustomer            int
	NextPayment             int
}

// A record is the stored form of an invoice.
type record struct {
	Seq        int                     `json:"seq"`
	Released   bool                    `json:"released,omitempty"`
	DueByTerms bool                    `json:"dueByTerms,omitempty"`
	Doc        openapi.CustomerInvoice `json:"doc"`
}

// save is the stored form of what has a key, nil if it is not there.
func (b *book) save(key string) []byte {
	kind, name, _ := strings.Cut(key, "/")
	switch kind + "/" {
	case customerKey:
		return mustJSON(b.customers[name])
	case paymentKey:
		return mustJSON(b.payments[name])
	case attachmentKey:
		return mustJSON(b.attachments[name])
	}
	inv := b.own[name]
	if inv == nil {
		return nil
	}
	return mustJSON(record{inv.seq, inv.released, inv.dueByTerms, inv.doc})
}

// load takes over a stored document; what a later version stored is left out.
func (b *book) load(key string, doc []byte) error {
	if key == countersKey {
		return b.loadCounters(doc)
	}
	kind, name, _ := strings.Cut(key, "/")
	switch kind + "/" {
	case invoiceKey:
		return b.loadInvoice(name, doc)
	case customerKey:
		return loadInto(b.customers, name, doc)
	case paymentKey:
		return loadInto(b.payments, name, doc)
	case attachmentKey:
		return loadInto(b.attachments, name, doc)
	}
	return nil
}

func (b *book) loadCounters(doc []byte) error {
	var c counters
	if err := json.Unmarshal(doc, &c); err != nil {
		return err
	}
	b.nextInvoice, b.nextCredit, b.version, b.nextSeq = c.NextInvoice, c.NextCredit, c.Version, c.NextSeq
	b.lastCustomer, b.nextPayment = c.LastCustomer, cmp.Or(c.NextPayment, b.nextPayment)
	return nil
}

func (b *book) loadInvoice(number string, doc []byte) error {
	if old := b.get(number); old != nil {
		b.remove(old)
	}
	if doc == nil {
		return nil
	}
	var r record
	if err := json.Unmarshal(doc, &r); err != nil {
		return err
	}
	b.place(&invoice{doc: r.Doc, released: r.Released, dueByTerms: r.DueByTerms, seq: r.Seq})
	return nil
}

func loadInto[T any](docs map[string]*T, name string, doc []byte) error {
	read := new(T)
	if err := json.Unmarshal(doc, read); err != nil {
		return err
	}
	docs[name] = read
	return nil
}

func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types are ours
	}
	return data
}
