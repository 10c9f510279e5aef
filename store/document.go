package store

import (
	"bytes"
	"fmt"
	"time"
)

// Bounds of a [Document].
const (
	MaxDocument     = 64 << 10 // bytes of its Body
	MaxDocumentName = 200      // bytes of its Name
)

// Document is a small piece of state that all who use a store share beside the
// records: what is left of a budget, a pause, what was learnt. It is changed by
// comparing and setting: read it, compute, and write it on condition that nobody
// else has written meanwhile.
type Document struct {
	Tenant string
	Name   string // unique in its tenant
	// Version is that of the last write, 0 if there is no such document. It is
	// higher than those of all writes of this name before, also of those before
	// a removal.
	Version uint64
	Body    []byte
	// ChangedAt is when it was written last, by the store's clock.
	ChangedAt time.Time
	// Now is the store's clock when it answered, to judge times in the Body by.
	// It is not stored.
	Now time.Time
}

// Clone returns a copy that shares no memory with d.
func (d Document) Clone() Document {
	d.Body = bytes.Clone(d.Body)
	return d
}

// At returns the document as it reads at the time now, with that as its Now. A
// ChangedAt more than [ClockSlack] ahead reads as now, as in [Record.At].
func (d Document) At(now time.Time) Document {
	if d.Now = now; d.ChangedAt.After(now.Add(ClockSlack)) {
		d.ChangedAt = now
	}
	return d
}

// CheckDocument returns an *[InvalidError] for a tenant or a name that no
// document can have.
func CheckDocument(tenant, name string) error {
	switch {
	case name == "":
		return &InvalidError{"Document.Name", "must not be empty"}
	case len(name) > MaxDocumentName:
		return &InvalidError{"Document.Name", fmt.Sprintf("must not be longer than %d bytes", MaxDocumentName)}
	}
	return checkOwn("Document.Tenant", tenant)
}

// GetDocument is [Store.GetDocument].
func (r Rules) GetDocument(tenant, name string) (Document, error) {
	if err := CheckDocument(tenant, name); err != nil {
		return Document{}, err
	}
	return r.document(tenant, name)
}

func (r Rules) document(tenant, name string) (Document, error) {
	d, found, err := r.Tx.GetDocument(tenant, name)
	if err != nil {
		return Document{}, err
	}
	if !found {
		d = Document{Tenant: tenant, Name: name}
	}
	return d.At(r.Tx.Now()), nil
}

// PutDocument is [Store.PutDocument].
func (r Rules) PutDocument(d Document) (Document, error) {
	if err := CheckDocument(d.Tenant, d.Name); err != nil {
		return Document{}, err
	}
	if len(d.Body) > MaxDocument {
		return Document{}, &InvalidError{"Document.Body", fmt.Sprintf("must not be longer than %d bytes", MaxDocument)}
	}
	old, err := r.document(d.Tenant, d.Name)
	if err != nil {
		return Document{}, err
	}
	now := old.Now
	switch {
	case old.Version != d.Version:
		return old, ErrChanged
	case d.Body != nil:
		d = Document{Tenant: d.Tenant, Name: d.Name, Version: nextEpoch(old.Version, now), Body: d.Body, ChangedAt: now}
		err = r.Tx.PutDocument(d)
	case old.Version != 0:
		d, err = Document{Tenant: d.Tenant, Name: d.Name}, r.Tx.DeleteDocument(d.Tenant, d.Name)
	}
	if err != nil {
		return Document{}, err
	}
	d.Now = now
	return d, nil
}

// DocumentTenant is the tenant under which a [Hub] wakes those who watch the
// documents of a tenant, each by its name; no record has it.
func DocumentTenant(tenant string) string { return "*documents:" + tenant }
