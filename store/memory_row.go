package store

import (
	"math"
	"time"
)

// row is a record as [Memory] keeps it. A [Record] takes 928 bytes, most of them
// for times and for what few operations ever have; a row takes 416, and 112 more
// once its operation was polled. What a row refers to is shared with the records
// that were read from it.
type row struct {
	tenant, ref     string
	phase           Phase
	id              string
	idSource        Source
	key             string
	fingerprint     string
	kind            string
	method          string
	path            string
	origin          string
	notify          string
	link            string
	metadata        map[string]string
	due, polledAt   int64 // this and the other times: see nanos
	progress        *rowProgress
	runEpoch        uint64
	leaseOwner      string
	leaseEpoch      uint64
	leaseUntil      int64
	leaseTTL        time.Duration
	sendEpoch       uint64
	notification    *Notification
	outcome         *Outcome
	rest            *rowRest
	createdAt       int64
	sentAt          int64
	acceptedAt      int64
	settledAt       int64
	endedAt         int64
	updatedAt       int64
	polls, attempts int32
	notifications   int32
	keyReleased     bool
	late            bool

	sameID *row // the next one with its id
}

// rowProgress is the Progress of a record that was polled.
type rowProgress struct {
	status, location                   string
	seenAt, missingSince, refusedSince int64
	receivedAt, startedAt, endSeen     int64
	statusCode, missings               int32
	refusedStatus                      int32
	missing                            bool
}

// rowRest is what few records have.
type rowRest struct {
	otherIDs   []string
	candidates []string
	supersedes string
	verifier   string
	reason     string
	conflict   *Conflict
	conflicts  int
	duplicates int
	asks       int
	askedAt    time.Time
	formerIDs  []string

	sequence string
	place    uint64
	sends    int32

	enqueued, hasBody, blocked, doubted bool
}

// nanos are those since 1970, also of times that are too far away for that; the
// zero time comes first.
func nanos(t time.Time) int64 {
	switch {
	case t.Year() < 1700:
		return math.MinInt64
	case t.Year() > 2250:
		return math.MaxInt64
	}
	return t.UnixNano()
}

