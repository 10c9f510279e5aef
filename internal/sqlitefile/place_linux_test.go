package sqlitefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The numbers are those of statfs(2) and of the modules' sources.
func TestFileSystemsByMagic(t *testing.T) {
	for magic, want := range map[uint32]string{
		0xEF53: "", 0x58465342: "", 0x9123683E: "", 0x01021994: "", 0x794C7630: "", 0x2FC12FC1: "", 0xF2F52010: "", // ext4, XFS, btrfs, tmpfs, overlay, ZFS, F2FS
		0x6969: "NFS", 0x517B: "SMB", 0xFF534D42: "SMB", 0xFE534D42: "SMB", 0x5346414F: "AFS", 0x6B414653: "AFS", 0x00C36400: "Ceph",
		0x73757245: "Coda", 0x564C: "NCP", 0x0BD00BD0: "Lustre", 0x47504653: "GPFS", 0x01161970: "GFS2", 0x7461636F: "OCFS2",
		0x19830326: "BeeGFS", 0x20030528: "OrangeFS", 0xAAD7AAEA: "PanFS", 0xBEEFDEAD: "StorNext",
		0x65735546: "FUSE", 0x01021997: "9P", 0x786F4256: "vboxsf", 0x7C7C6673: "prl_fs", 0xBACBACBC: "vmhgfs",
	} {
		got := byMagic(magic)
		if got != want {
			t.Errorf("%#x: got %q, want %q", magic, got, want)
		}
		if got != "" && shared[got] == "" {
			t.Errorf("%#x: there is nothing to say about %s", magic, got)
		}
	}
}

func TestMountType(t *testing.T) {
	const mounts = `20 1 0:2 / / rw,noatime - lxfs rootfs rw
21 20 0:3 / /mnt/c rw,relatime shared:1 - drvfs C: rw
22 20 0:4 / /mnt/c/sp\040ace rw - tmpfs none rw
23 20 0:5 / /mnt rw - ext4 x rw
24 20 0:6 / /over rw - ext4 x rw
25 20 0:7 / /over rw - drvfs D: rw
nonsense
`
	for path, want := range map[string]string{
		"/": "lxfs", "/home/x": "lxfs", "/mnt/c": "drvfs", "/mnt/c/a/b.db": "drvfs", "/mnt/cc": "ext4", "/mnt/c/sp ace/x": "tmpfs", "/over/x": "drvfs",
	} {
		if got := mountType(mounts, path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

// A file system that is there is recognised, also through a link.
func TestAFuseMountIsRefused(t *testing.T) {
	at := fuseMount(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(at, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{at, link} {
		err := CheckPlace("AllowFileSystems", []string{"9P"}, path)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), `AllowFileSystems "FUSE"`) {
			t.Errorf("got %v, want the path and the remedy", err)
		}
		if err := CheckPlace("AllowFileSystems", []string{"fuse"}, path); err != nil {
			t.Errorf("allowed: %v", err)
		}
	}
}

// fuseMount mounts what no program serves: it belongs to another user, whom
// alone the system lets ask for more than the kind of file system.
func fuseMount(t *testing.T) string {
	t.Helper()
	device, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no FUSE here:", err)
	}
	at := t.TempDir()
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=12345,group_id=12345", device.Fd())
	if err := syscall.Mount("test", at, "fuse", syscall.MS_NOSUID|syscall.MS_NODEV, options); err != nil {
		_ = device.Close()
		t.Skip("FUSE cannot be mounted here:", err)
	}
	t.Cleanup(func() {
		if err := errors.Join(syscall.Unmount(at, syscall.MNT_DETACH), device.Close()); err != nil {
			t.Error(err)
		}
	})
	return at
}
