package receiver

import (
	"encoding/hex"
	"net/url"
	"strings"
)

const zeroGUID = "00000000-0000-0000-0000-000000000000"

// canonicalGUID reads the forms in which .NET writes a GUID: with or without
// dashes, in braces or parentheses. The empty GUID counts as none.
func canonicalGUID(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if n := len(s); n > 2 && (s[0] == '{' && s[n-1] == '}' || s[0] == '(' && s[n-1] == ')') {
		s = s[1 : n-1]
	}
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		s = s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	if len(s) != 32 {
		return "", false
	}
	if _, err := hex.DecodeString(s); err != nil {
		return "", false
	}
	s = strings.ToLower(s)
	s = s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
	return s, s != zeroGUID
}

// guidInURL finds the operation's id in a state or content location: the
// segment after "background", else the last GUID of the path.
func guidInURL(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil {
		return "", false
	}
	found, before := "", ""
	for segment := range strings.SplitSeq(u.Path, "/") {
		id, ok := canonicalGUID(segment)
		if ok && strings.EqualFold(before, "background") {
			return id, true
		}
		if ok {
			found = id
		}
		before = segment
	}
	return found, found != ""
}
