package store

import (
	"fmt"
	"time"
)

// maxDeliveries bounds how many notifications that differ are delivered for
// one operation: whoever can make one may make any number.
const maxDeliveries = 16

// deliver keeps a notification, which rec has just taken in, for the handlers
// of a receiver.
func (r Rules) deliver(rec Record, n Notification) error {
	if !n.Deliver || rec.Notifications > maxDeliveries {
		return nil
	}
	n.Deliver = false
	d := Record{Tenant: DeliveryTenant, Phase: Delivery, Kind: string(Unknown), Notifications: 1}
	if rec.Phase != Unmatched { // what the record knows counts, and not what the sender said
		n.Tenant, n.Ref, d.Kind = rec.Tenant, rec.Ref, string(Matched)
	}
	now := r.Tx.Now()
	// Refs are listed in their order: the oldest first.
	d.Ref = fmt.Sprintf("delivery:%s:%s:%d", now.UTC().Format("20060102T150405.000000000"), rec.Ref, rec.Notifications)
	d.Notification, d.CreatedAt, d.Due = &n, now, now
	_, err := r.put(d)
	return err
}

// decideDelivery is [Rules.Decide] for a delivery whose lease is held.
func (r Rules) decideDelivery(rec Record, d Decision) (Record, error) {
	now := r.Tx.Now()
	wanted := Delivery
	change := "be decided like an operation"
	switch d := d.(type) {
	case InterruptDecision:
		change = "have a run interrupted"
		if rec.Phase == wanted {
			return r.decided(rec.interrupted())
		}
	case AcknowledgeDecision:
		change = "be acknowledged"
		if rec.Phase == wanted {
			return r.gone(rec, "")
		}
	case DropDecision:
		change = "be dropped"
		if rec.Phase == Dead {
			return r.gone(rec, d.Reason)
		}
	case RetryDecision:
		change = "be retried"
		if rec.Phase == wanted {
			rec.Due, rec.Reason = d.Due, d.Reason
			return r.decided(rec)
		}
	case DeadLetterDecision:
		change = "be dead-lettered"
		if rec.Phase == wanted {
			rec.Phase, rec.Due, rec.Reason, rec.EndedAt = Dead, time.Time{}, d.Reason, now
			return r.decided(rec)
		}
	case ReplayDecision:
		change = "be replayed"
		if rec.Phase == Dead {
			rec.Phase, rec.Due, rec.Attempts, rec.EndedAt = Delivery, now, 0, time.Time{}
			return r.decided(rec)
		}
	}
	return Record{}, &PhaseError{rec.Ref, rec.Phase, change}
}

// gone removes a delivery that nobody handles any more, and returns it as it was
// left.
func (r Rules) gone(rec Record, reason string) (Record, error) {
	rec.Lease = release(rec.Lease)
	return rec.acknowledged(r.Tx.Now(), reason), r.Tx.Delete(rec.Tenant, rec.Ref)
}
