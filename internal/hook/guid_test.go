package hook_test

import (
	"testing"

	"github.com/vismanet-go/background/internal/hook"
)

func TestGUIDsHaveOneSpelling(t *testing.T) {
	const want = "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"
	for _, s := range []string{
		want, "2F6F0A57-3C43-4D0E-9D0B-6C1F1D3A7B10", "{2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10}",
		"(2F6F0A57-3C43-4D0E-9D0B-6C1F1D3A7B10)", "2f6f0a573c434d0e9d0b6c1f1d3a7b10", " 2f6f0a573c434d0e9d0b6c1f1d3a7b10\n",
	} {
		if got, ok := hook.CanonicalGUID(s); !ok || got != want {
			t.Errorf("%q: got %q, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "x", "{}", "{2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b1}", "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7bzz", "00000000-0000-0000-0000-000000000000"} {
		if got, ok := hook.CanonicalGUID(s); ok {
			t.Errorf("%q was read as %q", s, got)
		}
	}
}
