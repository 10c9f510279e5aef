package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/receiver/receivertest"
)

func TestABadOrderIsRefusedWithTheNameOfTheField(t *testing.T) {
	tests := map[string]struct{ body, want string }{
		"empty":         {``, "body: EOF"},
		"no JSON":       {`number=1`, "body: invalid character"},
		"two":           {good + good, "body: want one object and nothing after it"},
		"unknown field": {`{"nummer":"1"}`, `unknown field "nummer"`},
		"wrong type":    {`{"number":1}`, "number: want a string, not a number"},
		"wrong line":    {replaced(":2}", `:"2"}`), "lines[0].quantity: want a number above 0"},
		"an array":      {`[]`, "body: want an object, not an array"},
		"no number":     {replaced("4711", ""), "number: want 1 to 32 letters"},
		"a path":        {replaced("4711", "../4711"), "number: want 1 to 32 letters"},
		"no customer":   {replaced("10045", ""), "customer: want a customer number"},
		"a date":        {replaced("2026-09-01", "01.09.2026"), "date: want a day as 2006-01-02"},
		"no day":        {replaced("2026-09-01", "2026-02-30"), "date: want a day"},
		"no lines":      {replaced(`{"item":"SYK-01","quantity":2}`, ""), "lines: want 1 to 500"},
		"no item":       {replaced("SYK-01", ""), "lines[0].item: want an item number"},
		"no quantity":   {replaced(":2}", ":0}"), "lines[0].quantity: want a number above 0"},
		"too much":      {replaced(":2}", ":1e300}"), "lines[0].quantity: want a number above 0"},
		"too exact":     {replaced(":2}", ":0.12345678901234567890123456789}"), "lines[0].quantity: want a number above 0"},
		"null":          {replaced(":2}", ":null}"), "lines[0].quantity: want a number above 0"},
		"a sequence":    {replaced(`"number"`, `"sequence":"a/b","number"`), "sequence: want 1 to 32 letters"},
		"a price":       {replaced(":2}", `:2,"price":"10"}`), "lines[0].price: want a number from 0"},
		"a low price":   {replaced(":2}", `:2,"price":-1}`), "lines[0].price: want a number from 0"},
	}
	play(t, mockserver.Config{}, nil, func(w *world) {
		for name, tt := range tests {
			answer := w.post(tt.body, http.StatusBadRequest)
			var problem struct{ Errors []string }
			if err := json.Unmarshal([]byte(answer), &problem); err != nil || len(problem.Errors) != 1 || !strings.Contains(problem.Errors[0], tt.want) {
				w.Errorf("%s: got %s, want %q", name, answer, tt.want)
			}
		}
		if answer := w.post(`{}`, http.StatusBadRequest); strings.Count(answer, `",`) != 3 {
			w.Errorf("not all faults are told: %s", answer)
		}
		w.post(replaced("10045", strings.Repeat("1", maxOrder)), http.StatusRequestEntityTooLarge)
		if n := len(w.taken()); n != 0 {
			w.Errorf("%d operations", n)
		}
	})
}

func FuzzReadOrder(f *testing.F) {
	f.Add(good)
	f.Add(`{"lines":[{}],"date":null}`)
	f.Add(`[1e999]`)
	f.Fuzz(func(t *testing.T, body string) {
		o, err := readOrder(strings.NewReader(body))
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a word")
			}
			return
		}
		// What is read is a request, and the same one each time.
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := readOrder(strings.NewReader(string(text)))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		first, second := requestBody(t, o), requestBody(t, again)
		if first != second {
			t.Errorf("%q became %s and then %s", body, first, second)
		}
	})
}

func requestBody(t *testing.T, o order) string {
	t.Helper()
	req, err := o.invoice()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := req.Write(&b); err != nil && !strings.Contains(err.Error(), "no Host") {
		t.Fatal(err)
	}
	return b.String()
}

func TestCallersMustShowTheToken(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		for _, header := range []string{"", "Bearer ", "Bearer wrong", apiToken + "x", "Basic " + apiToken} {
			for _, call := range []string{"POST /orders", "GET /orders/4711", "GET /attention", "POST /attention/4711"} {
				method, target, _ := strings.Cut(call, " ")
				if code, _ := do(w.front, method, target, good, "Authorization", header); code != http.StatusUnauthorized {
					w.Errorf("%s with %q: got %d", call, header, code)
				}
			}
		}
		w.app.cfg.apiToken = "" // never the way in, whatever went wrong before
		if code, _ := do(w.front, http.MethodGet, "/orders/4711", "", "Authorization", "Bearer "); code != http.StatusUnauthorized {
			w.Errorf("without a token of our own: got %d", code)
		}
	})
}

