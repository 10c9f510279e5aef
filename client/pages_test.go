package client_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/store"
)

// numbered is a row of a listERP.
type numbered struct{ Number int }

// listERP is an ERP with one list, whose rows have numbers. It reads a page at the
// moment that it is asked for it.
type listERP struct {
	most     int                                       // rows of a page, however many are asked for
	metadata func(total, most int) string              // of each row, with its name; nil: as the ERP writes it
	asked    func(number, size, nth int)               // called with each page, before it is read; nth counts from 1
	answer   func(number int) (int, string)            // in place of a page, unless its status is 0
	lasts    func(nth int) time.Duration               // how long a page runs, at least a second
	intake   func(nth int, w http.ResponseWriter) bool // reports whether it answered a submit itself
	content  func(nth int, w http.ResponseWriter) bool // reports whether it answered for content itself
	state    func(nth int, w http.ResponseWriter) bool // reports whether it answered for the state of a page itself

	mu      sync.Mutex
	rows    []int
	queries []string
	ops     []listOp
	reads   int
}

type listOp struct {
	status int
	body   string
	ends   time.Time
}

// newList returns an ERP whose list has the rows 1 to n.
func newList(n, most int) *listERP {
	e := &listERP{most: most}
	for i := range n {
		e.rows = append(e.rows, i+1)
	}
	return e
}

func (e *listERP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Header.Get("Erp-Api-Background") != "" {
		e.submit(w, r)
		return
	}
	path := strings.Split(r.URL.Path, "/")
	nth, _ := strconv.Atoi(path[3][strings.LastIndexByte(path[3], '-')+1:])
	op := e.ops[nth-1]
	switch {
	case strings.HasSuffix(r.URL.Path, "/content"):
		if e.reads++; e.content == nil || !e.content(e.reads, w) {
			write(200, op.body, "Content-Type", "application/json")(w, r)
		}
	case e.state != nil && e.state(nth, w):
	case time.Now().Before(op.ends):
		write(200, `{"status":"Started"}`)(w, r)
	default:
		write(200, fmt.Sprintf(`{"status":"Finished","statusCode":%d,"hasResponseContent":%t}`, op.status, op.body != ""))(w, r)
	}
}

func (e *listERP) submit(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	number, _ := strconv.Atoi(q.Get("pageNumber"))
	size, _ := strconv.Atoi(q.Get("pageSize"))
	e.queries = append(e.queries, r.URL.RawQuery)
	nth := len(e.queries)
	if e.intake != nil && e.intake(nth, w) {
		e.ops = append(e.ops, listOp{})
		return
	}
	if e.asked != nil {
		e.asked(number, size, nth)
	}
	op := listOp{status: 200, ends: time.Now().Add(time.Second)}
	if e.lasts != nil {
		op.ends = op.ends.Add(e.lasts(nth))
	}
	if e.answer != nil {
		op.status, op.body = e.answer(number)
	}
	if op.status == 0 || e.answer == nil {
		op.status, op.body = 200, e.page(number, min(size, e.most))
	}
	e.ops = append(e.ops, op)
	write(202, fmt.Sprintf(`{"id":"2f6f0a57-3c43-4d0e-9d0b-%012d"}`, nth))(w, r)
}

// page writes a page of the list.
func (e *listERP) page(number, size int) string {
	from := min(len(e.rows), (number-1)*size)
	rows := e.rows[from:min(len(e.rows), from+size)]
	metadata := fmt.Sprintf(`"metadata":{"totalCount":%d,"maxPageSize":%d}`, len(e.rows), e.most)
	if e.metadata != nil {
		metadata = e.metadata(len(e.rows), e.most)
	}
	var b strings.Builder
	b.WriteString("[")
	for i, row := range rows {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `{"number":%d`, row)
		if metadata != "" {
			b.WriteString("," + metadata)
		}
		b.WriteString("}")
	}
	return b.String() + "]"
}

// remove removes rows by their places, of which the first is 0.
func (e *listERP) remove(place, n int) { e.rows = slices.Delete(e.rows, place, place+n) }

// add adds n rows at the end.
func (e *listERP) add(n int) {
	for range n {
		next := 1
		if len(e.rows) > 0 {
			next = e.rows[len(e.rows)-1] + 1
		}
		e.rows = append(e.rows, next)
	}
}

// withList runs f in a bubble with a client of the ERP. Then nothing may be left of
// what was read.
func withList(t *testing.T, e *listERP, cc client.Config, f func(*testing.T, *client.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, cc, e.ServeHTTP)
		defer c.Close()
		f(t, c)
		if !t.Failed() {
			nothingLeft(t, c)
		}
	})
}

