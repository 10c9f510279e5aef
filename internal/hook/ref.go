package hook

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

// RefHeader is the name of the pair that carries our ref in
// "subscription:background-ref=<ref>,…", and so the name of the header that
// brings it back with the notification.
const RefHeader = "background-ref"

// refLen is how many base32 characters hold 128 bits.
const refLen = 26

const refAlphabet = "abcdefghijklmnopqrstuvwxyz234567"

var refEncoding = base32.NewEncoding(refAlphabet).WithPadding(base32.NoPadding)

// NewRef returns 128 bits as 26 lower-case base32 characters: 48 bits that
// tell the time in milliseconds, so that refs that are made together stand
// together in the index of a store, which halves what it has to write, and 80
// random bits, which cannot be guessed. It never fails: crypto/rand ends the
// program where no randomness is to be had.
func NewRef() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(time.Now().UnixMilli())<<16)
	rand.Read(b[6:])
	return refEncoding.EncodeToString(b[:])
}

// ValidRef reports whether s has the form of a ref: 26 characters of
// lower-case base32. It says nothing about whether the ref is known.
func ValidRef(s string) bool {
	if len(s) != refLen {
		return false
	}
	for i := range len(s) {
		if !isRefChar(s[i]) {
			return false
		}
	}
	return true
}

func isRefChar(c byte) bool { return c >= 'a' && c <= 'z' || c >= '2' && c <= '7' }
