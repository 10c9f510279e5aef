package conformance

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/vismanet-go/background/mockserver"
)

// Endpoints of the ERP that are there for their content.
const (
	numbersPath = "/v1/report/numbers"
	wordsPath   = "/v1/report/words"
	largePath   = "/v1/report/large"
	emptyPath   = "/v1/report/empty"
	pdfPath     = "/v1/report/pdf"
	latinPath   = "/v1/report/latin"
	pagePath    = "/v1/report/page"
	echoPath    = "/v1/report/echo"
	actionPath  = "/v1/customerinvoice/003547/action/approve"
)

// numbers has numbers that no float holds, beside others.
const numbers = `{"number":9007199254740993,"amount":1250.50,"rate":0.1000000000000000055511151231257827,"big":123456789012345678901234567890,"small":-0.00000001,"zero":0.00}`

// words has letters beyond ASCII, the Basic Multilingual Plane, and escapes.
const words = `{"name":"Blåbær & Søn – 𝄞 日本語","escaped":"\u00e6\ud834\udd1e \"\\\/","html":"<b>5 > 4</b>","lines":"one\r\ntwo\ttabs"}`

// large is JSON of some megabytes.
func large() []byte { return rows(20_000) }

// rows is a list of so many objects.
func rows(n int) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"referenceNumber":"%06d","amount":%d.25,"customer":{"number":"10045","name":"Fjordvik Sykkel AS"},"text":"Sykkelservice, vår nr. %d"}`, i, i*7, i)
	}
	b.WriteByte(']')
	return b.Bytes()
}

// pdf has all bytes there are.
func pdf() []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	for i := range 256 {
		b.WriteByte(byte(i))
	}
	b.WriteString("\n%%EOF\n")
	return b.Bytes()
}

// addEndpoints gives a mock the endpoints.
func addEndpoints(srv *mockserver.Server) {
	serve := func(method, path, kind string, body func() []byte) {
		srv.Handle(method+" "+path, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			data := body()
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			_, _ = w.Write(data) // it is kept by the mock
		}))
	}
	fixed := func(text string) func() []byte { return func() []byte { return []byte(text) } }
	serve("GET", numbersPath, typeJSON, fixed(numbers))
	serve("GET", wordsPath, typeJSON, fixed(words))
	serve("GET", largePath, typeJSON, large)
	serve("GET", emptyPath, typeJSON, fixed("[]"))
	serve("GET", pdfPath, "application/pdf", pdf)
	serve("GET", latinPath, "application/json; charset=iso-8859-1", fixed("{\"name\":\"Bl\xe5b\xe6r\"}"))
	serve("GET", pagePath, typeHTML, fixed("<html><body>Påminnelse</body></html>"))
	srv.Handle("POST "+echoPath, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", typeJSON)
		_, _ = io.Copy(w, r.Body) // both are kept by the mock
	}))
	serve("POST", actionPath, typeJSON, fixed(`{"actionId":"3f1c2a7e-0d7c-4a52-a5f6-0c7a3c1e9b11","actionResult":"Failed","errorInfo":"The period is closed."}`))
}
