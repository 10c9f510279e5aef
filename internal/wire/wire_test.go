package wire

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/vismanet-go/background/internal/testkit"
)

// in16 is a text in UTF-16.
func in16(s string, little bool) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if little {
			b = append(b, byte(u), byte(u>>8))
		} else {
			b = append(b, byte(u>>8), byte(u))
		}
	}
	return b
}

const norwegian = `{"name":"Blåbærsyltetøy 𝄞 €"}`

func TestDocumentsOfEveryCharset(t *testing.T) {
	latin := `{"name":"Bl` + "\xe5b\xe6rsyltet\xf8y" + `"}`
	tests := []struct {
		name, kind string
		raw        []byte
		want       string
	}{
		{"UTF-8", "application/json", []byte(norwegian), norwegian},
		{"UTF-8 with a mark", "application/json", []byte("\xef\xbb\xbf" + norwegian), norwegian},
		{"UTF-16 with a mark, low byte first", "application/json", append([]byte("\xff\xfe"), in16(norwegian, true)...), norwegian},
		{"UTF-16 with a mark, high byte first", "application/json", append([]byte("\xfe\xff"), in16(norwegian, false)...), norwegian},
		{"UTF-16 declared", "application/json; charset=utf-16le", in16(norwegian, true), norwegian},
		{"UTF-16 not declared", "", in16(norwegian, true), norwegian},
		{"ISO-8859-1", "application/json; charset=ISO-8859-1", []byte(latin), `{"name":"Blåbærsyltetøy"}`},
		{"windows-1252", `application/json; charset="windows-1252"`, []byte("{\"name\":\"\x80 \x96\"}"), `{"name":"€ –"}`},
		{"ISO-8859-1 declared by habit", "application/json; charset=iso-8859-1", []byte(norwegian), norwegian},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(Document(tt.raw, tt.kind)); got != tt.want {
				t.Errorf("Document: got %q, want %q", got, tt.want)
			}
			if got := string(Text(tt.raw, tt.kind)); got != tt.want {
				t.Errorf("Text: got %q, want %q", got, tt.want)
			}
			whole, kind := Whole(tt.raw, tt.kind, false)
			if string(whole) != tt.want || !IsJSON(kind) {
				t.Errorf("Whole: got %q as %q, want %q", whole, kind, tt.want)
			}
			for _, r := range []io.Reader{bytes.NewReader(tt.raw), iotest.OneByteReader(bytes.NewReader(tt.raw))} {
				body := Open(io.NopCloser(r), -1, tt.kind, false)
				got, err := io.ReadAll(iotest.OneByteReader(body))
				if err != nil || string(got) != tt.want || !IsJSON(body.ContentType) {
					t.Errorf("Open: got %q as %q, %v, want %q", got, body.ContentType, err, tt.want)
				}
			}
		})
	}
}

func TestWhatIsNoJSONComesByteForByte(t *testing.T) {
	for _, tt := range []struct{ name, kind, body string }{
		{"a PDF", "application/pdf", "%PDF-1.4\xff\x00\xfe"},
		{"a PDF without a type", "", "%PDF-1.4\xff\x00\xfe"},
		{"XML with a mark", "application/xml; charset=iso-8859-1", "\xef\xbb\xbf<?xml version='1.0'?><a>\xe5</a>"},
		{"text", "text/plain; charset=iso-8859-1", "bl\xe5"},
		{"a number in a text", "text/plain", "12"},
		{"text in brackets", "text/plain", "[draft] x"},
		{"a list in CSV", "text/csv", "[1]"},
		{"two documents", "", `{"a":1}{"b":2}`},
		{"zeros", "application/octet-stream", "\x00\x00\x00\x00"},
		{"nothing", "", ""},
	} {
		got, kind := Whole([]byte(tt.body), tt.kind, false)
		if string(got) != tt.body || kind != tt.kind {
			t.Errorf("%s: got %q as %q, want it as it is", tt.name, got, kind)
		}
		body := Open(io.NopCloser(strings.NewReader(tt.body)), int64(len(tt.body)), tt.kind, false)
		read, err := io.ReadAll(body)
		if err != nil || string(read) != tt.body || body.ContentType != tt.kind || body.Empty != (tt.body == "") {
			t.Errorf("%s: read %q as %q, %v, want it as it is", tt.name, read, body.ContentType, err)
		}
	}
	if _, kind := Whole([]byte(`{}`), "application/octet-stream", true); kind != "application/octet-stream" {
		t.Errorf("a file: got %q, want its own type", kind)
	}
}

