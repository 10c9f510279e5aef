package sqlitestore

import "syscall"

// networkFS names the network file system that dir is on, empty if it is on
// none that is known. The numbers are those of statfs(2).
func networkFS(dir string) string {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return ""
	}
	switch uint32(st.Type) {
	case 0x6969:
		return "NFS"
	case 0x517B, 0xFF534D42, 0xFE534D42:
		return "SMB"
	case 0x5346414F, 0x6B414653:
		return "AFS"
	case 0x00C36400:
		return "Ceph"
	}
	return ""
}
