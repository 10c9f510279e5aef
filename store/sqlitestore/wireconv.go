package sqlitestore

import (
	"time"

	"github.com/vismanet-go/background/store"
)

func fromDocument(d *document) store.Record {
	r := store.Record{
		Tenant: bare(d.Tenant), Ref: bare(d.Ref), Phase: d.Phase,
		ID: bare(d.ID), IDSource: d.IDSource, OtherIDs: mappedList(d.OtherIDs, bare), Candidates: mappedList(d.Candidates, bare),
		Key: bare(d.Key), KeyReleased: d.KeyReleased, Supersedes: bare(d.Supersedes), Fingerprint: bare(d.Fingerprint),
		Kind: bare(d.Kind), Verifier: bare(d.Verifier), Method: bare(d.Method), Path: bare(d.Path), Origin: bare(d.Origin),
		Notify: bare(d.Notify), Link: bare(d.Link), Metadata: mapped(d.Metadata, bare),
		Due: d.Due, Polls: d.Polls, PolledAt: d.PolledAt,
		Progress: store.Progress{
			Status: bare(d.Progress.Status), StatusCode: d.Progress.StatusCode, Location: bare(d.Progress.Location), SeenAt: d.Progress.SeenAt,
			Missing: d.Progress.Missing, MissingSince: d.Progress.MissingSince, Missings: d.Progress.Missings,
			RefusedSince: d.Progress.RefusedSince, RefusedStatus: d.Progress.RefusedStatus,
			ReceivedAt: d.Progress.ReceivedAt, StartedAt: d.Progress.StartedAt, EndSeen: d.Progress.EndSeen,
		},
		Attempts: d.Attempts, RunEpoch: d.RunEpoch, SendEpoch: d.SendEpoch,
		Notifications: d.Notifications, Duplicates: d.Duplicates, Conflicts: d.Conflicts,
		Reason: bare(d.Reason), Late: d.Late,
		CreatedAt: d.CreatedAt, SentAt: d.SentAt, AcceptedAt: d.AcceptedAt,
		SettledAt: d.SettledAt, EndedAt: d.EndedAt, UpdatedAt: d.UpdatedAt,
	}
	if d.Lease != (lease{}) {
		r.Lease = store.Lease{Tenant: r.Tenant, Ref: r.Ref, Owner: bare(d.Lease.Owner), Epoch: d.Lease.Epoch, Until: d.Lease.Until, TTL: d.Lease.TTL}
	}
	if n := d.Notification; n != nil {
		r.Notification = &store.Notification{
			Tenant: bare(n.Tenant), Ref: bare(n.Ref), ID: bare(n.ID), NotificationID: bare(n.NotificationID),
			StatusCode: n.StatusCode, Mode: bare(n.Mode), Unparsed: n.Unparsed, Header: mapped(n.Header, bare),
			Body: bareBytes(n.Body), ReceivedAt: n.ReceivedAt,
		}
	}
	if c := d.Conflict; c != nil {
		r.Conflict = &store.Conflict{At: c.At, Reason: bare(c.Reason), ID: bare(c.ID), Body: bareBytes(c.Body)}
	}
	if o := d.Outcome; o != nil {
		r.Outcome = &store.Outcome{
			Status: bare(o.Status), Foreground: o.Foreground, StatusCode: o.StatusCode, Header: mappedHeader(o.Header, bare),
			ErrorMessage: bare(o.ErrorMessage), Failure: bare(o.Failure), Unconfirmed: o.Unconfirmed, Told: bare(o.Told),
			HasContent: o.HasContent, Kept: o.Kept, ContentType: bare(o.ContentType),
			Confirmed: o.Confirmed, Refuted: bare(o.Refuted),
			ReceivedAt: o.ReceivedAt, StartedAt: o.StartedAt, FinishedAt: o.FinishedAt,
		}
		if o.Kept {
			r.Outcome.Content = standIn(o.ContentSize)
		}
	}
	return r
}

// nanos is the time for a column that is searched: NULL for the zero time,
// and the nearest that fits for times centuries away.
func nanos(t time.Time) any {
	switch {
	case t.IsZero():
		return nil
	case t.Year() < 1700:
		return int64(-8 << 60)
	case t.Year() > 2250:
		return int64(8<<60 - 1)
	}
	return t.UnixNano()
}