func TestJSONUnderAnotherName(t *testing.T) {
	long := `[{"note":"` + strings.Repeat("x", 3*headSize) + `"}]`
	for _, kind := range []string{"", "text/plain", "text/html; charset=utf-8", "application/octet-stream", "text/xml", "json"} {
		for _, text := range []string{`{"a":1}`, ` [1]`, long} {
			body := Open(io.NopCloser(strings.NewReader(text)), 0, kind, false)
			if body.ContentType != "application/json" || body.HTML {
				t.Errorf("%q below %q: got %q, HTML %v, want application/json", text[:7], kind, body.ContentType, body.HTML)
			}
		}
	}
}

// TestABodyAndItsLength is about bodies that are shorter and longer than they were
// announced, as a transport of one's own may bring them.
func TestABodyAndItsLength(t *testing.T) {
	long := `<html>` + strings.Repeat("x", 2*headSize)
	for _, tt := range []struct {
		body   string
		length int64
		want   error
	}{
		{"<html>", -1, nil},
		{"<html>", 6, nil},
		{"<html>", 7, io.ErrUnexpectedEOF},
		{"<html>", 1 << 30, io.ErrUnexpectedEOF},
		{"<html>", 0, nil},
		{"<html>", 1, nil},
		{long, 1, nil},
		{long, 20, nil},
		{long, int64(len(long)), nil},
		{long, int64(len(long)) + 1, io.ErrUnexpectedEOF},
	} {
		for name, r := range map[string]io.Reader{"at once": strings.NewReader(tt.body), "by bytes": iotest.OneByteReader(strings.NewReader(tt.body))} {
			body := Open(io.NopCloser(r), tt.length, "text/plain", false)
			got, err := ReadAll(body, body.Length, 1<<20)
			if string(got) != tt.body || err != tt.want || !body.HTML || body.Length != tt.length {
				t.Errorf("%d bytes announced as %d, read %s: got %d, %v, HTML %v, want all, %v, a page", len(tt.body), tt.length, name, len(got), err, body.HTML, tt.want)
			}
		}
	}
}

func TestReadAllIsBounded(t *testing.T) {
	text := strings.Repeat("0123456789", 10)
	for _, told := range []int64{-1, 0, 1, 50, 99, 100, 101, 1 << 40} {
		for _, limit := range []int64{0, 1, 50, 99, 100, 101, 1 << 40, math.MaxInt64} {
			want := text[:min(int64(len(text))-1, limit)+1]
			for name, r := range map[string]io.Reader{
				"at once": strings.NewReader(text), "by bytes": iotest.OneByteReader(strings.NewReader(text)), "with its end": iotest.DataErrReader(strings.NewReader(text)),
			} {
				if got, err := ReadAll(r, told, limit); string(got) != want || err != nil {
					t.Errorf("told %d, limit %d, %s: got %d bytes, %v, want %d", told, limit, name, len(got), err, len(want))
				}
			}
		}
	}
	broken := errors.New("broken")
	if got, err := ReadAll(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)), 3, 9); string(got) != "abc" || err != broken {
		t.Errorf("a body that breaks: got %q, %v, want what came, and why it broke", got, err)
	}
}

// TestContentTypesAreReadAsMimeReadsThem holds our own reading against package
// mime's.
func TestContentTypesAreReadAsMimeReadsThem(t *testing.T) {
	for _, kind := range []string{
		"", "application/json", "Application/JSON ; charset=UTF-8", " text/html;", "text/html; charset", "text/html; charset=a; charset=b", "text", "a b/c", "/", ";",
		"application/problem+json; charset=utf-8; x=y", "text/plain; charset=\"utf-8\"", "text/plain; charset*=utf-8''iso-8859-1", "é/x",
	} {
		want, params, err := mime.ParseMediaType(kind)
		if err != nil && want == "" {
			want, _, _ = strings.Cut(kind, ";")
		}
		if want = strings.ToLower(strings.TrimSpace(want)); mediaType(kind) != want {
			t.Errorf("%q: got %q, want %q", kind, mediaType(kind), want)
		}
		if set, _ := charsetOf([]byte("ab"), kind); (set == latin) != strings.HasPrefix(params["charset"], "iso") {
			t.Errorf("%q: got charset %d, package mime %q", kind, set, params["charset"])
		}
	}
}

