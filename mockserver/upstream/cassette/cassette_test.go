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
	"sync"
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

func TestWhatIsMissingIsNamedWithWhatComesClosest(t *testing.T) {
	c := open(t, cassette.Config{Replay: write(t, twoAnswers)})
	rt := c.Transport(noNetwork{t})
	for _, tt := range []struct{ method, url, body, want string }{
		{"POST", "/orders", `{"customer":{"number":"2"},"amount":100}`, `; the nearest is POST /orders at line 19; Body.customer.number: got "2", want "1"`},
		{"POST", "/orders", `{"customer":{"number":"1"},"amount":100,"note":"x"}`, `; the nearest is POST /orders at line 19; recorded was another Body.note: is missing, want "x"`},
		{"PUT", "/orders", `{"customer":{"number":"1"},"amount":100}`, `; the nearest is POST /orders at line 19; Method: got PUT, want POST`},
		{"GET", "/state?a=2&b=2&c", "", `; the nearest is GET /state?b=2&a=1 at line 4; Query["a"]: got ["2"], want ["1"]; Query["c"]: got [""], want []`},
		{"POST", "/orders", "\x00", `; the nearest is POST /orders at line 19; Body: got 1 bytes, want 44 others`},
	} {
		_, _, err := call(t, rt, tt.method, "http://h"+tt.url, tt.body)
		if want := "tape.yaml has no answer for " + tt.method + " " + tt.url + tt.want; err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if n := len(c.Unused()); n != 3 {
		t.Errorf("%d are unused, want 3: a call that is missing uses none", n)
	}
	empty := open(t, cassette.Config{Replay: write(t, "cassette: 1\n...\n")})
	if _, _, err := call(t, empty.Transport(nil), "GET", "http://h/x", ""); err == nil || !strings.HasSuffix(err.Error(), ": it has no calls at all") {
		t.Errorf("got %v", err)
	}
}

// noNetwork is a transport that nobody may use.
type noNetwork struct{ t *testing.T }

func (n noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("%s %s was made", r.Method, r.URL)
	return nil, errors.New("no network")
}

func TestALooseCassetteTakesWhatComesClosest(t *testing.T) {
	c := open(t, cassette.Config{Loose: true, Replay: write(t, `cassette: 1
root: https://api.test
...
---
request: {method: GET, url: /list?page=1}
response: {body: one}
...
---
request: {method: GET, url: /list?page=2}
response: {body: two}
...
---
request: {method: GET, url: /list?page=1}
response: {body: uno}
...
`)})
	rt := c.Transport(nil)
	for i, tt := range []struct{ url, want string }{
		{"/list?page=2", "two"}, {"/list?page=1", "one"}, {"/list?page=1", "uno"}, {"/list?page=1", "uno"}, {"/list?page=2&x", "two"}, {"/list?page=9", "uno"},
	} {
		_, body, err := call(t, rt, "GET", "https://api.test"+tt.url, "")
		if err != nil || body != tt.want {
			t.Errorf("call %d, %s: got %q, %v, want %q", i, tt.url, body, err, tt.want)
		}
	}
	if _, _, err := call(t, rt, "POST", "https://api.test/list", ""); err == nil {
		t.Error("another method is answered")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// What is missing is asked for and recorded, and is there the next time.
func TestWhatIsMissingIsRecorded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "new.yaml")
	var made int
	api := serve(func(w http.ResponseWriter, r *http.Request) {
		made++
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL, body)
	})
	for round, want := range []int{2, 3, 3} {
		c := open(t, cassette.Config{Record: name, Replay: name, Root: root})
		rt := c.Transport(api)
		for i := range min(2+round, 3) {
			_, body, err := call(t, rt, "POST", root+"/x", fmt.Sprint("body ", i))
			if err != nil || body != fmt.Sprint("POST /base/x body ", i) {
				t.Errorf("round %d: got %q, %v", round, body, err)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if made != want {
			t.Errorf("round %d: %d calls were made, want %d", round, made, want)
		}
	}
}

// Wherever a process was killed while it wrote, what was whole is there afterwards,
// and recording goes on.
func TestAFileThatIsCutAnywhere(t *testing.T) {
	api := serve(orders)
	whole := filepath.Join(t.TempDir(), "whole.yaml")
	c := open(t, cassette.Config{Record: whole, Root: root})
	for _, path := range []string{"/file", "/text"} {
		if _, _, err := call(t, c.Transport(api), "GET", root+path, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	data := read(t, whole)
	ends := []int{strings.Index(data, "...\n") + 4, strings.Index(data, "  bodyBase64: AP8B\n...\n") + len("  bodyBase64: AP8B\n...\n"), len(data)}
	for n := range len(data) + 1 {
		entries := 0
		for i, end := range ends[1:] {
			if n >= end {
				entries = i + 1
			}
		}
		name := write(t, data[:n])
		atEnd := n == ends[0] || n == ends[1] || n == ends[2] || n == ends[0]+4 || n == ends[1]+4 // with "---" nothing has begun yet
		if _, err := cassette.Open(cassette.Config{Replay: name}); (err == nil) != atEnd {
			t.Errorf("cut at %d: to replay it gave %v, want an error unless it ends there", n, err)
		}
		c, err := cassette.Open(cassette.Config{Record: name, Replay: name, Root: root})
		if err != nil {
			t.Errorf("cut at %d: %v", n, err)
			continue
		}
		if c.Len() != entries {
			t.Errorf("cut at %d: %d entries, want %d", n, c.Len(), entries)
		}
		if _, _, err := call(t, c.Transport(api), "GET", root+"/text/more", ""); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		again := open(t, cassette.Config{Replay: name})
		if again.Len() != entries+1 {
			t.Errorf("cut at %d: %d entries after one was added, want %d", n, again.Len(), entries+1)
		}
	}
}

func TestFilesThatAreWrong(t *testing.T) {
	head := "cassette: 1\n...\n"
	for text, want := range map[string]string{
		"":                                     `tape.yaml:1: there is nothing in it: want a cassette, which begins with "cassette: 1"`,
		"# only a comment\n":                   `tape.yaml:1: there is nothing in it: want a cassette, which begins with "cassette: 1"`,
		"cassette: 2\n...\n":                   `tape.yaml:1:9: cassette: version 2 is not known here, want 1`,
		"root: https://a\n...\n":               `tape.yaml:1:5: want a document that tells the version first: "cassette: 1"`,
		"cassette: 1\nroot: a b\n...\n":        `tape.yaml:1:9: root "a b": want http(s)://host/path in ASCII, without a query`,
		"- a\n...\n":                           `tape.yaml:1:1: the document: want names and values, such as "method: GET"`,
		head + "---\nrequest: {method: GET}\n": `tape.yaml:4: this document is not whole: a process was killed while it wrote it. Delete it, or end it with the line "..." if it is whole`,
		head + "---\nrequest: {method: GET}\n...\n":                    `tape.yaml:4:8: request.url "": is missing`,
		head + "---\nrequest: {method: GET, url: x}\n...\n":            `tape.yaml:4:8: request.url "x": want a path that begins with a slash, or http(s)://host/path`,
		head + "---\nrequest: {method: G T, url: /x}\n...\n":           `tape.yaml:4:8: request.method "G T": want a method, such as GET`,
		head + "---\nrequest:\n  methode: GET\n...\n":                  `tape.yaml:5:3: there is no field "methode"; did you mean method?`,
		head + "---\nrequest:\n  method: [GET]\n...\n":                 `tape.yaml:5:11: method: want a text`,
		head + "---\nrequest:\n  url: /x\n  url: /y\n...\n":            `tape.yaml:6:3: mapping key "url" already defined at [2:3]`,
		head + "---\nresponse:\n  status: 99\n...\n":                   `tape.yaml:5:11: status "99": want a number from 200 to 599`,
		head + "---\nresponse:\n  body: a\n  bodyBase64: YQ==\n...\n":  `tape.yaml:6:15: response: want either body or bodyBase64, not both`,
		head + "---\nresponse:\n  bodyBase64: '*'\n...\n":              `tape.yaml:5:15: bodyBase64: illegal base64 data at input byte 0`,
		head + "---\nresponse:\n  headers: {a b: c}\n...\n":            `tape.yaml:5:13: headers: "a b" is no name of a header`,
		head + "---\nresponse:\n  headers:\n    A: \"b\\nc\"\n...\n":   `tape.yaml:6:8: header A: a value has one line`,
		head + "---\n\n\nresponse: {\n...\n":                           `tape.yaml:6:11: `,
		head + "---\nresponse: " + strings.Repeat("[", 40) + "\n...\n": `tape.yaml:4: is nested deeper than a cassette may be`,
	} {
		_, err := cassette.Open(cassette.Config{Replay: write(t, text)})
		e, ok := errors.AsType[*cassette.Error](err)
		if !ok {
			t.Errorf("%q: got %v", text, err)
			continue
		}
		e.File = filepath.Base(e.File)
		if got := e.Error(); got != want && !(strings.HasSuffix(want, ": ") && strings.HasPrefix(got, want)) {
			t.Errorf("%q:\ngot  %s\nwant %s", text, got, want)
		}
	}
	// Brackets in texts do not count.
	body := strings.Repeat("[", 100)
	for _, form := range []string{"|-\n    " + body, "'" + body + "'", "\"" + body + "\"", ">-\n    " + body} {
		if _, err := cassette.Open(cassette.Config{Replay: write(t, head+"---\nrequest:\n  method: GET\n  url: /x\n  body: "+form+"\n...\n")}); err != nil {
			t.Errorf("%v", err)
		}
	}
}

func TestConfigurationsThatAreWrong(t *testing.T) {
	other := write(t, "this: is something else\n")
	for _, tt := range []struct {
		cfg  cassette.Config
		want string
	}{
		{cassette.Config{}, "Record: name a file to record to, or one to Replay"},
		{cassette.Config{Replay: "nowhere.yaml"}, "Replay: open nowhere.yaml: no such file or directory"},
		{cassette.Config{Replay: "x", Root: "a b", MaxBody: -1, Redact: []string{"a b"}}, "Root \"a b\": want http(s)://host/path in ASCII, without a query\nMaxBody: must not be negative\nRedact: \"a b\" is no name of a header or a field"},
		{cassette.Config{Record: other}, "Record: " + other + `:1: this document is not whole: a process was killed while it wrote it. Delete it, or end it with the line "..." if it is whole`},
	} {
		if _, err := cassette.Open(tt.cfg); err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
	if got := read(t, other); got != "this: is something else\n" {
		t.Errorf("a file that is no cassette is now %q", got)
	}
}

// An answer that was not read to its end, or is too large, is not recorded, and
// Close says so.
func TestWhatIsNotRecordedIsTold(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.yaml")
	c := open(t, cassette.Config{Record: name, Root: root, MaxBody: 100})
	rt := c.Transport(serve(func(w http.ResponseWriter, r *http.Request) {
		n := 100
		if r.URL.Path == "/base/large" {
			n = 101
		}
		w.Header().Set("Content-Length", fmt.Sprint(n))
		_, _ = w.Write([]byte(strings.Repeat("x", n)))
	}))
	for _, path := range []string{"/large", "/fits"} {
		if _, body, err := call(t, rt, "GET", root+path, ""); err != nil || len(body) < 100 {
			t.Errorf("got %q, %v", body, err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", root+"/left", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if err := c.Close(); err == nil || err.Error() != "a.yaml: 2 calls were made and are not in it" {
		t.Errorf("got %v", err)
	}
	if c := open(t, cassette.Config{Replay: name}); c.Len() != 1 {
		t.Errorf("%d calls were recorded, want 1", c.Len())
	}
}

// Names that are given, and a function, take out what the rest does not know.
func TestWhatElseIsRedacted(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.yaml")
	c := open(t, cassette.Config{Record: name, Root: root, Redact: []string{"X-Tenant", "personal_number"}, Edit: func(e *cassette.Entry) {
		e.URL = strings.Replace(e.URL, "/people/42", "/people/ID", 1)
	}})
	api := serve(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<p:PersonalNumber kind="x">0101</p:PersonalNumber>`)
	})
	if _, _, err := call(t, c.Transport(api), "POST", root+"/people/42?personalNumber=0101", `{"personalNumber": 0101, "x":{"personal-number":{"value":"0101"}}}`, "X-Tenant", "0101"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, name); strings.Contains(got, "0101") || strings.Count(got, "REDACTED") != 4 || !strings.Contains(got, "/people/ID") {
		t.Errorf("got %s", got)
	}
	again := open(t, cassette.Config{Replay: name, Redact: []string{"X-Tenant", "personal_number"}, Edit: func(e *cassette.Entry) {
		e.URL = strings.Replace(e.URL, "/people/43", "/people/ID", 1)
	}})
	if _, _, err := call(t, again.Transport(nil), "POST", root+"/people/43?personalNumber=0202", `{"personalNumber": 0202, "x":{"personal-number":{"value":"0202"}}}`); err != nil {
		t.Error(err)
	}
}

// Calls that are made at a time do not mix in the file.
func TestManyRecordAtOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.yaml")
	tapes := []*cassette.Cassette{open(t, cassette.Config{Record: name, Root: root}), open(t, cassette.Config{Record: name, Root: root})}
	api := serve(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, strings.Repeat(r.URL.Path, 1000)) })
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 20 {
				if _, _, err := call(t, tapes[i%2].Transport(api), "GET", fmt.Sprintf("%s/%d/%d", root, i, n), ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, c := range tapes {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if c := open(t, cassette.Config{Replay: name}); c.Len() != 160 {
		t.Errorf("%d calls, want 160", c.Len())
	}
}
