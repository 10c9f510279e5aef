// Package vtime is the time of a mock's companies, and all that goes on in it.
//
// Each company has a [Clock]. What happens in it is a [Task] of its present
// [Generation], which is the time between two resets: a request being answered,
// or what a timer began. A task is busy unless it waits for a [Signal], which a
// timer or another task gives. Giving it makes the task busy again under the
// clock's mutex, so that there is no moment in between at which nothing seems
// to be under way.
//
// That is what lets a clock stand: with nothing busy, settle.go fires the next
// timer that is due, moves the time on to the next one if somebody asked for
// that, or tells those who wait for the company to be idle. So nobody polls, and
// equal times go one by one, in the order in which they were planned.
//
// A [Pool] owns the goroutines. The package knows nothing of operations, queues
// and notifications; what it tells it tells by the callbacks of [Config].
package vtime
