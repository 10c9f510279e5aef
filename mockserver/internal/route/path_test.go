package route

import "testing"

func TestSplitBase(t *testing.T) {
	for path, want := range map[string][2]string{
		"/v1/customerinvoice":                    {"", "/v1/customerinvoice"},
		"/V2/customerinvoice":                    {"", "/V2/customerinvoice"},
		"/api/v1/customerinvoice":                {"/api", "/v1/customerinvoice"},
		"/API/controller/api/v1/customerinvoice": {"/API/controller/api", "/v1/customerinvoice"},
		"/api/Controller/API/V1/x/b64(QQ)":       {"/api/Controller/API", "/V1/x/b64(QQ)"},
		"/api/other":                             {"", "/api/other"},
		"/version/1":                             {"", "/version/1"},
		"/":                                      {"", "/"},
	} {
		if base, rest := SplitBase(path); base != want[0] || rest != want[1] {
			t.Errorf("%s: got %q %q, want %q", path, base, rest, want)
		}
	}
}
