package budget

import "time"

// Class tells what a call is for, in the order of urgency: the first is served
// before all others.
type Class uint8

// The classes of calls.
const (
	// Content reads the answer of an operation that has ended.
	Content Class = iota
	// Notified polls an operation that a notification told of.
	Notified
	// Overdue polls an operation that was accepted nearly 20 hours ago.
	Overdue
	// Verification asks whether the work of an operation that succeeded is done.
	Verification
	// Poll is a scheduled poll.
	Poll
	// Submit sends an operation; calls in the foreground and requests for tokens
	// are of this class as well.
	Submit

	numClasses
)

// String is the name of a class, as in logs and metrics.
func (c Class) String() string {
	if c >= numClasses {
		return "unknown"
	}
	return [numClasses]string{"content", "notified", "overdue", "verification", "poll", "submit"}[c]
}

// bit stands for a class in a set of classes.
func (c Class) bit() uint8 { return 1 << c }

// kin are the classes whose calls go to the same resources, and are under the same
// limits therefore: all that ask the ERP for its background operations.
func (c Class) kin() uint8 {
	if c == Submit || c == Verification {
		return c.bit()
	}
	return Content.bit() | Notified.bit() | Overdue.bit() | Poll.bit()
}

// Counts are numbers by [Class].
type Counts [numClasses]int

// Total is the sum over all classes.
func (n Counts) Total() (sum int) {
	for _, k := range n {
		sum += k
	}
	return sum
}

// passed reports whether a time has come, by the monotonic clock or by that on
// the wall: the first stands still while a machine sleeps, the second may be set
// back.
func passed(now, t time.Time) bool {
	return !now.Before(t) || now.UnixNano() >= t.UnixNano()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