func nothingLeft(t *testing.T, c *client.Client) {
	t.Helper()
	for op, err := range c.Pending(context.Background()) {
		t.Errorf("got %v, %v pending, want nothing", op, err)
	}
	for op, err := range c.Uncertain(context.Background()) {
		t.Errorf("got %v, %v uncertain, want nothing", op, err)
	}
}

// list reads the whole list and returns the numbers of its rows.
func list(ctx context.Context, c *client.Client, opts client.PagesOptions) (got []int, err error) {
	for row, err := range client.Pages[numbered](ctx, c, request("GET", "/v1/thing?status=Open", ""), opts) {
		if err != nil {
			return got, err
		}
		got = append(got, row.Value.Number)
	}
	return got, nil
}

// upTo are the numbers 1 to n.
func upTo(n int) []int { return newList(n, 1).rows }

func same(t *testing.T, got, want []int) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	t.Errorf("got %d rows, want %d; from row %d on: got %v, want %v", len(got), len(want), at+1, got[at:min(len(got), at+5)], want[at:min(len(want), at+5)])
}

func TestPagesYieldEveryRowOnce(t *testing.T) {
	told := func(format string) func(total, most int) string {
		return func(total, most int) string {
			return strings.NewReplacer("T", strconv.Itoa(total), "M", strconv.Itoa(most)).Replace(format)
		}
	}
	for _, tt := range []struct {
		name       string
		rows, most int
		metadata   func(total, most int) string
		opts       client.PagesOptions
		calls      int // pages that are asked for
	}{
		{"no rows", 0, 100, nil, client.PagesOptions{}, 1},
		{"one row", 1, 100, nil, client.PagesOptions{}, 1},
		{"a full page", 100, 100, nil, client.PagesOptions{PageSize: 100}, 1},
		{"a page and a row", 101, 100, nil, client.PagesOptions{PageSize: 100}, 2},
		{"sizes cut without a word", 950, 100, nil, client.PagesOptions{}, 10},
		{"pages that are full to the end", 1000, 100, nil, client.PagesOptions{}, 10},
		{"smaller pages than allowed", 95, 100, nil, client.PagesOptions{PageSize: 10}, 10},
		{"rows alone", 7, 100, nil, client.PagesOptions{PageSize: 1}, 7},
		{"one page at a time", 950, 100, nil, client.PagesOptions{Parallel: 1}, 10},
		{"many at a time", 950, 100, nil, client.PagesOptions{Parallel: 20}, 10},
		{"no metadata", 250, 100, told(``), client.PagesOptions{}, 3},
		{"no metadata, full to the end", 300, 100, told(``), client.PagesOptions{}, 4},
		{"no metadata, one page", 7, 100, told(``), client.PagesOptions{}, 2},
		{"no metadata, no rows", 0, 100, told(``), client.PagesOptions{}, 1},
		{"metadata that is null", 250, 100, told(`"metadata":null`), client.PagesOptions{}, 3},
		{"metadata of another type", 250, 100, told(`"metadata":[{"totalCount":1}]`), client.PagesOptions{}, 3},
		{"a total alone", 250, 100, told(`"metadata":{"totalCount":T}`), client.PagesOptions{}, 3},
		{"a total alone, one page", 7, 100, told(`"metadata":{"totalCount":T}`), client.PagesOptions{}, 1},
		{"a size alone", 250, 100, told(`"metadata":{"maxPageSize":M}`), client.PagesOptions{}, 3},
		{"a size alone, one page", 7, 100, told(`"metadata":{"maxPageSize":M}`), client.PagesOptions{}, 1},
		{"names in another case, numbers as text", 250, 100, told(`"Metadata":{"TotalCount":"T","MaxPageSize":"M"}`), client.PagesOptions{}, 3},
		{"a size that is not kept to", 1250, 100, told(`"metadata":{"totalCount":T,"maxPageSize":500}`), client.PagesOptions{Parallel: 1}, 13},
		{"the same with a page ahead, of a wrong size", 1250, 100, told(`"metadata":{"totalCount":T,"maxPageSize":500}`), client.PagesOptions{}, 14},
		{"a total that is too small", 250, 100, told(`"metadata":{"totalCount":40,"maxPageSize":M}`), client.PagesOptions{}, 3},
		{"a total that is too small, alone", 250, 100, told(`"metadata":{"totalCount":40}`), client.PagesOptions{}, 5},
		{"a total alone, of many rows", 2500, 100, told(`"metadata":{"totalCount":T}`), client.PagesOptions{}, 25},
		{"a total that counts the page", 250, 100, told(`"metadata":{"totalCount":99,"maxPageSize":M}`), client.PagesOptions{}, 3},
		{"a negative total", 250, 100, told(`"metadata":{"totalCount":-1,"maxPageSize":M}`), client.PagesOptions{}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newList(tt.rows, tt.most)
			e.metadata = tt.metadata
			withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
				got, err := list(t.Context(), c, tt.opts)
				if err != nil {
					t.Fatalf("got error %v after %d rows", err, len(got))
				}
				same(t, got, upTo(tt.rows))
				if len(e.queries) != tt.calls {
					t.Errorf("%d pages were asked for, want %d: %q", len(e.queries), tt.calls, e.queries)
				}
			})
		})
	}
}

