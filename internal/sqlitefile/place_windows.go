package sqlitefile

import (
	"path/filepath"
	"syscall"
	"unsafe"
)

var driveType = syscall.NewLazyDLL("kernel32.dll").NewProc("GetDriveTypeW")

// kindOf tells drives and shares of other machines; the shares of a host look
// like them, too.
func kindOf(path string) string {
	root, err := syscall.UTF16PtrFromString(filepath.VolumeName(path) + `\`)
	if err != nil || driveType.Find() != nil {
		return ""
	}
	const remote = 4 // DRIVE_REMOTE
	if kind, _, _ := driveType.Call(uintptr(unsafe.Pointer(root))); kind == remote {
		return "remote"
	}
	return ""
}
