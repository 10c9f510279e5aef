package receiver

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

const defaultSignatureHeader = "X-Vwd-Signature-V1"

// decodeSignature reads a header value: standard base64 of a SHA-256 MAC.
func decodeSignature(value string) ([]byte, bool) {
	sig, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(value))
	return sig, err == nil && len(sig) == sha256.Size
}

// verify returns the index of the key that the signature over the raw body
// was made with, or -1. A key is used as the text that it is and not decoded.
// It takes the same time whichever key matches.
func verify(keys []string, signature, body []byte) int {
	match := -1
	for i, key := range keys {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		match = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(signature, mac.Sum(nil)), i, match)
	}
	return match
}
