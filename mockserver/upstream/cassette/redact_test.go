package cassette

import (
	"net/http"
	"strings"
	"testing"
)

// Fields are redacted in texts that YAML cannot hold, and in other charsets; files of
// another kind lose nothing but credentials.
func TestOddTextsAreRedacted(t *testing.T) {
	r := newRedactor(nil, nil)
	for _, tt := range []struct{ kind, body, want string }{
		{"application/json", "{\"password\":\"hunter2\",\"sum\":\"1\u00a0250\"}", "{\"password\":\"REDACTED\",\"sum\":\"1\u00a0250\"}"},
		{"application/json; charset=iso-8859-1", "{\"password\":\"hunter2\",\"name\":\"bl\xe5\"}", "{\"password\":\"REDACTED\",\"name\":\"bl\xe5\"}"},
		{"", "\x00{\"secret\":\"x\"}", "\x00{\"secret\":\"REDACTED\"}"},
		{"application/pdf", "%PDF\xffpassword=x", "%PDF\xffpassword=x"},
		{"application/pdf", "%PDF\xfft0p-s3cret", "%PDF\xffREDACTED"},
	} {
		e := &Entry{URL: "/", RequestHeader: http.Header{"Authorization": {"Bearer t0p-s3cret"}}, Header: http.Header{"Content-Type": {tt.kind}}, Body: []byte(tt.body)}
		if r.entry(e); string(e.Body) != tt.want {
			t.Errorf("%q: got %q, want %q", tt.kind, e.Body, tt.want)
		}
	}
	if !isText("1\u00a0250,00") || isText("\u0085") || strings.Contains(string((&Entry{Method: "GET", URL: "/", Body: []byte("1\u00a0250")}).append(nil)), "Base64") {
		t.Error("a blank that does not break makes no text of it")
	}
}
