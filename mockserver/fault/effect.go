package fault

import "fmt"

// An Effect is what a [Rule] does: an [Answer] disturbs the answer to a request, a
// [Queue] the run of an operation, a [Notify] a notification, and a [Func] what it
// chooses.
type Effect interface {
	// validate names what is wrong, with field before each name.
	validate(field string, on Point) error
	// points are where it can happen.
	points() []Point
}

// A Func chooses what happens at an event that fits the rest of its rule. Where
// it returns nil the event does not match the rule, and the rules behind it are
// asked. If it returns what cannot happen at the rule's On, the request panics.
// It is called without locks, by several goroutines at a time.
type Func func(Event) Effect

func (Func) points() []Point { return allPoints }

func (f Func) validate(field string, _ Point) error {
	if f == nil {
		return fmt.Errorf("%s: is a Func that is nil", field)
	}
	return nil
}

// effect is what a rule does at an event that it fits; nil: it does not match.
func (r *Rule) effect(e *Event) Effect {
	choose, ok := r.Do.(Func)
	if !ok {
		return r.Do
	}
	does := choose(*e)
	if does == nil {
		return nil
	}
	chosen := *r
	chosen.Do = does
	if _, again := does.(Func); again {
		chosen.Do = nil
	}
	if err := chosen.validate("the effect that its Func returned", true); err != nil {
		panic(fmt.Sprintf("fault: rule %q: %v", r.Name, err))
	}
	return does
}
