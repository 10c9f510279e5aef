package mockserver_test

import (
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/mockservertest"
	"github.com/vismanet-go/background/mockserver/operation"
)

func wireFlows() []wireCase {
	faulty := func(rules ...fault.Rule) mockserver.Config { return mockserver.Config{Faults: rules} }
	notify := func(f fault.Notify) mockserver.Config { return faulty(fault.Rule{Times: 1, Do: f}) }
	return []wireCase{
		{"1 list without a notification", mockserver.Config{}, listFlow},
		{"2 create with a webhook URL", mockserver.Config{}, createFlow},
		{"3 changes that are refused", mockserver.Config{}, refusedFlow},
		{"4 release", mockserver.Config{}, releaseFlow},
		{"5 subscription with pairs", mockserver.Config{}, pairsFlow},
		{"6 the machinery fails", faulty(fault.Rule{Do: fault.Queue{Fail: "The database is not available."}}), failedFlow},
		{"7 notification lost", notify(fault.Notify{Drop: true}), lostFlow},
		{"7 notification late", notify(fault.Notify{Delay: 300 * time.Millisecond}), lateFlow},
		{"7 notification doubled", notify(fault.Notify{Duplicates: 1}), doubledFlow},
		{"7 notifications out of order", notify(fault.Notify{Reorder: true}), reorderedFlow},
		{"7 notification before the 202", notify(fault.Notify{Early: true}), earlyFlow},
		{"7 notification badly signed", notify(fault.Notify{Forge: true}), forgedFlow},
		{"8 too many requests", faulty(
			fault.Rule{On: fault.OnIntake, Times: 1, Do: fault.Answer{Status: 429, RetryAfter: time.Second}},
			fault.Rule{On: fault.OnState, Times: 1, Do: fault.Answer{Status: 429, RetryAfter: 2 * time.Second}},
		), limitedFlow},
		{"8 expired token and another company", mockserver.Config{Auth: mockserver.Auth{
			Mode: mockserver.AuthStrict, TokenLife: 2 * time.Second, Clients: map[string]mockserver.AuthClient{"app": {Secret: "s3cret"}},
		}}, credentialsFlow},
		{"9 after 24 hours", mockserver.Config{}, expiredFlow},
	}
}

const listed = "/v1/customerinvoice?pageNumber=1&pageSize=100"

func listFlow(f *wireFlow) {
	state := f.submit("none", "GET", listed, "")
	doc := f.ended(state, "Finished", 200)
	if doc["hasResponseContent"] != true || doc["webhookAddress"] != "none" || doc["contentLocation"] != state+"/content" {
		f.t.Errorf("state %v", doc)
	}
	content := f.want(200, "GET", state+"/content", "")
	if got := decode[[]map[string]any](f.t, content.body); len(got) != 48 || content.body != f.want(200, "GET", listed, "").body {
		f.t.Errorf("%d invoices", len(got))
	}
	if len(f.Deliveries()) > 0 || len(f.Hook.Notifications()) > 0 {
		f.t.Error("notified all the same")
	}
}

func createFlow(f *wireFlow) {
	state := f.submit(f.Hook.URL+"?from=here", "POST", "/v2/customerinvoice", newInvoice)
	if n := f.notified(state, mockservertest.Delivery{Mode: "url"}); n["statusCode"] != 201.0 || n["contentLocation"] != nil {
		f.t.Errorf("notification %v", n)
	}
	if got := f.Hook.Notifications()[0]; got.Path != "/erp?from=here" || got.Header.Get("x-vwd-signature-v1") != "" {
		f.t.Errorf("at %s with %v", got.Path, got.Header)
	}
	doc := f.ended(state, "Finished", 201)
	location := doc["responseHeaders"].(map[string]any)["Location"].(string)
	if doc["hasResponseContent"] != false || !strings.HasSuffix(location, "/v1/customerinvoice/003549") {
		f.t.Errorf("state %v", doc)
	}
	f.want(404, "GET", state+"/content", "")
	f.want(200, "GET", location, "")
}

