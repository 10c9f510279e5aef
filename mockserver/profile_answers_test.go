package mockserver_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/profile"
)

// acceptCases are the switches of the 202 and of what is demanded of requests.
func acceptCases() []profileCase {
	const id = firstID
	return []profileCase{
		{"contentLocation in the 202", profile.Profile{ContentLocationIn202: true}, func(h *harness) string {
			return decode[map[string]string](h.t, h.do("GET", "/v1/echo", "", "erp-api-background", "none").body)["contentLocation"]
		}, "https://erp.mock/v1/background/" + id + "/content"},
		{"no Location on the 202", profile.Profile{NoLocationOn202: true}, func(h *harness) string {
			return fmt.Sprint(h.do("GET", "/v1/echo", "", "erp-api-background", "none").header.Values("Location"))
		}, "[]"},
		{"unknown header value", profile.Profile{UnknownHeaderAsNone: true}, func(h *harness) string {
			return fmt.Sprint(h.do("GET", "/v1/echo", "", "erp-api-background", "true").status)
		}, "202"},
		{"https webhooks only", profile.Profile{RequireHTTPSWebhooks: true}, func(h *harness) string {
			return fmt.Sprint(h.do("GET", "/v1/echo", "", "erp-api-background", "http://hook.test/").status)
		}, "400"},
		{"name of the id in the 202", profile.Profile{IDField: "jobId"}, func(h *harness) string {
			return decode[map[string]string](h.t, h.do("GET", "/v1/echo", "", "erp-api-background", "none").body)["jobId"]
		}, id},
		{"name of the id in a notification", profile.Profile{IDField: "jobId"}, func(h *harness) string {
			return fmt.Sprint(decode[map[string]any](h.t, notification("/v1/echo")(h))["jobId"])
		}, id},
		{"name of the id in Pascal", profile.Profile{IDField: "jobId", Notification: profile.NotificationPascal}, func(h *harness) string {
			return fmt.Sprint(decode[map[string]any](h.t, notification("/v1/echo")(h))["JobId"])
		}, id},
		{"no body on the 202 of an action", profile.Profile{NoBodyOnAction202: true}, func(h *harness) string {
			a := h.want(202, "POST", "/v1/customerinvoice/003547/action/release", "", "erp-api-background", "none")
			return fmt.Sprintf("%d bytes, %t", len(a.body), strings.HasSuffix(a.header.Get("Location"), id))
		}, "0 bytes, true"},
		{"no URL mode", profile.Profile{RefuseURL: true}, status("GET", "/v1/echo", "erp-api-background", "https://hook.test/"), "400"},
		{"no subscriptions", profile.Profile{RefuseSubscription: true}, status("GET", "/v1/echo", "erp-api-background", "subscription:a=b"), "400"},
		{"pairs: percent", profile.Profile{Pairs: profile.PairRules{Percent: true}}, pair("note=a%2Cb", "note"), `["a,b"]`},
		{"pairs: blanks", profile.Profile{Pairs: profile.PairRules{KeepBlanks: true}}, pair("note= a ,x=y", "note"), `[" a "]`},
		{"pairs: empty", profile.Profile{Pairs: profile.PairRules{RefuseEmpty: true}}, pair("note=", "note"), "400"},
		{"pairs: reserved", profile.Profile{Pairs: profile.PairRules{DropReserved: true}}, pair("host=x,note=a", "note"), `["a"]`},
		{"pairs: repeated", profile.Profile{Pairs: profile.PairRules{Repeated: profile.RepeatedLast}}, pair("note=a,note=b", "note"), `["b"]`},
		{"unknown routes", profile.Profile{AcceptUnknownRoutes: true}, func(h *harness) string {
			if a := h.do("GET", "/v1/nothing", "", "erp-api-background", "none"); a.status != 202 {
				return fmt.Sprint(a.status)
			}
			return fmt.Sprint(h.finish("DELETE", "/v2/customerinvoice", "")["statusCode"], h.do("GET", "/v1/nothing", "").status,
				h.do("GET", "/v9/nothing", "", "erp-api-background", "none").status)
		}, "404 404 404"},
		{"a token is demanded", profile.Profile{RequireToken: true}, status("GET", "/v1/echo"), "401"},
		{"ipp headers are demanded", profile.Profile{RequireIPPHeaders: true}, func(h *harness) string {
			none := h.do("GET", "/v1/echo", "")
			one := h.do("GET", "/v1/echo", "", "ipp-company-id", "1")
			all := h.do("GET", "/v1/echo", "", "ipp-company-id", "1", "ipp-application-type", "Visma.net Financials")
			var e struct{ ExceptionType, ExceptionFaultCode, ExceptionMessageID string }
			_ = json.Unmarshal([]byte(none.body), &e) // the echo is no JSON
			return fmt.Sprint(none.status, one.status, all.status, e.ExceptionType, e.ExceptionFaultCode, strings.HasPrefix(e.ExceptionMessageID, "12002_12002_"))
		}, "400 400 200IPPException12002true"},
		{"ipp headers for polls", profile.Profile{RequireIPPHeaders: true}, status("GET", "/v1/background/"+id), "400"},
		{"a content type is demanded", profile.Profile{RequireContentType: true}, func(h *harness) string {
			var got []int
			for _, kind := range []string{"", "text/plain", "application/json; charset=utf-8", "text/json"} {
				got = append(got, h.do("POST", "/v1/echo", "{}", "Content-Type", kind).status)
			}
			return fmt.Sprint(got, h.do("POST", "/v1/echo", "").status)
		}, "[415 415 200 200] 200"},
		{"paging is demanded", profile.Profile{RequirePaging: true}, func(h *harness) string {
			return fmt.Sprint(h.do("GET", "/v1/customerInvoice", "").status, h.do("GET", "/v1/customerinvoice?pageSize=2", "", "erp-api-background", "none").status,
				h.do("GET", "/v1/customerinvoice?pageNumber=1&pageSize=2", "").status, h.do("GET", "/v1/customerinvoice/003501", "").status)
		}, "400 400 200 200"},
		{"exact names in a query", profile.Profile{ExactQueryNames: true}, func(h *harness) string {
			return fmt.Sprint(len(decode[[]any](h.t, h.do("GET", "/v1/customerinvoice?PageSize=3", "").body)))
		}, "48"},
		{"a slash at the end matters", profile.Profile{EndSlashMatters: true}, func(h *harness) string {
			return fmt.Sprint(h.do("GET", "/v1/customerinvoice/", "").status, h.do("GET", "/v1/background/"+id+"/", "").status,
				h.do("GET", "/connect/token/", "").status)
		}, "404 404 404"},
		{"If-Match before the queue", profile.Profile{CheckIfMatchEarly: true}, func(h *harness) string {
			var got []int
			tag := h.do("GET", "/v1/customerinvoice/003547", "").header.Get("ETag")
			for _, ifMatch := range []string{`"AAAA"`, tag, "*", "W/" + tag} {
				got = append(got, h.do("PUT", "/v1/CustomerInvoice/003547", "{}", "erp-api-background", "none", "If-Match", ifMatch).status,
					h.do("POST", "/v1/customerinvoice/003547/action/release", "", "erp-api-background", "none", "If-Match", ifMatch).status)
			}
			return fmt.Sprint(got, h.do("PUT", "/v1/customerinvoice/000000", "{}", "erp-api-background", "none", "If-Match", "x").status)
		}, "[412 412 202 202 202 202 202 202] 202"},
		{"unknown client", profile.Profile{InvalidClientStatus: 400}, func(h *harness) string {
			a := h.do("POST", "/connect/token", "grant_type=client_credentials", "Content-Type", "application/x-www-form-urlencoded")
			return fmt.Sprint(a.status, " ", a.body)
		}, `400 {"error":"invalid_client"}`},
		{"any scope", profile.Profile{AnyScope: true}, func(h *harness) string {
			h = start(h.t, mockserver.Config{Profile: h.profile, Auth: mockserver.Auth{
				Mode:    mockserver.AuthStrict,
				Clients: map[string]mockserver.AuthClient{"reader": {Secret: "s3cret", Scopes: []string{mockserver.ScopeRead}}},
			}})
			a := h.want(200, "POST", "/connect/token", "grant_type=client_credentials&client_id=reader&client_secret=s3cret&tenant_id=1000001",
				"Content-Type", "application/x-www-form-urlencoded")
			token := decode[map[string]any](h.t, a.body)["access_token"].(string)
			return fmt.Sprint(h.do("DELETE", "/v1/customerinvoice/003547", "", "Authorization", "Bearer "+token).status)
		}, "204"},
	}
}

