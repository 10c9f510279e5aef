package erp

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"

	"github.com/vismanet-go/background/openapi"
)

// A book is one company's data. Documents in it are not changed, but replaced by
// changed copies: what was once taken out of it stays as it is. Invoices that are
// still as the company began with them are not kept, but made when they are asked
// for, so that a book of a hundred thousand costs what was changed in it.
type book struct {
	seed    *seed
	rows    []row               // by seq
	own     map[string]*invoice // by number: those that are not as the seed has them
	indexes [len(fields)]index  // of what lists were filtered by; nil: not yet

	customers   map[string]*customer // by number: as with own
	payments    map[string]*payment  // by number
	attachments map[string]*attachment

	nextInvoice  int
	nextCredit   int
	nextSeq      int
	lastCustomer int // how many were created
	nextPayment  int
	version      uint64
	changed      map[string]bool // keys of what was changed in a session; nil: nobody asks
}

// A row is the place of an invoice in the order of creation.
type row struct {
	seq int
	inv *invoice // nil: as the seed has it
}

// An invoice is a document and what is not shown of it.
type invoice struct {
	doc        openapi.CustomerInvoice
	released   bool
	dueByTerms bool // nobody set the due date
	seq        int  // place in the order of creation, from 1
}

// newBook returns a book in which nothing has happened yet.
func newBook(s *seed) *book {
	b := &book{
		seed: s, rows: make([]row, s.size), own: make(map[string]*invoice),
		customers: make(map[string]*customer), payments: make(map[string]*payment), attachments: make(map[string]*attachment),
		nextPayment: firstPayment + seedPayments,
		nextInvoice: firstInvoice + s.size, nextCredit: firstCredit, nextSeq: s.size, version: firstVersion + uint64(s.size),
	}
	for i := range b.rows {
		b.rows[i].seq = i + 1
	}
	return b
}

// invoice is what stands in a row of this book.
func (b *book) invoice(r row) *invoice {
	if r.inv != nil {
		return r.inv
	}
	return b.seed.invoice(r.seq - 1)
}

// position is where the row with a place in the order is, or would be.
func (b *book) position(seq int) (i int, found bool) {
	return slices.BinarySearchFunc(b.rows, seq, func(r row, seq int) int { return cmp.Compare(r.seq, seq) })
}

// row finds an invoice by its number.
func (b *book) row(number string) (row, bool) {
	if inv := b.own[number]; inv != nil {
		return row{inv.seq, inv}, true
	}
	i, ok := b.seed.position(number)
	if !ok {
		return row{}, false
	}
	if i, ok = b.position(i + 1); !ok || b.rows[i].inv != nil {
		return row{}, false // deleted, or another one with its place
	}
	return b.rows[i], true
}

// has reports whether there is an invoice with a number.
func (b *book) has(number string) bool {
	_, ok := b.row(number)
	return ok
}

// get returns an invoice, nil if it is not there.
func (b *book) get(number string) *invoice {
	r, ok := b.row(number)
	if !ok {
		return nil
	}
	return b.invoice(r)
}

// add enters a new invoice.
func (b *book) add(inv *invoice) {
	b.nextSeq++
	inv.seq = b.nextSeq
	b.put(inv)
}

// put enters an invoice in the place of the one with its number, as its next
// version: eight bytes, as a row version.
func (b *book) put(inv *invoice) {
	b.version++
	inv.doc.TimeStamp = timeStamp(b.version)
	b.place(inv)
	b.note(invoiceKey + inv.doc.ReferenceNumber)
}

func timeStamp(version uint64) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, version))
}

// place puts an invoice where it belongs.
func (b *book) place(inv *invoice) {
	i, found := b.position(inv.seq)
	if found {
		b.unindex(b.invoice(b.rows[i]))
		b.rows[i].inv = inv
	} else {
		b.rows = slices.Insert(b.rows, i, row{inv.seq, inv})
	}
	b.own[inv.doc.ReferenceNumber] = inv
	b.index(inv)
}

// remove deletes an invoice.
func (b *book) remove(inv *invoice) {
	if i, found := b.position(inv.seq); found {
		b.unindex(b.invoice(b.rows[i]))
		b.rows = slices.Delete(b.rows, i, i+1)
	}
	delete(b.own, inv.doc.ReferenceNumber)
	b.note(invoiceKey + inv.doc.ReferenceNumber)
}

// note remembers that something was changed.
func (b *book) note(key string) {
	if b.changed != nil {
		b.changed[key] = true
	}
}

// number takes the next number that is free.
func (b *book) number(next *int) string {
	for {
		n := invoiceNumber(*next)
		*next++
		if !b.has(n) {
			return n
		}
	}
}

func invoiceNumber(n int) string { return fmt.Sprintf("%06d", n) }

// find returns a copy of the invoice that a request is about, to be changed and
// [book.put], after the checks that all operations on one share. The refusal is
// nil if it may go on.
func (b *book) find(number string, ifMatch *string) (*invoice, *refusal) {
	inv := b.get(number)
	switch {
	case inv == nil:
		return nil, &refusal{http.StatusNotFound, "Customer invoice '" + number + "' was not found."}
	case ifMatch != nil && !matches(*ifMatch, inv.doc.TimeStamp):
		return nil, &refusal{http.StatusPreconditionFailed, "The customer invoice was changed by someone else."}
	}
	own := *inv
	return &own, nil
}
