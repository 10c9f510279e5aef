package hook_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/hook"
)

func TestCheckPairNamesWhatIsWrong(t *testing.T) {
	tests := []struct {
		name, value string
		want        string // part of the error; empty: accepted
	}{
		{"order", "4711", ""},
		{hook.RefHeader, ref, ""},
		{"X-My-Name1", "a=b;c d:e\"'\\/", ""},
		{"order_id", "x", "letters, digits and - only"},
		{"order.id", "x", "letters, digits and - only"},
		{"order!id", "x", "letters, digits and - only"},
		{"order~id", "x", "letters, digits and - only"},
		{"order|id", "x", "letters, digits and - only"},
		{"", "x", `pair name ""`},
		{"a b", "x", `pair name "a b"`},
		{"a=b", "x", `pair name "a=b"`},
		{"a,b", "x", `pair name "a,b"`},
		{"a:b", "x", `pair name "a:b"`},
		{"år", "x", `pair name "år"`},
		{"a\r\nb", "x", `pair name "a\r\nb"`},
		{"X-VWD-Signature-v1", "x", `does not start with "x-vwd-"`},
		{"content-Length", "1", `does not start with "content-"`},
		{"Proxy-Authorization", "1", `does not start with "proxy-"`},
		{"x-forwarded-for", "1.2.3.4", `does not start with "x-forwarded-"`},
		{"Host", "x", `pair name "Host"`},
		{"AUTHORIZATION", "x", `pair name "AUTHORIZATION"`},
		{"Cookie", "x", `pair name "Cookie"`},
		{"Connection", "x", `pair name "Connection"`},
		{"Transfer-Encoding", "chunked", `pair name "Transfer-Encoding"`},
		{"order", "", `value of pair "order"`},
		{"order", "1,2", `byte 1 is ','`},
		{"order", "1\r\nHost: x", `byte 1 is '\r'`},
		{"order", "a\x7f", `byte 1 is '\x7f'`},
		{"order", "blåbær", `byte 2 is 'å'`},
		{"order", "blå", `value of pair "order": byte 2`},
		{"order", " 1", "no blanks"},
		{"order", "1 ", "no blanks"},
	}
	for _, tt := range tests {
		err := hook.CheckPair(tt.name, tt.value)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("CheckPair(%q, %q): %v", tt.name, tt.value, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("CheckPair(%q, %q): got %v, want …%s…", tt.name, tt.value, err, tt.want)
		}
	}
}

func TestSubscriptionHeader(t *testing.T) {
	tests := []struct {
		name  string
		pairs []hook.Pair
		want  string
		err   []string
	}{
		{"no pairs", nil, "subscription", nil},
		{"one", []hook.Pair{{"order", "4711"}}, "subscription:order=4711", nil},
		{"in their order", []hook.Pair{{"order", "4711"}, {"a", "x=y"}}, "subscription:order=4711,a=x=y", nil},
		{"all faults at once", []hook.Pair{{"", "x"}, {"a", "1"}, {"A", "2"}, {"b", "å"}}, "", []string{`pair name ""`, `pair name "A": want each name once`, `value of pair "b"`}},
		{"the longest", []hook.Pair{{"a", strings.Repeat("x", 1009)}}, "subscription:a=" + strings.Repeat("x", 1009), nil},
		{"too long", []hook.Pair{{"a", strings.Repeat("x", 1010)}}, "", []string{"1025 bytes, want at most 1024"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := hook.SubscriptionHeader(tt.pairs)
			if got != tt.want || (err != nil) != (tt.err != nil) {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
			for _, part := range tt.err {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got error %q, want …%s…", err, part)
				}
			}
		})
	}
}

