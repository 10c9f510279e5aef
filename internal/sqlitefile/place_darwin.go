package sqlitefile

import (
	"strings"
	"syscall"
)

// kindOf asks statfs(2), which tells a name, and whether it is of this machine.
func kindOf(path string) string {
	var st syscall.Statfs_t
	if syscall.Statfs(path, &st) != nil {
		return ""
	}
	var name strings.Builder
	for _, c := range st.Fstypename {
		if c == 0 {
			break
		}
		name.WriteByte(byte(c))
	}
	const local = 0x1000 // MNT_LOCAL
	return byName(name.String(), st.Flags&local != 0)
}
