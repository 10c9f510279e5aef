package mockserver_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/profile"
)

func TestTokensExpireByTheClock(t *testing.T) {
	h := manual(t, mockserver.Config{Auth: mockserver.Auth{
		Mode:    mockserver.AuthStrict,
		Clients: map[string]mockserver.AuthClient{"app": {Secret: "x"}},
		Tenants: map[string]string{"t-1": "1000001", "t-2": "2"}, TokenLife: 10 * time.Minute,
	}})
	token := func(tenant string) string {
		form := "grant_type=client_credentials&client_id=app&client_secret=x&tenant_id=" + tenant
		a := h.want(200, "POST", "/connect/token", form, "Content-Type", "application/x-www-form-urlencoded")
		return "Bearer " + decode[struct {
			AccessToken string `json:"access_token"`
		}](t, a.body).AccessToken
	}
	one, two := token("t-1"), token("t-2")
	h.advance(10*time.Minute - time.Second)
	h.want(200, "GET", "/v1/customerinvoice/003501", "", "Authorization", one)
	h.advance(time.Second)
	h.want(401, "GET", "/v1/customerinvoice/003501", "", "Authorization", one)
	h.want(200, "GET", "/v1/customerinvoice/003501", "", "Authorization", two) // whose company has another clock
	h.want(200, "GET", "/v1/customerinvoice/003501", "", "Authorization", token("t-1"))
}

func TestRateLimitsFollowTheClock(t *testing.T) {
	h := manual(t, mockserver.Config{
		RateLimit: mockserver.RateLimit{Limit: 2, Window: time.Hour},
		Profile:   profile.Profile{RetryAfterDate: true, RateLimitResetEpoch: true},
	})
	get := func(status int, company string) answer {
		t.Helper()
		return h.want(status, "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", company)
	}
	get(200, "")
	h.advance(20 * time.Minute)
	get(200, "")
	a := get(429, "")
	if got, want := a.header.Get("Retry-After"), "Mon, 02 Mar 2026 10:00:00 GMT"; got != want {
		t.Errorf("Retry-After %s, want %s", got, want)
	}
	if got, want := a.header.Get("X-RateLimit-Reset"), fmt.Sprint(day1.Add(time.Hour).Unix()); got != want {
		t.Errorf("X-RateLimit-Reset %s, want %s", got, want)
	}
	get(200, "2")
	h.advance(40*time.Minute - 1)
	get(429, "")
	h.advance(1)
	get(200, "")
}

func TestFaultsFollowTheClock(t *testing.T) {
	h := manual(t, mockserver.Config{Faults: []fault.Rule{
		{On: fault.OnForeground, Between: fault.Span{From: time.Minute, To: 2 * time.Minute}, Do: fault.Answer{Status: 503, RetryAfter: time.Minute, RetryAfterDate: true}},
		{On: fault.OnState, Do: fault.Answer{Lag: time.Minute}},
		{On: fault.OnContent, Times: 1, Do: fault.Answer{Delay: time.Minute}},
		{On: fault.OnContent, Times: 1, Do: fault.Answer{Stall: time.Minute}},
		{Do: fault.Queue{Hold: 10 * time.Minute, Deaths: 1, Lease: time.Minute}},
		{Do: fault.Notify{Delay: 5 * time.Minute}},
	}})
	h.want(200, "GET", "/v1/customerinvoice/003501", "")
	h.want(200, "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", "2")
	h.advance(time.Minute)
	if a := h.want(503, "GET", "/v1/customerinvoice/003501", ""); a.header.Get("Retry-After") != "Mon, 02 Mar 2026 09:02:00 GMT" {
		t.Errorf("Retry-After %s", a.header.Get("Retry-After"))
	}
	h.want(200, "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", "2")
	h.advance(time.Minute)
	h.want(200, "GET", "/v1/customerinvoice/003501", "")

	// A rule that is added later counts from then, for each company.
	if err := h.Faults().Add(fault.Rule{On: fault.OnForeground, Between: fault.Span{From: time.Second}, Do: broken503}); err != nil {
		t.Fatal(err)
	}
	h.want(200, "GET", "/v1/customerinvoice/003501", "")

	id := h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
	h.want(404, "GET", "/v1/background/"+id, "") // it lags
	h.advance(20 * time.Minute)
	h.want(503, "GET", "/v1/customerinvoice/003501", "")
	h.want(200, "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", "2")
	op, _ := h.Operation(id)
	if held, ran := op.Started.Sub(op.Received), op.Ended.Sub(op.Started); held != 10*time.Minute || ran != time.Minute+20*time.Millisecond {
		t.Errorf("held for %v, ran for %v", held, ran)
	}
	d := h.Deliveries()[0]
	if waited := d.Attempts[0].Started.Sub(op.Ended); waited != 5*time.Minute {
		t.Errorf("told after %v", waited)
	}

	for range 2 { // first with a delay, then with a stall in the middle
		answered := make(chan answer)
		go func() { answered <- h.want(200, "GET", "/v1/background/"+id+"/content", "") }()
		testkit.Eventually(t, "what other goroutines do", func() bool { return len(h.Clock("").Planned()) == 1 })
		h.advance(time.Minute - 1)
		select {
		case <-answered:
			t.Fatal("answered too early")
		default:
		}
		h.advance(1)
		if a := <-answered; !strings.Contains(a.body, `"referenceNumber":"003501"`) {
			t.Errorf("got %s", a.body)
		}
	}
}

