package hook_test

import (
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/hook"
)

func TestRedactTakesOutCapabilities(t *testing.T) {
	c := hook.NewCapability(secret, ref, noon)
	mac := c[strings.LastIndexByte(c, '.')+1:]
	tests := []struct{ name, in, want string }{
		{"alone", c, "[redacted]"},
		{"at the end", "/webhooks/erp/" + c, "/webhooks/erp/[redacted]"},
		{"with a slash after", "/webhooks/erp/" + c + "/", "/webhooks/erp/[redacted]/"},
		{"in the middle, twice", "/" + c + "/x/" + c, "/[redacted]/x/[redacted]"},
		{"in a query", "/x?a=1&next=/y/" + c + "&b=2", "/x?a=1&next=/y/[redacted]&b=2"},
		{"in a whole URL", "https://h.example/x/" + c, "https://h.example/x/[redacted]"},
		{"escaped", "/x/" + strings.ReplaceAll(c, ".", "%2E"), "/x/[redacted]"},
		{"escaped twice", "/x/" + strings.ReplaceAll(c, ".", "%252e"), "/x/[redacted]"},
		{"all letters escaped", "/x/%61" + c[1:], "/x/[redacted]"},
		{"in capitals", "/x/" + strings.ToUpper(c), "/x/[redacted]"},
		{"cut off", "/x/" + c[:len(c)-1], "/x/[redacted]"},
		{"with something around", "/x/-" + c + "%", "/x/[redacted]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := hook.Redact(tt.in)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if strings.Contains(strings.ToLower(got), strings.ToLower(mac)) {
				t.Errorf("%q still holds the MAC", got)
			}
		})
	}
}

func TestRedactLeavesOtherPathsAlone(t *testing.T) {
	for _, s := range []string{
		"", "/", "//", "/webhooks/erp", "/webhooks/erp/" + hook.Redacted,
		"/v1/background/2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10/content?x=1",
		"/files/2f6f0a573c434d0e9d0b6c1f1d3a7b10.pdf", "/internationalisierungseinstellungen",
		"/x/" + ref, "/x/%zz" + ref,
	} {
		if got := hook.Redact(s); got != s {
			t.Errorf("Redact(%q) = %q", s, got)
		}
	}
}

func FuzzRedact(f *testing.F) {
	c := hook.NewCapability(secret, ref, noon)
	f.Add("/webhooks/", "/tail", c)
	f.Add("%", "?q="+c, strings.ToUpper(c))
	f.Fuzz(func(t *testing.T, before, after, x string) {
		mac := c[strings.LastIndexByte(c, '.')+1:]
		if strings.Contains(before+after+x, mac) {
			before, after = "", "" // its own copies may be mangled beyond recognition
		}
		got := hook.Redact(before + "/" + c + "/" + after)
		if strings.Contains(got, mac) {
			t.Fatalf("the MAC survived: %q", got)
		}
		if again := hook.Redact(got); again != got {
			t.Fatalf("not idempotent: %q, then %q", got, again)
		}
	})
}
