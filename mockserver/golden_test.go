package mockserver_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// wire writes headers in their order by name, an empty line, and the body.
func wire(first string, h http.Header, body string) string {
	lines := []string{first}
	for name, values := range h {
		for _, v := range values {
			lines = append(lines, name+": "+v)
		}
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n") + "\n\n" + body + "\n"
}

func (a answer) wire() string {
	return wire(fmt.Sprintf("HTTP/1.1 %d %s", a.status, http.StatusText(a.status)), a.header, a.body)
}

func (r received) wire() string {
	return wire("POST "+r.path+" HTTP/1.1\nHost: "+r.host, r.header, r.body)
}

func TestGoldenWireShapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{ExecTime: 1250 * time.Millisecond, Subscription: mockserver.Subscription{
			URL: "http://hook.test/erp", SigningKey: "c2lnbi1rZXktZm9yLXRlc3Rz",
		}})
		h.Handle("POST /v1/broken", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of paper") }))

		list := h.want(202, "GET", "/v1/customerinvoice?pageNumber=1&pageSize=1", "", "erp-api-background", "http://hook.test/url")
		golden(t, "202.golden", list.wire())
		id := h.Operations()[0].ID
		golden(t, "state-running.golden", h.do("GET", "/v1/background/"+id, "").wire())
		time.Sleep(2 * time.Second)
		golden(t, "state-finished.golden", h.do("GET", "/v1/background/"+id, "").wire())
		golden(t, "content.golden", h.do("GET", "/v1/background/"+id+"/content", "").wire())
		golden(t, "notification-url.golden", h.hook.all()[0].wire())

		created := h.submit("subscription:order=4711,src=shop", "POST", "/API/controller/api/v2/customerinvoice", newInvoice)
		waiting := h.submit("none", "PUT", "/v1/customerinvoice/003547", `{"note":{"value":"x"}}`)
		golden(t, "state-queued.golden", h.do("GET", "/v1/background/"+waiting, "").wire())
		time.Sleep(5 * time.Second)
		golden(t, "state-created.golden", h.do("GET", "/v1/background/"+created, "").wire())
		golden(t, "notification-subscription.golden", h.hook.all()[1].wire())

		failed := h.submit("subscription", "POST", "/v1/broken", "{}")
		time.Sleep(2 * time.Second)
		golden(t, "state-failed.golden", h.do("GET", "/v1/background/"+failed, "").wire())
		golden(t, "notification-failed.golden", h.hook.all()[2].wire())
	})
}

const newInvoice = `{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},
 "invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2}}]}`

// Each switch of the profile that changes a wire shape, with what is left of
// the shape.
func TestProfileShapes(t *testing.T) {
	const id = "53f3403c-b521-4ff8-8ff6-d775ee363104" // the first of seed 1
	tests := []struct {
		name    string
		profile mockserver.Profile
		read    func(h *harness) string
		want    string
	}{
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
		{"contentLocation in the 202", mockserver.Profile{ContentLocationIn202: true}, func(h *harness) string {
			return decode[map[string]string](h.t, h.do("GET", "/v1/echo", "", "erp-api-background", "none").body)["contentLocation"]
		}, "https://erp.mock/v1/background/" + id + "/content"},
		{"no Location on the 202", mockserver.Profile{NoLocationOn202: true}, func(h *harness) string {
			return fmt.Sprint(h.do("GET", "/v1/echo", "", "erp-api-background", "none").header.Values("Location"))
		}, "[]"},
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
		{"unknown header value", mockserver.Profile{UnknownHeaderAsNone: true}, func(h *harness) string {
			return fmt.Sprint(h.do("GET", "/v1/echo", "", "erp-api-background", "true").status)
		}, "202"},
		{"https webhooks only", mockserver.Profile{RequireHTTPSWebhooks: true}, func(h *harness) string {
			return fmt.Sprint(h.do("GET", "/v1/echo", "", "erp-api-background", "http://hook.test/").status)
		}, "400"},
		{"expired is gone", mockserver.Profile{ExpiredStateStatus: 410}, func(h *harness) string {
			id := h.submit("none", "GET", "/v1/echo", "")
			time.Sleep(25 * time.Hour)
			return fmt.Sprint(h.do("GET", "/v1/background/"+id, "").status)
		}, "410"},
		{"reset as Unix time", mockserver.Profile{RateLimitResetEpoch: true}, func(h *harness) string {
			return h.do("GET", "/v1/echo", "").header.Get("X-RateLimit-Reset")
		}, "946688400"},
		{"unquoted ETag", mockserver.Profile{UnquotedETags: true}, func(h *harness) string {
			return h.do("GET", "/v1/customerinvoice/003547", "").header.Get("ETag")
		}, "AAAAAAB3K88="},
		{"foreground action", mockserver.Profile{ForegroundActionResult: "InProcess"}, func(h *harness) string {
			return fmt.Sprint(decode[map[string]any](h.t, h.do("POST", "/v1/customerinvoice/003547/action/release", "").body)["actionResult"])
		}, "InProcess"},
		{"page size", mockserver.Profile{MaxPageSize: 5}, func(h *harness) string {
			return fmt.Sprint(len(decode[[]any](h.t, h.do("GET", "/v1/customerinvoice?pageSize=20", "").body)))
		}, "5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := start(t, mockserver.Config{Profile: tt.profile, Subscription: mockserver.Subscription{URL: "http://hook.test/"}})
				h.Handle("/v1/echo", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("X-Own", "1")
					_, _ = io.Copy(w, io.MultiReader(strings.NewReader("echo "), r.Body))
				}))
				h.Handle("/v1/empty", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
				h.Handle("/v1/panics", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }))
				if got := tt.read(h); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		})
	}
}

// field reads a field of a state document: of a first operation that has
// ended, of a second one that waits behind another, or of one that panics.
func field(name, which string) func(*harness) string {
	return func(h *harness) string {
		var doc map[string]any
		switch which {
		case "first":
			id := h.submit("subscription", "GET", "/v1/echo", "")
			time.Sleep(time.Second)
			doc = h.state(id)
		case "second":
			h.submit("none", "GET", "/v1/echo", "")
			doc = h.state(h.submit("none", "GET", "/v1/echo", ""))
		default:
			doc = h.finish("GET", "/v1/panics", "")
		}
		v, ok := doc[name]
		if !ok {
			return "(absent)"
		}
		return fmt.Sprint(v)
	}
}

// notification is the body of an operation's notification, or the state of a
// delivery that was not made.
func notification(path string) func(*harness) string {
	return func(h *harness) string {
		h.submit("http://hook.test/", "GET", path, "")
		time.Sleep(time.Second)
		if got := h.hook.all(); len(got) > 0 {
			return got[0].body
		}
		return string(h.Deliveries()[0].State)
	}
}
