package mockservertest_test

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/mockservertest"
	"github.com/vismanet-go/background/mockserver/operation"
)

func TestFailureMessages(t *testing.T) {
	type server = *mockservertest.Server
	tests := map[string]func(t testing.TB, s server){
		"body": func(t testing.TB, s server) {
			mockservertest.RequireRequest(t, s, mockservertest.Request{
				Method: "POST", Path: "/v2/customerinvoice",
				Body: `{"customerNumber":{"value":"10046"},"note":{"value":"x"},"documentDate":"today",
					"invoiceLines":[{"operation":"Update","quantity":{"value":3}}]}`,
			})
		},
		"array": func(t testing.TB, s server) {
			mockservertest.RequireRequest(t, s, mockservertest.Request{Method: "POST", Body: map[string][]int{"invoiceLines": {1, 2}}})
		},
		"path": func(t testing.TB, s server) {
			mockservertest.RequireRequest(t, s, mockservertest.Request{Method: "GET", Path: "/v1/customer/{number}", StatusCode: 200})
		},
		"method": func(t testing.TB, s server) {
			mockservertest.RequireRequest(t, s, mockservertest.Request{Method: "PUT", Path: "/v1/customerInvoice/003501"})
		},
		"details": func(t testing.TB, s server) {
			mockservertest.RequireRequest(t, s, mockservertest.Request{
				Path: "/v1/customerinvoice", Company: "2", Background: "none", StatusCode: 202,
				Query: map[string]string{"pageSize": "10", "status": "Open"}, Header: map[string]string{"If-Match": "x", "Accept": "text/json"},
			})
		},
		"text body": func(t testing.TB, s server) {
			mockservertest.RequireRequest(t, s, mockservertest.Request{Path: "/v1/customerinvoice/003501", Body: "plain text"})
		},
		"no JSON": func(t testing.TB, s server) {
			mockservertest.RequireRequest(t, s, mockservertest.Request{Path: "/v1/customerinvoice/003501", Body: `{"a":1}`})
		},
		"operation": func(t testing.TB, s server) {
			mockservertest.RequireOperation(t, s, mockservertest.Operation{Path: "/v2/customerinvoice", State: operation.Failed, StatusCode: 500})
		},
		"delivery": func(t testing.TB, s server) {
			mockservertest.RequireDelivered(t, s, mockservertest.Delivery{Method: "POST", Attempts: 2, Header: map[string]string{"order": "4712"}, Within: time.Hour})
		},
		"required before": func(t testing.TB, s server) {
			for range 2 {
				mockservertest.RequireRequest(t, s, mockservertest.Request{Method: "POST"})
			}
		},
		"nothing": func(t testing.TB, _ server) {
			mockservertest.RequireOperation(t, mockservertest.Start(t, mockserver.Config{}), mockservertest.Operation{})
		},
		"everything required": func(t testing.TB, _ server) {
			s := mockservertest.Start(t, mockserver.Config{})
			send(t, s, "GET", "/v1/customerinvoice/003501", "")
			for range 2 {
				mockservertest.RequireRequest(t, s, mockservertest.Request{})
			}
		},
		"no more": func(t testing.TB, s server) {
			mockservertest.RequireRequest(t, s, mockservertest.Request{Method: "POST"})
			mockservertest.RequireNoMore(t, s, mockservertest.Request{Path: "/{rest...}"}, mockservertest.Operation{}, mockservertest.Delivery{})
		},
		"long": func(t testing.TB, s server) {
			mockservertest.RequireRequest(t, s, mockservertest.Request{Method: "POST", Body: strings.Repeat("blåbær ", 200)})
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				testkit.Golden(t, filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".golden"), failure(t, func(t testing.TB) {
					s := mockservertest.Start(t, mockserver.Config{Seed: 1})
					s.Hook.Answer(404)
					send(t, s, "GET", "/v1/customerinvoice?pageNumber=1&pageSize=100", "", "Accept", "application/json")
					send(t, s, "GET", "/v1/customerinvoice/003501", "not JSON")
					send(t, s, "POST", "/v2/customerinvoice", newInvoice, "erp-api-background", "subscription:order=4711")
					send(t, s, "GET", "/v1/background/53f3403c-b521-4ff8-8ff6-d775ee363104", "")
					time.Sleep(time.Second)
					test(t, s)
				})+"\n")
			})
		})
	}
}

// A message stays readable, whatever bodies and how much of them differs.
func TestMessagesStayShort(t *testing.T) {
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	many := make(map[string]int)
	for i := range 2000 {
		many[strconv.Itoa(i)] = i
	}
	for name, want := range map[string]any{
		"many fields": many, "a large text": strings.Repeat("x", 1<<20), "binary": []byte{0, 255, 254}, "deep": deep,
		"nil pointer": (*int)(nil), "nil bytes": []byte(nil), "nothing": json.RawMessage(nil), "a function": func() {}, "a channel": make(chan int),
	} {
		for _, sent := range []string{`{"a":"` + strings.Repeat("y", 1<<20) + `"}`, "\xff\xfe\x00" + strings.Repeat("z", 1<<20), deep, `{"x":1}`} {
			if sent == want {
				continue
			}
			synctest.Test(t, func(t *testing.T) {
				text := failure(t, func(t testing.TB) {
					s := mockservertest.Start(t, mockserver.Config{})
					send(t, s, "POST", "/v2/customerinvoice", sent)
					mockservertest.RequireRequest(t, s, mockservertest.Request{Method: "POST", Body: want, Within: time.Millisecond})
				})
				if len(text) == 0 || len(text) > 4000 || !utf8.ValidString(text) {
					t.Errorf("%s: %d bytes: %.300q", name, len(text), text)
				}
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		text := failure(t, func(t testing.TB) {
			s := mockservertest.Start(t, mockserver.Config{})
			for range 100 {
				send(t, s, "GET", "/v1/customerinvoice/003501?q="+strings.Repeat("x", 1000), "")
			}
			mockservertest.RequireNoMore(t, s, mockservertest.Request{})
		})
		if len(text) > 12_000 || !strings.HasSuffix(text, "and 70 more") {
			t.Errorf("%d bytes: %.300q", len(text), text)
		}
	})
}

// What was required before a reset is not counted afterwards, when the same
// ids and numbers come again.
func TestRequirementsAfterAReset(t *testing.T) {
	for _, reset := range []string{"1000001", ""} {
		synctest.Test(t, func(t *testing.T) {
			s := mockservertest.Start(t, mockserver.Config{Seed: 1})
			for range 3 {
				send(t, s, "GET", "/v1/customerinvoice/003501", "", "erp-api-background", "subscription")
				mockservertest.RequireRequest(t, s, mockservertest.Request{})
				mockservertest.RequireOperation(t, s, mockservertest.Operation{State: operation.Finished})
				mockservertest.RequireDelivered(t, s, mockservertest.Delivery{})
				if err := s.Reset(t.Context(), reset); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
