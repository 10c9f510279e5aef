package docs_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/docs"
)

func TestThePageHoldsThePresentDocument(t *testing.T) {
	const start = `<script id="document" type="application/json">`
	_, rest, ok := strings.Cut(docs.HTML(), start)
	text, _, ok2 := strings.Cut(rest, "</script>")
	if !ok || !ok2 {
		t.Fatalf("no %s in the page", start)
	}
	var got any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
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
	for _, match := range remote.FindAllString(docs.HTML(), -1) {
		t.Errorf("the page loads %s", match)
	}
	if strings.Contains(docs.HTML(), "cdn.redoc.ly") {
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
		if method == http.MethodGet && w.Body.String() != docs.HTML() {
			t.Errorf("%s: another page is served", method)
		}
	}
}
