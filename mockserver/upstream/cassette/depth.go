package cassette

import (
	"bytes"
	"regexp"
)

// maxDepth is how deep a document may be nested by brackets. A cassette needs one
// level.
const maxDepth = 32

// opensBlock is the end of a line after which a text in lines of its own begins.
var opensBlock = regexp.MustCompile(`(^|[\s:-])[|>][-+0-9]*[ \t]*(#.*)?$`)

// tooDeep returns the line of a YAML text, from 0, in which brackets are nested too
// deep, and -1 if they nowhere are. The parser calls itself for each of them, and
// takes the longer the more there are. Brackets in texts do not count.
func tooDeep(text []byte) int {
	var s nesting
	block, inBlock := 0, false
	for n, rest := 0, text; len(rest) > 0; n++ {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		indent := len(line) - len(bytes.TrimLeft(line, " "))
		if inBlock && (indent > block || len(bytes.TrimSpace(line)) == 0) {
			continue
		}
		inBlock = false
		if s.read(line); s.depth > maxDepth {
			return n
		}
		if s.quote == 0 && s.depth == 0 && opensBlock.Match(line) {
			block, inBlock = indent, true
		}
	}
	return -1
}

// nesting is how far a text has been read.
type nesting struct {
	depth int
	quote byte // that is open; 0: none
}

// read reads a line.
func (s *nesting) read(line []byte) {
	before := byte(' ') // the last character that is no blank, and a blank at the beginning
	blank := true
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case s.quote == '"' && c == '\\':
			i++
		case s.quote != 0:
			if c == s.quote {
				s.quote = 0
			}
		case c == '#' && blank:
			return
		case (c == '"' || c == '\'') && bytes.IndexByte([]byte(" :,[{-?"), before) >= 0:
			s.quote = c
		case c == '[' || c == '{':
			s.depth++
		case (c == ']' || c == '}') && s.depth > 0:
			s.depth--
		}
		if blank = c == ' ' || c == '\t'; !blank {
			before = c
		}
	}
}
