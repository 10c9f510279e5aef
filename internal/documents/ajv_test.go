package documents

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestPublicDocumentsConvinceAjv has ajv judge what the mock makes: it runs the
// patterns of ECMA-262, which the other judges leave to it.
func TestPublicDocumentsConvinceAjv(t *testing.T) {
	if os.Getenv("DOCUMENTS_FULL") == "" {
		t.Skip("ajv judges in `make documents-full`")
	}
	docs := append(public(t), generated()...)
	known := openLedger(t, "testdata/ajv.txt")
	tried := make(map[string]bool)
	for _, doc := range docs {
		if doc.exponential {
			continue
		}
		t.Run(doc.name, func(t *testing.T) { convinces(t, doc, known) })
		tried[doc.name] = true
	}
	known.close(t, tried)
}

func convinces(t *testing.T, doc document, known ledger) {
	d, err := declare(doc.name, doc.text)
	if err != nil {
		t.Fatal(err)
	}
	m, err := newMock(d)
	if err != nil {
		t.Fatal(err)
	}
	defer m.server.Close()
	first, third := judgeOf(d), newAjv(t, d)
	valid, unjudged := 0, 0
	for _, a := range d.answers() {
		if n := code(a.status); a.schema == "" || !isJSON(a.media) || a.method == "head" || n < 200 || n > 599 {
			continue
		}
		r, err := m.ask(t.Context(), a, true)
		if err != nil || r.status != code(a.status) || first.check(a, r.value) != nil {
			continue // another test tells of it
		}
		switch err := third.check(a, r.value); {
		case errors.Is(err, errNoVerdict):
			unjudged++
		case err != nil && !known.has(doc.name, a, "ajv"):
			t.Errorf("%v: %s: %v", a, brief(r.body), err)
		case err == nil:
			valid++
		}
	}
	t.Logf("%d valid, %d without a verdict", valid, unjudged)
}

// An ajv is a process of judge.js.
type ajv struct {
	in  io.Writer
	out *bufio.Scanner
}

func newAjv(t *testing.T, d *declaration) *ajv {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "--max-old-space-size=4000", "judge.js")
	cmd.Dir = os.Getenv("DOCUMENTS_AJV")
	cmd.Stderr = t.Output()
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	a := &ajv{in, bufio.NewScanner(out)}
	a.out.Buffer(nil, 1<<26)
	a.send(map[string]any{"document": modern(d)})
	return a
}

// send writes a line. What JavaScript takes for the end of one is escaped.
func (a *ajv) send(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = a.in.Write(append(text, '\n'))
	return err
}

func (a *ajv) check(asked answer, value any) error {
	if err := a.send(map[string]any{"schema": asked.schema, "value": value}); err != nil {
		return err
	}
	if !a.out.Scan() {
		return errors.Join(errors.New("ajv has ended"), a.out.Err())
	}
	switch verdict := a.out.Text(); {
	case verdict == "ok":
		return nil
	case strings.HasPrefix(verdict, "no verdict"):
		return errNoVerdict
	default:
		return fmt.Errorf("ajv: %.500s", verdict)
	}
}
