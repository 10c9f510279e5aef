package sqlitefile

import (
	"strings"
	"testing"
)

func TestFileSystemsByName(t *testing.T) {
	for _, tt := range []struct {
		kind  string
		local bool
		want  string
	}{
		{"apfs", true, ""},
		{"hfs", true, ""},
		{"ufs", true, ""},
		{"zfs", true, ""},
		{"lxfs", true, ""},
		{"wslfs", true, ""},
		{"tmpfs", true, ""},
		{"nfs", false, "NFS"},
		{"smbfs", false, "SMB"},
		{"cifs", false, "SMB"},
		{"afpfs", false, "AFP"},
		{"webdav", false, "WebDAV"},
		{"macfuse", true, "FUSE"},
		{"osxfuse", false, "FUSE"},
		{"fusefs", true, "FUSE"},
		{"AppleVirtIOFS", true, "virtiofs"},
		{"virtiofs", true, "virtiofs"},
		{"9p", true, "9P"},
		{"vboxvfs", true, "vboxsf"},
		{"vboxsf", true, "vboxsf"},
		{"prl_fs", true, "prl_fs"},
		{"vmhgfs", true, "vmhgfs"},
		{"drvfs", true, "drvfs"},
		{"unheard-of", false, "remote"},
	} {
		got := byName(tt.kind, tt.local)
		if got != tt.want {
			t.Errorf("%s, local %v: got %q, want %q", tt.kind, tt.local, got, tt.want)
		}
		if got != "" && shared[got] == "" {
			t.Errorf("%s: there is nothing to say about %s", tt.kind, got)
		}
	}
}

func TestCheckNames(t *testing.T) {
	if err := CheckNames([]string{"FUSE", "fuse", "9p", "VBOXSF", "NFS"}); err != nil {
		t.Error(err)
	}
	if err := CheckNames([]string{"FUSE", "ext4"}); err == nil || !strings.Contains(err.Error(), `"ext4"`) || !strings.Contains(err.Error(), "vboxsf") {
		t.Errorf("got %v, want the name and those that there are", err)
	}
	if err := CheckPlace("x", nil, t.TempDir(), "/no such/file"); err != nil {
		t.Error("a disk of this machine is refused:", err)
	}
}
