package mockserver_test

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/profile"
)

// A company's profile counts for its requests, its notifications and the data
// that it shares with nobody, and for no other's.
func TestTheProfileOfOneCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		const seven, eight = "company:7", "company:8"
		changed := profile.Profile{
			FinishedStatus: "Completed", UserAgent: "dispatcher", RequirePaging: true, RequireToken: true, MaxPageSize: 2, ExactQueryNames: true,
			EndSlashMatters: true, EmptyErrors: true, FailedWithoutStatusCode: true,
		}
		if err := h.SetProfile("7", changed); err != nil {
			t.Fatal(err)
		}
		if got := h.Profile("7"); got.FinishedStatus != "Completed" || got.QueuedStatus != "Started" {
			t.Errorf("company 7 has %+v, want what was set, with defaults", got)
		}
		if got := h.Profile("").FinishedStatus; got != "Finished" {
			t.Errorf("the others' FinishedStatus is %q", got)
		}
		look := func(token string) string {
			auth := []string{"Authorization", "Bearer " + token}
			id := h.submit("http://hook.test/"+token[8:], "GET", "/v1/customerinvoice?pageNumber=1&pageSize=3", "", auth...)
			time.Sleep(time.Second)
			status := h.state(id, auth...)["status"].(string)
			body := h.want(200, "GET", "/v1/background/"+id+"/content", "", auth...).body
			return strings.Join([]string{
				status, strconv.Itoa(len(decode[[]any](t, body))), strconv.Itoa(h.do("GET", "/v1/customerinvoice", "", auth...).status),
				strconv.Itoa(h.do("GET", "/v1/customerinvoice/?PAGENUMBER=1&PAGESIZE=2", "", auth...).status),
				strconv.Itoa(len(h.do("GET", "/v1/nothing", "", auth...).body)),
			}, " ")
		}
		if got, want := look(seven), "Completed 2 400 404 0"; got != want {
			t.Errorf("company 7: %s, want %s", got, want)
		}
		if got, want := look(eight), "Finished 3 200 200 70"; got != want {
			t.Errorf("company 8: %s, want %s", got, want)
		}
		h.want(401, "GET", "/v1/customerinvoice?pageNumber=1&pageSize=2", "", "ipp-company-id", "7")
		h.want(200, "GET", "/v1/customerinvoice", "", "ipp-company-id", "8")
		for _, n := range h.hook.all() {
			if got, want := n.header.Get("User-Agent") == "dispatcher", n.path == "/7"; got != want {
				t.Errorf("the notification of %s came from %q", n.path, n.header.Get("User-Agent"))
			}
		}
		if err := h.Reset(t.Context(), "7"); err != nil {
			t.Fatal(err)
		}
		if got := h.Profile("7").FinishedStatus; got != "Finished" {
			t.Errorf("after a reset FinishedStatus is %q", got)
		}
	})
}

func TestWhatHoldsForAllThatHaveNothingOfTheirOwn(t *testing.T) {
	h := start(t, mockserver.Config{Subscriptions: map[string]mockserver.Subscription{"7": {URL: "http://hook.test/seven"}}})
	check := func(when string, want ...string) {
		t.Helper()
		for i, company := range []string{"", "7", "8"} {
			if got := h.Subscription(company).URL; got != want[i] {
				t.Errorf("%s: company %q has %q, want %q", when, company, got, want[i])
			}
		}
	}
	check("at first", "", "http://hook.test/seven", "")
	for company, url := range map[string]string{"": "http://hook.test/all", "8": "http://hook.test/eight"} {
		if err := h.SetSubscription(company, mockserver.Subscription{URL: url}); err != nil {
			t.Fatal(err)
		}
	}
	check("when set", "http://hook.test/all", "http://hook.test/seven", "http://hook.test/eight")
	if err := h.SetSubscription("7", mockserver.Subscription{}); err != nil {
		t.Fatal(err)
	}
	check("when 7 has none", "http://hook.test/all", "", "http://hook.test/eight")
	if err := h.Reset(t.Context(), "7"); err != nil {
		t.Fatal(err)
	}
	check("after a reset of 7", "http://hook.test/all", "http://hook.test/seven", "http://hook.test/eight")
	if err := h.Reset(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	check("after a reset of all", "", "http://hook.test/seven", "")
}

func TestASubscriptionSetLaterIsNotified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		if err := h.SetSubscription("7", mockserver.Subscription{URL: "http://hook.test/later", SigningKey: "k"}); err != nil {
			t.Fatal(err)
		}
		for _, company := range []string{"7", "8"} {
			h.submit("subscription", "GET", "/v1/customerinvoice", "", "ipp-company-id", company)
		}
		time.Sleep(time.Second)
		got := h.hook.all()
		if len(got) != 1 || got[0].path != "/later" || got[0].header.Get("x-vwd-signature-v1") == "" || got[0].header.Get("x-vwd-tenant-id") == "" {
			t.Errorf("got %+v, want one signed notification at /later", got)
		}
	})
}

func TestTheRateLimitOfOneCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{RateLimit: mockserver.RateLimit{Limit: 5}})
		call := func(company string) answer {
			return h.do("GET", "/v1/customerinvoice", "", "ipp-company-id", company)
		}
		for range 3 {
			call("7")
		}
		if used, ends := h.RateUsed("7"); used != 3 || !ends.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("%d calls are counted until %v", used, ends)
		}
		if err := h.SetRateLimit("7", mockserver.RateLimit{Limit: 1, Window: time.Minute, Policy: "tight"}); err != nil {
			t.Fatal(err)
		}
		first, second, other := call("7"), call("7"), call("8")
		if first.status != 200 || second.status != 429 || other.status != 200 {
			t.Errorf("answered %d, %d and, of another company, %d; want 200, 429, 200", first.status, second.status, other.status)
		}
		if got := second.header.Get("X-RateLimit-Policy") + " " + second.header.Get("Retry-After"); got != "tight 60" {
			t.Errorf("the refusal says %q, want \"tight 60\"", got)
		}
		if got := other.header.Get("X-RateLimit-Limit"); got != "5" {
			t.Errorf("another company's limit is %s, want 5", got)
		}
		time.Sleep(time.Minute)
		if used, _ := h.RateUsed("7"); used != 0 {
			t.Errorf("%d calls are counted in a window that is over", used)
		}
		if err := h.Reset(t.Context(), "7"); err != nil {
			t.Fatal(err)
		}
		if got := h.RateLimit("7").Limit; got != 5 {
			t.Errorf("after a reset the limit is %d, want 5", got)
		}
	})
}

func TestSettingsThatAreWrong(t *testing.T) {
	h := start(t, mockserver.Config{})
	for want, err := range map[string]error{
		"Profile.TimeFormat":   h.SetProfile("7", profile.Profile{TimeFormat: "sundial"}),
		"RateLimit.Limit":      h.SetRateLimit("7", mockserver.RateLimit{Limit: -1}),
		"Subscription.URL":     h.SetSubscription("7", mockserver.Subscription{URL: "nowhere"}),
		"Retry.Attempts: must": h.SetSubscription("7", mockserver.Subscription{Retry: mockserver.Retry{Attempts: -1}}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that names %s", err, want)
		}
	}
	if got := h.RateLimit("7").Limit; got != 15000 {
		t.Errorf("a refused limit of %d counts", got)
	}
}
