package durations

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// routes is what the golden document holds.
func routes() []learned {
	list := []learned{{route: invoices}, {route: "GET /v1/customer"}, {route: ""}}
	for i := range 40 {
		list[0].table.end(0, time.Duration(i)*time.Second)
	}
	list[0].table.pass(0, time.Hour)
	list[1].table.end(10*time.Second, time.Second)
	list[1].table.end(0, 48*time.Hour)
	return list
}

func TestTheFormOfTheDocument(t *testing.T) {
	doc := encode(routes())
	testkit.Golden(t, "testdata/document.golden", hex.Dump(doc))
	list, err := decode(doc)
	if err != nil || !reflect.DeepEqual(list, routes()) {
		t.Errorf("read again: got %v, %v, want what was written", list, err)
	}
}

func TestDocumentsThatAreNotOurs(t *testing.T) {
	doc := string(encode(routes()))
	for name, body := range map[string]string{
		"empty": "", "magic alone": magic, "JSON": `{"a":1}`, "version 0": magic + "\x00", "cut": doc[:len(doc)-1],
		"more": doc + "\x00", "a route twice": doc + doc[4:], "a name without an end": magic + "\x01\x7fa",
		"too many zeros": magic + "\x01\x00\x00\xff\x0f", "no zeros": magic + "\x01\x00\x00\x00",
		"a count below 0": magic + "\x01\x00\x01\x00\xff\x01", "a count too large": magic + "\x01\x00\x80\x80\x04\x00\xff\x01",
	} {
		if _, err := decode([]byte(body)); !errors.Is(err, errForm) {
			t.Errorf("%s: got %v, want %v", name, err, errForm)
		}
	}
	if _, err := decode([]byte(magic + "\x02whatever")); !errors.Is(err, errNewer) {
		t.Errorf("a newer version: got %v, want %v", err, errNewer)
	}
}

// TestAFullDocumentIsWithinItsBounds has as many routes as are known, with the
// names and the durations that real ones have.
func TestAFullDocumentIsWithinItsBounds(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var list []learned
	for i := range maxRoutes {
		l := learned{route: fmt.Sprintf("PUT /v1/customerinvoice/{}/action/%06d", i)}
		for range 3 * window {
			ran := time.Duration(random.ExpFloat64() * float64(i+1) * float64(time.Second))
			l.table.pass(0, ran/3)
			l.table.end(ran/3, ran)
		}
		list = append(list, l)
	}
	doc := encode(list)
	if len(doc) > store.MaxDocument {
		t.Fatalf("%d bytes, want at most %d", len(doc), store.MaxDocument)
	}
	got, err := decode(doc)
	if err != nil || len(got) != maxRoutes {
		t.Errorf("read again: %d routes, %v, want all %d; %d bytes", len(got), err, maxRoutes, len(doc))
	}
	for i := range list { // longer names than fit
		list[i].route += strings.Repeat("x", maxName-len(list[i].route))
	}
	if doc = encode(list); len(doc) > store.MaxDocument {
		t.Errorf("%d bytes with long names, want at most %d", len(doc), store.MaxDocument)
	}
	if got, err = decode(doc); err != nil || len(got) == 0 || got[0] != list[0] {
		t.Errorf("with long names: read %d routes, %v, want the first ones", len(got), err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(routes()))
	f.Add([]byte(magic + "\x01\x00\x00\x80\x02"))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		list, err := decode(doc)
		if err != nil {
			return
		}
		for _, l := range list {
			for c := range classes {
				if l.table.seen[c] > window*parts || l.table.ended[c] > l.table.seen[c] {
					t.Fatalf("class %d of %q: seen %d, ended %d", c, l.route, l.table.seen[c], l.table.ended[c])
				}
			}
			if q := l.table.durations().Quantile(0.5); q < 0 || q > Longest {
				t.Fatalf("median of %q: %v", l.route, q)
			}
		}
		if again, err := decode(encode(list)); len(doc) <= store.MaxDocument/2 && (err != nil || len(again) != len(list)) {
			t.Fatalf("read again: %d routes, %v, want %d", len(again), err, len(list))
		}
	})
}
