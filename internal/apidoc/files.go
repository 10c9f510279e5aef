package apidoc

import (
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// place finds where the document lies below the folder of references.
func (d *Document) place() error {
	info, err := os.Stat(d.dir)
	if err != nil {
		return &Error{File: d.dir, Msg: "the folder of references: " + err.Error()}
	}
	if !info.IsDir() {
		return &Error{File: d.dir, Msg: "the folder of references is no folder"}
	}
	own, err1 := filepath.Abs(d.file.name)
	dir, err2 := filepath.Abs(d.dir)
	if err1 != nil || err2 != nil {
		return nil
	}
	rel, err := filepath.Rel(dir, own)
	if err == nil && filepath.IsLocal(rel) {
		if _, err := os.Stat(own); err == nil {
			d.file.path = filepath.ToSlash(rel)
			d.files[d.file.path] = d.file
		}
	}
	return nil
}

// open returns the file that a reference in another one leads to.
func (d *Document) open(address, ref string, at *file, from *Node) (*file, error) {
	refuse := func(format string, args ...any) (*file, error) {
		return nil, from.Errorf("reference %q "+format, append([]any{shorten(ref)}, args...)...)
	}
	u, err := url.Parse(address)
	if err != nil {
		return refuse("is no address: %v", err)
	}
	if u.Scheme != "" || u.Host != "" {
		return refuse("leads to another host or is the $id of nothing here; the network is never used: save what it names below a folder, " +
			"refer to it by a relative path, and allow that folder for references")
	}
	if d.dir == "" {
		return refuse("leads to another file; allow the folder that holds it for references")
	}
	name := path.Join(path.Dir(at.path), u.Path)
	if strings.HasPrefix(u.Path, "/") || !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsRune(u.Path, '\\') {
		return refuse("leads out of the folder %s", d.dir)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.files[name]; f != nil {
		return f, nil
	}
	if d.count.opened++; d.count.opened > d.count.limits.Files {
		return refuse("leads to one more than the limit of %d files", d.count.limits.Files)
	}
	data, err := d.read(name)
	if err != nil {
		return refuse("cannot be followed: %v", err)
	}
	f := &file{name: filepath.Join(d.dir, filepath.FromSlash(name)), path: name}
	if _, err := parse(f, data, d.count); err != nil {
		return nil, err
	}
	d.files[name] = f
	return f, nil
}

// read reads a file below the folder. No link leads out of it, which os.Root
// sees to, and nothing but a plain file is opened, because others may block.
func (d *Document) read(name string) ([]byte, error) {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "open", Path: name, Err: os.ErrInvalid}
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(d.count.limits.Bytes-d.count.bytes)+1))
}
