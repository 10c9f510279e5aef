package hook

import (
	"encoding/hex"
	"strings"
)

const zeroGUID = "00000000-0000-0000-0000-000000000000"

// CanonicalGUID reads the forms in which .NET writes a GUID: in either case,
// with or without dashes, in braces or parentheses. It returns lower case with
// dashes. The empty GUID counts as none.
func CanonicalGUID(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if canonical(s) {
		return s, s != zeroGUID
	}
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

// canonical reports whether s is spelt as [CanonicalGUID] does, as most are.
func canonical(s string) bool {
	if len(s) != len(zeroGUID) {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f'):
			return false
		}
	}
	return true
}
