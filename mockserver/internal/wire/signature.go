package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// Sign makes the value of the dispatcher's signature header: HMAC-SHA256 over
// the raw body. The key is the text that the portal shows; it looks like
// base64 and is not decoded.
func Sign(key string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