func TestPagesTellWhereTheyAre(t *testing.T) {
	e := newList(5, 2)
	withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
		var got []string
		for row, err := range client.Pages[numbered](t.Context(), c, request("GET", "/v1/thing?status=Open&PAGENUMBER=9&x=a%20b&page%53ize=7", ""), client.PagesOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%d=%d/%d of %d in %d", row.Value.Number, row.Page, row.Row, row.Size, row.Total))
		}
		if got, want := strings.Join(got, "; "), "1=1/1 of 2 in 5; 2=1/2 of 2 in 5; 3=2/1 of 2 in 5; 4=2/2 of 2 in 5; 5=3/1 of 2 in 5"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		want := []string{"status=Open&x=a%20b&pageNumber=1&pageSize=1000", "status=Open&x=a%20b&pageNumber=2&pageSize=2", "status=Open&x=a%20b&pageNumber=3&pageSize=2"}
		if !slices.Equal(e.queries, want) {
			t.Errorf("got queries %q, want %q", e.queries, want)
		}
	})
}

func TestPagesThatGoWrong(t *testing.T) {
	page3 := func(status int, body string) func(number int) (int, string) {
		return func(number int) (int, string) {
			if number != 3 {
				return 0, ""
			}
			return status, body
		}
	}
	for _, tt := range []struct {
		name   string
		answer func(e *listERP) func(number int) (int, string)
		rows   int // that come before the error
		page   int // of the error
		says   string
	}{
		{"a refusal", func(*listERP) func(int) (int, string) { return page3(403, `{"message":"No access."}`) }, 20, 3, "No access."},
		{"a bad request", func(*listERP) func(int) (int, string) { return page3(400, `{"message":"Wrong date."}`) }, 20, 3, "Wrong date."},
		{"a page that is not found, and not beyond the end", func(*listERP) func(int) (int, string) { return page3(404, ``) }, 20, 3, "404"},
		{"a failure", func(*listERP) func(int) (int, string) { return page3(500, ``) }, 20, 3, "500"},
		{"a part of a page", func(*listERP) func(int) (int, string) { return page3(206, `[]`) }, 20, 3, "want a status of 200, got 206"},
		{"an object", func(*listERP) func(int) (int, string) { return page3(200, `{"pageNumber":3,"records":[{"number":1}]}`) }, 20, 3, `got an object with the fields "pageNumber", "records"`},
		{"a text", func(*listERP) func(int) (int, string) { return page3(200, `"later"`) }, 20, 3, "got a string"},
		{"numbers", func(*listERP) func(int) (int, string) { return page3(200, `[7]`) }, 20, 3, "row 1: want an object, got a number"},
		{"no JSON", func(*listERP) func(int) (int, string) { return page3(200, `Wait.`) }, 20, 3, "want a list: invalid character 'W'"},
		{"no content", func(*listERP) func(int) (int, string) { return page3(200, ``) }, 20, 3, "got nothing"},
		{"rows of another type", func(*listERP) func(int) (int, string) { return page3(200, `[{"number":"x"}]`) }, 20, 3, "decode row 1: json: cannot unmarshal"},
		{"the page before", func(e *listERP) func(int) (int, string) { return page3(200, e.page(2, 10)) }, 20, 3, "it repeats page 2"},
		{"page 1 always", func(e *listERP) func(int) (int, string) {
			return func(int) (int, string) { return 200, e.page(1, 10) }
		}, 10, 2, "it repeats page 1"},
		{"everything always, without metadata", func(e *listERP) func(int) (int, string) {
			e.metadata = func(int, int) string { return "" }
			return func(int) (int, string) { return 200, e.page(1, 45) }
		}, 45, 2, "it repeats page 1"},
		{"an early end", func(*listERP) func(int) (int, string) { return page3(200, `[]`) }, 20, 3, "it is empty, although the list has 45 rows (metadata.totalCount) and page 2 ends with row 20"},
		{"an early end that says null", func(*listERP) func(int) (int, string) { return page3(200, `null`) }, 20, 3, "it is empty"},
		{"an early end without content", func(*listERP) func(int) (int, string) { return page3(204, ``) }, 20, 3, "it is empty"},
		{"a short page", func(e *listERP) func(int) (int, string) {
			short := e.page(3, 10)
			return page3(200, short[:strings.LastIndex(short, ",{")]+"]")
		}, 44, 3, "it had less than 10 rows, although it was not the last one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newList(45, 10)
			e.answer = tt.answer(e)
			withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
				got, err := list(t.Context(), c, client.PagesOptions{Parallel: 4})
				p, ok := errors.AsType[*client.PageError](err)
				if !ok || p.Page != tt.page || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got error %v, want one of page %d that says %q", err, tt.page, tt.says)
				}
				if len(got) != tt.rows {
					t.Errorf("got %d rows, want %d", len(got), tt.rows)
				}
			})
		})
	}
}

