package erp

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/vismanet-go/background/openapi/server"
)

// naive is list as one would write it down.
func (b *book) naive(spans []span, skip, size int) (numbers []string, total int) {
	for _, r := range b.rows {
		inv := b.invoice(r)
		fits := func(s span) bool {
			key := fields[s.by](inv)
			aboveFrom := key > s.from.key || !s.from.after && key == s.from.key
			return aboveFrom && (s.to.end || key < s.to.key || s.to.after && key == s.to.key)
		}
		if slices.IndexFunc(spans, func(s span) bool { return !fits(s) }) >= 0 {
			continue
		}
		if total >= skip && total < skip+size {
			numbers = append(numbers, inv.doc.ReferenceNumber)
		}
		total++
	}
	return numbers, total
}

// change does something to a random invoice.
func (b *book) change(rnd *rand.Rand) {
	inv := *b.invoice(b.rows[rnd.IntN(len(b.rows))])
	switch rnd.IntN(4) {
	case 0:
		b.remove(&inv)
	case 1:
		inv.doc.ReferenceNumber = b.number(&b.nextInvoice)
		b.add(&inv)
	default:
		inv.doc.Status = []string{"Open", "Closed", "Hold"}[rnd.IntN(3)]
		inv.released = inv.doc.Status != "Hold"
		inv.doc.LastModifiedDateTime = fmt.Sprintf("2026-09-%02dT12:00:00.5", 1+rnd.IntN(30))
		b.put(&inv)
	}
}

func TestListsAreWhatAScanFinds(t *testing.T) {
	makers := []func(by field, key string) span{equalTo, above, below, notAbove, notBelow}
	for size, rounds := range map[int]int{DefaultInvoices: 300, 1001: 40} { // kept, and made again each time
		rnd := rand.New(rand.NewPCG(1, uint64(size)))
		b := newBook(newSeed(size))
		for round := range rounds {
			for range rnd.IntN(3) {
				b.change(rnd)
			}
			var spans []span
			for range rnd.IntN(4) {
				by := field(rnd.IntN(len(fields)))
				key := fields[by](b.invoice(b.rows[rnd.IntN(len(b.rows))]))
				spans = append(spans, makers[rnd.IntN(len(makers))](by, key))
			}
			skip, limit := rnd.IntN(20), 1+rnd.IntN(20)
			rows, total := b.list(spans, skip, limit)
			var got []string
			for _, r := range rows {
				got = append(got, b.invoice(r).doc.ReferenceNumber)
			}
			want, wantTotal := b.naive(spans, skip, limit)
			if !slices.Equal(got, want) || total != wantTotal {
				t.Fatalf("size %d, round %d, %+v: got %v of %d, want %v of %d", size, round, spans, got, total, want, wantTotal)
			}
		}
	}
}

func TestAHeadIsWhatListsLookAt(t *testing.T) {
	for _, size := range []int{1, DefaultInvoices, 3000} {
		s := newSeed(size)
		for i := range size {
			var head invoice
			s.head(&head, i)
			whole := s.invoice(i)
			for by, key := range fields {
				if got, want := key(&head), key(whole); got != want {
					t.Fatalf("seed of %d, invoice %d, field %d: head has %q, the invoice %q", size, i, by, got, want)
				}
			}
			if got, ok := s.position(whole.doc.ReferenceNumber); !ok || got != i {
				t.Fatalf("seed of %d: number %s is at %d %v, want %d", size, whole.doc.ReferenceNumber, got, ok, i)
			}
		}
	}
	for _, number := range []string{"", "003500", "003549", "+03501", "3501", "0003501", "x"} {
		if i, ok := newSeed(DefaultInvoices).position(number); ok {
			t.Errorf("number %q is at %d, want none", number, i)
		}
	}
}

func TestLargeSeedsKeepToTheSameDays(t *testing.T) {
	small, large := newSeed(DefaultInvoices), newSeed(100_000)
	first, last := large.invoice(0).doc, large.invoice(99_999).doc
	if first.CreatedDateTime != small.invoice(0).doc.CreatedDateTime || last.DocumentDate > "2026-09-16" || last.ReferenceNumber != "103500" {
		t.Errorf("the first is of %s, the last, %s, of %s", first.CreatedDateTime, last.ReferenceNumber, last.DocumentDate)
	}
	count := make(map[string]int)
	for i := range 1000 {
		count[large.invoice(i*99+i%5).doc.Status]++
	}
	if count["Closed"] < 500 || count["Open"] < 200 || count["Balanced"] < 100 || count["Hold"] < 30 {
		t.Errorf("statuses %v", count)
	}
}

// The work for a page does not grow with the book: about the same is allocated
// for each of its rows.
func TestAPageCostsNoScan(t *testing.T) {
	small, large := pager(t, 1_001), pager(t, 8_000)
	for _, query := range pageQueries() {
		a, b := testing.AllocsPerRun(5, func() { small(query) }), testing.AllocsPerRun(5, func() { large(query) })
		if b > 1.1*a {
			t.Errorf("%s: %v allocations with 1 001 invoices, %v with 8 000", query, a, b)
		}
	}
}

// BenchmarkIndex is what the first list by a field costs.
func BenchmarkIndex(b *testing.B) {
	for b.Loop() {
		newBook(newSeed(100_000)).indexBy(byStatus)
	}
}

func BenchmarkPage(b *testing.B) {
	for _, size := range []int{DefaultInvoices, 100_000} {
		for _, query := range pageQueries() {
			b.Run(fmt.Sprint(size, query), func(b *testing.B) {
				page := pager(b, size)
				page(query) // makes the index
				for b.Loop() {
					page(query)
				}
			})
		}
	}
}

// pageQueries ask for ten rows each.
func pageQueries() []string {
	const size = "?pageSize=10&pageNumber=2"
	return []string{
		size, size + "&status=Open", size + "&customer=10045&released=1", size + "&greaterThanValue=003510",
		size + "&lastModifiedDateTime=2026-06-05&lastModifiedDateTimeCondition=%3E",
		size + "&lastModifiedDateTime=2026-06-05&lastModifiedDateTimeCondition=%3E&status=Closed",
	}
}

// pager lists by a query, with a book of so many invoices.
func pager(tb testing.TB, size int) func(query string) {
	e := New(Config{MaxPageSize: 1000, BeyondEnd: http.StatusOK, Now: func(string) time.Time { return time.Time{} }}, size)
	h := server.Handler(listOnly{e: e})
	return func(query string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/customerinvoice"+query, nil))
		if w.Code != http.StatusOK {
			tb.Fatalf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

type listOnly struct {
	server.ServerInterface
	e *ERP
}

func (l listOnly) ListCustomerInvoices(w http.ResponseWriter, r *http.Request, p server.ListCustomerInvoicesParams) {
	l.e.ListCustomerInvoices(w, r, p)
}
