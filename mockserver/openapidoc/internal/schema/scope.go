package schema

// Scope is the schemas that references led through, as far as they have an anchor
// that a $dynamicRef may mean. A nil *Scope is that of a schema that no reference
// led to.
type Scope struct {
	up      *Scope
	anchors map[string]*Schema
	ID      uint32 // tells scopes of a Set apart; that of nil is 0
}

type scopeKey struct{ up, schema uint32 }

// Number returns ID, or 0 for a nil sc.
func (sc *Scope) Number() uint32 {
	if sc == nil {
		return 0
	}
	return sc.ID
}

// Enter returns the scope behind a reference to s, or of s itself.
func (sc *Scope) Enter(s *Schema) *Scope {
	if s.dynamicAnchor == "" && s.defs == nil {
		return sc
	}
	key := scopeKey{sc.Number(), s.ID}
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	if known := s.set.scopes[key]; known != nil {
		return known
	}
	to := &Scope{up: sc, anchors: make(map[string]*Schema), ID: uint32(len(s.set.scopes)) + 1}
	depth := 0
	for outer := sc; outer != nil; outer = outer.up {
		if depth++; outer.anchors[""] == s || depth > deepestScope {
			to = sc // entered again: nothing that was not there
			s.set.scopes[key] = to
			return to
		}
	}
	to.anchors[""] = s
	for _, d := range append([]*Schema{s}, s.defs...) {
		if d.dynamicAnchor != "" {
			to.anchors[d.dynamicAnchor] = d
		}
	}
	s.set.scopes[key] = to
	return to
}

// deepestScope bounds the scopes within each other.
const deepestScope = 50

// Target returns what the $dynamicRef of s means in this scope: what the outermost
// schema has under that anchor. It is nil if s has no $dynamicRef.
func (sc *Scope) Target(s *Schema) (*Schema, error) {
	if s.DynamicRef == nil {
		return nil, nil
	}
	var found *Schema
	if name := s.DynamicRef.Text; name != "" && name[0] == '#' {
		for ; sc != nil; sc = sc.up {
			if to := sc.anchors[name[1:]]; to != nil && name != "#" {
				found = to
			}
		}
	}
	if found != nil {
		return found, nil
	}
	return s.set.follow(s.DynamicRef)
}
