package receiver_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

func TestNewNamesEveryFaultAtOnce(t *testing.T) {
	st := store.NewMemory(store.MemoryConfig{})
	short, spaced := "short-secret", "a-long-enough-secret\n"
	tests := []struct {
		name string
		cfg  receiver.Config
		want []string // parts of the error; none: no error
	}{
		{"nothing set", receiver.Config{}, []string{"Store: is required", "SigningKeys, CapabilitySecrets: at least one"}},
		{"keys only", receiver.Config{Store: st, SigningKeys: []string{key}}, nil},
		{"secrets only", receiver.Config{Store: st, CapabilitySecrets: []string{secret}}, nil},
		{"unauthenticated by name", receiver.Config{Store: st, Unauthenticated: true}, nil},
		{"unauthenticated beside keys", receiver.Config{Store: st, Unauthenticated: true, SigningKeys: []string{key}}, []string{"Unauthenticated: must not"}},
		{
			"everything wrong",
			receiver.Config{
				SigningKeys: []string{key, short, ""}, CapabilitySecrets: []string{spaced},
				SignatureHeader: "a b", MaxBodyBytes: -1, ReadTimeout: -time.Second, StoreTimeout: -1,
				Workers: -1, HandlerTimeout: -1, Lease: -1, MaxAttempts: -1, DrainTimeout: -1,
				AllowFrom: []netip.Prefix{{}}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), {}},
				KeepHeaders: []string{"ok", "not ok", "Cookie", "authorization"},
			},
			[]string{
				"Store: ", "SigningKeys[1]: has 12 bytes, want at least 16", "SigningKeys[2]: is blank: has 0 bytes", "copy the whole key",
				"CapabilitySecrets[0]: must not have white space", "SignatureHeader: ", "MaxBodyBytes: ",
				"ReadTimeout: ", "StoreTimeout: ", "Workers: ", "HandlerTimeout: ", "Lease: ", "MaxAttempts: ", "DrainTimeout: ",
				"AllowFrom[0]: ", "TrustedProxies[0]: ", "TrustedProxies[1]: ", `KeepHeaders[1] "not ok"`, `KeepHeaders[2] "Cookie"`, `KeepHeaders[3] "authorization"`,
			},
		},
		{
			"keys as they are pasted",
			receiver.Config{Store: st, SigningKeys: []string{key + "\r\n", " " + key, " \t \n                 ", key + "\n" + key, "\ufeff" + key, "the key shown in the portal"}},
			[]string{
				"SigningKeys[0]: must not have white space at its ends", "SigningKeys[1]: must not have white space", "SigningKeys[2]: is blank",
				"SigningKeys[3]: holds a line end", "SigningKeys[4]: holds a line end or another character that is not printed",
			},
		},
		{"a lease that ends at once", receiver.Config{Store: st, SigningKeys: []string{key}, Lease: time.Millisecond}, []string{"Lease: must be at least 1s"}},
		{
			"the signature must not be stored",
			receiver.Config{Store: st, SigningKeys: []string{key}, SignatureHeader: "x-sig", KeepHeaders: []string{"X-Sig"}},
			[]string{`KeepHeaders[0] "X-Sig"`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rcv, err := receiver.New(tt.cfg)
			if (err != nil) != (len(tt.want) > 0) || (err == nil) != (rcv != nil) {
				t.Fatalf("got %v, %v", rcv, err)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %q, want …%s…", err, part)
				}
			}
			if err != nil && strings.Contains(err.Error(), "SigningKeys[5]") {
				t.Errorf("got %q, which names a key that is right", err)
			}
			if err != nil && (strings.Contains(err.Error(), key) || strings.Contains(err.Error(), short) || strings.Contains(err.Error(), strings.TrimSpace(spaced))) {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}
