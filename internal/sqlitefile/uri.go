package sqlitefile

import (
	"net/url"
	"strings"
)

// URI is the name by which SQLite is told of a file. The path must be absolute
// and its separators slashes, as filepath.Abs and filepath.ToSlash make them:
// /data/x.db, C:/data/x.db, //server/share/x.db. No character of it is special.
func URI(slashed string) string {
	path := (&url.URL{Path: slashed}).EscapedPath()
	// A third slash keeps SQLite from taking a drive letter, or a server, for
	// the authority of a URL.
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return "file://" + path
}
