package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
)

// maxIDs bounds the lists of ids that outsiders can make grow.
const maxIDs = 8

// UnmatchedRef is the ref of the record that stands for an operation of which only
// notifications tell; no random ref looks like it. The tenant is that of the
// notification, empty if it named none. An implementation needs it only to read
// ahead what [Rules] will ask for.
func UnmatchedRef(tenant, id string) string {
	return "unmatched:" + strconv.Itoa(len(tenant)) + ":" + tenant + ":" + id // the length keeps a and b:c from a:b and c
}

// Notify is [Store.Notify].
func (r Rules) Notify(n Notification) (Receipt, error) {
	if n.Tenant != "" {
		if err := checkOwn("Notification.Tenant", n.Tenant); err != nil {
			return Receipt{}, err
		}
	}
	if n.ReceivedAt.IsZero() {
		n.ReceivedAt = r.Tx.Now()
	}
	rec, ok, err := r.addressee(n)
	if err != nil {
		return Receipt{}, err
	}
	if !ok {
		return r.unknown(n)
	}
	rec = rec.At(r.Tx.Now())
	if n.Tenant != "" && n.Tenant != rec.Tenant {
		return r.disputed(rec, n, "a notification for another tenant")
	}
	if n.ID != "" && slices.Contains(rec.FormerIDs, n.ID) {
		rec.Notifications++
		if rec, err = r.put(rec); err != nil {
			return Receipt{}, err
		}
		return Receipt{Verdict: Matched, Tenant: rec.Tenant, Ref: rec.Ref}, r.deliver(rec, n)
	}
	if n.ID != "" && rec.ID != "" && n.ID != rec.ID && !slices.Contains(rec.OtherIDs, n.ID) {
		return r.disputed(rec, n, "a notification that names another id")
	}
	return r.hear(rec, n)
}

// addressee finds the record that a notification is for: by our own ref, else
// by the id.
func (r Rules) addressee(n Notification) (Record, bool, error) {
	if n.Ref != "" {
		rec, ok, err := r.Tx.Get(AnyTenant, n.Ref)
		if err != nil || ok && rec.Tenant != DeliveryTenant {
			return rec, ok, err
		}
	}
	if n.ID != "" {
		return r.Tx.GetByID(cmp.Or(n.Tenant, AnyTenant), n.ID)
	}
	return Record{}, false, nil
}

// hear merges a notification into the record that it is for.
func (r Rules) hear(rec Record, n Notification) (Receipt, error) {
	receipt := Receipt{Verdict: Matched, Tenant: rec.Tenant, Ref: rec.Ref}
	last := rec.Notification
	if last != nil && (bytes.Equal(last.Body, n.Body) || (n.NotificationID != "" && last.NotificationID == n.NotificationID)) {
		rec.Duplicates++
		receipt.Verdict = Duplicate
		_, err := r.put(rec)
		return receipt, err
	}
	if last != nil && !last.Unparsed && !n.Unparsed {
		rec.Conflicts++ // of the same operation, and yet different
		if rec.Conflict == nil {
			rec.Conflict = &Conflict{At: r.Tx.Now(), Reason: "two notifications that differ", ID: n.ID, Body: n.Body}
		}
	}
	kept := n
	kept.Deliver = false
	rec.Notification = &kept
	rec.Notifications++
	if rec.ID == "" && n.ID != "" && !slices.Contains(rec.Candidates, n.ID) {
		// The newest ones stay: a flood of forged ids must not shut out the
		// true one.
		rec.Candidates = with(rec.Candidates[max(0, len(rec.Candidates)-maxIDs+1):], n.ID)
	}
	write := r.put
	switch {
	case rec.Phase == Queued && rec.Doubted:
		write = r.doubtful
	case !rec.Phase.Terminal() && !(rec.Phase == Queued && rec.Enqueued):
		rec.Due = r.Tx.Now()
	}
	rec, err := write(rec)
	if err != nil {
		return receipt, err
	}
	return receipt, r.deliver(rec, n)
}

func (r Rules) disputed(rec Record, n Notification, reason string) (Receipt, error) {
	_, err := r.note(rec, Conflict{Reason: reason, ID: n.ID, Body: n.Body})
	return Receipt{Verdict: Disputed, Tenant: rec.Tenant, Ref: rec.Ref}, err
}

// unknown keeps a notification of an operation that has no record.
func (r Rules) unknown(n Notification) (Receipt, error) {
	if n.Ref != "" {
		t, gone, err := r.Tx.GetTombstone(AnyTenant, n.Ref)
		if err != nil {
			return Receipt{}, err
		}
		if gone {
			return Receipt{Verdict: Purged, Tenant: t.Tenant}, nil
		}
	}
	sum := sha256.Sum256(n.Body)
	ref := UnmatchedRef(n.Tenant, cmp.Or(n.ID, "sha256:"+hex.EncodeToString(sum[:])))
	tenant := cmp.Or(n.Tenant, NoTenant)
	old, ok, err := r.Tx.Get(tenant, ref)
	if err != nil {
		return Receipt{}, err
	}
	if ok {
		return r.hear(old, n)
	}
	count, err := r.Tx.CountUnmatched(tenant)
	if err != nil {
		return Receipt{}, err
	}
	if count >= cmp.Or(r.MaxUnmatched, 10_000) {
		return Receipt{}, ErrFull
	}
	now := r.Tx.Now()
	kept := n
	kept.Deliver = false
	rec := Record{
		Tenant: tenant, Ref: ref, Phase: Unmatched, ID: n.ID, Notification: &kept, Notifications: 1,
		CreatedAt: now, Due: now,
	}
	if n.ID != "" {
		rec.IDSource = FromNotification
	}
	receipt := Receipt{Verdict: Unknown, Tenant: rec.Tenant, Ref: rec.Ref}
	if rec, err = r.put(rec); err != nil {
		return receipt, err
	}
	return receipt, r.deliver(rec, n)
}
