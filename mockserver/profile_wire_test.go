package mockserver_test

import (
	"fmt"
	"time"

	"github.com/vismanet-go/background/mockserver/profile"
)

// stateCases are the switches of the state document.
func stateCases() []profileCase {
	return []profileCase{
		{"queued status", profile.Profile{QueuedStatus: "Queued"}, field("status", "second"), "Queued"},
		{"unset time zero", profile.Profile{UnsetTime: profile.UnsetZero}, field("startedUtc", "second"), "0001-01-01T00:00:00"},
		{"unset time omitted", profile.Profile{UnsetTime: profile.UnsetOmitted}, field("startedUtc", "second"), "(absent)"},
		{"unset time null", profile.Profile{}, field("startedUtc", "second"), "<nil>"},
		{"UTC", profile.Profile{TimeFormat: profile.TimeUTC}, field("receivedUtc", "first"), "2000-01-01T00:00:00Z"},
		{"no response headers", profile.Profile{ResponseHeaders: []string{}}, field("responseHeaders", "first"), "<nil>"},
		{"own response headers", profile.Profile{ResponseHeaders: []string{"x-own"}}, field("responseHeaders", "first"), "map[x-own:1]"},
		{"internal root", profile.Profile{OriginalURIBase: "https://erp.internal/"}, field("originalUri", "first"), "https://erp.internal/0001000001/api/v1/echo"},
		{"subscription address", profile.Profile{SubscriptionAddress: "sub"}, field("webhookAddress", "first"), "sub"},
		{"failed without status", profile.Profile{FailedWithoutStatusCode: true}, field("statusCode", "panics"), "0"},
		{"other statuses, running", profile.Profile{RunningStatus: "Running"}, field("status", "running"), "Running"},
		{"other statuses, finished", profile.Profile{FinishedStatus: "Completed"}, field("status", "first"), "Completed"},
		{"time without zone", profile.Profile{TimeFormat: profile.TimeNoZone}, field("receivedUtc", "first"), "2000-01-01T01:00:00"},
		{"another zone", profile.Profile{Zone: time.FixedZone("", 3600*9)}, field("receivedUtc", "first"), "2000-01-01T09:00:00+09:00"},
		{"contentLocation in the state, always", profile.Profile{StateContentLocation: profile.ContentLocationAlways}, field("contentLocation", "second"), "https://erp.mock/v1/background/" + secondID + "/content"},
		{"contentLocation in the state, omitted", profile.Profile{StateContentLocation: profile.ContentLocationOmitted}, field("contentLocation", "second"), "(absent)"},
		{"contentLocation in the state, never", profile.Profile{StateContentLocation: profile.ContentLocationNever}, field("contentLocation", "first"), "(absent)"},
	}
}

// notifyCases are the switches of notifications.
func notifyCases() []profileCase {
	const id = firstID
	return []profileCase{
		{
			"Pascal notification",
			profile.Profile{Notification: profile.NotificationPascal},
			notification("/v1/echo"),
			`{"Id":"` + id + `","StatusCode":200,"StateLocation":"https://erp.mock/v1/background/` + id +
				`","ContentLocation":"https://erp.mock/v1/background/` + id + `/content"}`,
		},
		{
			"no contentLocation",
			profile.Profile{ContentLocation: profile.ContentLocationNever},
			notification("/v1/echo"),
			`{"id":"` + id + `","statusCode":200,"stateLocation":"https://erp.mock/v1/background/` + id + `"}`,
		},
		{
			"no contentLocation without content",
			profile.Profile{ContentLocation: profile.ContentLocationOmitted},
			notification("/v1/empty"),
			`{"id":"` + id + `","statusCode":204,"stateLocation":"https://erp.mock/v1/background/` + id + `"}`,
		},
		{
			"null contentLocation without content",
			profile.Profile{},
			notification("/v1/empty"),
			`{"id":"` + id + `","statusCode":204,"stateLocation":"https://erp.mock/v1/background/` + id + `","contentLocation":null}`,
		},
		{"nothing without content", profile.Profile{NotifyOnlyWithContent: true}, notification("/v1/empty"), "Dropped"},
		{"nothing when failed", profile.Profile{NoNotifyOnFailed: true}, notification("/v1/panics"), "Dropped"},
		{"state document as notification", profile.Profile{Notification: profile.NotificationState}, func(h *harness) string {
			return fmt.Sprint(decode[map[string]any](h.t, notification("/v1/empty")(h))["hasResponseContent"])
		}, "false"},
		{"never notified", profile.Profile{NeverNotify: true}, notification("/v1/echo"), "Dropped"},
		{"envelope", profile.Profile{Envelope: "data", ContentLocation: profile.ContentLocationNever}, notification("/v1/echo"), `{"data":{"id":"` + id + `","statusCode":200,"stateLocation":"https://erp.mock/v1/background/` + id + `"}}`},
		{"contentLocation in a notification, always", profile.Profile{ContentLocation: profile.ContentLocationAlways}, func(h *harness) string {
			return fmt.Sprint(decode[map[string]any](h.t, notification("/v1/empty")(h))["contentLocation"])
		}, "https://erp.mock/v1/background/" + id + "/content"},
		{"type of a notification", profile.Profile{NotificationContentType: "application/json"}, notified("Content-Type"), "application/json"},
		{"user agent", profile.Profile{UserAgent: "Visma"}, notified("User-Agent"), "Visma"},
		{"event", profile.Profile{EventID: "Response Ready"}, notified("x-vwd-event-id"), "Response Ready"},
		{"prefix", profile.Profile{HeaderPrefix: "x-erp-"}, notified("x-erp-event-id"), "BACKGROUND_API_RESPONSE"},
		{"header names", profile.Profile{HeaderNames: map[string]string{"event-id": "x-event"}}, notified("x-event"), "BACKGROUND_API_RESPONSE"},
		{"signed in URL mode", profile.Profile{SignURL: true}, func(h *harness) string {
			notification("/v1/echo")(h)
			got := h.hook.all()[0]
			return fmt.Sprint(got.header.Get("x-vwd-signature-v1") == hmacOf("the key", got.body))
		}, "true"},
		{"only 200 delivers", profile.Profile{OnlyStatus200: true}, func(h *harness) string {
			h.hook.answer = always(202)
			h.submit("http://hook.test/", "GET", "/v1/echo", "")
			time.Sleep(time.Hour)
			return fmt.Sprint(h.Deliveries()[0].State, len(h.hook.all()))
		}, "Dead3"},
		{"ids of attempts", profile.Profile{NewIDPerAttempt: true}, attempts("x-vwd-notification-id"), "differ"},
		{"times of attempts", profile.Profile{FixedWebhookTimestamp: true}, attempts("x-vwd-webhook-timestamp"), "are the same"},
	}
}