func TestLooksHTML(t *testing.T) {
	for _, tt := range []struct {
		kind, body string
		want       bool
	}{
		{"text/html", "<p>sign in</p>", true},
		{"text/html", "", false},
		{"", "<!DOCTYPE html><html>", true},
		{"application/json", " \r\n<HTML lang='nb'>", true},
		{"text/plain", "\xef\xbb\xbf<html>", true},
		{"", "<!-- a --><!-- b --><html>", true},
		{"application/xml", "<?xml version='1.0'?><!DOCTYPE html><html>", true},
		{"application/xml", "<?xml version='1.0'?><invoice/>", false},
		{"application/xml", "<htmlish/>", false},
		{"application/xml", "<header/>", false},
		{"application/pdf", "%PDF", false},
		{"text/html", `{"id":1}`, false},
	} {
		if got := LooksHTML([]byte(tt.body), tt.kind); got != tt.want {
			t.Errorf("%q as %q: got %v, want %v", tt.body, tt.kind, got, tt.want)
		}
	}
}

func TestCutOff(t *testing.T) {
	for text, want := range map[string]bool{
		``: false, `{}`: false, `{"a":`: true, `[1,`: true, `"abc`: true, `{"a":1} x`: false, `nope`: false, `[draft`: false,
	} {
		if got := CutOff([]byte(text)); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestUnpack(t *testing.T) {
	var zipped, deflated bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(norwegian))
	z.Close()
	d := zlib.NewWriter(&deflated)
	_, _ = d.Write([]byte(norwegian))
	d.Close()
	for coding, raw := range map[string]string{"gzip": zipped.String(), "X-GZIP": zipped.String(), "deflate": deflated.String(), "identity": norwegian, "GZIP, identity": zipped.String(), "gzip ": norwegian} {
		resp := &http.Response{Header: http.Header{"Content-Encoding": {coding}}, Body: io.NopCloser(strings.NewReader(raw)), ContentLength: int64(len(raw))}
		err := Unpack(resp)
		got, read := io.ReadAll(resp.Body)
		if err != nil || read != nil || string(got) != norwegian || resp.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: got %q, %v, %v, header %v", coding, got, err, read, resp.Header)
		}
	}
	resp := &http.Response{Header: http.Header{"Content-Encoding": {"br"}}, Body: io.NopCloser(strings.NewReader("x")), ContentLength: 1}
	if err := Unpack(resp); err == nil || resp.Header.Get("Content-Encoding") != "br" {
		t.Errorf("br: got %v, want an error and the header as it is", err)
	}
}

// What the ERP and its gateways are known to answer is in openapi/vectors/errors.json.
func TestVectorsOfErrors(t *testing.T) {
	type want struct{ Message, FaultCode string }
	for _, v := range testkit.Vectors[testkit.Body, want](t, "errors") {
		if got, fault := Message(v.Input, ""); got != v.Want.Message || fault != v.Want.FaultCode {
			t.Errorf("%s: %s\ngot %q, %q, want %q, %q", v.Name, v.Why, got, fault, v.Want.Message, v.Want.FaultCode)
		}
	}
}