// timeOf is the time of nanos.
func timeOf(n int64) time.Time {
	if n == math.MinInt64 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// set makes the row that of a record.
func (w *row) set(r *Record) {
	*w = row{
		tenant: r.Tenant, ref: r.Ref, phase: r.Phase, id: r.ID, idSource: r.IDSource,
		key: r.Key, keyReleased: r.KeyReleased, fingerprint: r.Fingerprint, kind: r.Kind,
		method: r.Method, path: r.Path, origin: r.Origin, notify: r.Notify, link: r.Link, metadata: r.Metadata,
		due: nanos(r.Due), polls: int32(r.Polls), polledAt: nanos(r.PolledAt), progress: w.progress.with(&r.Progress),
		attempts: int32(r.Attempts), runEpoch: r.RunEpoch, sendEpoch: r.SendEpoch,
		leaseOwner: r.Lease.Owner, leaseEpoch: r.Lease.Epoch, leaseUntil: nanos(r.Lease.Until), leaseTTL: r.Lease.TTL,
		notification: r.Notification, notifications: int32(r.Notifications), outcome: r.Outcome, rest: w.rest.with(r), late: r.Late,
		createdAt: nanos(r.CreatedAt), sentAt: nanos(r.SentAt), acceptedAt: nanos(r.AcceptedAt),
		settledAt: nanos(r.SettledAt), endedAt: nanos(r.EndedAt), updatedAt: nanos(r.UpdatedAt),
		sameID: w.sameID,
	}
}

// with returns what is kept of p, nil if that is nothing, in the place of what
// was.
func (w *rowProgress) with(p *Progress) *rowProgress {
	if *p == (Progress{}) {
		return nil
	}
	if w == nil {
		w = new(rowProgress)
	}
	*w = rowProgress{
		status: p.Status, location: p.Location, statusCode: int32(p.StatusCode), seenAt: nanos(p.SeenAt),
		missing: p.Missing, missingSince: nanos(p.MissingSince), missings: int32(p.Missings),
		refusedSince: nanos(p.RefusedSince), refusedStatus: int32(p.RefusedStatus),
		receivedAt: nanos(p.ReceivedAt), startedAt: nanos(p.StartedAt), endSeen: nanos(p.EndSeen),
	}
	return w
}

func (w *rowRest) with(r *Record) *rowRest {
	rest := rowRest{
		otherIDs: r.OtherIDs, candidates: r.Candidates, supersedes: r.Supersedes, verifier: r.Verifier, reason: r.Reason,
		conflict: r.Conflict, conflicts: r.Conflicts, duplicates: r.Duplicates, asks: r.Asks, askedAt: r.AskedAt,
		formerIDs: r.FormerIDs, sequence: r.Sequence, place: r.Place, sends: int32(r.Sends),
		enqueued: r.Enqueued, hasBody: r.HasBody, blocked: r.Blocked, doubted: r.Doubted,
	}
	outbox := rest.enqueued || rest.hasBody || rest.blocked || rest.doubted || rest.sends != 0 || rest.place != 0 ||
		len(rest.formerIDs)+len(rest.sequence) != 0
	if !outbox && len(rest.otherIDs)+len(rest.candidates)+len(rest.supersedes)+len(rest.verifier)+len(rest.reason) == 0 &&
		rest.conflict == nil && rest.conflicts == 0 && rest.duplicates == 0 && rest.asks == 0 && rest.askedAt.IsZero() {
		return nil
	}
	if w == nil {
		w = new(rowRest)
	}
	*w = rest
	return w
}

// record returns the record of the row.
func (w *row) record() Record {
	r := Record{
		Tenant: w.tenant, Ref: w.ref, Phase: w.phase, ID: w.id, IDSource: w.idSource,
		Key: w.key, KeyReleased: w.keyReleased, Fingerprint: w.fingerprint, Kind: w.kind,
		Method: w.method, Path: w.path, Origin: w.origin, Notify: w.notify, Link: w.link, Metadata: w.metadata,
		Due: timeOf(w.due), Polls: int(w.polls), PolledAt: timeOf(w.polledAt),
		Attempts: int(w.attempts), RunEpoch: w.runEpoch, SendEpoch: w.sendEpoch, Lease: w.lease(),
		Notification: w.notification, Notifications: int(w.notifications), Outcome: w.outcome, Late: w.late,
		CreatedAt: timeOf(w.createdAt), SentAt: timeOf(w.sentAt), AcceptedAt: timeOf(w.acceptedAt),
		SettledAt: timeOf(w.settledAt), EndedAt: timeOf(w.endedAt), UpdatedAt: timeOf(w.updatedAt),
	}
	if p := w.progress; p != nil {
		r.Progress = Progress{
			Status: p.status, Location: p.location, StatusCode: int(p.statusCode), SeenAt: timeOf(p.seenAt),
			Missing: p.missing, MissingSince: timeOf(p.missingSince), Missings: int(p.missings),
			RefusedSince: timeOf(p.refusedSince), RefusedStatus: int(p.refusedStatus),
			ReceivedAt: timeOf(p.receivedAt), StartedAt: timeOf(p.startedAt), EndSeen: timeOf(p.endSeen),
		}
	}
	if x := w.rest; x != nil {
		r.OtherIDs, r.Candidates, r.Supersedes, r.Verifier, r.Reason = x.otherIDs, x.candidates, x.supersedes, x.verifier, x.reason
		r.Conflict, r.Conflicts, r.Duplicates, r.Asks, r.AskedAt = x.conflict, x.conflicts, x.duplicates, x.asks, x.askedAt
		r.FormerIDs, r.Sequence, r.Place, r.Sends = x.formerIDs, x.sequence, x.place, int(x.sends)
		r.Enqueued, r.HasBody, r.Blocked, r.Doubted = x.enqueued, x.hasBody, x.blocked, x.doubted
	}
	return r
}

// told is [Record.told] of the record.
func (w *row) told() told {
	t := told{
		w.phase, w.id, w.due, int(w.polls), int(w.notifications), 0,
		w.outcome != nil, w.outcome != nil && w.outcome.Kept,
	}
	if w.rest != nil {
		t.conflicts = w.rest.conflicts
	}
	return t
}

// lease is that of the record, which is the zero one if it never had any.
func (w *row) lease() Lease {
	if w.leaseEpoch == 0 && w.leaseOwner == "" {
		return Lease{}
	}
	return Lease{Tenant: w.tenant, Ref: w.ref, Owner: w.leaseOwner, Epoch: w.leaseEpoch, Until: timeOf(w.leaseUntil), TTL: w.leaseTTL}
}

func (w *row) position() Position { return Position{timeOf(w.createdAt), w.ref} }

// holdsKey is [Record.HoldsKey].
func (w *row) holdsKey() bool { return w.key != "" && !w.keyReleased }

// planned is what [Record.DueAt] says of it, whatever the time.
func (w *row) planned() bool {
	if w.rest != nil && w.rest.blocked {
		return false
	}
	if w.due != math.MinInt64 {
		return true
	}
	switch w.phase {
	case Accepted, Settled, Expired, Delivery:
		return true
	case Queued:
		return w.rest != nil && w.rest.enqueued
	}
	return false
}

// dueAt is [Record.DueAt] in nanos.
func (w *row) dueAt(now time.Time) int64 {
	if w.due > nanos(now.Add(MaxDue)) {
		return math.MinInt64
	}
	return w.due
}
