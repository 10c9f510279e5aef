package erp

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// A field is what lists can be filtered by.
type field int

// These are the fields that lists can be filtered by.
const (
	byNumber field = iota
	byCustomer
	byStatus
	byExternalReference
	byCustomerRefNumber
	byPaymentReference
	byFinancialPeriod
	byClosedPeriod
	byProject
	byBranch
	byDocumentType
	byDunningLevel
	byReleased
	byDocumentDate
	byDueDate
	byCreated
	byLastModified
	byDunningDate
)

// fields tell what an invoice has there, in lower case; dates are texts whose
// order is that of time. Never written.
var fields = [...]func(*invoice) string{
	byNumber:            func(inv *invoice) string { return inv.doc.ReferenceNumber },
	byCustomer:          func(inv *invoice) string { return strings.ToLower(inv.doc.Customer.Number) },
	byStatus:            func(inv *invoice) string { return strings.ToLower(inv.doc.Status) },
	byExternalReference: func(inv *invoice) string { return strings.ToLower(inv.doc.ExternalReference) },
	byCustomerRefNumber: func(inv *invoice) string { return strings.ToLower(inv.doc.CustomerRefNumber) },
	byPaymentReference:  func(inv *invoice) string { return strings.ToLower(inv.doc.PaymentReference) },
	byFinancialPeriod:   func(inv *invoice) string { return strings.ToLower(inv.doc.FinancialPeriod) },
	byClosedPeriod:      func(inv *invoice) string { return strings.ToLower(inv.doc.ClosedFinancialPeriod) },
	byProject:           func(inv *invoice) string { return strings.ToLower(inv.doc.Project.ID) },
	byBranch:            func(inv *invoice) string { return strings.ToLower(inv.doc.BranchNumber.Number) },
	byDocumentType:      func(inv *invoice) string { return strings.ToLower(inv.doc.DocumentType) },
	byDunningLevel:      func(inv *invoice) string { return strconv.Itoa(inv.doc.DunningLetterLevel) },
	byReleased:          func(inv *invoice) string { return released(inv.released) },
	byDocumentDate:      func(inv *invoice) string { return inv.doc.DocumentDate },
	byDueDate:           func(inv *invoice) string { return inv.doc.DocumentDueDate },
	byCreated:           func(inv *invoice) string { return inv.doc.CreatedDateTime },
	byLastModified:      func(inv *invoice) string { return inv.doc.LastModifiedDateTime },
	byDunningDate:       func(inv *invoice) string { return inv.doc.DunningLetterDate },
}

func released(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

// An index has the places of invoices by one field.
type index []entry

// An entry is the place of an invoice under what a field of it says.
type entry struct {
	key string
	seq int
}

func compareEntries(a, b entry) int {
	return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.seq, b.seq))
}

// A span is a part of an index.
type span struct {
	by       field
	from, to bound
}

// A bound is before or after all entries with a key, or at the end.
type bound struct {
	key   string
	after bool
	end   bool
}

// Spans by what their keys are to a text.
func equalTo(by field, key string) span {
	return span{by, bound{key: key}, bound{key: key, after: true}}
}

func above(by field, key string) span {
	return span{by, bound{key: key, after: true}, bound{end: true}}
}
func notBelow(by field, key string) span { return span{by, bound{key: key}, bound{end: true}} }

// below and notAbove leave out what has no key.
func below(by field, key string) span { return span{by, bound{after: true}, bound{key: key}} }

func notAbove(by field, key string) span {
	return span{by, bound{after: true}, bound{key: key, after: true}}
}

// has reports whether a key is within a span.
func (s span) has(key string) bool {
	x := index{{key: key}}
	return len(s.in(x)) == 1
}

// in is the part of an index that a span is.
func (s span) in(x index) index {
	from, to := s.from.in(x), s.to.in(x)
	return x[min(from, to):to]
}

func (p bound) in(x index) int {
	if p.end {
		return len(x)
	}
	i, _ := slices.BinarySearchFunc(x, p, func(e entry, p bound) int {
		if c := strings.Compare(e.key, p.key); c != 0 || !p.after {
			return c
		}
		return -1
	})
	return i
}

// indexBy returns the index of a field, which is made when it is first asked
// for, and kept up to date from then on.
func (b *book) indexBy(f field) index {
	if b.indexes[f] != nil {
		return b.indexes[f]
	}
	x := make(index, len(b.rows), len(b.rows)+1)
	var head invoice
	for i, r := range b.rows {
		inv := r.inv
		if inv == nil {
			b.seed.head(&head, r.seq-1)
			inv = &head
		}
		x[i] = entry{fields[f](inv), r.seq}
	}
	slices.SortFunc(x, compareEntries)
	for i := 1; i < len(x); i++ {
		if x[i].key == x[i-1].key {
			x[i].key = x[i-1].key // the text is kept once
		}
	}
	b.indexes[f] = x
	return x
}

// index enters an invoice in the indexes that there are.
func (b *book) index(inv *invoice) {
	for f, x := range b.indexes {
		if x != nil {
			e := entry{fields[f](inv), inv.seq}
			i, _ := slices.BinarySearchFunc(x, e, compareEntries)
			b.indexes[f] = slices.Insert(x, i, e)
		}
	}
}

// unindex takes it out.
func (b *book) unindex(inv *invoice) {
	for f, x := range b.indexes {
		if x == nil {
			continue
		}
		if i, found := slices.BinarySearchFunc(x, entry{fields[f](inv), inv.seq}, compareEntries); found {
			b.indexes[f] = slices.Delete(x, i, i+1)
		}
	}
}

// A selection is places in the order of creation, as bits.
type selection []uint64

func (s selection) count() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// page are up to size places after the first skip.
func (s selection) page(skip, size int) []int {
	var places []int
	for i, word := range s {
		if n := bits.OnesCount64(word); skip >= n {
			skip -= n
			continue
		}
		for ; word != 0; word &= word - 1 {
			switch {
			case skip > 0:
				skip--
			case len(places) == size:
				return places
			default:
				places = append(places, i*64+bits.TrailingZeros64(word))
			}
		}
	}
	return places
}

// list returns one page of the invoices that are in all the spans, in the order
// of their creation, and how many there are.
func (b *book) list(spans []span, skip, size int) (rows []row, total int) {
	if len(spans) == 0 {
		from := min(skip, len(b.rows))
		return slices.Clone(b.rows[from:min(from+size, len(b.rows))]), len(b.rows)
	}
	var all selection
	for _, s := range spans {
		these := make(selection, b.nextSeq/64+1)
		for _, e := range s.in(b.indexBy(s.by)) {
			these[e.seq/64] |= 1 << (e.seq % 64)
		}
		if all == nil {
			all = these
			continue
		}
		for i := range all {
			all[i] &= these[i]
		}
	}
	for _, seq := range all.page(skip, size) {
		i, _ := b.position(seq)
		rows = append(rows, b.rows[i])
	}
	return rows, all.count()
}
