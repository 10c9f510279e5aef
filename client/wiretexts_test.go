package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
)

// TestWireTexts reads each text in each place where one is read, and wants the
// same words out of it: content that is kept and content that is not, an answer
// in the foreground, a refusal, the end of a failure, a state, and a verifier.
func TestWireTexts(t *testing.T) {
	const want = "Blåbærsyltetøy er låst."
	utf8 := `{"message":"` + want + `"}`
	plain := func(s string) string { return s }
	marked := func(s string) string { return "\xef\xbb\xbf" + s }
	latin := func(s string) string {
		return strings.NewReplacer("å", "\xe5", "æ", "\xe6", "ø", "\xf8").Replace(s)
	}
	wide := func(s string) string {
		var b strings.Builder
		for _, r := range s {
			b.WriteByte(byte(r))
			b.WriteByte(byte(r >> 8))
		}
		return b.String()
	}
	markedWide := func(s string) string { return "\xff\xfe" + wide(s) }
	type message struct{ Message string }
	for _, text := range []struct {
		name, kind string
		encode     func(string) string
	}{
		{"UTF-8", "application/json; charset=utf-8", plain},
		{"no type", "", plain},
		{"another type", "text/plain", plain},
		{"octets", "application/octet-stream", plain},
		{"a mark", "application/json", marked},
		{"a mark and no type", "", marked},
		{"ISO-8859-1", "application/json; charset=iso-8859-1", latin},
		{"windows-1252", "text/plain; charset=windows-1252", latin},
		{"UTF-16 declared", "application/json; charset=utf-16le", wide},
		{"UTF-16 with a mark", "application/json", markedWide},
	} {
		body := text.encode(utf8)
		run := func(place string, cfg client.Config, trip func(kind string) reply, check func(*testing.T, *http.Response, *client.Result, error)) {
			t.Run(text.name+"/"+place, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cfg.BaseURL = base
					cfg.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
						switch {
						case r.Header.Get("Erp-Api-Background") != "":
							return trip("submit")(r)
						case strings.HasSuffix(r.URL.Path, "/content"):
							return trip("content")(r)
						case r.URL.Path == "/v1/check":
							return trip("verify")(r)
						}
						return trip("state")(r)
					})}
					c, err := client.New(cfg)
					if err != nil {
						t.Fatal(err)
					}
					defer c.Close()
					opts := client.SubmitOptions{}
					if cfg.Verifiers != nil {
						opts.Verify = "v"
					}
					var res *client.Result
					op, err := c.Submit(t.Context(), request("POST", "/v1/customerinvoice", invoice), opts)
					if err == nil {
						res, err = op.Wait(testkit.Within(t, time.Hour))
					}
					var resp *http.Response
					if res != nil {
						var failed error
						if resp, failed = res.Response(t.Context()); failed != nil {
							t.Fatal(failed)
						}
						defer resp.Body.Close()
					}
					check(t, resp, res, err)
				})
			})
		}
		usual := func(code int, content reply) func(string) reply {
			return func(kind string) reply {
				switch kind {
				case "submit":
					return says(202, "application/json", `{"id":"`+id1+`"}`)
				case "state":
					return says(200, "application/json", fmt.Sprintf(`{"id":%q,"status":"Finished","statusCode":%d,"hasResponseContent":true}`, id1, code))
				}
				return content
			}
		}
		told := says(200, text.kind, body)
		decoded := func(t *testing.T, resp *http.Response, res *client.Result, err error) {
			if err != nil {
				t.Fatal(err)
			}
			if got, err := client.Decode[message](t.Context(), res); err != nil || got.Message != want {
				t.Errorf("decoded %q, %v, want %q", got.Message, err, want)
			}
			if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
				t.Errorf("type %q, want JSON", kind)
			}
		}
		run("content", client.Config{}, usual(200, told), decoded)
		run("content that is not kept", client.Config{KeepContent: 4}, usual(200, told), decoded)
		run("foreground", client.Config{}, func(string) reply { return told }, decoded)
		run("refusal", client.Config{}, func(string) reply { return says(400, text.kind, body) }, func(t *testing.T, _ *http.Response, _ *client.Result, err error) {
			if e, ok := errors.AsType[*client.ResponseError](err); !ok || e.Message != want {
				t.Errorf("got %v, want %q", err, want)
			}
		})
		run("failure", client.Config{}, usual(400, told), func(t *testing.T, _ *http.Response, _ *client.Result, err error) {
			if e, ok := errors.AsType[*client.OperationError](err); !ok || e.Message != want {
				t.Errorf("got %v, want %q", err, want)
			}
		})
		run("state", client.Config{}, func(kind string) reply {
			if kind != "state" {
				return usual(200, told)(kind)
			}
			return says(200, text.kind, text.encode(`{"status":"Failed","statusCode":500,"hasResponseContent":false,"errorMessage":"`+want+`"}`))
		}, func(t *testing.T, _ *http.Response, _ *client.Result, err error) {
			if e, ok := errors.AsType[*client.OperationError](err); !ok || e.Message != want {
				t.Errorf("got %v, want %q", err, want)
			}
		})
		run("verifier", client.Config{Verifiers: map[string]client.Verifier{"v": {
			Path: func(client.Verification) (string, error) { return "/v1/check", nil },
			Check: func(_ client.Verification, resp *http.Response) error {
				buf := make([]byte, 1000)
				n, _ := resp.Body.Read(buf)
				if string(buf[:n]) != utf8 {
					return fmt.Errorf("read %q", buf[:n])
				}
				return nil
			},
		}}}, usual(200, told), func(t *testing.T, _ *http.Response, _ *client.Result, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestActionsAreJudgedWhenTheyAreRecorded looks at what a body says, kept or not,
// in the foreground or not, before and after an acknowledgement.
func TestActionsAreJudgedWhenTheyAreRecorded(t *testing.T) {
	long := strings.Repeat(" ", 2000)
	for _, tt := range []struct {
		body, failure string
		unconfirmed   bool
	}{
		{`{"actionResult":"Done","errorInfo":null}`, "", false},
		{`{"actionResult":"Queued"}`, "", true},
		{"\xef\xbb\xbf" + `{"ActionResult":"inProcess"}`, "", true},
		{`{"errorInfo":"Stengt.","actionResult":"failed"}`, "Stengt.", false},
		{`{"actionResult":{"value":"Failed"},"errorInfo":"Stengt."}`, "Stengt.", false},
		{`{"actionResult":{"value":" Failed "},"errorInfo":{"value":"Stengt."}}`, "Stengt.", false},
		{`"Failed"`, "the action failed, and the ERP did not say why", false},
		{`"Queued"`, "", true},
		{`"VismaId: 7"`, "", false},
		{`{"actionResult":"Failed"}`, "the action failed, and the ERP did not say why", false},
		{`{"actionResult":"Completed"}`, "", true},
		{`{"actionResult":3}`, "", true},
		{`{"actionResult":null}`, "", false},
		{`{"actionResult":null,"errorInfo":"Stengt."}`, "", true},
		{`[{"actionResult":"Failed","errorInfo":"a"},{"actionResult":"Failed","errorInfo":"b"}]`, "a; b", false},
		{`[{"actionResult":"Done"},{"actionResult":"Failed","errorInfo":"b"}]`, "", true},
		{`{"rows":[{"actionResult":"Failed"}],"actionResult":"Done"}`, "", false},
		{`%PDF-1.4`, "", false},
	} {
		for name, cfg := range map[string]client.Config{"kept": {}, "not kept": {KeepContent: 4}, "foreground": {}} {
			t.Run(tt.body+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, _ := serving(t, cfg, func(w http.ResponseWriter, r *http.Request) {
						switch {
						case name == "foreground" || strings.HasSuffix(r.URL.Path, "/content"):
							write(200, tt.body+long)(w, r)
						case r.Header.Get("Erp-Api-Background") != "":
							write(202, `{"id":"`+id1+`"}`)(w, r)
						default:
							write(200, finishedState)(w, r)
						}
					})
					defer c.Close()
					op, err := c.Submit(t.Context(), request("POST", "/v1/customerinvoice/1/action/release", ""), client.SubmitOptions{})
					if err != nil {
						t.Fatal(err)
					}
					for _, when := range []string{"before the Ack", "after the Ack"} {
						res, err := op.Wait(t.Context())
						failed, _ := errors.AsType[*client.OperationError](err)
						switch {
						case tt.failure != "" && (failed == nil || failed.Message != tt.failure):
							t.Errorf("%s: got %v, want %q", when, err, tt.failure)
						case tt.failure == "" && (err != nil || res.Unconfirmed() != tt.unconfirmed):
							t.Errorf("%s: got %v, unconfirmed %v, want %v", when, err, res != nil && res.Unconfirmed(), tt.unconfirmed)
						}
						if err := op.Ack(t.Context()); err != nil {
							t.Fatal(err)
						}
					}
				})
			})
		}
	}
}