// TestPagesBeyondTheEnd is about what the ERP may say to a page that is not there any
// more when it is asked for.
func TestPagesBeyondTheEnd(t *testing.T) {
	for _, status := range []int{200, 204, 400, 404} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			e := newList(21, 10)
			e.asked = func(number, _, _ int) {
				if number == 3 && len(e.rows) == 21 {
					e.remove(0, 1)
				}
			}
			e.answer = func(number int) (int, string) {
				if number != 3 {
					return 0, ""
				}
				return status, map[int]string{200: "[]", 400: "{}", 404: "{}"}[status]
			}
			withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
				got, err := list(t.Context(), c, client.PagesOptions{Parallel: 1})
				if err != nil {
					t.Fatal(err)
				}
				same(t, got, upTo(21))
			})
		})
	}
}

// TestNoRowThatStaysIsLost has rows leave a list, or be added to it, while it is read.
func TestNoRowThatStaysIsLost(t *testing.T) {
	for seed := range uint64(150) {
		if t.Failed() {
			return
		}
		random := rand.New(rand.NewPCG(seed, 1))
		n, most := 1+random.IntN(120), 1+random.IntN(20)
		e := newList(n, most)
		begun := slices.Clone(e.rows)
		grows, odds := random.IntN(2) == 0, 1+random.IntN(4)
		removed, worst := 0, 0
		e.asked = func(_, _, nth int) {
			if nth == 1 || nth > 200 || random.IntN(odds) > 0 { // a list may grow as fast as it is read
				return
			}
			k := 1 + random.IntN(1+random.IntN(most))
			if grows {
				e.add(k)
			} else if k = min(k, len(e.rows)); k > 0 {
				e.remove(random.IntN(len(e.rows)-k+1), k)
				removed++
				worst = max(worst, k)
			}
		}
		e.lasts = func(int) time.Duration { return time.Duration(random.IntN(20)) * time.Second }
		withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
			got, err := list(t.Context(), c, client.PagesOptions{PageSize: 1 + random.IntN(25), Parallel: 1 + random.IntN(5)})
			if err != nil {
				t.Fatalf("seed %d: got error %v after %d rows", seed, err, len(got))
			}
			times := map[int]int{}
			for _, number := range got {
				times[number]++
			}
			for _, number := range begun {
				if slices.Contains(e.rows, number) && times[number] == 0 {
					t.Errorf("seed %d: row %d of %d was not yielded (removed %d times, up to %d at once, of pages of %d)", seed, number, n, removed, worst, most)
				}
				if times[number] > 1 && removed == 0 {
					t.Errorf("seed %d: row %d was yielded %d times, want once, because none left", seed, number, times[number])
				}
			}
			if removed == 0 && !slices.IsSorted(got) {
				t.Errorf("seed %d: the rows came in another order: %v", seed, got)
			}
		})
	}
}

// A row that leaves brings a row up to the page before: that is read again, and no
// row comes twice.
func TestARowThatMovedUpIsYieldedOnce(t *testing.T) {
	e := newList(50, 10)
	e.asked = func(number, _, _ int) {
		if number == 4 && len(e.rows) == 50 {
			e.remove(3, 2) // rows 4 and 5
		}
	}
	withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
		got, err := list(t.Context(), c, client.PagesOptions{})
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, upTo(50))
		if len(e.queries) != 6 {
			t.Errorf("%d pages were asked for, want 5 and one again: %q", len(e.queries), e.queries)
		}
	})
}

