// Package store keeps the record of every operation: an ERP request that runs
// in the background. It is where the client and the webhook receiver meet:
// the receiver writes what it heard, the client is woken by the store, and
// neither knows the other, so both may live in different processes.
//
// # Facts and decisions
//
// Two kinds of change exist, and they are treated differently on purpose.
//
// A [Fact] is something that was observed: an id read from a 202, a terminal
// state read from the ERP, a notification that arrived. Facts always merge,
// whoever reports them and however late: a process that was stopped for an
// hour and wakes up with an accepted id in hand must not lose it.
//
// A [Decision] is something that a process chose: when to look again, that
// the work is handled, that it is given up. Decisions are fenced: they need
// a [Lease] that is still valid, so that a process which was presumed dead
// cannot undo what its successor decided.
//
// # Writing an implementation
//
// The rules of what may follow what are written once, in [Rules]. An
// implementation provides atomic access to records ([Tx]), durability and
// wake-ups ([Hub]), and proves itself with the suite in package storetest.
package store
