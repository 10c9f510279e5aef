package mockserver_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

// The walk-throughs of the vendor's article of March 2022, over real sockets
// and with its base path: send a request with the extra header, get 202 with
// id and stateLocation, receive the notification, read the state, and read the
// content if there is any.

// overSockets is a mock and a webhook, each on a port of its own.
type overSockets struct {
	*harness
	erp      string
	webhook  string
	notified chan string
}

func startOverSockets(t *testing.T) *overSockets {
	t.Helper()
	h := start(t, mockserver.Config{NotifyClient: &http.Client{}, ExecTime: mockserver.Fixed(time.Millisecond)})
	erp := httptest.NewServer(h.Server)
	t.Cleanup(erp.Close)
	h.client = erp.Client()
	s := &overSockets{harness: h, erp: erp.URL, notified: make(chan string, 10)}
	webhook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.hook.ServeHTTP(w, r)
		got := h.hook.all()
		s.notified <- got[len(got)-1].body
	}))
	t.Cleanup(webhook.Close)
	s.webhook = webhook.URL
	return s
}

// call sends what the article's tables of headers show.
func (s *overSockets) call(method, path, body, background string) map[string]string {
	s.t.Helper()
	a := s.want(202, method, s.erp+path, body,
		"ipp-application-type", "Visma.net Financials", "ipp-company-id", "123456",
		"Content-Type", "application/json", "Authorization", "Bearer yourToken",
		"erp-api-background", background)
	accepted := decode[map[string]string](s.t, a.body)
	if want := s.erp + "/api/v1/background/" + accepted["id"]; len(accepted) != 2 || accepted["stateLocation"] != want {
		s.t.Fatalf("202 with %s, want id and stateLocation %s", a.body, want)
	}
	return accepted
}

// notification waits for the webhook to be called.
func (s *overSockets) notification() map[string]any {
	s.t.Helper()
	select {
	case body := <-s.notified:
		return decode[map[string]any](s.t, body)
	case <-time.After(20 * time.Second):
		s.t.Fatal("no notification")
		return nil
	}
}

// read is a GET with the article's headers.
func (s *overSockets) read(status int, url string) answer {
	s.t.Helper()
	return s.want(status, "GET", url, "", "ipp-company-id", "123456", "Authorization", "Bearer yourToken")
}

func (s *overSockets) ended(accepted map[string]string, statusCode float64) map[string]any {
	s.t.Helper()
	doc := decode[map[string]any](s.t, s.read(200, accepted["stateLocation"]).body)
	if doc["id"] != accepted["id"] || doc["status"] != "Finished" || doc["statusCode"] != statusCode {
		s.t.Fatalf("got %v, want Finished %v", doc, statusCode)
	}
	return doc
}

func TestWalkthroughGetWithAWebhook(t *testing.T) {
	s := startOverSockets(t)
	accepted := s.call("GET", "/api/v1/customerinvoice?pageNumber=1&pageSize=100", "", s.webhook+"/hook")
	n := s.notification()
	if n["id"] != accepted["id"] || n["statusCode"] != 200.0 || n["stateLocation"] != accepted["stateLocation"] {
		t.Errorf("notification %v", n)
	}
	doc := s.ended(accepted, 200)
	if doc["webhookAddress"] != s.webhook+"/hook" || doc["contentLocation"] != n["contentLocation"] || doc["hasResponseContent"] != true ||
		doc["originalUri"] != "https://finance.visma.net/0000123456/api/v1/customerinvoice?pageNumber=1&pageSize=100" {
		t.Errorf("state %v", doc)
	}
	content := s.read(200, n["contentLocation"].(string))
	foreground := s.read(200, s.erp+"/api/v1/customerinvoice?pageNumber=1&pageSize=100")
	if content.body != foreground.body || len(decode[[]any](t, content.body)) != 48 {
		t.Errorf("content: %d bytes, in the foreground %d", len(content.body), len(foreground.body))
	}
}

func TestWalkthroughPostWithAWebhook(t *testing.T) {
	s := startOverSockets(t)
	accepted := s.call("POST", "/api/v2/customerinvoice", newInvoice, s.webhook)
	if n := s.notification(); n["id"] != accepted["id"] || n["statusCode"] != 201.0 || n["contentLocation"] != nil {
		t.Errorf("notification %v", n)
	}
	doc := s.ended(accepted, 201)
	if doc["hasResponseContent"] != false || doc["hasRequestContent"] != true || doc["contentLocation"] != nil {
		t.Errorf("state %v", doc)
	}
	s.read(404, accepted["stateLocation"]+"/content")
	location := doc["responseHeaders"].(map[string]any)["Location"].(string)
	if !strings.HasSuffix(location, "/api/v1/customerinvoice/003549") {
		t.Fatalf("Location %s", location)
	}
	s.read(200, location)
}

func TestWalkthroughPutWithAWebhook(t *testing.T) {
	s := startOverSockets(t)
	accepted := s.call("PUT", "/api/v1/customerinvoice/003547", `{"note":{"value":"Ring før levering"}}`, s.webhook)
	if n := s.notification(); n["id"] != accepted["id"] || n["statusCode"] != 204.0 {
		t.Errorf("notification %v", n)
	}
	if doc := s.ended(accepted, 204); doc["hasResponseContent"] != false || doc["responseHeaders"].(map[string]any)["ETag"] == nil {
		t.Errorf("state %v", doc)
	}
	if a := s.read(200, s.erp+"/api/v1/customerinvoice/003547"); !strings.Contains(a.body, "Ring før levering") {
		t.Errorf("got %s", a.body)
	}
}

func TestWalkthroughNone(t *testing.T) {
	s := startOverSockets(t)
	accepted := s.call("GET", "/api/v1/customerinvoice?pageNumber=1&pageSize=100", "", "None")
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for decode[map[string]any](t, s.read(200, accepted["stateLocation"]).body)["status"] == "Started" {
		<-tick.C
	}
	doc := s.ended(accepted, 200)
	if doc["webhookAddress"] != "none" {
		t.Errorf("state %v", doc)
	}
	s.read(200, doc["contentLocation"].(string))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := s.hook.all(); len(got) != 0 {
		t.Errorf("notified all the same: %v", got)
	}
}

func TestALost202OverSockets(t *testing.T) {
	h := start(t, mockserver.Config{
		Faults: []fault.Rule{{On: fault.OnIntake, Do: fault.Answer{Process: true, Drop: true}}},
	})
	erp := httptest.NewServer(h.Server)
	defer erp.Close()
	h.client = erp.Client()
	if a, err := h.try("POST", erp.URL+"/v2/customerinvoice", newInvoice, "erp-api-background", "none"); err == nil {
		t.Errorf("got %v, want a broken connection", a)
	}
	if ops := h.Operations(); len(ops) != 1 {
		t.Errorf("%d operations, want 1", len(ops))
	}
}