// TestMessage has the further shapes of ASP.NET, of problem details and of OAuth.
func TestMessage(t *testing.T) {
	for _, tt := range []struct{ body, want, fault string }{
		{`{"message":"m","modelState":{"dto.b":["x","y"],"dto.a":["z"]}}`, "m; dto.a: z; dto.b: x; y", ""},
		{`{"Message":"An error has occurred.","ExceptionMessage":"On hold","StackTrace":"   at Visma.Foo()"}`, "An error has occurred. On hold", ""},
		{`{"message":"m","innerException":{"message":"m","innerException":{"exceptionMessage":"deadlock"}}}`, "m; deadlock", ""},
		{`{"title":"Conflict","detail":"released","status":409,"traceId":"t"}`, "Conflict; released", ""},
		{`{"errors":[{"message":"one"},{"message":"two"}]}`, "one; two", ""},
		{`[{"message":"one"},"two"]`, "one; two", ""},
		{`{"error":{"code":"x","message":"deep"}}`, "deep", ""},
		{`{"error":"invalid_client","error_description":"no such client"}`, "invalid_client; no such client", ""},
		{`{"message":"first\r\n   at Visma.Foo(String s) in c:\\x.cs:line 1\r\n   at Visma.Bar()"}`, "first", ""},
		{"boom\n   at Visma.Foo(String s)\n--- End of inner exception ---", "boom", ""},
		{`{"stackTrace":"at x()","odd":"y"}`, `{"odd":"y"}`, ""},
		{"bl\xe5b\xe6r", "blåbær", ""},
	} {
		if got, fault := Message([]byte(tt.body), ""); got != tt.want || fault != tt.fault {
			t.Errorf("%q: got %q, %q, want %q, %q", tt.body, got, fault, tt.want, tt.fault)
		}
	}
	deep := strings.Repeat(`{"innerException":`, 5000) + `{"message":"x"}` + strings.Repeat(`}`, 5000)
	if got, _ := Message([]byte(deep), ""); len(got) > maxMessage+8 {
		t.Errorf("deep: got %d bytes", len(got))
	}
}

func FuzzReading(f *testing.F) {
	f.Add([]byte(`{"message":"x"}`), "application/json; charset=utf-16")
	f.Add([]byte("\xff\xfe{\x00"), "text/html")
	f.Fuzz(func(t *testing.T, data []byte, kind string) {
		m, fault := Message(data, kind)
		if !utf8.ValidString(m+fault) || len(m) > maxMessage+8 || strings.ContainsAny(m, "\r\n") {
			t.Fatalf("message %q, fault %q", m, fault)
		}
		if !utf8.Valid(Text(data, kind)) {
			t.Fatalf("text %q", Text(data, kind))
		}
		body := Open(io.NopCloser(bytes.NewReader(data)), -1, kind, false)
		if _, err := io.ReadAll(body); err != nil {
			t.Fatal(err)
		}
	})
}

func TestVectorsOfRetryAfter(t *testing.T) {
	type input struct {
		Now        time.Time
		RetryAfter *string
		Date       string
	}
	type want struct{ Seconds float64 } // 0 for null: none
	for _, v := range testkit.Vectors[input, want](t, "retry-after") {
		h := http.Header{}
		if v.Input.RetryAfter != nil {
			h.Set("Retry-After", *v.Input.RetryAfter)
		}
		if v.Input.Date != "" {
			h.Set("Date", v.Input.Date)
		}
		if got, ok := RetryAfter(h, v.Input.Now); got.Seconds() != v.Want.Seconds || ok != (v.Want.Seconds > 0) {
			t.Errorf("%s: %s\ngot %v, %v, want %v s", v.Name, v.Why, got, ok, v.Want.Seconds)
		}
	}
}

func TestRetryAfterInSeveralFields(t *testing.T) {
	for _, values := range [][]string{{"5", "7"}, {"7", "5"}, {"soon", "7"}, {"7", "-1"}} {
		if got, ok := RetryAfter(http.Header{"Retry-After": values}, time.Now()); got != 7*time.Second || !ok {
			t.Errorf("%q: got %v, %v, want 7s", values, got, ok)
		}
	}
}

func TestLimitReset(t *testing.T) {
	now := time.Unix(1_700_000_000, 0).UTC()
	for _, reset := range []string{"NaN", "-1", "Inf", "1e999", ""} {
		if got, ok := LimitReset(http.Header{"X-Ratelimit-Reset": {reset}}, now); ok {
			t.Errorf("reset %q: got %v, want none", reset, got)
		}
	}
	if got, ok := LimitReset(http.Header{"X-Ratelimit-Reset": {strconv.FormatInt(now.Unix()+45, 10)}}, now); !ok || got != 45*time.Second {
		t.Errorf("an epoch: got %v, want 45s", got)
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("NaN", "Inf", math.MaxInt64)
	f.Fuzz(func(t *testing.T, a, b string, unix int) {
		h := http.Header{"Retry-After": {a, b}, "Date": {b}, "X-Ratelimit-Reset": {b}}
		for _, read := range []func(http.Header, time.Time) (time.Duration, bool){RetryAfter, LimitReset} {
			if d, ok := read(h, time.Unix(int64(unix), 0)); ok && (d < MinWait || d > MaxWait) {
				t.Fatalf("got %v for %q, %q", d, a, b)
			}
		}
	})
}
