package pgstore

import (
	"fmt"
	"math"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

// stored is a record as it stands in its table.
type stored struct {
	rec   store.Record
	fixed string // the document of what never changes
	plain columns
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
	switch r.Phase {
	case store.Acknowledged, store.Rejected, store.Expired:
		c.ended = nanos(r.EndedAt)
	case store.Settled:
		c.ended = nanos(r.SettledAt)
	case store.Unmatched:
		c.ended = nanos(r.CreatedAt)
	}
	if c.ended == nil {
		switch r.Phase {
		case store.Acknowledged, store.Rejected, store.Expired, store.Settled, store.Unmatched:
			c.ended = new(int64)
		}
	}
	if r.Place != 0 {
		place := int64(r.Place)
		c.sequence, c.place = orNull(r.Sequence), &place
	}
	return c
}

// split divides a record into what never changes once it is created, and the rest.
func split(r store.Record) (fixed, rest store.Record) {
	fixed = store.Record{
		Tenant: r.Tenant, Ref: r.Ref, Key: r.Key, Supersedes: r.Supersedes, Fingerprint: r.Fingerprint, Kind: r.Kind,
		Verifier: r.Verifier, Method: r.Method, Path: r.Path, Origin: r.Origin, Notify: r.Notify, Link: r.Link,
		Metadata: r.Metadata, CreatedAt: r.CreatedAt, Enqueued: r.Enqueued, Sequence: r.Sequence,
	}
	rest = r
	clearFixed(&rest)
	return fixed, rest
}

// join undoes split.
func join(fixed, rest *store.Record) store.Record {
	r := *rest
	r.Tenant, r.Ref, r.Key, r.Supersedes = fixed.Tenant, fixed.Ref, fixed.Key, fixed.Supersedes
	r.Fingerprint, r.Kind, r.Verifier = fixed.Fingerprint, fixed.Kind, fixed.Verifier
	r.Method, r.Path, r.Origin, r.Notify, r.Link = fixed.Method, fixed.Path, fixed.Origin, fixed.Notify, fixed.Link
	r.Metadata, r.CreatedAt, r.Enqueued, r.Sequence = fixed.Metadata, fixed.CreatedAt, fixed.Enqueued, fixed.Sequence
	if r.Lease != (store.Lease{}) {
		r.Lease.Tenant, r.Lease.Ref = r.Tenant, r.Ref
	}
	return r
}

// encode returns the two documents of a record.
func encode(r store.Record, once recordjson.Quoted) (fixed, doc string, err error) {
	f, rest := split(r)
	a, err := recordjson.Append(nil, &f, recordjson.Quoted{})
	if err != nil {
		return "", "", err
	}
	b, err := recordjson.Append(make([]byte, 0, 512), &rest, once)
	return string(a), string(b), err
}

// decode reads the two documents of a record. Something stands in for kept content.
func decode(fixed, doc string) (store.Record, error) {
	var f, rest store.Record
	if err := recordjson.Decode(&f, fixed); err != nil {
		return store.Record{}, fmt.Errorf("%w: the column fixed of a record: %w", ErrCorrupt, err)
	}
	if err := recordjson.Decode(&rest, doc); err != nil {
		return store.Record{}, fmt.Errorf("%w: the column doc of record %s: %w", ErrCorrupt, f.Ref, err)
	}
	return join(&f, &rest), nil
}

// kept reports whether a record has content in the table beside it.
func kept(r *store.Record) bool { return r.Outcome != nil && r.Outcome.Kept }

// isThere reports whether the content of a record is with it, and not only stood in
// for.
func isThere(r *store.Record) bool {
	_, elsewhere := recordjson.SizeOf(r.Outcome.Content)
	return !elsewhere
}

func clearFixed(r *store.Record) {
	r.Tenant, r.Ref, r.Key, r.Supersedes, r.Fingerprint, r.Kind, r.Verifier = "", "", "", "", "", "", ""
	r.Method, r.Path, r.Origin, r.Notify, r.Link, r.Metadata = "", "", "", "", "", nil
	r.CreatedAt, r.Enqueued, r.Sequence = store.Record{}.CreatedAt, false, ""
}
