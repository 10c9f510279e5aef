package mockserver_test

import (
	"fmt"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// stateCases are the switches of the state document.
func stateCases() []profileCase {
	return []profileCase{
		{"queued status", mockserver.Profile{QueuedStatus: "Queued"}, field("status", "second"), "Queued"},
		{"unset time zero", mockserver.Profile{UnsetTime: mockserver.UnsetZero}, field("startedUtc", "second"), "0001-01-01T00:00:00"},
		{"unset time omitted", mockserver.Profile{UnsetTime: mockserver.UnsetOmitted}, field("startedUtc", "second"), "(absent)"},
		{"unset time null", mockserver.Profile{}, field("startedUtc", "second"), "<nil>"},
		{"UTC", mockserver.Profile{TimeFormat: mockserver.TimeUTC}, field("receivedUtc", "first"), "2000-01-01T00:00:00Z"},
		{"no response headers", mockserver.Profile{ResponseHeaders: []string{}}, field("responseHeaders", "first"), "<nil>"},
		{"own response headers", mockserver.Profile{ResponseHeaders: []string{"x-own"}}, field("responseHeaders", "first"), "map[x-own:1]"},
		{"internal root", mockserver.Profile{OriginalURIBase: "https://erp.internal/"}, field("originalUri", "first"), "https://erp.internal/0001000001/api/v1/echo"},
		{"subscription address", mockserver.Profile{SubscriptionAddress: "sub"}, field("webhookAddress", "first"), "sub"},
		{"failed without status", mockserver.Profile{FailedWithoutStatusCode: true}, field("statusCode", "panics"), "0"},
		{"other statuses, running", mockserver.Profile{RunningStatus: "Running"}, field("status", "running"), "Running"},
		{"other statuses, finished", mockserver.Profile{FinishedStatus: "Completed"}, field("status", "first"), "Completed"},
		{"time without zone", mockserver.Profile{TimeFormat: mockserver.TimeNoZone}, field("receivedUtc", "first"), "2000-01-01T01:00:00"},
		{"another zone", mockserver.Profile{Zone: time.FixedZone("", 3600*9)}, field("receivedUtc", "first"), "2000-01-01T09:00:00+09:00"},
		{"contentLocation in the state, always", mockserver.Profile{StateContentLocation: mockserver.ContentLocationAlways}, field("contentLocation", "second"), "https://erp.mock/v1/background/" + secondID + "/content"},
		{"contentLocation in the state, omitted", mockserver.Profile{StateContentLocation: mockserver.ContentLocationOmitted}, field("contentLocation", "second"), "(absent)"},
		{"contentLocation in the state, never", mockserver.Profile{StateContentLocation: mockserver.ContentLocationNever}, field("contentLocation", "first"), "(absent)"},
	}
}

// notifyCases are the switches of notifications.
func notifyCases() []profileCase {
	const id = firstID
	return []profileCase{
		{
			"Pascal notification",
			mockserver.Profile{Notification: mockserver.NotificationPascal},
			notification("/v1/echo"),
			`{"Id":"` + id + `","StatusCode":200,"StateLocation":"https://erp.mock/v1/background/` + id +
				`","ContentLocation":"https://erp.mock/v1/background/` + id + `/content"}`,
		},
		{
			"no contentLocation",
			mockserver.Profile{ContentLocation: mockserver.ContentLocationNever},
			notification("/v1/echo"),
			`{"id":"` + id + `","statusCode":200,"stateLocation":"https://erp.mock/v1/background/` + id + `"}`,
		},
		{
			"no contentLocation without content",
			mockserver.Profile{ContentLocation: mockserver.ContentLocationOmitted},
			notification("/v1/empty"),
			`{"id":"` + id + `","statusCode":204,"stateLocation":"https://erp.mock/v1/background/` + id + `"}`,
		},
		{
			"null contentLocation without content",
			mockserver.Profile{},
			notification("/v1/empty"),
			`{"id":"` + id + `","statusCode":204,"stateLocation":"https://erp.mock/v1/background/` + id + `","contentLocation":null}`,
		},
		{"nothing without content", mockserver.Profile{NotifyOnlyWithContent: true}, notification("/v1/empty"), "Dropped"},
		{"nothing when failed", mockserver.Profile{NoNotifyOnFailed: true}, notification("/v1/panics"), "Dropped"},
		{"state document as notification", mockserver.Profile{Notification: mockserver.NotificationState}, func(h *harness) string {
			return fmt.Sprint(decode[map[string]any](h.t, notification("/v1/empty")(h))["hasResponseContent"])
		}, "false"},
		{"never notified", mockserver.Profile{NeverNotify: true}, notification("/v1/echo"), "Dropped"},
		{"envelope", mockserver.Profile{Envelope: "data", ContentLocation: mockserver.ContentLocationNever}, notification("/v1/echo"), `{"data":{"id":"` + id + `","statusCode":200,"stateLocation":"https://erp.mock/v1/background/` + id + `"}}`},
		{"contentLocation in a notification, always", mockserver.Profile{ContentLocation: mockserver.ContentLocationAlways}, func(h *harness) string {
			return fmt.Sprint(decode[map[string]any](h.t, notification("/v1/empty")(h))["contentLocation"])
		}, "https://erp.mock/v1/background/" + id + "/content"},
		{"type of a notification", mockserver.Profile{NotificationContentType: "application/json"}, notified("Content-Type"), "application/json"},
		{"user agent", mockserver.Profile{UserAgent: "Visma"}, notified("User-Agent"), "Visma"},
		{"event", mockserver.Profile{EventID: "Response Ready"}, notified("x-vwd-event-id"), "Response Ready"},
		{"prefix", mockserver.Profile{HeaderPrefix: "x-erp-"}, notified("x-erp-event-id"), "BACKGROUND_API_RESPONSE"},
		{"header names", mockserver.Profile{HeaderNames: map[string]string{"event-id": "x-event"}}, notified("x-event"), "BACKGROUND_API_RESPONSE"},
		{"signed in URL mode", mockserver.Profile{SignURL: true}, func(h *harness) string {
			notification("/v1/echo")(h)
			got := h.hook.all()[0]
			return fmt.Sprint(got.header.Get("x-vwd-signature-v1") == hmacOf("the key", got.body))
		}, "true"},
		{"only 200 delivers", mockserver.Profile{OnlyStatus200: true}, func(h *harness) string {
			h.hook.answer = always(202)
			h.submit("http://hook.test/", "GET", "/v1/echo", "")
			time.Sleep(time.Hour)
			return fmt.Sprint(h.Deliveries()[0].State, len(h.hook.all()))
		}, "Dead3"},
		{"ids of attempts", mockserver.Profile{NewIDPerAttempt: true}, attempts("x-vwd-notification-id"), "differ"},
		{"times of attempts", mockserver.Profile{FixedWebhookTimestamp: true}, attempts("x-vwd-webhook-timestamp"), "are the same"},
	}
}
