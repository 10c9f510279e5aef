package synth

import (
	"fmt"
	"sync"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// Maker makes values for the schemas of one [schema.Set] in one mode. It is safe for
// concurrent use, and keeps what it found out of each schema.
type Maker struct {
	set  *schema.Set
	mode schema.Mode

	mu       sync.Mutex
	shapes   map[string]*shape             // mu guards it
	kept     int                           // shapes, mu guards it
	made     map[derivation]*schema.Schema // mu guards it
	refusals map[uint32][]*schema.Schema   // mu guards it
}

// New returns a Maker.
func New(set *schema.Set, mode schema.Mode) *Maker {
	return &Maker{set: set, mode: mode, shapes: make(map[string]*shape), made: make(map[derivation]*schema.Schema), refusals: make(map[uint32][]*schema.Schema)}
}

// Options are those of one value.
type Options struct {
	Seed uint64
	// NoExamples leaves out the examples and defaults of the document.
	NoExamples bool
	// Items is how many items arrays at the top or in its properties have, as far as
	// their schemas allow. Default: 2.
	Items int
}

// Kind says why something is as it is.
type Kind string

// The kinds of reasons.
const (
	Unsatisfiable Kind = "unsatisfiable"   // no value can be valid
	NotFound      Kind = "not found"       // none was found; there may be one
	BadPattern    Kind = "pattern"         // Go cannot run the pattern
	BadReference  Kind = "reference"       // a reference leads nowhere
	TooLarge      Kind = "size"            // a value would be larger than what is made
	BadExample    Kind = "invalid example" // the document's own example is not valid
)

// Reason is why a value is not valid, or may not be.
type Reason struct {
	Pointer string // into the document: what cannot be met
	Kind    Kind
	Msg     string
}

func (r Reason) String() string { return fmt.Sprintf("%s: %s (%s)", r.Pointer, r.Msg, r.Kind) }

// Value returns a value that is valid against s. If there are reasons, it is not, or
// could not be checked; it is then as near as could be had.
func (m *Maker) Value(s *schema.Schema, o Options) (any, []Reason) {
	root := m.shape([]member{{s: s, scope: (*schema.Scope)(nil).Enter(s), up: -1}})
	if o.Items == 0 {
		o.Items = 2
	}
	var last []Reason
	for try := range tries {
		g := &maker{Maker: m, Options: o, quota: quota}
		if try > 0 {
			g.NoExamples = true
		}
		begin := seed(mix(o.Seed)).index(try)
		v, ok := g.value(root, spot{seed: begin})
		if !ok {
			if last = g.failed(s); g.spent() || !g.lucky {
				break
			}
			continue
		}
		if !g.lucky || len(g.reasons) > 0 {
			return v, g.reasons
		}
		faults := s.Validate(v, m.mode)
		if faults == nil {
			return v, nil
		}
		last = []Reason{{faults[0].SchemaPointer, NotFound, "no value was found: " + faults[0].Pointer + " " + faults[0].Msg}}
	}
	g := &maker{Maker: m, Options: o, quota: quota, lenient: true}
	v, _ := g.value(root, spot{seed: seed(mix(o.Seed)).index(tries)})
	if len(last) == 0 {
		last = g.reasons
	}
	return v, last
}

const (
	tries = 8      // for what is left to luck
	quota = 20_000 // steps of one of them
)

// maker makes one value.
type maker struct {
	*Maker
	Options
	quota   int
	values  int      // made so far
	lucky   bool     // what is made may be invalid
	lenient bool     // parts that fail become null
	stack   []*shape // what is being made
	reasons []Reason // why the value is not valid although it was made
	fail    *Reason  // why the last part failed
	rng     rng      // of the text that is being made
}

// spot is where in the value a part stands.
type spot struct {
	seed    seed
	name    string // of the property; that of the array for items
	depth   int
	again   int  // times that this was tried before: other choices are taken
	others  bool // no examples here
	minimal bool // as small as can be
	wild    int  // above 0: as nobody would write it, each number in another way
}

func (g *maker) spent() bool { return g.quota <= 0 }

// because notes why a part fails, and returns false.
func (g *maker) because(pointer string, kind Kind, format string, args ...any) bool {
	g.fail = reason(pointer, kind, format, args...)
	return false
}

// reason returns a reason.
func reason(pointer string, kind Kind, format string, args ...any) *Reason {
	return &Reason{pointer, kind, fmt.Sprintf(format, args...)}
}

// note keeps a reason why the value is not valid although it is made.
func (g *maker) note(r Reason) {
	for _, known := range g.reasons {
		if known == r {
			return
		}
	}
	g.reasons = append(g.reasons, r)
}

func (g *maker) failed(s *schema.Schema) []Reason {
	if g.spent() {
		return []Reason{{s.Pointer, NotFound, fmt.Sprintf("no value was found in %d steps", quota)}}
	}
	if g.fail == nil {
		return []Reason{{s.Pointer, Unsatisfiable, "no value is valid"}}
	}
	return []Reason{*g.fail}
}