// answerCases are all others.
func answerCases() []profileCase {
	const id = firstID
	return []profileCase{
		{"expired is gone", profile.Profile{ExpiredStateStatus: 410}, func(h *harness) string {
			id := h.submit("none", "GET", "/v1/echo", "")
			time.Sleep(25 * time.Hour)
			return fmt.Sprint(h.do("GET", "/v1/background/"+id, "").status)
		}, "410"},
		{"reset as Unix time", profile.Profile{RateLimitResetEpoch: true}, func(h *harness) string {
			return h.do("GET", "/v1/echo", "").header.Get("X-RateLimit-Reset")
		}, "946688400"},
		{"unquoted ETag", profile.Profile{UnquotedETags: true}, func(h *harness) string {
			return h.do("GET", "/v1/customerinvoice/003547", "").header.Get("ETag")
		}, "AAAAAAB3K88="},
		{"foreground action", profile.Profile{ForegroundActionResult: "InProcess"}, func(h *harness) string {
			return fmt.Sprint(decode[map[string]any](h.t, h.do("POST", "/v1/customerinvoice/003547/action/release", "").body)["actionResult"])
		}, "InProcess"},
		{"page size", profile.Profile{MaxPageSize: 5}, func(h *harness) string {
			return fmt.Sprint(len(decode[[]any](h.t, h.do("GET", "/v1/customerinvoice?pageSize=20", "").body)))
		}, "5"},
		{"malformed id", profile.Profile{MalformedIDStatus: 400}, status("GET", "/v1/background/nonsense"), "400"},
		{"actions as in 2022", profile.Profile{ReportAccepted: true}, func(h *harness) string {
			return fmt.Sprint(h.finish("POST", "/v1/customerinvoice/003547/action/release", "")["statusCode"])
		}, "202"},
		{"background action", profile.Profile{BackgroundActionResult: "Completed"}, func(h *harness) string {
			at := h.finish("POST", "/v1/customerinvoice/003547/action/release", "")["contentLocation"].(string)
			return fmt.Sprint(decode[map[string]any](h.t, h.do("GET", at, "").body)["actionResult"])
		}, "Completed"},
		{"retention from the receipt", profile.Profile{RetainFromReceived: true}, func(h *harness) string {
			id := h.submit("none", "GET", "/v1/slow", "")
			time.Sleep(24*time.Hour + time.Minute)
			return fmt.Sprint(h.do("GET", "/v1/background/"+id, "").status)
		}, "404"},
		{"gone for a while", profile.Profile{GoneFor: time.Hour}, func(h *harness) string {
			id := h.submit("none", "GET", "/v1/echo", "")
			time.Sleep(24*time.Hour + time.Minute)
			before := h.do("GET", "/v1/background/"+id+"/content", "").status
			time.Sleep(time.Hour)
			return fmt.Sprint(before, h.do("GET", "/v1/background/"+id+"/content", "").status)
		}, "410 404"},
		{"status of the content", profile.Profile{ContentCarriesStatus: true}, func(h *harness) string {
			return fmt.Sprint(h.do("GET", h.finish("GET", "/v1/customerinvoice/000000", "")["contentLocation"].(string), "").status)
		}, "404"},
		{"content before the end", profile.Profile{UnfinishedContentStatus: 409}, func(h *harness) string {
			return fmt.Sprint(h.do("GET", "/v1/background/"+h.submit("none", "GET", "/v1/echo", "")+"/content", "").status)
		}, "409"},
		{"type of the content", profile.Profile{ContentType: "application/octet-stream"}, func(h *harness) string {
			return h.do("GET", h.finish("GET", "/v1/echo", "")["contentLocation"].(string), "").header.Get("Content-Type")
		}, "application/octet-stream"},
		{"body of a 429", profile.Profile{RateLimitBody: "wait {seconds}"}, func(h *harness) string {
			return limited(h).body
		}, "wait 3600"},
		{"Retry-After as a date", profile.Profile{RetryAfterDate: true}, func(h *harness) string {
			return limited(h).header.Get("Retry-After")
		}, "Sat, 01 Jan 2000 01:00:00 GMT"},
		{"free polls", profile.Profile{PollsAreFree: true}, func(h *harness) string {
			h.do("GET", "/v1/background/"+id, "")
			return h.do("GET", "/v1/background/"+id, "").header.Get("X-RateLimit-Remaining")
		}, "100"},
		{"page beyond the end", profile.Profile{PageBeyondEndStatus: 404}, func(h *harness) string {
			return fmt.Sprint(h.do("GET", "/v1/customerinvoice?pageNumber=48&pageSize=1", "").status, h.do("GET", "/v1/customerinvoice?pageNumber=49&pageSize=1", "").status)
		}, "200 404"},
		{"errors without bodies", profile.Profile{EmptyErrors: true}, func(h *harness) string {
			var got []string
			for _, path := range []string{"/v1/nothing", "/v1/customerinvoice/000000", "/v1/background/" + id, "/v1/background/" + id + "/content"} {
				a := h.want(404, "GET", path, "")
				got = append(got, fmt.Sprint(len(a.body)))
			}
			doc := h.finish("PUT", "/v1/customerinvoice/003547", "{}", "If-Match", "old")
			return fmt.Sprint(got, doc["statusCode"], doc["hasResponseContent"])
		}, "[0 0 0 0] 412 false"},
		{"a null changes nothing", profile.Profile{NullKeeps: true}, func(h *harness) string {
			h.want(204, "PUT", "/v1/customerinvoice/003547", `{"externalReference":{"value":null},"note":{"value":"kept"}}`)
			doc := decode[map[string]any](h.t, h.do("GET", "/v1/customerinvoice/003547", "").body)
			return fmt.Sprint(doc["externalReference"], doc["note"])
		}, "WEB-4746kept"},
		{"type of a credit note", profile.Profile{CreditNoteType: "Credit Note"}, func(h *harness) string {
			h.want(200, "POST", "/v1/customerinvoice/003530/action/reverse", "")
			return fmt.Sprint(decode[map[string]any](h.t, h.do("GET", "/v1/customerinvoice/700001", "").body)["documentType"])
		}, "Credit Note"},
		{"codes of line types", profile.Profile{LineTypeCodes: true}, func(h *harness) string {
			return fmt.Sprint(lines(h, "003501")[0]["lineType"], lines(h, "003506")[0]["lineType"])
		}, "GIGN"},
		{"currencies swapped", profile.Profile{SwapCurrencies: true}, func(h *harness) string {
			h.want(204, "PUT", "/v1/customerinvoice/003547", `{"currencyId":{"value":"EUR"},"exchangeRate":{"value":10}}`)
			doc := decode[map[string]any](h.t, h.do("GET", "/v1/customerinvoice/003547", "").body)
			line := lines(h, "003547")[0]
			return fmt.Sprint(doc["amountInCurrency"].(float64)/doc["amount"].(float64), line["amountInCurrency"].(float64)/line["amount"].(float64))
		}, "10 10"},
	}
}
