package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// portLine is what the port file holds.
func portLine(addr *net.TCPAddr) string { return strconv.Itoa(addr.Port) + "\n" }

// removePort removes the port file, so that nobody reads the port of a program
// that is gone. A file that tells another port is another program's.
func removePort(name string, addr *net.TCPAddr) {
	if name == "" {
		return
	}
	if text, err := os.ReadFile(name); err == nil && string(text) == portLine(addr) {
		_ = os.Remove(name) // it may be gone already
	}
}

// writeWhole writes a file such that a reader never sees a part of it.
func writeWhole(name, content string, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the error that matters is returned
	}
	return err
}
