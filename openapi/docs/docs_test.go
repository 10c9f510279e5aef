package docs_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/docs"
)

func TestThePageHoldsThePresentDocument(t *testing.T) {
	const start = `<script id="document" type="application/json">`
	_, rest, ok := bytes.Cut(docs.HTML, []byte(start))
	text, _, ok2 := bytes.Cut(rest, []byte("</script>"))
	if !ok || !ok2 {
		t.Fatalf("no %s in the page", start)
	}
	var got any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	source, err := yaml.YAMLToJSON(openapi.BackgroundYAML())
	if err != nil {
		t.Fatal(err)
	}
	var want any
	if err := json.Unmarshal(source, &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("the page holds another document than background.yaml: run make generate")
	}
}

func TestThePageLoadsNothingFromElsewhere(t *testing.T) {
	remote := regexp.MustCompile(`(?i)<(script|link|img|iframe)[^>]*\s(src|href)\s*=\s*["']?(https?:)?//`)
	for _, match := range remote.FindAll(docs.HTML, -1) {
		t.Errorf("the page loads %s", match)
	}
	if bytes.Contains(docs.HTML, []byte("cdn.redoc.ly")) {
		t.Error("the page still asks for Redoc's logo")
	}
}

func TestThePageIsServedToReadersOnly(t *testing.T) {
	for method, want := range map[string]int{
		http.MethodGet:  http.StatusOK,
		http.MethodHead: http.StatusOK,
		http.MethodPost: http.StatusMethodNotAllowed,
	} {
		w := httptest.NewRecorder()
		docs.Handler().ServeHTTP(w, httptest.NewRequest(method, "/docs", nil))
		if w.Code != want {
			t.Errorf("%s: status %d, want %d", method, w.Code, want)
		}
		if method == http.MethodGet && !bytes.Equal(w.Body.Bytes(), docs.HTML) {
			t.Errorf("%s: another page is served", method)
		}
	}
}