// A page is empty because a row left, and another one is added before that is known.
func TestAPageThatIsEmptyForAMoment(t *testing.T) {
	e := newList(21, 10)
	e.asked = func(number, _, nth int) {
		switch {
		case nth == 3:
			e.remove(20, 1)
		case number == 2 && nth > 3:
			e.rows = append(e.rows, 22)
		}
	}
	withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
		got, err := list(t.Context(), c, client.PagesOptions{Parallel: 1})
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, append(upTo(20), 22))
	})
}

// Rows that are the same in everything are told apart by how many there are.
func TestEqualRowsAreAllYielded(t *testing.T) {
	e := &listERP{most: 4, rows: []int{1, 7, 7, 7, 7, 2, 3, 4, 5}}
	e.asked = func(number, _, _ int) {
		if number == 2 && e.rows[0] == 1 {
			e.remove(0, 1)
		}
	}
	withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
		got, err := list(t.Context(), c, client.PagesOptions{})
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, []int{1, 7, 7, 7, 7, 2, 3, 4, 5})
	})
}

// A page without metadata is one of the list that the others told of.
func TestAPageThatTellsNothing(t *testing.T) {
	e := newList(30, 10)
	pages := 0
	e.metadata = func(total, most int) string {
		if pages++; pages == 3 {
			return ""
		}
		return fmt.Sprintf(`"metadata":{"totalCount":%d,"maxPageSize":%d}`, total, most)
	}
	withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
		got, err := list(t.Context(), c, client.PagesOptions{})
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, upTo(30))
		if len(e.queries) != 3 {
			t.Errorf("%d pages were asked for, want 3: %q", len(e.queries), e.queries)
		}
	})
}

// The ERP begins to allow less on a page while the list is read.
func TestPagesOfASizeThatShrinks(t *testing.T) {
	for when := 2; when <= 9; when++ {
		e := newList(90, 10)
		e.asked = func(_, _, nth int) {
			if nth == when {
				e.most = 3
			}
		}
		withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
			got, err := list(t.Context(), c, client.PagesOptions{Parallel: 3})
			if err != nil {
				t.Fatalf("from call %d on: %v", when, err)
			}
			same(t, got, upTo(90))
		})
	}
}

// TestPagesGoOnBehindAnyRow leaves a loop behind each row of a list and goes on with
// another client, after some rows have left.
func TestPagesGoOnBehindAnyRow(t *testing.T) {
	for _, gone := range []int{0, 1, 4, 13} {
		for stop := 1; stop <= 35; stop++ {
			e := newList(35, 10)
			withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
				var first []int
				var at client.Position
				for row, err := range client.Pages[numbered](t.Context(), c, request("GET", "/v1/thing", ""), client.PagesOptions{PageSize: 7}) {
					if err != nil {
						t.Fatal(err)
					}
					first, at = append(first, row.Value.Number), row.Position
					if len(first) == stop {
						break
					}
				}
				e.mu.Lock()
				e.remove(0, gone)
				if stop%2 == 0 {
					e.most = 3 // and sizes are cut by now
				}
				e.mu.Unlock()
				rest, err := list(t.Context(), c, client.PagesOptions{After: at})
				if err != nil {
					t.Fatalf("after row %d, with %d gone: %v", stop, gone, err)
				}
				all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(first, rest))))
				if missing := 35 - len(all); missing != max(0, gone-stop) {
					t.Errorf("after row %d, with %d gone: got only %v", stop, gone, all)
				}
				if again := len(first) + len(rest) - len(all); again > gone {
					t.Errorf("after row %d, with %d gone: %d rows came again, want %d at most", stop, gone, again, gone)
				}
			})
		}
	}
}

