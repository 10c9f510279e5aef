package erp

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Fingerprint tells whether two requests are the same work: those with the same
// method, path and query, as they are written below the base URL, and body are.
func Fingerprint(method, path string, body []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", method, path)
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}
