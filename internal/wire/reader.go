package wire

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"unicode/utf8"
)

// headSize is how much of a body is looked at to tell what it is.
const headSize = 4 << 10

// Body is the body of an answer made readable. JSON is UTF-8 without a byte
// order mark; everything else comes byte for byte. A body that ends before the
// length that it was announced with is an [io.ErrUnexpectedEOF].
type Body struct {
	// ContentType is the type that was told, or application/json where the
	// body is JSON and another type, or none, was told.
	ContentType string
	// HTML tells that the body is a page of HTML.
	HTML bool
	// Empty tells that there is nothing in it.
	Empty bool
	// Length is how many bytes were announced, -1 if that was not told.
	Length int64

	io.Reader
	raw counted
}

// Open makes a body readable that was announced with a length, which is -1 if it
// was not. It reads the first bytes of it; an error of that read comes from Read.
// attachment tells that the sender named the body a file, whose type is then
// never doubted.
func Open(body io.ReadCloser, length int64, contentType string, attachment bool) *Body {
	b := &Body{ContentType: contentType, Length: length, raw: counted{from: body, want: length}}
	size := headSize
	if length > 0 && length < headSize {
		size = int(length) + 1 // with room to see that it ends there
	}
	buffered := bufio.NewReaderSize(&b.raw, size)
	head, err := buffered.Peek(size)
	if err == nil && size < headSize { // there is more than was announced
		buffered = bufio.NewReaderSize(buffered, headSize)
		head, err = buffered.Peek(headSize)
	}
	b.Reader, b.Empty = buffered, len(head) == 0 && err == io.EOF
	b.HTML = LooksHTML(head, contentType)
	if attachment && !IsJSON(contentType) || !SaysJSON(head, err == io.EOF, contentType) {
		return b
	}
	set, mark := charsetOf(head[:min(len(head), 4)], contentType)
	_, _ = buffered.Discard(mark)
	if set == latin && isUTF8(head) { // declared by habit
		set = asIs
	}
	if !IsJSON(contentType) {
		b.ContentType = "application/json"
	}
	if set != asIs {
		b.ContentType = "application/json; charset=utf-8"
		b.Reader = &converter{from: buffered, set: set}
	}
	return b
}

// Close closes what the body is read from.
func (b *Body) Close() error { return b.raw.from.Close() }

// counted makes an error of a body that ends before the length that it was
// announced with. net/http does that for its own connections.
type counted struct {
	from      io.ReadCloser
	want, got int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	if c.got += int64(n); err == io.EOF && c.got < c.want {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// maxAhead is how many bytes are taken from memory because a server announced
// them, before they have come.
const maxAhead = 1 << 20

// ReadAll reads a body to its end, or limit and one more byte of it. told is the
// length that it was announced with, 0 or less if it was not: a body that keeps to
// it is read in one piece.
func ReadAll(body io.Reader, told, limit int64) ([]byte, error) {
	limit = min(limit, math.MaxInt64-1)
	if told <= 0 || told > min(limit, maxAhead) {
		return io.ReadAll(io.LimitReader(body, limit+1))
	}
	data := make([]byte, 0, told+1) // with room to see that it ends there
	for int64(len(data)) <= limit {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		room := data[len(data):cap(data)]
		if most := limit - int64(len(data)); most < int64(len(room)) {
			room = room[:most+1]
		}
		n, err := body.Read(room)
		data = data[:len(data)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return data, err
		}
	}
	return data, nil
}

// isUTF8 reports whether a text has multi-byte characters of UTF-8 and nothing
// that is none, but for one that may be cut off at its end.
func isUTF8(head []byte) bool {
	wide := false
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 {
			return wide && len(head) < utf8.UTFMax && !utf8.FullRune(head)
		}
		wide = wide || n > 1
		head = head[n:]
	}
	return wide
}

// converter reads a text of another charset as UTF-8.
type converter struct {
	from io.Reader
	set  charset
	raw  []byte // not converted yet: half a character
	out  bytes.Buffer
	err  error
}

func (c *converter) Read(p []byte) (int, error) {
	for c.out.Len() == 0 && c.err == nil {
		var chunk [headSize]byte
		n, err := c.from.Read(chunk[:])
		c.raw, c.err = append(c.raw, chunk[:n]...), err
		use := len(c.raw)
		if c.set != latin && err == nil {
			use -= use % 2
			// A pair of surrogates is converted together.
			if use >= 2 && unit(c.raw[use-2:], c.set)&0xfc00 == 0xd800 {
				use -= 2
			}
		}
		c.out.Write(convert(nil, c.raw[:use], c.set))
		c.raw = append(c.raw[:0], c.raw[use:]...)
	}
	if c.out.Len() > 0 {
		return c.out.Read(p)
	}
	return 0, c.err
}

// Unpack removes a compression that net/http left on a body, as it does for a
// transport of one's own, and with it the header fields that spoke of the
// compressed bytes. A coding that is not known is an error.
func Unpack(resp *http.Response) error {
	codings := strings.FieldsFunc(strings.ToLower(strings.Join(resp.Header.Values("Content-Encoding"), ",")), func(r rune) bool { return r == ',' || r == ' ' })
	if len(codings) == 0 || resp.Body == nil || resp.Body == http.NoBody || resp.ContentLength == 0 {
		return nil
	}
	for i := len(codings) - 1; i >= 0; i-- {
		switch codings[i] {
		case "identity":
			continue
		case "gzip", "x-gzip", "deflate":
			resp.Body = &unpacker{packed: resp.Body, coding: codings[i]}
			resp.ContentLength = -1
		default:
			return fmt.Errorf("content encoding %q: is not known here, and was not asked for", codings[i])
		}
	}
	h := resp.Header.Clone()
	h.Del("Content-Encoding")
	h.Del("Content-Length")
	resp.Header = h
	return nil
}

// unpacker decompresses as it is read. What is not compressed at all, whatever
// was said, is handed through.
type unpacker struct {
	packed io.ReadCloser
	coding string
	r      io.Reader
	err    error
}

func (u *unpacker) Read(p []byte) (int, error) {
	if u.r == nil && u.err == nil {
		u.r, u.err = u.open()
	}
	if u.err != nil {
		return 0, u.err
	}
	return u.r.Read(p)
}

func (u *unpacker) open() (io.Reader, error) {
	buffered := bufio.NewReader(u.packed)
	head, err := buffered.Peek(2)
	if len(head) < 2 {
		if err == io.EOF {
			return buffered, nil
		}
		return nil, err
	}
	switch {
	case head[0] == 0x1f && head[1] == 0x8b:
		return gzip.NewReader(buffered)
	case u.coding == "deflate" && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0:
		return zlib.NewReader(buffered)
	}
	return buffered, nil
}

func (u *unpacker) Close() error { return u.packed.Close() }

// Whole makes a body readable that is in memory, as [Open] does, and returns it
// with its content type. The result may share memory with data.
func Whole(data []byte, contentType string, attachment bool) ([]byte, string) {
	if attachment && !IsJSON(contentType) || !SaysJSON(data, true, contentType) {
		return data, contentType
	}
	set, _ := charsetOf(data[:min(len(data), 4)], contentType)
	data = Document(data, contentType)
	switch {
	case set != asIs:
		contentType = "application/json; charset=utf-8"
	case !IsJSON(contentType):
		contentType = "application/json"
	}
	return data, contentType
}
