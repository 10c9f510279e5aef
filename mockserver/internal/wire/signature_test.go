package wire

import (
	"encoding/base64"
	"testing"
)

// The vectors of the contract's description of the signature.
func TestSignatureVectors(t *testing.T) {
	const key = "c2lnbi1rZXktZm9yLXRlc3Rz"
	const long = `{"id":"5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11","statusCode":201,` +
		`"stateLocation":"https://api.finance.visma.net/v1/background/5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"}`
	decoded, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct{ key, body, want string }{
		{key, `{"note":"Blåbær"}`, "XN5CSko6S2VgI+Ct/YxJJj+vLiOY0pjCIgFolxCx91E="},
		{key, long, "6ofqp6lObkxT7EXi+whoDC0SebLYtNImEG/OzxNXMr8="},
		// What a reader gets who decodes the key, which is wrong.
		{string(decoded), long, "SavzjOGp8Vja1t5UJFs6EnIbXyOy/UdNBdv6QnEssB8="},
	} {
		if got := Sign(v.key, []byte(v.body)); got != v.want {
			t.Errorf("Sign(%q, %s) = %s, want %s", v.key, v.body, got, v.want)
		}
	}
}
