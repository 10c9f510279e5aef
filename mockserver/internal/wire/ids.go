package wire

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// An IDs makes GUIDs. With a seed they are a function of (seed, kind, company,
// n), so that companies never shift each other's.
type IDs struct {
	seed uint64 // 0: random

	mu   sync.Mutex // guards next
	next map[string]uint64
}

// NewIDs makes random ids for a seed of 0.
func NewIDs(seed uint64) *IDs { return &IDs{seed: seed, next: make(map[string]uint64)} }

// GUID returns the company's next id of a kind.
func (s *IDs) GUID(kind, company string) string {
	if s.seed == 0 {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails
		return formatGUID(b)
	}
	return DerivedGUID(s.seed, kind+"\x00"+company, uint64(s.Count(kind, company)))
}

// Count numbers what a company has of a kind, from 1.
func (s *IDs) Count(kind, company string) int {
	scope := kind + "\x00" + company
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next[scope]++
	return int(s.next[scope])
}

// Reset begins anew for some companies.
func (s *IDs) Reset(which func(company string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.next, func(scope string, _ uint64) bool {
		_, company, _ := strings.Cut(scope, "\x00")
		return which(company)
	})
}

// DerivedGUID is the n-th GUID of a scope.
func DerivedGUID(seed uint64, scope string, n uint64) string {
	in := binary.BigEndian.AppendUint64(nil, seed)
	in = binary.BigEndian.AppendUint64(in, n)
	sum := sha256.Sum256(append(in, scope...))
	return formatGUID([16]byte(sum[:16]))
}

// formatGUID marks b as an RFC 4122 version 4 GUID.
func formatGUID(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return uuid.UUID(b).String()
}

// IsGUID reports whether s has the form of one, with dashes.
func IsGUID(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }
