package sqlitefile

import (
	"strconv"
	"strings"
)

// MinVersion is the first SQLite that is safe for a WAL file with several
// connections: before it, a checkpoint could damage the file.
const MinVersion = "3.51.3"

// AtLeast compares versions number by number.
func AtLeast(got, want string) bool {
	g, w := strings.Split(got, "."), strings.Split(want, ".")
	for i := range w {
		var a, b int
		if i < len(g) {
			a, _ = strconv.Atoi(g[i])
		}
		if b, _ = strconv.Atoi(w[i]); a != b {
			return a > b
		}
	}
	return true
}
