// Package vtime holds the clocks of a mock's companies, and all that goes on by
// them.
//
// Each company has a [Clock]. What goes on by it is a [Task] of its present
// [Generation], the time between two resets: a request being answered, or what
// a timer began. A task is busy unless it waits for a [Signal], which a timer
// or another task gives. To give the signal makes the task busy again under the
// clock's mutex, so that at no moment in between nothing seems to be under way.
//
// That is what lets a clock stand: with nothing busy, settle.go fires the next
// timer that is due, moves the time on to the next one if somebody asked for
// that, or tells those who wait for the company to be idle. So nobody polls,
// and what is due at the same time happens one by one, in the order in which it
// was planned.
//
// A [Pool] owns the goroutines. The package knows nothing of operations, queues
// and notifications; it reports by the callbacks of [Config].
package vtime
