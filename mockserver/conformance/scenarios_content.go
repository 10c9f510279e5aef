package conformance

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
)

// contentScenarios are about the stored answer.
func contentScenarios() []Scenario {
	fetches := func(n int, f alter) []alter { return []alter{times(n, atContent, f)} }
	ended := func(set map[string]any) []alter { return []alter{at(atState, whenEnded(fields(set)))} }
	missing := answers(404, "", "")
	list := []Scenario{
		{ID: "content-numbers", About: "The content has numbers beyond 2^53 and decimals of many digits.", submit: get(numbersPath)},
		{ID: "content-words", About: "The content has letters of several scripts, and escapes.", submit: get(wordsPath)},
		{ID: "content-large", About: "The content is some megabytes of JSON.", submit: get(largePath)},
		{ID: "content-empty-list", About: "The content is an empty list.", submit: get(emptyPath)},
		{ID: "content-pdf", About: "The content is a PDF.", submit: get(pdfPath)},
		{ID: "content-page", About: "The content is a page of HTML, as the operation announced.", submit: get(pagePath)},
		{ID: "content-latin", About: "The content is JSON in ISO-8859-1, as its type says.", submit: get(latinPath)},
		{ID: "content-gzip", About: "The content comes compressed with gzip to those who accept that.", submit: get(wordsPath), alters: []alter{at(atContent, compressed)}},
		{ID: "content-with-mark", About: "The content begins with a byte order mark.", submit: listInvoices, alters: []alter{at(atContent, changed(func(_ *call, r *reply) { r.body = append([]byte(mark), r.body...) }))}},
		{ID: "content-chunked", About: "The content comes without its length.", submit: get(largePath), alters: []alter{at(atContent, changed(func(_ *call, r *reply) { r.chunked = true }))}},
		{ID: "content-cut-off", About: "Two fetches of the content break off in the middle.", submit: get(wordsPath), alters: fetches(2, changed(func(_ *call, r *reply) { r.cut = len(r.body) / 2 }))},
		{ID: "content-proxy-page", About: "Two fetches of JSON are answered with a page of HTML.", submit: listInvoices, alters: fetches(2, answers(200, typeHTML, proxyPage))},
		{ID: "content-late", About: "The state says that there is content, and three fetches are answered 404 before it is there.", submit: listInvoices, alters: fetches(3, missing)},
		{ID: "content-not-told", About: "The state does not say whether there is content, but has its address.", submit: listInvoices, alters: ended(map[string]any{"hasResponseContent": leftOut})},
		{ID: "content-without-address", About: "The state says that there is content, and has no address of it.", submit: listInvoices, alters: ended(map[string]any{"contentLocation": nil})},
		{ID: "content-told-as-text", About: "hasResponseContent is the text true.", submit: listInvoices, alters: ended(map[string]any{"hasResponseContent": "true"})},
		{ID: "content-none", About: "The state has an address of content and says that there is none.", submit: changeInvoice, alters: []alter{at(atState, whenEnded(changed(func(c *call, r *reply) {
			r.body = []byte(strings.Replace(string(r.body), `"contentLocation":null`, `"contentLocation":"`+c.home.url()+c.base+"/v1/background/"+c.op+`/content"`, 1))
		})))}},
		{ID: "content-gone", About: "The operation succeeded, and its content is gone: the success is told, without content.", submit: listInvoices, alters: []alter{at(atContent, answers(410, "", ""))}, want: want{outcomes: []Outcome{Succeeded}, status: 200, noContent: true}},
	}
	for i := range list {
		list[i].Rule = ruleContent
	}
	return list
}

// compressed is the real answer with gzip, if the candidate accepts that.
func compressed(c *call) *reply {
	r := c.real()
	if r.status != http.StatusOK || !strings.Contains(strings.ToLower(c.req.Header.Get("Accept-Encoding")), "gzip") {
		return r
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(r.body) // a buffer takes all of it
	_ = z.Close()
	r.body = b.Bytes()
	r.header.Set("Content-Encoding", "gzip")
	return r
}
