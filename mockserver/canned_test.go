package mockserver_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

func TestAnEndpointThatWasAdded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		seven := []string{"ipp-company-id", "7"}
		e, err := h.AddEndpoint(mockserver.Endpoint{
			Company: "7", Method: "post", Path: "/v1/customerPayment/{number}/action/release", Status: 409,
			Header: http.Header{"X-Own": {"a", "b"}}, Body: []byte(`{"message":"already released"}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		a := h.want(409, "POST", "/API/v1/CUSTOMERPAYMENT/1/action/release", "", seven...)
		if a.body != `{"message":"already released"}` || !slices.Equal(a.header["X-Own"], []string{"a", "b"}) || a.header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("got %+v", a)
		}
		h.want(404, "POST", "/v1/customerPayment/1/action/release", "")
		if got := h.want(405, "GET", "/v1/customerPayment/1/action/release", "", seven...).header.Get("Allow"); got != "POST" {
			t.Errorf("Allow is %q, want POST", got)
		}
		id := h.submit("none", "POST", "/v1/customerPayment/1/action/release", "{}", seven...)
		time.Sleep(time.Second)
		if got := h.state(id, seven...)["statusCode"]; got != 409.0 {
			t.Errorf("in the background it answers %v, want 409", got)
		}
		// The later one comes first, before the built-in ones too.
		for _, body := range []string{"first", "second"} {
			if _, err := h.AddEndpoint(mockserver.Endpoint{Path: "/v1/customerinvoice", Body: []byte(body)}); err != nil {
				t.Fatal(err)
			}
		}
		if got := h.want(200, "GET", "/v1/customerinvoice", "").body; got != "second" {
			t.Errorf("got %q, want the one that was added last", got)
		}
		if list := h.Endpoints(); len(list) != 3 || list[2].ID != e.ID || list[2].Method != "POST" {
			t.Errorf("listed are %+v", list)
		}
		if !h.RemoveEndpoint(h.Endpoints()[0].ID) || h.RemoveEndpoint("endpoint-99") {
			t.Error("the first was not removed, or one that is not there was")
		}
		if got := h.want(200, "GET", "/v1/customerinvoice", "").body; got != "first" {
			t.Errorf("got %q after the second was removed", got)
		}
		if err := h.Reset(t.Context(), "7"); err != nil {
			t.Fatal(err)
		}
		if list := h.Endpoints(); len(list) != 1 || list[0].Company != "" {
			t.Errorf("after a reset of 7 there are %+v, want the one for all", list)
		}
	})
}

func TestEndpointsThatAreWrong(t *testing.T) {
	h := start(t, mockserver.Config{})
	for want, e := range map[string]mockserver.Endpoint{
		"Endpoint.Path: \"\"":            {},
		"Endpoint.Path: \"v1/x\"":        {Path: "v1/x"},
		"Endpoint.Path: \"GET /v1/x\"":   {Path: "GET /v1/x"},
		"without method and query":       {Path: "/v1/x?a=1"},
		"below the API root, /v1/x":      {Path: "/API/v1/x"},
		"Endpoint.Method":                {Path: "/v1/x", Method: "GET IT"},
		"Endpoint.Status: 99":            {Path: "/v1/x", Status: 99},
		"Endpoint.Body: an answer 204":   {Path: "/v1/x", Status: 204, Body: []byte("x")},
		"Endpoint.Header: \"a b\" is no": {Path: "/v1/x", Header: http.Header{"a b": nil}},
	} {
		if _, err := h.AddEndpoint(e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want an error with %q", e, err, want)
		}
	}
	if got := h.Endpoints(); len(got) != 0 {
		t.Errorf("there are %+v", got)
	}
}

// What is set up by the back door is neither counted nor seen nor disturbed.
func TestTheBackdoor(t *testing.T) {
	h := start(t, mockserver.Config{
		RateLimit: mockserver.RateLimit{Limit: 1}, Auth: mockserver.Auth{Mode: mockserver.AuthAny}, MaxCompanies: 2,
	})
	call := func(company, method, path, body string) (int, string) {
		w := httptest.NewRecorder()
		h.Backdoor(company).ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		got, _ := io.ReadAll(w.Body)
		return w.Code, string(got)
	}
	for range 3 {
		if status, body := call("7", "POST", "/v2/customerinvoice", newInvoice); status != 201 {
			t.Errorf("a new invoice: %d %s", status, body)
		}
	}
	for path, want := range map[string]int{"/v1/customerinvoice/003549": 200, "/v1/nothing": 404} {
		if status, _ := call("7", "GET", path, ""); status != want {
			t.Errorf("%s: got %d, want %d", path, status, want)
		}
	}
	if status, _ := call("7", "DELETE", "/v1/customerinvoice", ""); status != 405 {
		t.Errorf("DELETE of all: got %d, want 405", status)
	}
	if status, _ := call("8", "GET", "/v1/customerinvoice/003549", ""); status != 503 {
		t.Errorf("a company too many: got %d, want 503", status)
	}
	if n := len(h.Journal().Entries()); n != 0 {
		t.Errorf("the journal has %d entries", n)
	}
	if used, _ := h.RateUsed("7"); used != 0 {
		t.Errorf("%d calls are counted", used)
	}
	if got := h.Companies(); !slices.Equal(got, []string{"1000001", "7"}) {
		t.Errorf("companies are %q", got)
	}
	if !h.Admits("7") || h.Admits("9") || h.DefaultCompany() != "1000001" {
		t.Error("7 is not served, or 9 is")
	}
	select {
	case <-h.Done():
		t.Error("it is done before Close")
	default:
	}
	_ = h.Close()
	<-h.Done()
	if status, _ := call("7", "GET", "/v1/customerinvoice", ""); status != 503 {
		t.Errorf("after Close: got %d, want 503", status)
	}
}

func TestWhatAClockAndAQueueTellOfThemselves(t *testing.T) {
	h := start(t, mockserver.Config{Clock: mockserver.ClockConfig{Manual: true}})
	clock := h.Clock("7")
	if got := clock.Rate(); got != 0 {
		t.Errorf("a clock that stands has the rate %v", got)
	}
	if err := clock.Run(60); err != nil || clock.Rate() != 60 {
		t.Errorf("got the rate %v, %v; want 60", clock.Rate(), err)
	}
	h.Queue("7").Pause()
	if !h.Queue("7").Paused() || h.Queue("8").Paused() || h.Queue("").Paused() {
		t.Error("7 is not paused, or others are")
	}
}
