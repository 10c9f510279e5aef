package cassette_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/mockserver/upstream/cassette"
)

var update = flag.Bool("update", false, "write the golden files")

const root = "https://api.test/base"

// open opens a cassette that the test closes.
func open(t *testing.T, cfg cassette.Config) *cassette.Cassette {
	t.Helper()
	c, err := cassette.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// write makes a file of a cassette's text.
func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "tape.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// call makes a call; headers are pairs of name and value.
func call(t *testing.T, rt http.RoundTripper, method, url, body string, headers ...string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(got), nil
}

// serve is a transport that reaches a handler at api.test.
func serve(h http.HandlerFunc) http.RoundTripper {
	return &memhttp.Transport{Hosts: map[string]http.Handler{"api.test": h}}
}

// orders is an API that has something of everything that a cassette keeps.
func orders(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/base/login":
		w.Header().Add("Set-Cookie", "session=abcdefghij; Path=/")
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token": "eyJhbGciOi.J9", "expires_in":3600,"client": {"secret":{"value":"x"}}}`)
	case "/base/orders":
		w.Header().Set("Location", root+"/orders/7?access_token=t0ken-of-the-caller")
		w.Header().Add("Link", "<a>")
		w.Header().Add("Link", "<b>; rel=next")
		w.WriteHeader(http.StatusCreated)
	case "/base/file":
		_, _ = w.Write([]byte("\x00\xff\x01"))
	default:
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, "  line one\n\nline \u00e5 three \ntoken: t0ken-of-the-caller\n")
	}
}

func TestARecordedCassette(t *testing.T) {
	synctest.Test(t, recordsACassette)
}

func recordsACassette(t *testing.T) {
	name := filepath.Join(t.TempDir(), "orders.yaml")
	c := open(t, cassette.Config{Record: name, Root: root})
	rt := c.Transport(serve(orders))
	secret := []string{"Authorization", "Bearer t0ken-of-the-caller", "Cookie", "session=abcdefghij; a=b"}
	for _, one := range []struct {
		method, url, body string
		header            []string
	}{
		{"POST", root + "/login?x=1&api_key=k", "grant_type=client_credentials&client_secret=s3cret&scope=a", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"POST", root + "/orders", "{\"customer\": \"10045\",\n \"password\": \"p\\\"w\", \"lines\":[1,2.50]}", append(secret, "Content-Type", "application/json", "If-Match", `"A=="`)},
		{"GET", root + "/file", "", secret},
		{"GET", root + "/text/%2Fa?q=t0ken-of-the-caller", "", append(secret, "X-Api-Key", "k", "X-Note", "a: b # c")},
		{"GET", "https://api.test/elsewhere", "", secret},
	} {
		if _, _, err := call(t, rt, one.method, one.url, one.body, one.header...); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	got := read(t, name)
	golden := "testdata/recorded.golden.yaml"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, golden); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, word := range []string{"t0ken-of", "abcdefghij", "s3cret", "eyJ", `p\"w`} {
		if strings.Contains(got, word) {
			t.Errorf("%q is in the file", word)
		}
	}
}

// What was recorded answers the same calls, with other secrets.
func TestTheGoldenCassetteIsReplayed(t *testing.T) {
	c := open(t, cassette.Config{Replay: "testdata/recorded.golden.yaml"})
	if c.Root() != root || c.Len() != 5 {
		t.Fatalf("got root %q and %d calls, want %q and 5", c.Root(), c.Len(), root)
	}
	rt := c.Transport(nil)
	resp, body, err := call(t, rt, "POST", root+"/orders", `{"lines":[1, 2.50], "password": "another", "customer":"10045"}`,
		"Authorization", "Bearer another-one", "If-Match", `"A=="`, "Content-Type", "application/json")
	if err != nil || resp.StatusCode != 201 || body != "" || len(resp.Header["Link"]) != 2 || resp.Header.Get("Location") != root+"/orders/7?access_token=REDACTED" {
		t.Errorf("got %v %q, %v", resp, body, err)
	}
	_, body, err = call(t, rt, "GET", root+"/file", "")
	if err != nil || body != "\x00\xff\x01" {
		t.Errorf("got %q, %v", body, err)
	}
	_, body, err = call(t, rt, "GET", root+"/text/%2Fa?q=another-one", "", "Authorization", "Bearer another-one")
	if want := "  line one\n\nline \u00e5 three \ntoken: REDACTED\n"; err != nil || body != want {
		t.Errorf("got %q, %v, want %q", body, err, want)
	}
	unused := c.Unused()
	if len(unused) != 2 || unused[0].String() != "POST /login?x=1&api_key=REDACTED" || unused[1].URL != "https://api.test/elsewhere" {
		t.Errorf("unused: %v", unused)
	}
	err = c.Close()
	if e, ok := errors.AsType[*cassette.UnusedError](err); !ok || len(e.Entries) != 2 || !strings.Contains(err.Error(), "recorded.golden.yaml: 2 of its answers were not asked for:\n\tline 5: POST /login") {
		t.Errorf("got %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

const twoAnswers = `cassette: 1
...
---
# a comment, and what a person would write
request: {method: get, url: /state?b=2&a=1}
response:
  body: first
...
---
request:
  method: GET
  url: /state?a=1&b=2
response:
  status: 404
  headers: {Retry-After: 007}
  body: 12
...
---
request:
  method: POST
  url: /orders
  body: '{"amount": 100, "customer": {"number": "1"}}'
response:
  status: 201
...
`

func TestEqualCallsAreAnsweredInTheirOrder(t *testing.T) {
	c := open(t, cassette.Config{Replay: write(t, twoAnswers)})
	rt := c.Transport(nil)
	for i, want := range []string{"200 first", "404 12"} {
		resp, body, err := call(t, rt, "GET", "http://anywhere/state?a=1&b=2", "")
		if err == nil && fmt.Sprint(resp.StatusCode, " ", body) == want {
			continue
		}
		t.Errorf("call %d: got %v %q, %v, want %s", i, resp, body, err, want)
	}
	_, _, err := call(t, rt, "GET", "http://anywhere/state?a=1&b=2", "")
	e, ok := errors.AsType[*cassette.MissingError](err)
	if want := "tape.yaml has no answer for GET /state?a=1&b=2 any more: all that were recorded were given, 2 times (the last one stands at line 10)"; !ok || e.Given != 2 || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
