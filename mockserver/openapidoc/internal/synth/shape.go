package synth

import (
	"encoding/binary"
	"maps"
	"sync"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// member is a schema that a value must be valid against.
type member struct {
	s     *schema.Schema
	scope *schema.Scope
	up    int // the member whose keyword it is; -1: none
}

// shape is all schemas that one value must be valid against, merged. What it says of
// one type is found out when a value of that type is made.
type shape struct {
	m       *Maker
	members []member
	has     map[[2]uint32]int // the places of members, by schema and scope
	clauses []*clause
	nots    []member

	types   schema.Types // without null
	null    bool         // null is valid
	choices [][]any
	fail    *Reason // no value but null is valid
	lucky   bool    // a value that is made may be invalid, and is checked

	picksMu sync.Mutex
	picks   map[pick]*shape // picksMu guards it

	numberOnce, textOnce, arrayOnce, objectOnce, givenOnce, choiceOnce, likelyOnce sync.Once

	number  numbers
	text    texts
	array   arrays
	object  objects
	given   []any          // valid examples, then defaults
	allowed []any          // choices that are valid
	order   []schema.Types // the likely ones first

	height int // of the smallest value, once it is known; m.mu guards it
}

// pick is a choice: the alternative of a clause, or, from alt -1, one way not to be
// valid against a not.
type pick struct {
	clause, alt int
	strict      bool // not valid against the other alternatives
}

// shape returns the shape of the members, which is the same for the same ones.
func (m *Maker) shape(roots []member) *shape {
	var key []byte
	distinct := make([]member, 0, len(roots))
	for _, r := range roots {
		twice := false
		for _, d := range distinct {
			twice = twice || d.s == r.s && d.scope == r.scope
		}
		if twice {
			continue
		}
		r.up = -1
		distinct = append(distinct, r)
		key = binary.AppendUvarint(key, uint64(r.s.ID))
		key = binary.AppendUvarint(key, uint64(r.scope.Number()))
	}
	m.mu.Lock()
	known := m.shapes[string(key)]
	m.mu.Unlock()
	if known != nil {
		return known
	}
	made := &shape{m: m, has: make(map[[2]uint32]int), types: schema.Any &^ schema.Null, null: true}
	for _, r := range distinct {
		made.join(r)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.shapes[string(key)]; known != nil {
		return known
	}
	if m.kept++; m.kept <= mostKept {
		m.shapes[string(key)] = made
	}
	return made
}

// join adds a schema that a value must be valid against.
func (sh *shape) join(r member) {
	sh.null = sh.null && r.s.ValidIn(r.scope, nil, sh.m.mode)
	sh.add(r)
}

// picked returns the shape in which a choice is made.
func (sh *shape) picked(p pick, schemas, not []*schema.Schema) *shape {
	sh.picksMu.Lock()
	defer sh.picksMu.Unlock()
	if known := sh.picks[p]; known != nil {
		return known
	}
	to := sh.copy()
	up := -1
	if p.alt >= 0 {
		up = sh.clauses[p.clause].up
		to.clauses = append(append([]*clause(nil), sh.clauses[:p.clause]...), sh.clauses[p.clause+1:]...)
	} else {
		up = sh.nots[p.clause].up
		to.nots = append(append([]member(nil), sh.nots[:p.clause]...), sh.nots[p.clause+1:]...)
	}
	scope := sh.scopeOf(up)
	for _, s := range schemas {
		to.join(member{s, scope.Enter(s), up})
	}
	for _, s := range not {
		to.nots = append(to.nots, member{s, scope.Enter(s), up})
	}
	if sh.m.keepOne() {
		if sh.picks == nil {
			sh.picks = make(map[pick]*shape)
		}
		sh.picks[p] = to
	}
	return to
}

// mostKept bounds the shapes that are kept: many choices in one schema make very
// many of them. Further ones are made anew for each value.
const mostKept = 50_000

func (m *Maker) keepOne() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept++
	return m.kept <= mostKept
}

func (sh *shape) scopeOf(member int) *schema.Scope {
	if member < 0 {
		return nil
	}
	return sh.members[member].scope
}

// copy returns a shape to which more can be added.
func (sh *shape) copy() *shape {
	to := &shape{
		m: sh.m, members: clip(sh.members), clauses: clip(sh.clauses), nots: clip(sh.nots), choices: clip(sh.choices),
		has: make(map[[2]uint32]int, len(sh.has)), types: sh.types, null: sh.null, fail: sh.fail, lucky: sh.lucky,
	}
	maps.Copy(to.has, sh.has)
	return to
}

func clip[T any](list []T) []T { return list[:len(list):len(list)] }
