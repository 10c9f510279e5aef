package openapidoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/gendoc"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/media"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// Every operation of documents that were made to be difficult is answered by what its
// schema allows, through ids, pages and what is kept.
func TestWhateverIsDoneToAnAnswerItStaysValid(t *testing.T) {
	for _, version := range []gendoc.Version{gendoc.V30, gendoc.V31} {
		for _, document := range append(gendoc.Nasty(version), gendoc.Everything(version)) {
			for _, cfg := range []Config{{}, {Stateful: true, Validate: Warn}} {
				t.Run(fmt.Sprint(document.Name, version, cfg.Stateful), func(t *testing.T) {
					cfg.Source, cfg.Name, cfg.Seed = document.JSON, document.Name, 1
					answerAll(t, cfg, 2)
				})
			}
		}
	}
}

// A document of the ERP's size, of which each operation is answered.
func TestEveryOperationOfAnERP(t *testing.T) {
	for version, cfg := range map[gendoc.Version]Config{gendoc.V30: {Validate: Warn}, gendoc.V31: {Stateful: true}} {
		cfg.Source = gendoc.ERP(version, 1).JSON
		if n := answerAll(t, cfg, 1); n < 200 {
			t.Errorf("%s: %d answers could be judged", version, n)
		}
	}
}

// answerAll asks every operation of a document so many times, judges the answers, and
// returns how many there were to judge.
func answerAll(t *testing.T, cfg Config, rounds int) (judged int) {
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := mockserver.New(mockserver.Config{Seed: 1, Fallbacks: []mockserver.Fallback{d}})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	h := srv.Backdoor("1")
	for range rounds {
		for _, o := range d.operations {
			r := requestFor(t, o)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			resp, status := o.response(0)
			if resp == nil || w.Code != status && (w.Code != 201 || o.Method != "POST") {
				if cfg.Validate == Off && !cfg.Stateful && w.Code != http.StatusNoContent {
					t.Errorf("%s %s: got %d %s, want %d", o.Method, o.Path, w.Code, w.Body, status)
				}
				continue
			}
			if m := jsonOf(o, w); m != nil {
				judge(t, o, m, w)
				judged++
			}
		}
	}
	return judged
}

// requestFor is a request for an operation, with the body that the document would have.
func requestFor(t *testing.T, o *operation) *http.Request {
	t.Helper()
	template, query, _ := cutPath(o.Path)
	path := parameterName.ReplaceAllString(template, "7")
	body, kind := []byte(nil), ""
	if b := o.Body(); b != nil && len(b.Content) > 0 && b.Content[0].JSON() {
		body, kind = encoded(b.Content[0].Answer(compiled.Want{Seed: 1, Mode: schema.Request}).Value), b.Content[0].Type
	}
	r := httptest.NewRequest(o.Method, "/", bytes.NewReader(body))
	r.URL.RawPath, r.URL.Path, r.URL.RawQuery = path, unescapedPath(path), query
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", kind)
	return r
}

func unescapedPath(path string) string {
	u, err := http.NewRequest("GET", "http://h"+path, nil)
	if err != nil {
		return path
	}
	return u.URL.Path
}

// jsonOf is what the document has for an answer in JSON, nil if it has nothing or the
// answer has no body.
func jsonOf(o *operation, w *httptest.ResponseRecorder) *compiled.MediaType {
	resp, _ := o.response(w.Code)
	if resp == nil || w.Body.Len() == 0 {
		return nil
	}
	var offered []string
	for _, m := range resp.Content {
		offered = append(offered, m.Type)
	}
	if i := media.Choose([]string{"application/json"}, offered); i >= 0 && resp.Content[i].JSON() && resp.Content[i].Schema != nil {
		return resp.Content[i]
	}
	return nil
}

func judge(t *testing.T, o *operation, m *compiled.MediaType, w *httptest.ResponseRecorder) {
	t.Helper()
	if a := m.Answer(compiled.Want{Seed: 1}); len(a.Reasons) > 0 {
		return // nothing valid is to be had
	}
	dec := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Errorf("%s %s: %v in %s", o.Method, o.Path, err, w.Body)
		return
	}
	if faults := m.Schema.Validate(v, schema.Response); faults != nil {
		t.Errorf("%s %s: %+v in %.500s", o.Method, o.Path, faults[0], w.Body)
	}
}

func TestBrokenDocumentsAreErrors(t *testing.T) {
	for _, document := range gendoc.Broken() {
		d, err := New(Config{Source: append([]byte{}, document.JSON...), Name: document.Name})
		if err == nil {
			d.Check() // what is wrong is in an operation
			continue
		}
		if !strings.HasPrefix(err.Error(), document.Name+":") {
			t.Errorf("%s: the error names no place: %v", document.Name, err)
		}
	}
}
