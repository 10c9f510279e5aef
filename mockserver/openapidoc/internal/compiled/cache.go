package compiled

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/apidoc"
)

// cache keeps the snapshots of documents in a folder, by what the documents and the
// limits for them are. Processes may share it: a file is there whole or not at all,
// and one that is damaged, or of another version, is as if it were not there.
type cache struct{ dir string }

// header begins every file. Another form of snapshots gets another number.
const header = "openapidoc snapshot 1\n"

// Bounds of the folder, beyond which the files that were used longest ago go, and of
// the documents that are worth a file.
const (
	mostFiles     = 50
	mostBytes     = 512 << 20
	leastDocument = 128 << 10
	suffix        = ".openapi"
)

type key [sha256.Size]byte

// keyOf returns what a snapshot is kept by.
func keyOf(data []byte, limits apidoc.Limits) key {
	h := sha256.New()
	fmt.Fprintf(h, "%s%d %d %d %d\n", header, limits.Bytes, limits.Depth, limits.Nodes, limits.Aliased)
	h.Write(data)
	return key(h.Sum(nil))
}

func (c cache) path(k key) string { return filepath.Join(c.dir, hex.EncodeToString(k[:16])+suffix) }

// get returns the snapshot that was kept by k.
func (c cache) get(k key) ([]byte, bool) {
	f, err := os.Open(c.path(k))
	if err != nil {
		return nil, false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostBytes))
	if err != nil {
		return nil, false
	}
	begin := len(header) + len(k) + 4
	if len(data) < begin || string(data[:len(header)]) != header || !bytes.Equal(data[len(header):len(header)+len(k)], k[:]) {
		return nil, false
	}
	snapshot := data[begin:]
	if crc32.Checksum(snapshot, castagnoli) != binary.BigEndian.Uint32(data[begin-4:]) {
		return nil, false
	}
	now := time.Now()
	_ = os.Chtimes(c.path(k), now, now) // that it was used; no harm if that is not known
	return snapshot, true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// put keeps a snapshot.
func (c cache) put(k key, snapshot []byte) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.dir, "*.tmp")
	if err != nil {
		return err
	}
	head := append([]byte(header), k[:]...)
	head = binary.BigEndian.AppendUint32(head, crc32.Checksum(snapshot, castagnoli))
	_, err = f.Write(append(head, snapshot...))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), c.path(k))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return c.prune()
}

// prune removes what is too much, and what a process that was killed left half
// written.
func (c cache) prune() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	var files []os.FileInfo
	for _, entry := range entries {
		info, err := entry.Info()
		switch {
		case err != nil || !info.Mode().IsRegular(): // another process removed it
		case strings.HasSuffix(info.Name(), suffix):
			files = append(files, info)
		case strings.HasSuffix(info.Name(), ".tmp") && time.Since(info.ModTime()) > time.Hour:
			_ = os.Remove(filepath.Join(c.dir, info.Name()))
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int { return cmp.Compare(b.ModTime().UnixNano(), a.ModTime().UnixNano()) })
	size := int64(0)
	for i, info := range files {
		if size += info.Size(); i > 0 && (i >= mostFiles || size > mostBytes) {
			_ = os.Remove(filepath.Join(c.dir, info.Name()))
		}
	}
	return nil
}