// TestPagesAreAskedForAgain is about what a GET may be repeated for.
func TestPagesAreAskedForAgain(t *testing.T) {
	at := func(h http.HandlerFunc, nths ...int) func(int, http.ResponseWriter) bool {
		return func(nth int, w http.ResponseWriter) bool {
			if !slices.Contains(nths, nth) {
				return false
			}
			h(w, nil)
			return true
		}
	}
	breakOff := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`[{"number":`))
		panic(http.ErrAbortHandler)
	}
	// The content of each page is read twice: its beginning by the poll that finds the
	// end, because it is larger than KeepContent, and then all of it.
	large := client.Config{KeepContent: 1}
	for _, tt := range []struct {
		name  string
		erp   *listERP
		cc    client.Config
		pages int // that are asked for
	}{
		{"an answer that is lost", &listERP{intake: at(write(202, `{}`), 3)}, client.Config{}, 6},
		{"the same, with a notification expected", &listERP{intake: at(write(202, `{}`), 3)}, client.Config{Notify: client.Subscription()}, 6},
		{"answers that are lost", &listERP{intake: at(write(202, `{}`), 3, 4, 5)}, client.Config{}, 8},
		{"a gateway", &listERP{intake: at(write(503, ``), 3)}, client.Config{}, 6},
		{"content that breaks off", &listERP{content: at(breakOff, 4, 5)}, large, 5},
		{"content that is refused for a while", &listERP{content: at(write(502, ``), 4, 5)}, large, 5},
		{"content that is forgotten", &listERP{content: at(write(410, ``), 3, 4)}, large, 6},
		{"an end that nobody knows", &listERP{state: at(write(200, `{"status":"Odd","statusCode":200,"finishedUtc":"2026-11-28T10:00:00Z"}`), 3)}, client.Config{}, 6},
		{"a page that is forgotten", &listERP{state: at(write(404, ``), 3)}, client.Config{}, 6},
		{"a page that takes hours", &listERP{lasts: func(nth int) time.Duration { return time.Duration(nth) * time.Hour }}, client.Config{}, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := tt.erp
			e.most, e.rows = 10, upTo(45)
			withList(t, e, tt.cc, func(t *testing.T, c *client.Client) {
				got, err := list(t.Context(), c, client.PagesOptions{Parallel: 3})
				if err != nil {
					t.Fatalf("got error %v after %d rows", err, len(got))
				}
				same(t, got, upTo(45))
				if len(e.queries) != tt.pages {
					t.Errorf("%d pages were asked for, want %d: %q", len(e.queries), tt.pages, e.queries)
				}
			})
		})
	}
}

// TestALargePageIsStreamed reads pages that are larger than may be in memory, of which
// one breaks off in the middle.
func TestALargePageIsStreamed(t *testing.T) {
	e := newList(2000, 1000)
	whole := e.page(1, 1000)
	e.content = func(nth int, w http.ResponseWriter) bool {
		if nth != 2 { // the first one is for the poll
			return false
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
		_, _ = w.Write([]byte(whole[:len(whole)/2]))
		panic(http.ErrAbortHandler)
	}
	withList(t, e, client.Config{KeepContent: 1, MaxContent: 5000}, func(t *testing.T, c *client.Client) {
		got, err := list(t.Context(), c, client.PagesOptions{})
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, upTo(2000))
	})
}

func TestLeavingPagesLeavesNothing(t *testing.T) {
	for stop := range 45 {
		e := newList(45, 10)
		e.lasts = func(nth int) time.Duration { return time.Duration(nth) * time.Minute }
		withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
			n := 0
			for _, err := range client.Pages[numbered](t.Context(), c, request("GET", "/v1/thing", ""), client.PagesOptions{Parallel: 3}) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n > stop {
					break
				}
			}
			if most := (n+9)/10 + 2; len(e.queries) > most {
				t.Errorf("left after %d rows: %d pages were asked for, want %d at most", n, len(e.queries), most)
			}
		})
	}
}

// TestPagesEndWithTheirContext leaves what the ERP still works on pending, because
// there is no time left to wait for it.
func TestPagesEndWithTheirContext(t *testing.T) {
	e := newList(45, 10)
	e.lasts = func(nth int) time.Duration { return time.Duration(nth-1) * time.Hour }
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{}, e.ServeHTTP)
		defer c.Close()
		got, err := list(testkit.Within(t, 90*time.Minute), c, client.PagesOptions{Parallel: 3})
		p, ok := errors.AsType[*client.PageError](err)
		if !ok || p.Page != 3 || !errors.Is(err, context.DeadlineExceeded) || len(got) != 20 {
			t.Errorf("got error %v after %d rows, want the end of the context on page 3, after 20", err, len(got))
		}
		pending := 0
		for op, err := range c.Pending(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			pending++
			if s, err := op.State(t.Context()); err != nil || s.Phase != store.Accepted {
				t.Errorf("got %+v, %v, want it accepted", s, err)
			}
		}
		if pending != 2 {
			t.Errorf("%d pages are pending, want 2: page 3 and the one ahead", pending)
		}
	})
}