func TestCreatedID(t *testing.T) {
	for location, want := range map[string]string{
		"https://erp.mock/v1/customerinvoice/300142": "300142",
		"/v1/customerinvoice/300142/?x=1":            "300142",
		"/v1/inventory/A%2FB%20C":                    "A/B C",
		"https://erp.mock/v1/inventory/Blå bær 50%/": "Blå bær 50%",
		"300142":           "300142",
		"https://erp.mock": "",
		"":                 "",
	} {
		r := client.Result{Header: http.Header{"Location": {location}}}
		if got := r.CreatedID(); got != want {
			t.Errorf("%q: got %q, want %q", location, got, want)
		}
	}
}

func TestQueriesAreEscapedOrRefused(t *testing.T) {
	for query, want := range map[string]string{
		"a=2026-09-01 09:00:00&b=>=": "a=2026-09-01%2009:00:00&b=%3E=",
		"navn=blåbær":                "navn=bl%C3%A5b%C3%A6r",
		"a[0]=x&b=%20y":              "a[0]=x&b=%20y",
		"a=b#c":                      "a=b%23c",
		"a=100%":                     "", "a=%zz": "", "a=\r\nHost: x": "", "a=\xe5": "", "a=\x7f": "",
	} {
		synctest.Test(t, func(t *testing.T) {
			got := ""
			c, hits := serving(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
				got = r.URL.RawQuery
				write(202, `{"id":"`+id1+`"}`)(w, r)
			})
			defer c.Close()
			req := request("POST", "/v1/customerinvoice", "")
			req.URL.RawQuery = query
			_, err := c.Submit(t.Context(), req, client.SubmitOptions{})
			switch {
			case want != "" && (err != nil || got != want):
				t.Errorf("%q: sent %q, %v, want %q", query, got, err, want)
			case want == "" && (err == nil || !strings.Contains(err.Error(), "query") || hits.of("POST") != 0):
				t.Errorf("%q: got %v after %d calls, want it refused", query, err, hits.of("POST"))
			}
		})
	}
}

