package store

// MaxSequenceName is how many bytes the name of a [Sequence] may have.
const MaxSequenceName = 200

// Sequence is a line of operations of one tenant that were enqueued under its name
// ([Record.Sequence]): each is sent once all before it have succeeded or left the
// line. The store numbers them. A sequence is there from its first record on until
// a purge has removed its last one; then its numbers begin anew.
type Sequence struct {
	Tenant string
	Name   string
	Last   uint64 // the place that was given last
	// Done is the place up to which all have succeeded or left.
	Done    uint64
	Waiting int // how many stand behind Done
	// Head is the first of those that wait, as it reads, without its content; the
	// zero Record if none waits.
	Head Record
}

// Stopped reports whether the sequence goes on only after a person, a resolver or a
// late word of the ERP has told what is to become of its head: that was refused or
// failed, or nobody knows how it ended. A [SkipDecision] has the sequence go on
// without it, a [RequeueDecision] has it sent again, and one that is enqueued to
// supersede it takes its place.
func (s Sequence) Stopped() bool { return s.Waiting > 0 && s.Head.stops() }

// stops reports whether what stands behind the record in a sequence has to wait for
// more than the ERP. One that has succeeded does not stand in a sequence's way.
func (r Record) stops() bool {
	switch r.Phase {
	case Queued, Sending, Accepted:
		return false
	}
	return r.Phase != "" && !r.passed()
}

// passed reports whether the record has a place in a sequence that goes on behind
// it.
func (r Record) passed() bool {
	return r.Place > 0 && r.Outcome != nil && r.only("", Settled, Acknowledged, Dead) == nil && r.Outcome.Succeeded()
}

// SequenceQuery selects sequences: see [Store.Sequences].
type SequenceQuery struct {
	Stopped bool   // only those that are stopped
	After   string // only those behind this name
	Limit   int    // at most this many; 0 means 100
}