func TestPagesEndWithTheirClient(t *testing.T) {
	e := newList(45, 10)
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{}, e.ServeHTTP)
		var last error
		for row, err := range client.Pages[numbered](t.Context(), c, request("GET", "/v1/thing", ""), client.PagesOptions{}) {
			if last = err; row.Value.Number == 15 {
				c.Close()
			}
		}
		if !errors.Is(last, client.ErrClosed) {
			t.Errorf("got error %v, want ErrClosed", last)
		}
	})
}

func TestPagesRefuseWrongArguments(t *testing.T) {
	get := request("GET", "/v1/thing", "")
	keyed := client.InBackground(t.Context(), client.SubmitOptions{Key: "export"})
	for _, tt := range []struct {
		name string
		ctx  context.Context
		req  *http.Request
		opts client.PagesOptions
		says string
	}{
		{"no request", t.Context(), nil, client.PagesOptions{}, "request: missing"},
		{"a POST", t.Context(), request("POST", "/v1/thing", "{}"), client.PagesOptions{}, "want a GET without a body, got a POST"},
		{"a GET with a body", t.Context(), request("GET", "/v1/thing", "{}"), client.PagesOptions{}, "want a GET without a body"},
		{"a size", t.Context(), get, client.PagesOptions{PageSize: -1}, "PageSize: must not be negative"},
		{"a number at a time", t.Context(), get, client.PagesOptions{Parallel: -1}, "Parallel: must not be negative"},
		{"a place", t.Context(), get, client.PagesOptions{After: client.Position{Page: 2}}, "After: want the Position of a row"},
		{"a key", t.Context(), get, client.PagesOptions{Operation: client.SubmitOptions{Key: "x"}}, "Operation: Key, Supersede and Verify"},
		{"a key in the context", keyed, get, client.PagesOptions{}, "Operation: Key, Supersede and Verify"},
		{"the foreground", client.InForeground(t.Context()), get, client.PagesOptions{}, "InForeground"},
		{"a path that is none of the background", t.Context(), request("GET", "/v3/thing", ""), client.PagesOptions{}, "neither below /v1/ nor below /v2/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newList(1, 1)
			withList(t, e, client.Config{}, func(t *testing.T, c *client.Client) {
				yields := 0
				for _, err := range client.Pages[numbered](tt.ctx, c, tt.req, tt.opts) {
					if yields++; err == nil || !strings.Contains(err.Error(), tt.says) {
						t.Errorf("got error %v, want one that says %q", err, tt.says)
					}
				}
				if yields != 1 || len(e.queries) != 0 {
					t.Errorf("it yielded %d times and made %d calls, want one error and no call", yields, len(e.queries))
				}
			})
		})
	}
}

// TestPagesOfInvoices reads the list of the mock, page by page and whole.
func TestPagesOfInvoices(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{Notify: client.Subscription()}, func(w *world) {
		whole, err := client.Decode[[]openapi.CustomerInvoice](w.Context(), w.wait(w.submit(request("GET", "/v1/customerinvoice?pageSize=1000", ""), client.SubmitOptions{})))
		if err != nil {
			w.Fatal(err)
		}
		opts := client.PagesOptions{PageSize: 7, Parallel: 3, Operation: client.SubmitOptions{Kind: "export", Metadata: map[string]string{"of": "invoices"}}}
		n := 0
		for row, err := range client.Pages[openapi.CustomerInvoice](w.Context(), w.client, request("GET", "/v1/customerinvoice", ""), opts) {
			if err != nil {
				w.Fatal(err)
			}
			if want := whole[n].ReferenceNumber; row.Value.ReferenceNumber != want || row.Total != len(whole) {
				w.Errorf("row %d: got invoice %s of %d, want %s of %d", n+1, row.Value.ReferenceNumber, row.Total, want, len(whole))
			}
			n++
		}
		if n != len(whole) || n == 0 {
			w.Errorf("got %d invoices, want %d", n, len(whole))
		}
		kinds := 0
		recs, err := w.store.List(w.Context(), "default", store.Query{Phases: []store.Phase{store.Acknowledged}})
		if err != nil {
			w.Fatal(err)
		}
		for _, rec := range recs {
			if rec.Kind == "export" && rec.Metadata["of"] == "invoices" {
				kinds++
			}
		}
		if want := (n + 6) / 7; kinds != want {
			w.Errorf("%d operations of the kind are acknowledged, want one for each of %d pages", kinds, want)
		}
	})
}

