package recordjson

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
)

// marker begins every stand-in. It is recognised by value, so that a copy does
// no harm, and no content can be made to equal one.
var marker = func() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return b
}()

// StandIn stands for content of the size.
func StandIn(size int) []byte {
	if size == 0 {
		return []byte{}
	}
	return binary.BigEndian.AppendUint64(bytes.Clone(marker), uint64(size))
}

// SizeOf returns the size of content, and whether b only stands for it.
func SizeOf(b []byte) (size int, elsewhere bool) {
	if rest, ok := bytes.CutPrefix(b, marker); ok && len(rest) == 8 {
		return int(binary.BigEndian.Uint64(rest)), true
	}
	return len(b), false
}
