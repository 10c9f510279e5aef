package receiver

import (
	"net/url"
	"strings"

	"github.com/vismanet-go/background/internal/hook"
)

// guidInURL finds the operation's id in a state or content location: the
// segment after "background", else the last GUID of the path.
func guidInURL(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil {
		return "", false
	}
	found, before := "", ""
	for segment := range strings.SplitSeq(u.Path, "/") {
		id, ok := hook.CanonicalGUID(segment)
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
