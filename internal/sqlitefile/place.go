package sqlitefile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// shared are the file systems on which users of one file may not see each
// other's locks and shared memory, which damages it: those of networks, and
// those that a host shares with its containers and virtual machines, or that a
// program serves. By name; what is said of each completes "on NAME, …".
var shared = map[string]string{
	"NFS": network, "SMB": network, "AFS": network, "Ceph": network, "Coda": network, "NCP": network, "AFP": network, "WebDAV": network,
	"Lustre": network, "GPFS": network, "GFS2": network, "OCFS2": network, "BeeGFS": network, "OrangeFS": network, "PanFS": network, "StorNext": network,
	"remote": network,
	"FUSE":   "served by a program, as bind mounts of a desktop's containers, sshfs and virtiofs are",
	"9P":     machine, "vboxsf": machine, "prl_fs": machine, "vmhgfs": machine, "drvfs": machine, "virtiofs": machine,
}

const (
	network = "a network file system"
	machine = "shared between a host and its virtual machines or containers"
)

// SharedFileSystems are the names that CheckPlace knows, sorted.
func SharedFileSystems() []string { return slices.Sorted(maps.Keys(shared)) }

// CheckNames refuses names of file systems that CheckPlace does not know.
// Whether letters are capitals does not matter.
func CheckNames(names []string) error {
	for _, name := range names {
		if !among(SharedFileSystems(), name) {
			return fmt.Errorf("%q is none of %s", name, strings.Join(SharedFileSystems(), ", "))
		}
	}
	return nil
}

// CheckPlace refuses paths on a file system on which several users of one file
// may damage it, unless its name is among those allowed. Links
// are followed; a path that does not exist says nothing. Option is what a user sets to allow it.
func CheckPlace(option string, allowed []string, paths ...string) error {
	for _, path := range paths {
		name := kindOf(path)
		if name == "" || among(allowed, name) {
			continue
		}
		return fmt.Errorf("%s: on %s, %s: two that have the file open by different ways damage it; "+
			"use a disk of this machine, or, if it is only opened here, allow it with %s %q", path, name, shared[name], option, name)
	}
	return nil
}

// IsShared reports whether a path is on one of [SharedFileSystems], as far as the
// system tells.
func IsShared(path string) bool { return kindOf(path) != "" }

func among(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