func TestWebhookHeader(t *testing.T) {
	c := hook.NewCapability(secret, ref, noon)
	tests := []struct {
		base string
		want string // empty: refused
		err  string
	}{
		{"https://hooks.example/webhooks/erp", "https://hooks.example/webhooks/erp/" + c, ""},
		{"https://hooks.example/webhooks/erp/", "https://hooks.example/webhooks/erp/" + c, ""},
		{"https://hooks.example:8443", "https://hooks.example:8443/" + c, ""},
		{"https://hooks.example/a%2Fb", "https://hooks.example/a%2Fb/" + c, ""},
		{"http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x/" + c, ""},
		{"http://[::1]:8080/x", "http://[::1]:8080/x/" + c, ""},
		{"http://localhost/x", "http://localhost/x/" + c, ""},
		{"http://hooks.example/x", "", `its scheme is "http"`},
		{"http://127.0.0.1.example/x", "", `its scheme is "http"`},
		{"ftp://localhost/x", "", `its scheme is "ftp"`},
		{"https://u:p@hooks.example/x", "", "no user"},
		{"https://hooks.example/x?y", "", "query"},
		{"https://hooks.example/x?", "", "query"},
		{"https://hooks.example/x#y", "", "fragment"},
		{"/x", "", "want https://host/path"},
		{"", "", "want https://host/path"},
		{"https:x", "", "want https://host/path"},
		{"https://hooks.example/\n", "", "want https://host/path"},
		{"https://hooks.example/" + strings.Repeat("x", 255-len("https://hooks.example/")-1-len(c)), "https://hooks.example/" + strings.Repeat("x", 255-len("https://hooks.example/")-1-len(c)) + "/" + c, ""},
		{"https://hooks.example/" + strings.Repeat("x", 255-len("https://hooks.example/")-len(c)), "", "256 bytes, want at most 255"},
	}
	for _, tt := range tests {
		got, err := hook.WebhookHeader(tt.base, c)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("base %q: got %q, %v, want %q", tt.base, got, err, tt.want)
		}
		if err != nil && (!strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), c)) {
			t.Errorf("base %q: got error %q, want …%s… and no capability", tt.base, err, tt.err)
		}
	}
	for _, bad := range []string{"", "a/b", "..", "a?b", "a b", "å"} {
		if got, err := hook.WebhookHeader("https://hooks.example/x", bad); err == nil {
			t.Errorf("capability %q: got %q, want an error", bad, got)
		}
	}
}

// parseSubscription reads the value as the sender's side is expected to.
func parseSubscription(s string) (pairs []hook.Pair) {
	_, rest, _ := strings.Cut(s, ":")
	for p := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(p, "=")
		pairs = append(pairs, hook.Pair{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	return pairs
}

func FuzzPairsRoundTrip(f *testing.F) {
	f.Add("order", "4711")
	f.Add("a=b", "c=d")
	f.Add("x-vwd-x", " ,\r\n")
	f.Fuzz(func(t *testing.T, name, value string) {
		pairs := []hook.Pair{{hook.RefHeader, ref}, {name, value}}
		s, err := hook.SubscriptionHeader(pairs)
		if err != nil {
			return
		}
		if got := parseSubscription(s); len(got) != 2 || got[0] != pairs[0] || got[1] != pairs[1] {
			t.Fatalf("round trip of %q: %q", s, got)
		}
		// Whatever passes can be written as a header and read back unchanged.
		var wire strings.Builder
		if err := (http.Header{name: {value}}).Write(&wire); err != nil {
			t.Fatal(err)
		}
		if want := name + ": " + value + "\r\n"; wire.String() != want {
			t.Fatalf("on the wire %q, want %q", wire.String(), want)
		}
	})
}

func FuzzWebhookHeader(f *testing.F) {
	f.Add("https://hooks.example/webhooks/erp")
	f.Add("http://localhost:1/%2F/../x/")
	c := hook.NewCapability(secret, ref, noon)
	f.Fuzz(func(t *testing.T, base string) {
		s, err := hook.WebhookHeader(base, c)
		if err != nil {
			return
		}
		u, err := url.Parse(s)
		if err != nil || len(s) > hook.MaxURL || !strings.HasSuffix(u.Path, "/"+c) || u.User != nil {
			t.Fatalf("base %q gave %q, %v", base, s, err)
		}
		if hook.Redact(u.Path) == u.Path {
			t.Fatalf("not redacted: %q", u.Path)
		}
		for i := range len(s) {
			if s[i] <= ' ' || s[i] > '~' {
				t.Fatalf("base %q gave %q, which is no header value", base, s)
			}
		}
	})
}
