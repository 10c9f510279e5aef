package receiver_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"testing"

	"github.com/vismanet-go/background/receiver"
)

func TestSignatureVectors(t *testing.T) {
	second := `{"id":"5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11","statusCode":201,"stateLocation":"https://api.finance.visma.net/v1/background/5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"}`
	tests := []struct {
		name, body, signature string
		want                  int
	}{
		{"UTF-8", `{"note":"Blåbær"}`, "XN5CSko6S2VgI+Ct/YxJJj+vLiOY0pjCIgFolxCx91E=", 200},
		{"a notification", second, "6ofqp6lObkxT7EXi+whoDC0SebLYtNImEG/OzxNXMr8=", 200},
		{"the key decoded from base64 by mistake", second, "SavzjOGp8Vja1t5UJFs6EnIbXyOy/UdNBdv6QnEssB8=", 401},
		{"in hexadecimal", second, "ea87eaa7a94e6e4c53ec45e2fb08680c2d1279b2d8b4d226106fcecf135732bf", 401},
		{"of the same text in Latin-1", "{\"note\":\"Bl\xe5b\xe6r\"}", "XN5CSko6S2VgI+Ct/YxJJj+vLiOY0pjCIgFolxCx91E=", 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rcv, _ := setup(t)
			r := post(path, tt.body)
			r.Header.Set("X-VWD-Signature-V1", tt.signature)
			wantStatus(t, serve(rcv, r), tt.want)
		})
	}
}

func TestEachKeyIsAcceptedWhileRotating(t *testing.T) {
	tests := []struct {
		name string
		keys []string
		used string
		want int
	}{
		{"before: the old one", []string{oldKey}, oldKey, 200},
		{"during: the new one", []string{key, oldKey}, key, 200},
		{"during: the old one", []string{key, oldKey}, oldKey, 200},
		{"the same key twice", []string{key, key}, key, 200},
		{"after: the new one", []string{key}, key, 200},
		{"after: the old one", []string{key}, oldKey, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rcv, _ := setup(t, func(c *receiver.Config) { c.SigningKeys = tt.keys })
			r := post(path, body)
			r.Header.Set("x-vwd-signature-v1", sign(tt.used, body))
			wantStatus(t, serve(rcv, r), tt.want)
		})
	}
}

func TestTheConfigCannotBeChangedLater(t *testing.T) {
	keys := []string{key}
	rcv, _ := setup(t, func(c *receiver.Config) { c.SigningKeys = keys })
	keys[0] = oldKey
	wantStatus(t, serve(rcv, signed(body)), 200)
}

func TestSignatureHeaderCanBeRenamed(t *testing.T) {
	rcv, _ := setup(t, func(c *receiver.Config) { c.SignatureHeader = "x-signature" })
	wantStatus(t, serve(rcv, signed(body)), 401)
	r := post(path, body)
	r.Header.Set("X-Signature", sign(key, body))
	wantStatus(t, serve(rcv, r), 200)
}

// No byte of a signature counts for less than the others.
func TestASignatureOfWhichOneByteIsWrongIsRefused(t *testing.T) {
	rcv, st := setup(t)
	right, err := base64.StdEncoding.DecodeString(sign(key, body))
	if err != nil {
		t.Fatal(err)
	}
	for i := range right {
		for _, bit := range []byte{0x01, 0x80} {
			wrong := slices.Clone(right)
			wrong[i] ^= bit
			r := post(path, body)
			r.Header.Set("x-vwd-signature-v1", base64.StdEncoding.EncodeToString(wrong))
			if got := serve(rcv, r).StatusCode; got != http.StatusUnauthorized {
				t.Errorf("byte %d, bit %#x: got %d, want 401", i, bit, got)
			}
		}
	}
	if st.count() != 0 {
		t.Errorf("got %d stored, want none", st.count())
	}
}
