package receiver_test

import (
	"net/http"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

// TestVectorsOfSignatures posts each notification of openapi/vectors/signatures.json
// to a receiver that has its keys, or may not have them.
func TestVectorsOfSignatures(t *testing.T) {
	type input struct {
		Keys      []string
		Signature *string
		testkit.BodyIn
	}
	type want struct{ Valid bool }
	for _, v := range testkit.Vectors[input, want](t, "signatures") {
		st := &spy{Store: store.NewMemory(store.MemoryConfig{})}
		rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: v.Input.Keys})
		if err != nil {
			if v.Want.Valid {
				t.Errorf("%s: %s\n%v", v.Name, v.Why, err)
			}
			continue
		}
		r := post(path, string(v.Input.Bytes()))
		if v.Input.Signature != nil {
			r.Header.Set("x-vwd-signature-v1", *v.Input.Signature)
		}
		code, stored := serve(mounted(rcv), r).StatusCode, st.count()
		if v.Want.Valid && (code != http.StatusOK || stored != 1) || !v.Want.Valid && (code != http.StatusUnauthorized || stored != 0) {
			t.Errorf("%s: %s\ngot %d, %d stored, want it valid: %v", v.Name, v.Why, code, stored, v.Want.Valid)
		}
	}
}

// No byte of a signature is left out of the comparison, the last one included: a
// signature with one bit of one byte turned is none.
func TestEveryByteOfASignatureCounts(t *testing.T) {
	rcv, st := setup(t)
	h := mounted(rcv)
	good := signed(body)
	name := "X-Vwd-Signature-V1"
	signature := good.Header.Get(name)
	if signature == "" {
		t.Fatal("the request is not signed")
	}
	for i := range len(signature) {
		for bit := range 7 { // the eighth would leave ASCII
			turned := []byte(signature)
			turned[i] ^= 1 << bit
			if turned[i] < ' ' || turned[i] == 0x7f {
				continue // no header can have it
			}
			r := signed(body)
			r.Header.Set(name, string(turned))
			if got := serve(h, r).StatusCode; got != http.StatusUnauthorized {
				t.Errorf("%q, byte %d of %d turned: got %d, want 401", turned, i, len(signature), got)
			}
		}
	}
	if n := st.count(); n != 0 {
		t.Errorf("%d notifications are stored, want none", n)
	}
	wantStatus(t, serve(h, good), http.StatusOK)
}
