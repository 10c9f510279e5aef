package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// IsJSON reports whether a content type says JSON.
func IsJSON(contentType string) bool {
	kind := mediaType(contentType)
	return kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json")
}

// IsHTML reports whether a content type says HTML.
func IsHTML(contentType string) bool {
	kind := mediaType(contentType)
	return kind == "text/html" || kind == "application/xhtml+xml"
}

// LooksHTML reports whether a body is a page of HTML, by its declared type or by
// its first bytes. XML that is no XHTML is not.
func LooksHTML(head []byte, contentType string) bool {
	text := bytes.TrimLeft(Text(head[:min(len(head), 1024)], contentType), " \t\r\n")
	if len(text) == 0 {
		return false
	}
	for _, skip := range [][2]string{{"<?xml", "?>"}, {"<!--", "-->"}, {"<!--", "-->"}} {
		if bytes.HasPrefix(text, []byte(skip[0])) {
			_, after, _ := bytes.Cut(text, []byte(skip[1]))
			text = bytes.TrimLeft(after, " \t\r\n")
		}
	}
	if bytes.HasPrefix(text, []byte("<")) && startsPage(strings.ToLower(string(text[:min(len(text), 64)]))) {
		return true
	}
	// A declaration is not believed over a document that is plainly another.
	return IsHTML(contentType) && !plainlyJSON(text)
}

// startsPage reports whether a text in lower case begins as a page of HTML does.
func startsPage(lower string) bool {
	for _, start := range []string{"<!doctype html", "<html", "<head", "<body", "<title", "<meta", "<script"} {
		if rest, ok := strings.CutPrefix(lower, start); ok && (rest == "" || strings.ContainsRune(" >\t\r\n/", rune(rest[0]))) {
			return true
		}
	}
	return false
}

func plainlyJSON(text []byte) bool { return len(text) > 0 && (text[0] == '{' || text[0] == '[') }

func mediaType(contentType string) string {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// vague types are those that servers give by habit: JSON below them is taken
// for what it is.
func vague(kind string) bool {
	switch kind {
	case "", "text/plain", "text/html", "application/octet-stream", "binary/octet-stream", "text/xml", "application/xml", "application/xhtml+xml",
		"text/javascript", "application/javascript", "application/x-javascript", "application/x-www-form-urlencoded", "unknown/unknown":
		return true
	}
	return !strings.Contains(kind, "/")
}

// SaysJSON reports whether a body that begins with head is JSON: because it is
// declared as such, or because the declaration is missing or vague and the
// body is a JSON text. Below a vague type that must be an object or a list,
// for "12" may be any text. whole tells that head is all of it; else the head
// must be a JSON text as far as it goes.
func SaysJSON(head []byte, whole bool, contentType string) bool {
	if IsJSON(contentType) {
		return true
	}
	kind := mediaType(contentType)
	if !vague(kind) {
		return false
	}
	text := bytes.TrimLeft(Document(head, contentType), " \t\r\n")
	if len(text) == 0 || kind != "" && !plainlyJSON(text) {
		return false
	}
	if whole {
		return json.Valid(text)
	}
	return plainlyJSON(text) && begins(text)
}

// begins reports whether a text is the beginning of a JSON text.
func begins(text []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := dec.Token(); err != nil {
			return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		}
	}
}

// CutOff reports whether a text is JSON that ends in the middle.
func CutOff(text []byte) bool {
	if len(bytes.TrimSpace(text)) == 0 || json.Valid(text) {
		return false
	}
	var v json.RawMessage
	err := json.NewDecoder(bytes.NewReader(text)).Decode(&v)
	return errors.Is(err, io.ErrUnexpectedEOF)
}

// StartsJSON reports whether a text begins as JSON does.
func StartsJSON(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && strings.IndexByte(`{["-0123456789tfn`, text[0]) >= 0
}
