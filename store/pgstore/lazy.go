package pgstore

import "time"

// LazyFor, 600 ms with the usual wal_writer_delay of 200 ms, is how long a lazy change
// may not be on disk yet: an acknowledgement ([store.AcknowledgeDecision]), a run that
// was interrupted, or a document. It is committed, and seen by everybody, before the
// method returns, and outlives every process of ours; a loss of power of the server, a
// crash of it or a fail-over within that time may undo it: then the handler runs again
// once the lease has ended, or the document is as it was. A group of changes is lazy if
// all of them are, and nothing is ever on disk without what was committed before it.
//
// All others are strict, outcomes that the ERP still has included, which other stores
// write lazily: the server may forget what ended a lease, and its holder would not know
// that it still has it. So is whatever is acknowledged in a transaction of the
// application.
const LazyFor = 3 * 200 * time.Millisecond
