package match

import (
	"net/http"
	"slices"
	"testing"
)

func TestARequestIsHeldAgainstWhatIsWanted(t *testing.T) {
	got := Received{
		Company: "1", Method: "POST", Path: "/API/controller/api/v1/customerInvoice?dryRun=1", Background: "none",
		Header: http.Header{"Accept": {"a", "b"}}, Body: []byte(`{"number":{"value":"7"},"lines":[1,2.0]}`), StatusCode: 202,
	}
	for _, tt := range []struct {
		name     string
		want     Request
		misses   []string
		distance int
	}{
		{"nothing is wanted", Request{}, nil, 0},
		{"all of it", Request{
			Company: "1", Method: "post", Path: "/v1/CUSTOMERINVOICE", Query: map[string]string{"dryRun": "1"}, Header: map[string]string{"accept": "a, b"},
			Background: "none", Body: `{"lines":[1,2]}`, StatusCode: 202,
		}, nil, 0},
		{"a wildcard", Request{Path: "/v1/{kind}"}, nil, 0},
		{"a wildcard for all that follows", Request{Path: "/{rest...}"}, nil, 0},
		{"a call", Request{Method: "GET", Path: "/v1/customer"}, []string{
			`Method: got "POST", want "GET"`, `Path: got /v1/customerInvoice, want /v1/customer`,
		}, 6},
		{"details", Request{Query: map[string]string{"page": "1"}, Header: map[string]string{"Accept": "a", "If-Match": "x"}, StatusCode: 200}, []string{
			`Query["page"]: is missing, want "1"`, `Header["Accept"]: got "a, b", want "a"`, `Header["If-Match"]: is missing, want "x"`,
			`StatusCode: got 202, want 200`,
		}, 4},
		{"a body counts once", Request{Body: map[string]any{"number": "7", "lines": []int{1}, "note": nil}}, []string{
			`Body.lines: got 2 elements, want 1: [1,2.0]`, `Body.note: is missing, want null`, `Body.number: got {"value":"7"}, want "7"`,
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			misses := tt.want.Misses(got)
			var texts []string
			for _, m := range misses {
				texts = append(texts, m.Text)
			}
			if !slices.Equal(texts, tt.misses) || misses.Distance() != tt.distance {
				t.Errorf("got  %q, distance %d\nwant %q, distance %d", texts, misses.Distance(), tt.misses, tt.distance)
			}
		})
	}
}

func TestPollsAndTokensAreNotMeantUnlessThePathSaysSo(t *testing.T) {
	for path, want := range map[string]bool{
		"/v1/customerinvoice": true, "/v1/background/7": false, "/api/v1/background/7/content": false, "/connect/token": false,
	} {
		if got := (Request{}).Concerns(Received{Path: path}); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
		if !(Request{Path: path}).Concerns(Received{Path: path}) {
			t.Errorf("%s is not meant, though it is wanted", path)
		}
	}
}

func TestExplainNamesTheClosest(t *testing.T) {
	far := Candidate{Title: "far", Misses: Misses{{4, "Path"}}}
	near := Candidate{Title: "near", Misses: Misses{{1, "Company"}, {1, "StatusCode"}}}
	for _, tt := range []struct {
		list   []Candidate
		before int
		want   string
	}{
		{[]Candidate{far, near}, 0, "closest of 2 requests: near\n\tCompany\n\tStatusCode"},
		{[]Candidate{far}, 2, "closest of 1 request: far\n\tPath\n2 requests required before and not counted again"},
		{nil, 1, "1 request required before and not counted again"},
		{nil, 0, "there was no request at all"},
	} {
		if got := Explain("request", tt.list, tt.before); got != tt.want {
			t.Errorf("got  %q\nwant %q", got, tt.want)
		}
	}
}
