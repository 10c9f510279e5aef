package wire

import (
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
)

func TestVectorsOfSignatures(t *testing.T) {
	type input struct {
		Keys      []string
		Signature string
		testkit.BodyIn
	}
	type want struct {
		Valid bool
		Key   int
	}
	for _, v := range testkit.Vectors[input, want](t, "signatures") {
		signed := strings.TrimSpace(v.Input.Signature)
		for i, key := range v.Input.Keys {
			if key == "" {
				continue // which nobody signs with
			}
			if got := Sign(key, v.Input.Bytes()); (got == signed) != (v.Want.Valid && v.Want.Key == i) {
				t.Errorf("%s: %s\nSign by key %d = %s, the vector has %s, valid: %v", v.Name, v.Why, i, got, signed, v.Want.Valid)
			}
		}
	}
}
