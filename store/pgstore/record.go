package pgstore

import (
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

// stored is a record as it stands in its table.
type stored struct {
	rec  store.Record
	docs documents
}

// documents are the parts of a record, each in a column of its own: the log of an
// update carries only what lies between the first and the last column that changed.
type documents struct {
	fixed  string // what never changes once it is created
	learnt string // notification, conflict and outcome, which are large; empty if there are none
	doc    string // the rest, which changes with each step
}

// columns are what is searched for and may change.
type columns struct {
	phase                  string
	id, key                *string
	due, until, ttl, ended *int64
	sequence               *string
	place                  *int64
}

// atOnce is the due time of what is due without one.
const atOnce = math.MinInt64

func columnsOfRecord(r *store.Record) columns {
	c := columns{phase: string(r.Phase), id: orNull(r.ID), due: nanos(r.Due)}
	if r.HoldsKey() {
		key := column(r.Key)
		c.key = &key
	}
	if r.Lease.Owner != "" {
		ttl := int64(r.Lease.TTL)
		if c.until = nanos(r.Lease.Until); c.until == nil {
			c.until = new(int64)
		}
		c.ttl = &ttl
	}
	switch _, planned := r.DueAt(r.Due); {
	case !planned:
		c.due = nil
	case r.Due.IsZero():
		first := int64(atOnce)
		c.due = &first
	}
	since := func(t time.Time) { // from the first on, if there is none
		if c.ended = nanos(t); c.ended == nil {
			c.ended = new(int64)
		}
	}
	switch r.Phase {
	case store.Acknowledged, store.Rejected, store.Expired:
		since(r.EndedAt)
	case store.Settled:
		since(r.SettledAt)
	case store.Unmatched:
		since(r.CreatedAt)
	}
	if r.Place != 0 {
		place := int64(r.Place)
		c.sequence, c.place = orNull(r.Sequence), &place
	}
	return c
}

// fixedOf is what never changes of a record once it is created.
func fixedOf(r *store.Record) store.Record {
	return store.Record{
		Tenant: r.Tenant, Ref: r.Ref, Key: r.Key, Supersedes: r.Supersedes, Fingerprint: r.Fingerprint, Kind: r.Kind,
		Verifier: r.Verifier, Method: r.Method, Path: r.Path, Origin: r.Origin, Notify: r.Notify, Link: r.Link,
		Metadata: r.Metadata, CreatedAt: r.CreatedAt, Enqueued: r.Enqueued, Sequence: r.Sequence,
	}
}

// sameFixed reports whether what never changes did not.
func sameFixed(a, b *store.Record) bool {
	return a.Tenant == b.Tenant && a.Ref == b.Ref && a.Key == b.Key && a.Supersedes == b.Supersedes && a.Fingerprint == b.Fingerprint &&
		a.Kind == b.Kind && a.Verifier == b.Verifier && a.Method == b.Method && a.Path == b.Path && a.Origin == b.Origin &&
		a.Notify == b.Notify && a.Link == b.Link && a.CreatedAt.Equal(b.CreatedAt) && a.Enqueued == b.Enqueued && a.Sequence == b.Sequence &&
		maps.Equal(a.Metadata, b.Metadata)
}

// join undoes the division into documents.
func join(fixed, learnt, rest *store.Record) store.Record {
	r := *rest
	r.Tenant, r.Ref, r.Key, r.Supersedes = fixed.Tenant, fixed.Ref, fixed.Key, fixed.Supersedes
	r.Fingerprint, r.Kind, r.Verifier = fixed.Fingerprint, fixed.Kind, fixed.Verifier
	r.Method, r.Path, r.Origin, r.Notify, r.Link = fixed.Method, fixed.Path, fixed.Origin, fixed.Notify, fixed.Link
	r.Metadata, r.CreatedAt, r.Enqueued, r.Sequence = fixed.Metadata, fixed.CreatedAt, fixed.Enqueued, fixed.Sequence
	r.Notification, r.Conflict, r.Outcome = learnt.Notification, learnt.Conflict, learnt.Outcome
	if r.Lease != (store.Lease{}) {
		r.Lease.Tenant, r.Lease.Ref = r.Tenant, r.Ref
	}
	return r
}

// encode returns the documents of a record. Those that stand in the table and have
// not changed since are not made anew: what a record refers to is copied when it is
// changed.
func encode(r *store.Record, was *stored, once recordjson.Quoted) (out documents, err error) {
	if was != nil && sameFixed(&was.rec, r) {
		out.fixed = was.docs.fixed
	} else if out.fixed, err = written(fixedOf(r), recordjson.Quoted{}); err != nil {
		return out, err
	}
	switch {
	case r.Notification == nil && r.Conflict == nil && r.Outcome == nil:
	case was != nil && r.Notification == was.rec.Notification && r.Conflict == was.rec.Conflict && r.Outcome == was.rec.Outcome:
		out.learnt = was.docs.learnt
	default:
		out.learnt, err = written(store.Record{Notification: r.Notification, Conflict: r.Conflict, Outcome: r.Outcome}, once)
		if err != nil {
			return out, err
		}
	}
	rest := *r
	rest.Tenant, rest.Ref, rest.Key, rest.Supersedes, rest.Fingerprint, rest.Kind, rest.Verifier = "", "", "", "", "", "", ""
	rest.Method, rest.Path, rest.Origin, rest.Notify, rest.Link, rest.Metadata = "", "", "", "", "", nil
	rest.CreatedAt, rest.Enqueued, rest.Sequence = time.Time{}, false, ""
	rest.Notification, rest.Conflict, rest.Outcome = nil, nil, nil
	out.doc, err = written(rest, recordjson.Quoted{})
	return out, err
}

func written(r store.Record, once recordjson.Quoted) (string, error) {
	b, err := recordjson.Append(make([]byte, 0, 512), &r, once)
	return string(b), err
}

// decode reads the documents of a record. Something stands in for kept content.
func decode(d documents) (store.Record, error) {
	var fixed, learnt, rest store.Record
	if err := recordjson.Decode(&fixed, d.fixed); err != nil {
		return store.Record{}, fmt.Errorf("%w: the column fixed of a record: %w", ErrCorrupt, err)
	}
	if d.learnt != "" {
		if err := recordjson.Decode(&learnt, d.learnt); err != nil {
			return store.Record{}, fmt.Errorf("%w: the column learnt of record %s: %w", ErrCorrupt, fixed.Ref, err)
		}
	}
	if err := recordjson.Decode(&rest, d.doc); err != nil {
		return store.Record{}, fmt.Errorf("%w: the column doc of record %s: %w", ErrCorrupt, fixed.Ref, err)
	}
	return join(&fixed, &learnt, &rest), nil
}

// kept reports whether a record has content in the table beside it.
func kept(r *store.Record) bool { return r.Outcome != nil && r.Outcome.Kept }

// isThere reports whether the content of a record is with it, and not only stood in
// for.
func isThere(r *store.Record) bool {
	_, elsewhere := recordjson.SizeOf(r.Outcome.Content)
	return !elsewhere
}
