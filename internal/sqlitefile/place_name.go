package sqlitefile

import "strings"

// byName names a shared file system by its type as systems that tell one
// write it, and by whether it is of this machine.
func byName(kind string, local bool) string {
	switch kind = strings.ToLower(kind); {
	case kind == "nfs":
		return "NFS"
	case kind == "smbfs" || kind == "cifs":
		return "SMB"
	case kind == "afpfs":
		return "AFP"
	case kind == "webdav":
		return "WebDAV"
	case strings.Contains(kind, "fuse"):
		return "FUSE"
	case strings.Contains(kind, "virtio"):
		return "virtiofs"
	case kind == "9p":
		return "9P"
	case strings.HasPrefix(kind, "vbox"):
		return "vboxsf"
	case strings.HasPrefix(kind, "prl"):
		return "prl_fs"
	case strings.HasPrefix(kind, "vmhgfs"):
		return "vmhgfs"
	case kind == "drvfs":
		return "drvfs"
	case !local:
		return "remote"
	}
	return ""
}
