package call

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Segment escapes text for one segment of a URL's path: everything but letters
// and digits of ASCII and "-._~". What the ERP would take for something else
// when it reads the path, such as "..", becomes b64(<base64url>), which it
// decodes.
func Segment(text string) string {
	if text == "." || text == ".." || len(text) >= 4 && strings.EqualFold(text[:4], "b64(") {
		return "b64(" + base64.RawURLEncoding.EncodeToString([]byte(text)) + ")"
	}
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
