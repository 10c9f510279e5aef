package pgstore

import "time"

// LazyFor, 600 ms with the usual wal_writer_delay of 200 ms, is how long a lazy change
// may not be on disk yet: an outcome that the ERP still has, an acknowledgement
// ([store.AcknowledgeDecision]), an interrupted run, a plan of a poll
// ([store.RescheduleDecision]) or a document. It is committed, and seen by everybody,
// before the method returns, and outlives every process of ours; a loss of power of
// the server, a crash of it or a fail-over within that time may undo it: then the
// outcome is read from the ERP again, the handler runs again, or the operation is
// polled at once. A group of changes is lazy if all of them are, and nothing is ever on
// disk without what was committed before it.
//
// The ERP still has the outcome of a [store.SettledFact] with an ID that ended an
// operation which was accepted within the last twelve hours. All others are strict:
// answers in the foreground, what a person tells, what is unclear, comes late or
// contradicts what is known. So are leases, for who holds them survives what loses
// them, and whatever is acknowledged in a transaction of the application.
const LazyFor = 3 * 200 * time.Millisecond