func refusedFlow(f *wireFlow) {
	const invoice = "/v1/customerinvoice/003547"
	f.want(204, "PUT", invoice, `{"note":{"value":"by somebody else"}}`)
	state := f.submit("none", "PUT", invoice, `{"note":{"value":"mine"}}`, "If-Match", `"AAAAAAB3K88="`)
	f.ended(state, "Finished", 412)
	if !strings.Contains(f.want(200, "GET", invoice, "").body, `"note":"by somebody else"`) {
		f.t.Error("changed in spite of If-Match")
	}
	state = f.submit("none", "PUT", invoice, `{"customerNumber":{"value":"nobody"}}`)
	f.ended(state, "Finished", 400)
	if got := f.message(f.want(200, "GET", state+"/content", "")); !strings.Contains(got, "'nobody' cannot be found") {
		f.t.Errorf("message %q", got)
	}
}

func releaseFlow(f *wireFlow) {
	const release = "/v1/customerinvoice/003547/action/release"
	state := f.submit(f.Hook.URL, "POST", release, "")
	f.notified(state, mockservertest.Delivery{})
	f.ended(state, "Finished", 200)
	if got := decode[map[string]any](f.t, f.want(200, "GET", state+"/content", "").body); got["actionResult"] != "Done" {
		f.t.Errorf("result %v", got)
	}
	if got := decode[map[string]any](f.t, f.want(200, "GET", "/v1/customerinvoice/003547", "").body); got["status"] != "Open" {
		f.t.Errorf("the invoice is %v", got["status"])
	}
	state = f.submit("none", "POST", release, "")
	f.ended(state, "Finished", 400)
	if got := f.message(f.want(200, "GET", state+"/content", "")); !strings.Contains(got, "already released") {
		f.t.Errorf("message %q", got)
	}
}

func pairsFlow(f *wireFlow) {
	state := f.submit("subscription:order=4711,src=shop", "GET", listed, "")
	f.notified(state, mockservertest.Delivery{Mode: "subscription", Header: map[string]string{"order": "4711", "src": "shop"}})
	got := f.Hook.Notifications()[0]
	for _, part := range []string{
		"event-id", "notification-id", "notification-timestamp", "webhook-timestamp", "subscription-id", "tenant-id", "application-id",
		"application-version", "group-id",
	} {
		if got.Header.Get("x-vwd-"+part) == "" {
			f.t.Errorf("no x-vwd-%s", part)
		}
	}
	if got.Header.Get("x-vwd-signature-v1") != hmacOf(signingKey, string(got.Body)) || got.Header.Get("order") != "4711" || got.Header.Get("src") != "shop" {
		f.t.Errorf("headers %v", got.Header)
	}
}

func failedFlow(f *wireFlow) {
	state := f.submit("subscription", "GET", listed, "")
	if n := f.notified(state, mockservertest.Delivery{}); n["statusCode"] != 500.0 {
		f.t.Errorf("notification %v", n)
	}
	if doc := f.ended(state, "Failed", 500); doc["errorMessage"] != "The database is not available." || doc["hasResponseContent"] != false {
		f.t.Errorf("state %v", doc)
	}
}

func lostFlow(f *wireFlow) {
	state := f.submit("subscription", "GET", listed, "")
	f.ended(state, "Finished", 200)
	f.notified(state, mockservertest.Delivery{State: operation.DeliveryDropped})
	if len(f.Hook.Notifications()) != 0 {
		f.t.Error("it arrived")
	}
}

func lateFlow(f *wireFlow) {
	state := f.submit("subscription", "GET", listed, "")
	f.ended(state, "Finished", 200)
	f.notified(state, mockservertest.Delivery{})
	op := f.Operations()[0]
	if late := f.Hook.Notifications()[0].Time.Sub(op.Ended); late < 300*time.Millisecond {
		f.t.Errorf("after %v", late)
	}
}

func doubledFlow(f *wireFlow) {
	state := f.submit("subscription", "GET", listed, "")
	f.notified(state, mockservertest.Delivery{Attempts: 2})
	a, b := f.Hook.Notifications()[0], f.Hook.Notifications()[1]
	if string(a.Body) != string(b.Body) || a.Header.Get("x-vwd-notification-id") != b.Header.Get("x-vwd-notification-id") {
		f.t.Errorf("got %+v and %+v", a, b)
	}
}

func reorderedFlow(f *wireFlow) {
	first := f.submit("subscription", "GET", listed, "")
	f.ended(first, "Finished", 200)
	second := f.submit("subscription", "GET", listed, "")
	f.notified(second, mockservertest.Delivery{})
	f.notified(first, mockservertest.Delivery{})
	got := f.Hook.Notifications()
	if id := decode[map[string]any](f.t, string(got[0].Body))["id"]; !strings.HasSuffix(second, id.(string)) {
		f.t.Errorf("the first one is of %v", id)
	}
}

func earlyFlow(f *wireFlow) {
	state := f.submit("subscription", "GET", listed, "")
	if got := f.Hook.Notifications(); len(got) != 1 || !strings.Contains(string(got[0].Body), state) {
		f.t.Errorf("%d notifications when the 202 came", len(got))
	}
}

func forgedFlow(f *wireFlow) {
	f.Hook.Answer(401)
	state := f.submit("subscription", "GET", listed, "")
	f.notified(state, mockservertest.Delivery{Attempts: 2})
	for _, n := range f.Hook.Notifications() {
		if got := n.Header.Get("x-vwd-signature-v1"); got == "" || got == hmacOf(signingKey, string(n.Body)) {
			f.t.Errorf("signed %q", got)
		}
	}
	if err := f.Redeliver(f.t.Context(), f.Operations()[0].ID); err != nil {
		f.t.Error(err)
	}
	last := f.Hook.Notifications()[2]
	if last.Header.Get("x-vwd-signature-v1") != hmacOf(signingKey, string(last.Body)) {
		f.t.Error("the redelivery is signed badly too")
	}
}

func limitedFlow(f *wireFlow) {
	a := f.want(429, "GET", listed, "", "erp-api-background", "none")
	if a.header.Get("Retry-After") != "1" || a.header.Get("X-RateLimit-Limit") == "" || len(f.Operations()) != 0 {
		f.t.Errorf("Retry-After %q, %d operations", a.header.Get("Retry-After"), len(f.Operations()))
	}
	state := f.submit("none", "GET", listed, "")
	if a := f.want(429, "GET", state, ""); a.header.Get("Retry-After") != "2" {
		f.t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	f.ended(state, "Finished", 200)
}

func credentialsFlow(f *wireFlow) {
	token := func(tenant string) string {
		a, err := f.call("POST", f.URL()+"/connect/token", "grant_type=client_credentials&client_id=app&client_secret=s3cret&tenant_id="+tenant,
			"Content-Type", "application/x-www-form-urlencoded")
		if err != nil || a.status != 200 {
			f.t.Fatalf("token: %d %s, %v", a.status, a.body, err)
		}
		return "Bearer " + decode[map[string]any](f.t, a.body)["access_token"].(string)
	}
	mine := token("1000001")
	state := f.submit("none", "GET", listed, "", "Authorization", mine)
	f.want(403, "GET", state, "", "Authorization", token("1000002"))
	f.want(403, "GET", state+"/content", "", "Authorization", token("1000002"))
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		a, err := f.call("GET", state, "", "Authorization", mine)
		if err != nil || a.status != 200 && a.status != 401 || time.Now().After(end) {
			f.t.Fatalf("got %d, %v", a.status, err)
		}
		if a.status == 401 {
			break // expired in the middle of polling
		}
	}
	f.ended(state, "Finished", 200, "Authorization", token("1000001"))
}

func expiredFlow(f *wireFlow) {
	state := f.submit("none", "GET", listed, "")
	f.ended(state, "Finished", 200)
	if !f.Expire(state[strings.LastIndex(state, "/")+1:]) {
		f.t.Fatal("not expired")
	}
	f.want(404, "GET", state, "")
	f.want(410, "GET", state+"/content", "")
}
