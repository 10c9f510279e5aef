package receiver_test

import (
	"net/http"
	"testing"
)

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
