package main

import (
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

// A client that compares the names of headers letter by letter finds those that
// the vendor documents; what else a writer can do is still there.
func TestHeadersAreSpeltAsTheVendorDoes(t *testing.T) {
	mock, err := mockserver.New(mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}, Faults: []fault.Rule{
		{On: fault.OnForeground, Path: "/v1/customerinvoice/003502", Do: fault.Answer{CutAfter: 1}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer mock.Close()
	srv := httptest.NewServer(literal(mock))
	defer srv.Close()
	for request, want := range map[string][]string{
		"GET /v1/customerinvoice/003501 HTTP/1.1\r\nAuthorization: Bearer x":    {"200 OK", "ETag: \"", "X-RateLimit-Limit: 15000", "X-RateLimit-Remaining: ", "X-RateLimit-Reset: ", "X-RateLimit-Policy: "},
		"GET /v1/customerinvoice/003502 HTTP/1.1\r\nAuthorization: Bearer x":    {"200 OK", "ETag: \"", "\r\n\r\n{"},
		"GET /v1/customerinvoice/003501 HTTP/1.1":                               {"401 Unauthorized", "WWW-Authenticate: Bearer", "X-RateLimit-Limit: "},
		"DELETE /v1/customerinvoice/003547 HTTP/1.1\r\nAuthorization: Bearer x": {"204 No Content", "X-RateLimit-Policy: "},
	} {
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, request+"\r\nHost: erp\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		_ = conn.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(string(answer), text) {
				t.Errorf("%s: no %q in\n%s", request, text, answer)
			}
		}
		for name := range literalNames() {
			if strings.Contains(string(answer), name+":") {
				t.Errorf("%s: %s in\n%s", request, name, answer)
			}
		}
	}
}
