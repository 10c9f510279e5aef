package documents

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A tally is what became of the answers of a document.
type tally struct {
	name                  string
	operations, answers   int
	empty                 int // without a body, or of a form that is not JSON
	examples, badExamples int // of the document
	made, invalid         int // by the mock, examples or not
	unjudged, hidden      int // hidden are those whose path another operation has as well
	took                  time.Duration
}

const tableHead = "document              | operations | answers | examples | invalid ones | made | invalid | without JSON | not judged | hidden | took"

func (t tally) String() string {
	return fmt.Sprintf("%-21s | %10d | %7d | %8d | %12d | %4d | %7d | %12d | %10d | %6d | %v", t.name, t.operations, t.answers, t.examples,
		t.badExamples, t.made, t.invalid, t.empty, t.unjudged, t.hidden, t.took.Round(10*time.Millisecond))
}

// prove asks for every answer that a document declares, twice: as the document has
// it, and made by the mock. What is not valid has to be in the ledger.
func prove(t *testing.T, doc document, known ledger) tally {
	t.Helper()
	begun := time.Now()
	sum := tally{name: doc.name}
	d, err := declare(doc.name, doc.text)
	if err != nil {
		t.Errorf("%s: %v", doc.name, err)
		return sum
	}
	m, err := newMock(d)
	if err != nil {
		t.Errorf("%v", err)
		return sum
	}
	defer m.server.Close()
	judge := judgeOf(d)
	if doc.exponential {
		judge = nobody{}
	}
	sum.operations = len(d.operations())
	owner := make(map[string]string)
	faults := 0
	for _, a := range some(d.answers()) {
		if strings.Contains(a.path, "#") { // one of several descriptions of a path
			sum.hidden++
			continue
		}
		if key := a.method + " " + concrete(a.path); owner[key] == "" {
			owner[key] = a.path
		} else if owner[key] != a.path {
			sum.hidden++
			continue
		}
		if n := code(a.status); n < 200 || n > 599 {
			sum.hidden++
			continue
		}
		sum.answers++
		for _, dynamic := range []bool{false, true} {
			r, err := m.ask(t.Context(), a, dynamic)
			if err == nil {
				err = a.fits(r)
			}
			if err != nil {
				t.Errorf("%s: %v: %v", doc.name, a, err)
				break
			}
			if a.schema == "" || !isJSON(r.media) || a.method == "head" {
				if !dynamic {
					sum.empty++
				}
				continue
			}
			example := !dynamic && a.isExample(r.value)
			err = judge.check(a, r.value)
			switch {
			case errors.Is(err, errNoVerdict):
				sum.unjudged++
			case err == nil && example:
				sum.examples++
			case err == nil:
				sum.made++
			case example:
				sum.badExamples++
			case !dynamic && len(a.examples) == 0 && onlyFormat(err):
				sum.badExamples++ // an example of a part of it
			default:
				sum.invalid++
				if !known.has(doc.name, a, reasonOf(err)) {
					if faults++; faults <= 10 {
						t.Errorf("%s: %v, dynamic %v: %s is not valid: %.600v", doc.name, a, dynamic, brief(r.body), err)
					}
				}
			}
		}
	}
	if faults > 10 {
		t.Errorf("%s: %d answers are not valid", doc.name, faults)
	}
	sum.took = time.Since(begun)
	return sum
}

// some returns all answers if public documents are tried, else an even choice of
// so many that it takes no second.
func some(all []answer) (chosen []answer) {
	const most = 150
	if full() || len(all) <= most {
		return all
	}
	for i := range most {
		chosen = append(chosen, all[i*len(all)/most])
	}
	return chosen
}

// full reports whether all is tried, as `make documents` does.
func full() bool { return os.Getenv("DOCUMENTS") != "" }

// fits reports a reply that has not the declared status and media type.
func (a answer) fits(r reply) error {
	if want := code(a.status); r.status != want {
		return fmt.Errorf("status %d, want %d: %s", r.status, want, brief(r.body))
	}
	if a.media == "" || a.method == "head" || r.status == http.StatusNoContent || r.status == http.StatusNotModified || r.status == http.StatusResetContent {
		if len(r.body) > 0 {
			return fmt.Errorf("a body where none is declared: %s", brief(r.body))
		}
		return nil
	}
	want, _, err := mime.ParseMediaType(a.media)
	if err != nil || strings.Contains(want, "*") {
		return nil
	}
	if r.media != want {
		return fmt.Errorf("media type %q, want %q", r.media, want)
	}
	return nil
}

func brief(body []byte) string {
	if len(body) > 300 {
		return string(body[:300]) + "…"
	}
	return string(body)
}

// reasonOf is the keyword that a value does not meet.
func reasonOf(err error) string {
	var kin *openapi3.SchemaError
	var js *jsonschema.ValidationError
	switch {
	case errors.As(err, &kin):
		for {
			var inner *openapi3.SchemaError
			if kin.Origin == nil || !errors.As(kin.Origin, &inner) {
				return kin.SchemaField
			}
			kin = inner
		}
	case errors.As(err, &js):
		for len(js.Causes) > 0 {
			js = js.Causes[0]
		}
		path := js.ErrorKind.KeywordPath()
		if len(path) > 0 {
			return path[len(path)-1]
		}
	}
	return "other"
}

// onlyFormat reports whether a format is all that a value does not meet.
func onlyFormat(err error) bool { return reasonOf(err) == "format" }
