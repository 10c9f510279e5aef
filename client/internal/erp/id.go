package erp

import (
	"net/url"
	"strings"

	"github.com/vismanet-go/background/internal/hook"
)

// PathOf cuts the query off, which may hold data of customers.
func PathOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

// StatePath is the path of the state of an operation.
func StatePath(id string) string { return "/v1/background/" + id }

// ContentPath is the path of its stored answer.
func ContentPath(id string) string { return "/v1/background/" + id + "/content" }

// ValidID reports whether an operation id is safe to put into a path. The ids
// of the real API are GUIDs.
func ValidID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for _, c := range []byte(id) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// CanonicalID gives an id one spelling, so that the one of a 202 and the one
// of a notification are the same: that of a GUID, where it is one. It returns
// "" for what cannot be an id.
func CanonicalID(id string) string {
	id = strings.TrimSpace(id)
	if guid, ok := hook.CanonicalGUID(id); ok {
		return guid
	}
	if !ValidID(id) {
		return ""
	}
	return id
}

// SameID reports whether two spellings are of one id.
func SameID(a, b string) bool {
	ca := CanonicalID(a)
	return ca != "" && strings.EqualFold(ca, CanonicalID(b))
}

// idIn reads the operation id out of a state or content address, whatever its
// host; the address itself is never called.
func idIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	segs := strings.Split(u.Path, "/")
	for i := len(segs) - 2; i >= 0; i-- {
		if id := CanonicalID(segs[i+1]); strings.EqualFold(segs[i], "background") && id != "" {
			return id
		}
	}
	return ""
}
