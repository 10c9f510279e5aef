package mockserver

import (
	"encoding/binary"
	"net/http"
)

// A packedHeader is a header in one piece, without pointers: most are never
// looked at. Nil is a nil header.
type packedHeader []byte

func packHeader(h http.Header) packedHeader {
	if h == nil {
		return nil
	}
	size := 0
	for name, values := range h {
		size += 2*binary.MaxVarintLen16 + len(name)
		for _, v := range values {
			size += binary.MaxVarintLen16 + len(v)
		}
	}
	p := make([]byte, 0, size)
	text := func(s string) { p = append(binary.AppendUvarint(p, uint64(len(s))), s...) }
	for name, values := range h {
		text(name)
		p = binary.AppendUvarint(p, uint64(len(values)))
		for _, v := range values {
			text(v)
		}
	}
	return p
}

// header is what was packed, in a map of the caller's own.
func (p packedHeader) header() http.Header {
	if p == nil {
		return nil
	}
	number := func() int {
		n, size := binary.Uvarint(p)
		p = p[size:]
		return int(n)
	}
	text := func() string {
		n := number()
		s := string(p[:n])
		p = p[n:]
		return s
	}
	h := make(http.Header)
	for len(p) > 0 {
		name := text()
		values := make([]string, number())
		for i := range values {
			values[i] = text()
		}
		h[name] = values
	}
	return h
}
