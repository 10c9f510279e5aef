package route

import "testing"

func TestCanonicalPaths(t *testing.T) {
	r := New()
	for _, p := range []string{
		"GET /v1/customerInvoice/{number}", "GET /v1/customerInvoice/special", "POST /v1/files/{path...}", "/v1/tree/", "GET /v1/end/{$}",
	} {
		r.note(p)
	}
	for path, want := range map[string]string{
		"/V1/CUSTOMERINVOICE/Ab12":         "/v1/customerInvoice/Ab12",
		"/v1/customerinvoice/SPECIAL":      "/v1/customerInvoice/special",
		"/v1/customerinvoice/b64(Oi8_I)":   "/v1/customerInvoice/b64(Oi8_I)", // not base64url: taken as it is
		"/v1/customerinvoice/B64(Oi8_I1t)": "/v1/customerInvoice/:%2F%3F%23%5B",
		"/v1/Files/A/b/C":                  "/v1/files/A/b/C",
		"/v1/Tree/A/b":                     "/v1/tree/A/b",
		"/v1/END/":                         "/v1/end/",
	} {
		if got, ok := r.Canonical(path); !ok || got != want {
			t.Errorf("%s: got %q %v, want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"/v1/customerinvoice", "/v1/customerinvoice/1/2", "/v1/end/x", "/", ""} {
		if got, ok := r.Canonical(path); ok {
			t.Errorf("%s: matched as %q", path, got)
		}
	}
}