// Run gives the pages of a kind to its handler as well, which may be the first to
// acknowledge them.
func TestPagesBesideTheirHandler(t *testing.T) {
	e := newList(45, 10)
	handled := 0
	cc := client.Config{OnComplete: map[string]client.Handler{"export": func(context.Context, client.Completion) error {
		handled++
		return nil
	}}, Workers: 1}
	withList(t, e, cc, func(t *testing.T, c *client.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		n := 0
		for row, err := range client.Pages[numbered](ctx, c, request("GET", "/v1/thing", ""), client.PagesOptions{Parallel: 3, Operation: client.SubmitOptions{Kind: "export"}}) {
			if n++; err != nil || row.Value.Number != n {
				t.Fatalf("row %d: got %+v, %v", n, row, err)
			}
			time.Sleep(time.Second)
		}
		cancel()
		if err := <-done; err != nil || n != 45 {
			t.Errorf("got %d rows and error %v of Run, want 45 and none", n, err)
		}
		if handled == 0 {
			t.Error("no page was handled, want those that Run found first")
		}
	})
}

// A page whose answer is lost is given up. If a notification tells of it after all,
// it is acknowledged like any other.
func TestALostPageThatANotificationTellsOf(t *testing.T) {
	mc := mockserver.Config{Faults: []fault.Rule{{On: fault.OnIntake, After: 1, Times: 1, Do: fault.Answer{Process: true, Drop: true}}}}
	play(t, mc, client.Config{Notify: client.Subscription()}, func(w *world) {
		n, total := 0, 0
		for row, err := range client.Pages[openapi.CustomerInvoice](w.Context(), w.client, request("GET", "/v1/customerinvoice", ""), client.PagesOptions{PageSize: 7}) {
			if err != nil {
				w.Fatal(err)
			}
			n, total = n+1, row.Total
		}
		if n != total {
			w.Errorf("got %d invoices, want %d", n, total)
		}
		acknowledged, err := w.store.Count(w.Context(), "default", store.Query{Phases: []store.Phase{store.Acknowledged}})
		if err != nil {
			w.Fatal(err)
		}
		if want := (total+6)/7 + 1; acknowledged != want {
			w.Errorf("%d operations are acknowledged, want one for each page and the lost one, which are %d", acknowledged, want)
		}
		nothingLeft(w.T, w.client)
	})
}

// TestManyRowsInLittleMemory reads 200 000 rows, which are 25 MB.
func TestManyRowsInLittleMemory(t *testing.T) {
	const rows, perPage, most = 200_000, 1000, 8 << 20
	filler := strings.Repeat("x", 50)
	page := func(number int) string {
		var b strings.Builder
		b.WriteString("[")
		for i := range perPage {
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, `{"number":%d,"text":"%s","metadata":{"totalCount":%d,"maxPageSize":%d}}`, (number-1)*perPage+i+1, filler, rows, perPage)
		}
		return b.String() + "]"
	}
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var numbers []int // of the pages, by operation
		c, err := client.New(client.Config{BaseURL: base, HTTPClient: &http.Client{Transport: &memhttp.Transport{Default: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if r.Header.Get("Erp-Api-Background") != "" {
				number, _ := strconv.Atoi(r.URL.Query().Get("pageNumber"))
				numbers = append(numbers, number)
				write(202, fmt.Sprintf(`{"id":"2f6f0a57-3c43-4d0e-9d0b-%012d"}`, len(numbers)))(w, r)
				return
			}
			id := strings.Split(r.URL.Path, "/")[3]
			nth, _ := strconv.Atoi(id[strings.LastIndexByte(id, '-')+1:])
			if strings.HasSuffix(r.URL.Path, "/content") {
				write(200, page(numbers[nth-1]), "Content-Type", "application/json")(w, r)
				return
			}
			write(200, `{"status":"Finished","statusCode":200,"hasResponseContent":true}`)(w, r)
		})}}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		inUse := func() uint64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapInuse
		}
		before, highest, n := inUse(), uint64(0), 0
		for row, err := range client.Pages[numbered](t.Context(), c, request("GET", "/v1/thing", ""), client.PagesOptions{Parallel: 4}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; row.Value.Number != n {
				t.Fatalf("row %d: got number %d", n, row.Value.Number)
			}
			if n%20_000 == 500 {
				highest = max(highest, inUse())
			}
		}
		if n != rows {
			t.Errorf("got %d rows, want %d", n, rows)
		}
		if highest > before+most {
			t.Errorf("the heap grew by %d bytes, want %d at most", highest-before, most)
		}
		t.Logf("the heap grew by %d bytes, of 25 MB that were read", highest-before)
		nothingLeft(t, c)
	})
}
