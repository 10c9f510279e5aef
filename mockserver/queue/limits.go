package queue

// Limits say which jobs may start. A server passes the same PerCompany and
// Order in all of its calls.
type Limits struct {
	// Max is how many to take, at most.
	Max int

	// PerCompany is how many of one company run at a time, on all workers
	// together.
	PerCompany int

	// Order is in which order a company's jobs start.
	Order Order

	// Hold, if not nil, names the companies of which nothing may start now. It
	// is called as [Now] is.
	Hold func(company string) bool
}

// An Order is the order in which a company's operations start.
type Order string

// These are the orders of a company's operations.
const (
	// FIFO is first in, first out.
	FIFO Order = ""

	// Shuffle takes any of those that wait, as their ids decide: at random, and
	// reproducibly if the ids are.
	Shuffle Order = "shuffle"
)
