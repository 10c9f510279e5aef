package match

import "strings"

// PlainPath is a path below the API root, without its query.
func PlainPath(path string) string {
	path, _, _ = strings.Cut(path, "?")
	lower := strings.ToLower(path)
	for _, root := range []string{"/api/controller/api", "/api"} {
		if rest, ok := strings.CutPrefix(lower, root); ok && len(rest) > 3 && rest[:2] == "/v" && rest[3] == '/' {
			return path[len(root):]
		}
	}
	return path
}

// FitsPath holds a path against a pattern, without regard to case: "{name}" stands for
// any one segment, "{name...}" for all that follow.
func FitsPath(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, segment := range want {
		switch {
		case i >= len(got):
			return false
		case strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "...}"):
			return true
		case strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}"):
		case !strings.EqualFold(segment, got[i]):
			return false
		}
	}
	return len(got) == len(want)
}