// What is delayed on a clock that nobody moves ends with the server.
func TestCloseEndsADelay(t *testing.T) {
	h := manual(t, mockserver.Config{Faults: []fault.Rule{{On: fault.OnForeground, Do: fault.Answer{Delay: time.Minute}}}})
	failed := make(chan error)
	go func() { _, err := h.try("GET", "/v1/customerinvoice/003501", ""); failed <- err }()
	testkit.Eventually(t, "what other goroutines do", func() bool { return len(h.Clock("").Planned()) == 1 })
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("it was answered")
	}
}

func TestDocumentsHaveTheCompanysTime(t *testing.T) {
	h := manual(t, mockserver.Config{})
	h.advance(90 * time.Minute)
	h.want(204, "PUT", "/v1/customerinvoice/003547", `{"note":{"value":"x"}}`)
	if a := h.want(200, "GET", "/v1/customerinvoice/003547", ""); !strings.Contains(a.body, `"lastModifiedDateTime":"2026-03-02T11:30:00"`) {
		t.Errorf("got %s", a.body)
	}
}

func TestTheActionsOf2022OnAManualClock(t *testing.T) {
	h := manual(t, mockserver.Config{Profile: profile.Profile{ReportAccepted: true}})
	h.submit("none", "POST", "/v1/customerinvoice/003547/action/release", "")
	for _, want := range []string{"Balanced", "Open"} {
		h.advance(500 * time.Millisecond)
		if a := h.want(200, "GET", "/v1/customerinvoice/003547", ""); !strings.Contains(a.body, `"status":"`+want+`"`) {
			t.Errorf("got %s, want it %s", a.body, want)
		}
	}
}

// A notification that overtakes the 202 does so on a clock that is moved.
func TestAnEarlyNotificationOnAManualClock(t *testing.T) {
	h := manual(t, mockserver.Config{Faults: []fault.Rule{{Do: fault.Notify{Early: true, Duplicates: 1}}}})
	answered := make(chan string)
	go func() { answered <- h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "") }()
	testkit.Eventually(t, "what other goroutines do", func() bool { return len(h.Clock("").Planned()) == 1 })
	h.advance(time.Second)
	<-answered
	if got := h.story(journal.KindAccepted, journal.KindEnded, journal.KindAttempt); got != `0s accepted /v1/customerinvoice/003501
20ms ended /v1/customerinvoice/003501
20ms attempt 200
20ms attempt 200
` {
		t.Errorf("got\n%s", got)
	}
}
