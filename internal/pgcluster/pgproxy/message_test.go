package pgproxy

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// said is a message as it goes over the wire.
func said(kind byte, body string) string {
	return string(binary.BigEndian.AppendUint32([]byte{kind}, uint32(4+len(body)))) + body
}

func TestCommitsAreRecognised(t *testing.T) {
	for name, c := range map[string]struct {
		stream string
		want   int
	}{
		"simple":               {said('Q', "commit\x00"), 1},
		"simple, with blanks":  {said('Q', "\n COMMIT ; \x00"), 1},
		"the last of several":  {said('Q', "insert into t values (1); commit\x00"), 1},
		"not the last":         {said('Q', "commit; select 1\x00"), 0},
		"end":                  {said('Q', "END\x00"), 1},
		"rollback":             {said('Q', "rollback\x00"), 0},
		"two-phase":            {said('Q', "commit prepared 'x'\x00"), 0},
		"extended, unnamed":    {said('P', "\x00commit\x00\x00\x00") + said('B', "\x00\x00\x00\x00\x00\x00\x00\x00") + said('E', "\x00\x00\x00\x00\x00"), 1},
		"only bound":           {said('P', "\x00commit\x00\x00\x00") + said('B', "\x00\x00\x00\x00\x00\x00\x00\x00"), 0},
		"prepared, then twice": {said('P', "s1\x00commit\x00\x00\x00") + strings.Repeat(said('B', "\x00s1\x00\x00\x00\x00\x00\x00\x00")+said('E', "\x00\x00\x00\x00\x00"), 2), 2},
		"another statement":    {said('P', "s1\x00commit\x00\x00\x00") + said('P', "s2\x00select 1\x00\x00\x00") + said('B', "\x00s2\x00\x00\x00\x00\x00\x00\x00") + said('E', "\x00\x00\x00\x00\x00"), 0},
		"the portal bound anew": {said('P', "s1\x00commit\x00\x00\x00") + said('B', "p\x00s1\x00\x00\x00\x00\x00\x00\x00") + said('P', "\x00select 1\x00\x00\x00") +
			said('B', "p\x00\x00\x00\x00\x00\x00\x00\x00") + said('E', "p\x00\x00\x00\x00\x00"), 0},
		"closed":            {said('P', "s1\x00commit\x00\x00\x00") + said('C', "Ss1\x00") + said('B', "\x00s1\x00\x00\x00\x00\x00\x00\x00") + said('E', "\x00\x00\x00\x00\x00"), 0},
		"a text beyond all": {said('Q', strings.Repeat("-", inspected)+"; commit\x00"), 0},
	} {
		r := bufio.NewReaderSize(strings.NewReader(c.stream), 64<<10)
		commits, got := newCommits(), 0
		for {
			m, err := next(r)
			if err != nil {
				break
			}
			if commits.sees(m) {
				got++
			}
			if _, err := r.Discard(m.size); err != nil {
				t.Fatal(err)
			}
		}
		if got != c.want {
			t.Errorf("%s: %d COMMITs seen, want %d", name, got, c.want)
		}
	}
}

// FuzzMessages holds that whatever comes is passed on as it came, up to where
// it is no message.
func FuzzMessages(f *testing.F) {
	f.Add([]byte(said('Q', "commit\x00") + said('S', "")))
	f.Add([]byte(said('P', "a\x00b\x00") + said('B', "\x00") + said('E', "") + said('C', "S")))
	f.Add([]byte("Q\x00\x00\x00\x03"))
	f.Add([]byte("Q\xff\xff\xff\xff"))
	f.Add([]byte(said('D', strings.Repeat("x", 100_000))))
	f.Fuzz(func(t *testing.T, in []byte) {
		var out bytes.Buffer
		r, w := bufio.NewReaderSize(bytes.NewReader(in), 64<<10), bufio.NewWriter(&out)
		commits := newCommits()
		whole := 0
		for {
			m, err := next(r)
			if err != nil {
				break
			}
			if len(m.text) > m.size-headerSize || len(m.text) > inspected {
				t.Fatalf("%d bytes of a message of %d were looked at", len(m.text), m.size)
			}
			commits.sees(m)
			ends(m)
			if pass(w, r, m.size) != nil {
				break
			}
			whole += m.size
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(in, out.Bytes()) || out.Len() < whole {
			t.Errorf("%d bytes came out, with %d of whole messages; they are not those that went in", out.Len(), whole)
		}
		if size, _, err := opening(bufio.NewReader(bytes.NewReader(in))); err == nil && (size < 8 || size > 10_000) {
			t.Errorf("an opening of %d bytes", size)
		}
	})
}