func TestErrorsThatNameTheRemedy(t *testing.T) {
	for _, at := range []string{"/v1", "/v2/", "/API/controller/api/V1"} {
		if _, err := client.New(client.Config{BaseURL: base + at}); err == nil || !strings.Contains(err.Error(), "leave it out") {
			t.Errorf("BaseURL with %s: got %v", at, err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		c, hits := serving(t, client.Config{}, write(401, ""))
		defer c.Close()
		for _, path := range []string{"/v3/order", "/customerinvoice", "/v1"} {
			if _, err := c.Submit(t.Context(), request("POST", path, ""), client.SubmitOptions{}); err == nil || !strings.Contains(err.Error(), "/v1/") || hits.of("POST") != 0 {
				t.Errorf("%s: got %v after %d calls, want it refused", path, err, hits.of("POST"))
			}
		}
		_, err := c.Submit(t.Context(), request("POST", "/v1/x", ""), client.SubmitOptions{})
		if err == nil || !strings.Contains(err.Error(), "no Authorization was sent") {
			t.Errorf("401: got %v, want it to say that no token was sent", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{}, write(429, "", "Retry-After", "600"))
		defer c.Close()
		_, err := c.Submit(testkit.Within(t, time.Minute), request("POST", "/v1/x", ""), client.SubmitOptions{})
		if !errors.Is(err, client.ErrRateLimited) || strings.Contains(err.Error(), "\n") {
			t.Errorf("429: got %q, want one line that matches ErrRateLimited", err)
		}
	})
}
