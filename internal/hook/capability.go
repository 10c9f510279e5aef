package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// MinSecret is the least length in bytes of a secret that makes capabilities
// or signatures; whoever takes one from a user checks it.
const MinSecret = 16

// A capability names the day on which it was made, so how long it is valid
// depends on the hour: from the end of the maker's day it lasts two more
// whole days. That is at least 48 h, twice as long as the ERP keeps a result,
// and at most 72 h.
const (
	maxAge  = 2 // days
	maxSkew = 1 // days that the maker's clock may be ahead of ours
)

const (
	macLen = 16 // bytes: nobody can try 2^128 values
	// domain keeps a MAC of ours from being valid for anything else that a
	// user signs with the same secret, and the other way round.
	domain = "github.com/vismanet-go/background capability v1\x00"
)

// NewCapability returns the URL path segment "<ref>.<day>.<mac>" that lets
// its holder say "look at the operation with this ref now", and nothing else.
// Day is the number of the UTC day since the Unix epoch. The segment needs no
// escaping in a URL. It is a secret: see [Redact].
func NewCapability(secret, ref string, now time.Time) string {
	day := strconv.FormatInt(unixDay(now), 10)
	return ref + "." + day + "." + mac(secret, ref, day)
}

// ParseCapability returns the ref of a segment that [NewCapability] made with
// one of the secrets. It accepts segments made today, on the two days before
// and, because clocks differ, on the day after: valid for at least 48 h, for
// at most 72 h. It takes the same time whichever secret matches and however
// much of the MAC is right; an empty secret matches nothing.
func ParseCapability(secrets []string, segment string, now time.Time) (ref string, ok bool) {
	ref, day, sum, ok := splitCapability(segment)
	if !ok {
		return "", false
	}
	issued, err := strconv.ParseInt(day, 10, 64)
	if err != nil {
		return "", false
	}
	match := 0
	for _, secret := range secrets {
		equal := subtle.ConstantTimeCompare([]byte(sum), []byte(mac(secret, ref, day)))
		if secret != "" {
			match |= equal
		}
	}
	age := unixDay(now) - issued
	if match != 1 || age > maxAge || age < -maxSkew {
		return "", false
	}
	return ref, true
}

// splitCapability takes a segment apart by its form alone. The day is kept as
// text, because that is what the MAC covers.
func splitCapability(segment string) (ref, day, sum string, ok bool) {
	ref, rest, _ := strings.Cut(segment, ".")
	day, sum, _ = strings.Cut(rest, ".")
	if !ValidRef(ref) || len(day) == 0 || len(day) > 9 || len(sum) != base64.RawURLEncoding.EncodedLen(macLen) {
		return "", "", "", false
	}
	return ref, day, sum, true
}

func mac(secret, ref, day string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(domain + ref + "." + day))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:macLen])
}

func unixDay(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }
