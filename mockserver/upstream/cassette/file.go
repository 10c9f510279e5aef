package cassette

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
)

// MaxFile bounds the size of a cassette.
const MaxFile = 256 << 20

// readFile reads a file of a size that a cassette may have.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = fmt.Errorf("%s: is larger than the %d MiB that a cassette may have", name, MaxFile>>20)
	}
	return data, err
}

// A writer appends entries to a file, each in one write, so that a process that is
// killed leaves at most the last one half written. Processes that record to one
// file at a time do not mix their entries.
type writer struct {
	mu sync.Mutex // guards f
	f  *os.File
}

// openWriter opens a file to record to. One that is new begins with the version
// and the root; of one that is there, a last document that is not whole is cut off,
// and torn is how many bytes that were.
func openWriter(name, root string) (w *writer, torn int, err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // nothing was written
		}
	}()
	data, err := readFile(name)
	if err != nil {
		return nil, 0, err
	}
	head := []byte("cassette: " + strconv.Itoa(Version) + "\n")
	if root != "" {
		head = append(appendScalar(append(head, "root: "...), root), '\n')
	}
	head = append(head, "...\n"...)
	whole, err := wholePart(name, data, head)
	if err == nil && whole < len(data) {
		err = f.Truncate(int64(whole))
	}
	if err == nil && whole == 0 {
		_, err = f.Write(head)
	}
	if err != nil {
		return nil, 0, err
	}
	return &writer{f: f}, len(data) - whole, nil
}

// wholePart is how much of a file is whole: all but a last document that a process
// had begun to write. Head is how a file begins that has nothing else.
func wholePart(name string, data, head []byte) (int, error) {
	whole := len(data)
	docs := split(data)
	switch {
	case len(docs) == 0:
		return 0, nil
	case docs[len(docs)-1].closed:
	case len(docs) > 1 && docs[len(docs)-2].closed:
		whole = docs[len(docs)-2].end
	case bytes.HasPrefix(head, data):
		return 0, nil
	}
	_, err := parse(name, data[:whole])
	return whole, err
}

// write appends an entry.
func (w *writer) write(e *Entry) error {
	doc := e.append(nil)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f == nil {
		return errors.New("the cassette is closed")
	}
	_, err := w.f.Write(doc)
	return err
}

func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f == nil {
		return nil
	}
	f := w.f
	w.f = nil
	return f.Close()
}
