package mockserver_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/profile"
)

func TestProfilesByName(t *testing.T) {
	for name, want := range map[string]profile.Profile{
		"current": {}, "legacy-2022": profile.Legacy2022(), "strict": profile.Strict(),
	} {
		if got, err := profile.Named(name); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	if got, want := fmt.Sprint(profile.Names()), "[current legacy-2022 strict]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	_, err := profile.Named("legacy")
	if want := `profile "legacy": want one of current, legacy-2022, strict`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// The document that was captured in November 2022, but for its ids and hosts.
func TestTheLegacyProfileShowsTheCapturedDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2022, 11, 10, 9, 20, 53, 750e6, time.UTC)))
		h := start(t, mockserver.Config{
			Profile: profile.Legacy2022(), URLRetry: mockserver.Retry{Attempts: 1},
			ExecTime: mockserver.Fixed(2038 * time.Millisecond),
		})
		ipp := []string{"ipp-company-id", "0921001005", "ipp-application-type", "Visma.net Financials"}
		const base = "https://integration.visma.net/API/controller/api"
		id := h.submit("https://google.com", "POST", base+"/v1/customerInvoice/003501/action/release", "{}", ipp...)
		time.Sleep(time.Minute)
		got := decode[map[string]any](t, h.want(200, "GET", base+"/v1/background/"+id, "", ipp...).body)
		want := map[string]any{
			"id": id, "status": "Finished", "statusCode": 400.0,
			"receivedUtc": "2022-11-10T10:20:53.75+01:00", "startedUtc": "2022-11-10T10:20:53.75+01:00",
			"finishedUtc":    "2022-11-10T10:20:55.788+01:00",
			"webhookAddress": "https://google.com", "errorMessage": nil, "reference": nil,
			"originalUri":        "https://finance.visma.net/0921001005/api/v1/customerInvoice/003501/action/release",
			"hasResponseContent": true, "hasRequestContent": true,
			"contentLocation": base + "/v1/background/" + id + "/content", "responseHeaders": nil,
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		if a := h.want(200, "GET", want["contentLocation"].(string), "", ipp...); !strings.Contains(a.body, "because it is already released.") {
			t.Errorf("content %s", a.body)
		}
	})
}

// A client of that year reads these fields as times that cannot be null.
func TestTheLegacyProfileHasNoNullForATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Profile: profile.Legacy2022()})
		ipp := []string{"ipp-company-id", "123456", "ipp-application-type", "Visma.net Financials"}
		state := h.state(h.submit("none", "GET", "/api/v1/customerinvoice", "", ipp...), ipp...)
		if got := fmt.Sprint(state["finishedUtc"]); got != "0001-01-01T00:00:00" {
			t.Errorf("finishedUtc %s, want 0001-01-01T00:00:00", got)
		}
	})
}

func TestTheLegacyProfileRefusesWhatCameLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Profile: profile.Legacy2022(), Subscription: subscription()})
		ipp := []string{"ipp-company-id", "123456", "ipp-application-type", "Visma.net Financials"}
		a := h.want(400, "GET", "/api/v1/customerinvoice", "", append(ipp, "erp-api-background", "subscription")...)
		if !strings.Contains(a.body, "want none or a webhook URL") {
			t.Errorf("got %s", a.body)
		}
		a = h.want(202, "GET", "/api/v1/customerinvoice?pageNumber=1&pageSize=100", "", append(ipp, "erp-api-background", "None")...)
		if got := decode[map[string]string](t, a.body); got["contentLocation"] != got["stateLocation"]+"/content" {
			t.Errorf("got %v", got)
		}
		if reset := a.header.Get("X-RateLimit-Reset"); len(reset) != len("946688400") {
			t.Errorf("X-RateLimit-Reset: %s, want a Unix time", reset)
		}
		h.want(400, "GET", "/api/v1/customerinvoice", "")
	})
}

func TestTheStrictProfile(t *testing.T) {
	full := map[string]string{
		"Authorization": "Bearer x",
		"Content-Type":  "application/json", "erp-api-background": "https://hook.test/",
	}
	tests := []struct {
		name, header, value string // one header that differs from full
		path                string
		status              int
	}{
		{name: "careful", status: 202},
		{name: "no token", header: "Authorization", status: 401},
		{name: "no content type", header: "Content-Type", status: 415},
		{name: "an http webhook", header: "erp-api-background", value: "http://hook.test/", status: 400},
		{name: "an unknown value", header: "erp-api-background", value: "true", status: 400},
		{name: "an empty pair", header: "erp-api-background", value: "subscription:a=", status: 400},
		{name: "a pair twice", header: "erp-api-background", value: "subscription:a=1,a=2", status: 400},
		{name: "pairs", header: "erp-api-background", value: "subscription:a=1,b=2", status: 202},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := start(t, mockserver.Config{Profile: profile.Strict()})
				var headers []string
				for name, value := range full {
					if name == tt.header {
						value = tt.value
					}
					if value != "" {
						headers = append(headers, name, value)
					}
				}
				if a := h.do("POST", "/v2/customerinvoice", newInvoice, headers...); a.status != tt.status {
					t.Errorf("got %d %s, want %d", a.status, a.body, tt.status)
				}
			})
		})
	}
}

func TestValidationOfProfiles(t *testing.T) {
	_, err := mockserver.New(mockserver.Config{Profile: profile.Profile{
		TimeFormat: "x", UnsetTime: "x", Notification: "x", ContentLocation: "x", StateContentLocation: "x",
		Pairs:              profile.PairRules{Repeated: "x"},
		ExpiredStateStatus: 1, MalformedIDStatus: 1, InvalidClientStatus: 1, UnfinishedContentStatus: 1, PageBeyondEndStatus: 1,
		GoneFor: -1, MaxPageSize: -1, IDField: `a"b`, Envelope: "a b",
		HeaderNames: map[string]string{"event-id": "a b", "signature": "x"},
	}})
	if err == nil {
		t.Fatal("no error")
	}
	for _, field := range []string{
		"TimeFormat", "UnsetTime", "Notification", "ContentLocation", "StateContentLocation", "Pairs.Repeated", "ExpiredStateStatus",
		"MalformedIDStatus", "InvalidClientStatus", "UnfinishedContentStatus", "PageBeyondEndStatus", "GoneFor", "MaxPageSize", "IDField",
		"Envelope", `HeaderNames["event-id"]`, `HeaderNames["signature"]`,
	} {
		if !strings.Contains(err.Error(), "Profile."+field+": ") {
			t.Errorf("%s is not named in\n%v", field, err)
		}
	}
}

// A switch of the grammar is kept with what is queued: each pair arrives as it
// was understood.
func TestPairsAreKeptAsTheyWereUnderstood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Subscription: subscription(), Profile: profile.Profile{
			Pairs: profile.PairRules{Percent: true, Repeated: profile.RepeatedFirst},
		}})
		h.submit("subscription:note=50%25%2C%20a%3Db,note=x", "GET", "/v1/customerinvoice/003501", "")
		time.Sleep(time.Second)
		got, err := json.Marshal(h.hook.all()[0].header["Note"])
		if want := `["50%, a=b"]`; err != nil || string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