// Who hangs up does not know whether the order was taken, and posts it again.
func TestACallerThatHangsUpPostsAgain(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(good)).WithContext(ctx)
		r.Header.Set("Authorization", "Bearer "+apiToken)
		w.front.ServeHTTP(httptest.NewRecorder(), r)
		w.post(good, http.StatusAccepted)
		w.await("4711", stateDone)
		if n := w.operations(invoices); n != 1 {
			w.Errorf("%d invoices, want 1", n)
		}
	})
}

func TestTheDataAreTheOwnersAloneWhereverTheyAre(t *testing.T) {
	play(t, mockserver.Config{}, func(c *config) { c.dataDir += "/a b?c#d%20e" }, func(w *world) {
		w.post(good, http.StatusAccepted)
		w.await("4711", stateDone)
		files, err := os.ReadDir(w.cfg.dataDir)
		if err != nil || len(files) < 2 {
			w.Fatalf("%d files, %v", len(files), err)
		}
		for _, f := range files {
			if info, err := f.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
				w.Errorf("%s may be read by others: %v, %v", f.Name(), info.Mode(), err)
			}
		}
	})
}

func TestOtherPagesAreNotThere(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		for target, want := range map[string]int{
			"GET /": 404, "GET /orders/nr-1": 404, "GET /orders/a%2Fb": 404, "DELETE /orders": 405,
			"GET /metrics": 404, "GET /readyz": 404, // not for the internet
			"POST /webhooks/erp": 401, "POST /webhooks/erp/x": 404, "GET /webhooks/erp": 405,
		} {
			method, path, _ := strings.Cut(target, " ")
			if code, answer := w.do(method, path, ""); code != want {
				w.Errorf("%s: got %d %s, want %d", target, code, answer, want)
			}
		}
	})
}

func TestEveryRequestIsLoggedUnderItsNameAndWithoutSecrets(t *testing.T) {
	play(t, mockserver.Config{}, func(c *config) { c.notify = "url" }, func(w *world) {
		w.front.(*gin.Engine).GET("/panic", func(*gin.Context) { panic("a bug") })
		if code, answer := do(w.front, http.MethodGet, "/panic", "", "X-Request-Id", "mine-1"); code != http.StatusInternalServerError || strings.Contains(answer, "bug") {
			w.Errorf("a panic is answered %d %s", code, answer)
		}
		do(w.front, http.MethodGet, "/", "", "X-Request-Id", "evil\" name", "X-Forwarded-For", "203.0.113.7")
		w.post(good, http.StatusAccepted)
		w.await("4711", stateDone)
		sender := receivertest.Sender{Handler: w.front, URL: hookURL, Key: signingKey}
		if code, err := sender.Send(w.Context(), receivertest.Notice{ID: "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"}); err != nil || code != http.StatusOK {
			w.Errorf("a notification by subscription: %d, %v", code, err)
		}
		for _, d := range w.mock.Deliveries() { // sent to a wrong place by whatever stands before us
			do(w.front, http.MethodPost, "/elsewhere"+strings.TrimPrefix(d.URL, hookURL), "")
		}
		logs := w.logs.String()
		for _, want := range []string{`"request":"mine-1"`, `"panic":"a bug"`, `"path":"` + webhookPath + `/[redacted]"`, `"path":"/orders"`, `"code":202`} {
			if !strings.Contains(logs, want) {
				w.Errorf("no %s in the log", want)
			}
		}
		for _, d := range w.mock.Deliveries() {
			if capability := d.URL[strings.LastIndexByte(d.URL, '/')+1:]; len(capability) < 40 || strings.Contains(logs, capability) {
				w.Errorf("the log shows %q", capability)
			}
		}
		for _, never := range []string{apiToken, signingKey, w.cfg.secrets[0], "evil", "203.0.113.7", "SYK-01"} {
			if strings.Contains(logs, never) {
				w.Errorf("the log shows %s", never)
			}
		}
	})
}
