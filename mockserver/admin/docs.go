package admin

import (
	_ "embed"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/openapi"
)

var (
	//go:embed openapi.yaml
	documentYAML string
	//go:embed openapi.json
	documentJSON string
)

// Where the document stands in the reference page of the ERP, and what follows
// it there that is about the ERP alone.
const (
	pageStart   = "<script id=\"document\" type=\"application/json\">\n"
	pageEnd     = "\n</script>"
	extrasStart = "shown.tags.push({"
	extrasEnd   = "\nRedoc.init("
)

// contract is the ERP's document in JSON, as its reference page has it.
var contract = sync.OnceValue(func() string {
	_, rest, _ := strings.Cut(string(openapi.ReferencePage()), pageStart)
	text, _, _ := strings.Cut(rest, pageEnd)
	return text
})

// page is the reference page of this API: that of the ERP with another document,
// so that a program carries the viewer once.
var reference = sync.OnceValue(func() string {
	head, rest, _ := strings.Cut(string(openapi.ReferencePage()), pageStart)
	_, tail, _ := strings.Cut(rest, pageEnd)
	before, after, _ := strings.Cut(tail, extrasStart)
	_, after, _ = strings.Cut(after, extrasEnd)
	head = strings.Replace(head, "<title>Visma.net ERP API in the background</title>", "<title>erpmock, under control</title>", 1)
	return head + pageStart + strings.ReplaceAll(documentJSON, "</", `<\/`) + pageEnd + before + extrasEnd + after
})

// mountDocs mounts what is for readers, which needs neither token nor host.
func (a *Admin) mountDocs() {
	const html, yaml, json = "text/html; charset=utf-8", "application/yaml; charset=utf-8", "application/json; charset=utf-8"
	for path, f := range map[string]http.Handler{
		"/__mock/docs":             text(html, func() string { return string(openapi.ReferencePage()) }),
		"/__mock/docs/{$}":         http.RedirectHandler("/__mock/docs", http.StatusFound),
		"/__mock/openapi.yaml":     text(yaml, func() string { return string(openapi.BackgroundYAML()) }),
		"/__mock/openapi-3.1.yaml": text(yaml, func() string { return string(openapi.Background31YAML()) }),
		"/__mock/openapi.json":     text(json, contract),
		"/__mock/erp.yaml":         text(yaml, func() string { return string(openapi.ERPYAML()) }),
		base + "/docs":             text(html, reference),
	} {
		a.srv.Mount("GET "+path, f)
	}
	if a.cfg.Page == nil {
		a.srv.Mount("GET /__mock/{$}", http.RedirectHandler("/__mock/docs", http.StatusFound))
		return
	}
	page := http.StripPrefix("/__mock", a.cfg.Page)
	a.srv.Mount("GET /__mock/{$}", atHome(page))
	a.srv.Mount("GET /__mock/assets/", page)
	a.srv.Mount("GET /__mock/page/", page)
}

// atHome leads from / and /__mock, which the server hands on too, to /__mock/,
// from where the page's relative addresses lead on; below any prefix of a proxy.
func atHome(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, _, _ := strings.Cut(r.RequestURI, "?")
		if strings.HasSuffix(asked, "/__mock/") {
			page.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Location", "__mock/")
		w.WriteHeader(http.StatusFound)
	})
}

// text serves a text.
func text(kind string, of func() string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(of()))
	})
}

// GetOpenAPIYAML serves GET /openapi.yaml.
func (*Admin) GetOpenAPIYAML(w http.ResponseWriter, r *http.Request) {
	text("application/vnd.oai.openapi", func() string { return documentYAML }).ServeHTTP(w, r)
}

// GetOpenAPIJSON serves GET /openapi.json.
func (*Admin) GetOpenAPIJSON(w http.ResponseWriter, r *http.Request) {
	text("application/json; charset=utf-8", func() string { return documentJSON }).ServeHTTP(w, r)
}
