package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/vismanet-go/background/store"
)

// tally counts what became of items, by their kind, and names those that were not
// copied.
type tally struct {
	counts map[string]map[store.ImportResult]int
	names  map[store.ImportResult][]string
	all    bool // name all of them, not only the first ones
}

// shown is how many are named unless all are.
const shown = 20

var (
	kinds   = []string{"records", "purged", "sequences", "documents"}
	results = []store.ImportResult{store.ImportAdded, store.ImportUpdated, store.ImportSame, store.ImportKept, store.ImportRefused}
)

func kindOf(it store.Item) string {
	switch {
	case it.Tombstone != nil:
		return "purged"
	case it.Sequence != nil:
		return "sequences"
	case it.Document != nil:
		return "documents"
	}
	return "records"
}

func newTally(all bool) *tally {
	t := &tally{counts: make(map[string]map[store.ImportResult]int), names: make(map[store.ImportResult][]string), all: all}
	for _, kind := range kinds {
		t.counts[kind] = make(map[store.ImportResult]int)
	}
	return t
}

func (t *tally) note(it store.Item, out store.Imported) {
	t.counts[kindOf(it)][out.Result]++
	if out.Why != "" && (t.all || len(t.names[out.Result]) < shown) {
		t.names[out.Result] = append(t.names[out.Result], it.Name()+": "+out.Why)
	}
}

func (t *tally) count(result store.ImportResult) (n int) {
	for _, kind := range kinds {
		n += t.counts[kind][result]
	}
	return n
}

// add adds what another pass has changed.
func (t *tally) add(o *tally) {
	for _, kind := range kinds {
		for _, result := range []store.ImportResult{store.ImportAdded, store.ImportUpdated} {
			t.counts[kind][result] += o.counts[kind][result]
		}
	}
}

// changes has a tally of what is there tell which of it was changed.
func (t *tally) changes(moved *tally) {
	for _, kind := range kinds {
		for _, result := range []store.ImportResult{store.ImportAdded, store.ImportUpdated} {
			t.counts[kind][result] = moved.counts[kind][result]
		}
	}
}

func (t *tally) print(w io.Writer) {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tab, "\t")
	for _, result := range results {
		fmt.Fprint(tab, head(result), "\t")
	}
	fmt.Fprintln(tab)
	for _, kind := range kinds {
		fmt.Fprint(tab, kind, "\t")
		for _, result := range results {
			fmt.Fprint(tab, t.counts[kind][result], "\t")
		}
		fmt.Fprintln(tab)
	}
	tab.Flush()
	for _, result := range []store.ImportResult{store.ImportKept, store.ImportRefused} {
		list := t.names[result]
		if len(list) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s:\n", map[store.ImportResult]string{
			store.ImportKept:    "Kept as it is in PostgreSQL",
			store.ImportRefused: "Not copied, which a person has to look at",
		}[result])
		for _, name := range list {
			fmt.Fprintln(w, " ", name)
		}
		if more := t.count(result) - len(list); more > 0 {
			fmt.Fprintf(w, "  and %d more: -list names all\n", more)
		}
	}
}

// head is the head of a column.
func head(result store.ImportResult) string {
	if result == store.ImportSame {
		return "there"
	}
	return string(result)
}
