package lockfile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ErrHeld is returned by [Claim] for a file that somebody else holds.
var ErrHeld = errors.New("somebody else holds the lock")

// Dir is a directory of lock files. It is safe for concurrent use.
type Dir struct {
	path string

	mu    sync.Mutex        // guards ended
	ended map[string]uint64 // files that were found free, with their inode numbers
}

// In returns the lock files of a directory, which need not be there.
func In(path string) *Dir { return &Dir{path: path, ended: make(map[string]uint64)} }

// Lock is a file that is held. A nil Lock is that of who has none.
type Lock struct {
	file *os.File
	name string
	gone bool // its file is removed with it
}

// unready begins the names of files that are not locked yet.
const unready = ".new-"

// Hold makes a file and holds it, in a directory that it makes if need be. It
// fails with [errors.ErrUnsupported] on systems that have no such locks.
func (d *Dir) Hold() (*Lock, error) {
	if !supported {
		return nil, errors.ErrUnsupported
	}
	for tries := 3; ; tries-- {
		if err := os.Mkdir(d.path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		l, err := d.hold(rand.Text())
		if tries == 0 || !errors.Is(err, fs.ErrNotExist) { // else the last one that left has removed the directory
			return l, err
		}
	}
}

func (d *Dir) hold(name string) (*Lock, error) {
	// Who sees a file by its final name sees it locked.
	early, path := filepath.Join(d.path, unready+name), filepath.Join(d.path, name)
	f, err := os.OpenFile(early, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = take(f, true)
	if err == nil {
		err = os.Rename(early, path)
	}
	var st os.FileInfo
	if err == nil {
		st, err = f.Stat()
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(early), f.Close())
	}
	return &Lock{file: f, name: name + "-" + strconv.FormatUint(inode(st), 10), gone: true}, nil
}

// Name is what a lease names the lock by, "" without a lock.
func (l *Lock) Name() string {
	if l == nil {
		return ""
	}
	return l.name
}

// Close gives the lock up. Leases that name it end by time.
func (l *Lock) Close() error {
	if l == nil {
		return nil
	}
	if l.gone {
		// Before it is free: nobody is to find it so, and to hand on leases
		// that its user may still act on.
		_ = os.Remove(filepath.Join(filepath.Dir(l.file.Name()), fileOf(l.name)))
		_ = os.Remove(filepath.Dir(l.file.Name())) // if it was the last one
	}
	return l.file.Close()
}

// fileOf is the file of a lock by its name.
func fileOf(name string) string {
	file, _, _ := strings.Cut(name, "-")
	return file
}

// Claim holds the file at a path, which stays when the lock is given up. It
// fails with [ErrHeld] if somebody else does.
func Claim(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := take(f, true); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &Lock{file: f}, nil
}

// Ended reports whether nobody can hold the lock of that name any more. False
// says nothing.
func (d *Dir) Ended(name string) bool {
	file, number, ok := strings.Cut(name, "-")
	if !ok || filepath.Base(file) != file {
		return false
	}
	want, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return false
	}
	got, known := d.known(file)
	if !known {
		got, known = d.free(file)
	}
	return known && got == want
}

// News reports whether a holder has ended since the last call, or before the
// first.
func (d *Dir) News() (some bool) {
	for _, file := range d.files() {
		if _, known := d.known(file); known {
			continue
		}
		if _, free := d.free(file); free {
			some = true
		}
	}
	return some
}

func (d *Dir) known(file string) (inode uint64, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	inode, known = d.ended[file]
	return inode, known
}

// files are the names of those that are or were held.
func (d *Dir) files() (names []string) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), unready) {
			names = append(names, e.Name())
		}
	}
	return names
}

// free reports whether a file is there that nobody holds, and which one it is.
// It remembers those: nobody holds them again.
func (d *Dir) free(file string) (number uint64, free bool) {
	f, err := os.Open(filepath.Join(d.path, file))
	if err != nil {
		return 0, false
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() || take(f, false) != nil {
		return 0, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended[file] = inode(st)
	return inode(st), true
}

// Sweep removes the files of those that ended longer ago than a lease may last.
// It marks what it finds free, and removes what has been marked for so long.
func (d *Dir) Sweep(last time.Duration) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return
	}
	for _, e := range entries {
		path := filepath.Join(d.path, e.Name())
		st, err := e.Info()
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		old := time.Since(st.ModTime()) > last
		if strings.HasPrefix(e.Name(), unready) {
			if old { // whoever made it ended before it was held
				_ = os.Remove(path)
			}
			continue
		}
		if _, free := d.free(e.Name()); !free {
			continue
		}
		switch {
		case st.Size() == 0:
			_ = mark(path)
		case old:
			_ = os.Remove(path)
		}
	}
	d.prune()
}

// mark notes in a file that it was found free, and thereby when.
func mark(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("ended\n")
	return errors.Join(err, f.Close())
}

// prune forgets the files that are not there any more.
func (d *Dir) prune() {
	files := d.files()
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.ended, func(file string, _ uint64) bool { return !slices.Contains(files, file) })
}
