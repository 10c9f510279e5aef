package sqlitefile

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// kindOf asks statfs(2), and for the one number that does not tell, the table
// of mounts.
func kindOf(path string) string {
	var st syscall.Statfs_t
	if syscall.Statfs(path, &st) != nil {
		return ""
	}
	const wsl = 0x53464846 // in WSL 1 both the machine's own disk and drives of Windows
	if uint32(st.Type) != wsl {
		return byMagic(uint32(st.Type))
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return byName(mountType(string(mounts), path), true)
}

// mountType finds the type of the file system that an absolute path is on in
// the text of mountinfo, see proc(5).
func mountType(mounts, path string) (kind string) {
	longest := -1
	for line := range strings.Lines(mounts) {
		mount, about, ok := strings.Cut(line, " - ")
		fields, of := strings.Fields(mount), strings.Fields(about)
		if !ok || len(fields) < 5 || len(of) == 0 {
			continue
		}
		at := unescape(fields[4])
		within := at == "/" || path == at || strings.HasPrefix(path, at+"/")
		if within && len(at) >= longest { // of two at one place the later one is seen
			longest, kind = len(at), of[0]
		}
	}
	return kind
}

// unescape undoes what mountinfo does to blanks.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace

// byMagic names a shared file system by the number that statfs(2) tells.
// Shares of virtiofs show the number of FUSE, those of WSL 2 that of 9P.
func byMagic(magic uint32) string {
	switch magic {
	case 0x6969:
		return "NFS"
	case 0x517B, 0xFF534D42, 0xFE534D42:
		return "SMB"
	case 0x5346414F, 0x6B414653:
		return "AFS"
	case 0x00C36400:
		return "Ceph"
	case 0x73757245:
		return "Coda"
	case 0x564C:
		return "NCP"
	case 0x0BD00BD0:
		return "Lustre"
	case 0x47504653:
		return "GPFS"
	case 0x01161970:
		return "GFS2"
	case 0x7461636F:
		return "OCFS2"
	case 0x19830326:
		return "BeeGFS"
	case 0x20030528:
		return "OrangeFS"
	case 0xAAD7AAEA:
		return "PanFS"
	case 0xBEEFDEAD:
		return "StorNext"
	case 0x65735546:
		return "FUSE"
	case 0x01021997:
		return "9P"
	case 0x786F4256:
		return "vboxsf"
	case 0x7C7C6673:
		return "prl_fs"
	case 0xBACBACBC:
		return "vmhgfs"
	}
	return ""
}
