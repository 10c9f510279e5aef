package mockserver

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// ids makes GUIDs. With a seed they are a function of (seed, kind, company,
// n), so that companies never shift each other's.
type ids struct {
	seed uint64 // 0: random

	mu   sync.Mutex // guards next
	next map[string]uint64
}

func newIDs(seed uint64) *ids { return &ids{seed: seed, next: make(map[string]uint64)} }

// guid returns the company's next id of a kind.
func (s *ids) guid(kind, company string) string {
	if s.seed == 0 {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails
		return formatGUID(b)
	}
	return derivedGUID(s.seed, kind+"\x00"+company, uint64(s.count(kind, company)))
}

// count numbers what a company has of a kind, from 1.
func (s *ids) count(kind, company string) int {
	scope := kind + "\x00" + company
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next[scope]++
	return int(s.next[scope])
}

// reset begins anew for some companies.
func (s *ids) reset(which func(company string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.next, func(scope string, _ uint64) bool {
		_, company, _ := strings.Cut(scope, "\x00")
		return which(company)
	})
}

// derivedGUID is the n-th GUID of a scope.
func derivedGUID(seed uint64, scope string, n uint64) string {
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
