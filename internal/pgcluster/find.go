package pgcluster

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrNotInstalled is returned where PostgreSQL's programs are not found, or
// cannot be run as this package runs them.
var ErrNotInstalled = errors.New("no PostgreSQL server is installed")

// places are where the programs are if they are not in PATH, as patterns.
var places = []string{
	"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
	"/usr/pgsql-*/bin",          // Red Hat
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin", // Homebrew on Intel
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
	"/usr/local/pgsql/bin", // from source
}

// programs are those that are run.
var programs = []string{"initdb", "postgres", "pg_basebackup"}

// Find returns the directory with the programs of a PostgreSQL server: those in
// PATH, else the newest where packages put them. Its error is an
// [ErrNotInstalled] that says how to get them.
func Find() (string, error) {
	if !supported {
		return "", fmt.Errorf("%w: private servers are started on Unix only", ErrNotInstalled)
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		// A package may put a link into PATH for some of its programs.
		if real, err := filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(real)) {
			return filepath.Dir(real), nil
		}
	}
	for _, place := range places {
		dirs, err := filepath.Glob(place)
		if err != nil {
			return "", err
		}
		slices.SortFunc(dirs, func(a, b string) int { return cmp.Compare(major(b), major(a)) })
		if i := slices.IndexFunc(dirs, complete); i >= 0 {
			return dirs[i], nil
		}
	}
	return "", fmt.Errorf("%w: initdb, postgres and pg_basebackup are neither in PATH nor in %s (Debian: apt-get install postgresql; macOS: brew install postgresql)",
		ErrNotInstalled, strings.Join(places, ", "))
}

// complete reports whether a directory has all the programs.
func complete(dir string) bool {
	return !slices.ContainsFunc(programs, func(name string) bool {
		st, err := os.Stat(filepath.Join(dir, name))
		return err != nil || !st.Mode().IsRegular() || st.Mode()&0o111 == 0
	})
}

// major is the version in a path like /usr/lib/postgresql/17/bin, 0 without one.
func major(dir string) int {
	name := filepath.Base(filepath.Dir(dir))
	n, err := strconv.Atoi(strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz@-"))
	if err != nil {
		return 0
	}
	return n
}
