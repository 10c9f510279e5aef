package sqlconn

import (
	"net/url"
	"strings"
)

// DSN is the data source name of a file for the driver. The path must be
// absolute and its separators slashes, as filepath.Abs and filepath.ToSlash
// make them: /data/x.db, C:/data/x.db, //server/share/x.db. No character of it
// is special. Each parameter is NAME=VALUE as in a URL.
//
// What SQLite needs for sorting stays in memory: a machine may have no
// directory for temporary files that can be written.
func DSN(slashed string, params ...string) string {
	path := (&url.URL{Path: slashed}).EscapedPath()
	// A third slash keeps SQLite from taking a drive letter, or a server, for
	// the authority of a URL.
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return "file://" + path + "?" + strings.Join(append([]string{"_pragma=temp_store(MEMORY)"}, params...), "&")
}
