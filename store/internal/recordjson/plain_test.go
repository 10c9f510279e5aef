package recordjson

import (
	"time"

	"github.com/vismanet-go/background/store"
)

// document is what [fields] writes and reads, for package encoding/json, against
// which both are held.
type document struct {
	Tenant        string            `json:"tenant,omitempty"`
	Ref           string            `json:"ref"`
	Phase         store.Phase       `json:"phase"`
	ID            string            `json:"id,omitempty"`
	IDSource      store.Source      `json:"idSource,omitempty"`
	OtherIDs      []string          `json:"otherIds,omitempty"`
	Candidates    []string          `json:"candidates,omitempty"`
	Key           string            `json:"key,omitempty"`
	KeyReleased   bool              `json:"keyReleased,omitempty"`
	Supersedes    string            `json:"supersedes,omitempty"`
	Fingerprint   string            `json:"fingerprint,omitempty"`
	Kind          string            `json:"kind,omitempty"`
	Verifier      string            `json:"verifier,omitempty"`
	Method        string            `json:"method,omitempty"`
	Path          string            `json:"path,omitempty"`
	Origin        string            `json:"origin,omitempty"`
	Notify        string            `json:"notify,omitempty"`
	Link          string            `json:"link,omitempty"`
	Metadata      map[string]string `json:"metadata,omitempty"`
	Due           time.Time         `json:"due,omitzero"`
	Polls         int               `json:"polls,omitempty"`
	PolledAt      time.Time         `json:"polledAt,omitzero"`
	Progress      progress          `json:"progress,omitzero"`
	Attempts      int               `json:"attempts,omitempty"`
	RunEpoch      uint64            `json:"runEpoch,omitempty"`
	Lease         lease             `json:"lease,omitzero"`
	SendEpoch     uint64            `json:"sendEpoch,omitempty"`
	Notification  *notification     `json:"notification,omitempty"`
	Notifications int               `json:"notifications,omitempty"`
	Duplicates    int               `json:"duplicates,omitempty"`
	Conflict      *conflict         `json:"conflict,omitempty"`
	Conflicts     int               `json:"conflicts,omitempty"`
	Outcome       *outcome          `json:"outcome,omitempty"`
	Reason        string            `json:"reason,omitempty"`
	Late          bool              `json:"late,omitempty"`
	CreatedAt     time.Time         `json:"createdAt,omitzero"`
	SentAt        time.Time         `json:"sentAt,omitzero"`
	AcceptedAt    time.Time         `json:"acceptedAt,omitzero"`
	SettledAt     time.Time         `json:"settledAt,omitzero"`
	EndedAt       time.Time         `json:"endedAt,omitzero"`
	UpdatedAt     time.Time         `json:"updatedAt,omitzero"`
	Asks          int               `json:"asks,omitempty"`
	AskedAt       time.Time         `json:"askedAt,omitzero"`
	FormerIDs     []string          `json:"formerIds,omitempty"`
	Enqueued      bool              `json:"enqueued,omitempty"`
	HasBody       bool              `json:"hasBody,omitempty"`
	Sequence      string            `json:"sequence,omitempty"`
	Place         uint64            `json:"place,omitempty"`
	Blocked       bool              `json:"blocked,omitempty"`
	Sends         int               `json:"sends,omitempty"`
	Doubted       bool              `json:"doubted,omitempty"`
}

type progress struct {
	Status        string    `json:"status,omitempty"`
	StatusCode    int       `json:"statusCode,omitempty"`
	Location      string    `json:"location,omitempty"`
	SeenAt        time.Time `json:"seenAt,omitzero"`
	Missing       bool      `json:"missing,omitempty"`
	MissingSince  time.Time `json:"missingSince,omitzero"`
	Missings      int       `json:"missings,omitempty"`
	RefusedSince  time.Time `json:"refusedSince,omitzero"`
	RefusedStatus int       `json:"refusedStatus,omitempty"`
	ReceivedAt    time.Time `json:"receivedAt,omitzero"`
	StartedAt     time.Time `json:"startedAt,omitzero"`
	EndSeen       time.Time `json:"endSeen,omitzero"`
}

type lease struct {
	Owner string        `json:"owner,omitempty"`
	Epoch uint64        `json:"epoch,omitempty"`
	Until time.Time     `json:"until,omitzero"`
	TTL   time.Duration `json:"ttl,omitempty"` // ns
}

type notification struct {
	Tenant         string            `json:"tenant,omitempty"`
	Ref            string            `json:"ref,omitempty"`
	ID             string            `json:"id,omitempty"`
	NotificationID string            `json:"notificationId,omitempty"`
	StatusCode     int               `json:"statusCode,omitempty"`
	Mode           string            `json:"mode,omitempty"`
	Unparsed       bool              `json:"unparsed,omitempty"`
	Header         map[string]string `json:"header,omitempty"`
	Body           string            `json:"body,omitempty"`
	ReceivedAt     time.Time         `json:"receivedAt,omitzero"`
}

type conflict struct {
	At     time.Time `json:"at,omitzero"`
	Reason string    `json:"reason,omitempty"`
	ID     string    `json:"id,omitempty"`
	Body   string    `json:"body,omitempty"`
}

type outcome struct {
	Status       string              `json:"status,omitempty"`
	Foreground   bool                `json:"foreground,omitempty"`
	StatusCode   int                 `json:"statusCode,omitempty"`
	Header       map[string][]string `json:"header,omitempty"`
	ErrorMessage string              `json:"errorMessage,omitempty"`
	Failure      string              `json:"failure,omitempty"`
	Unconfirmed  bool                `json:"unconfirmed,omitempty"`
	Told         string              `json:"told,omitempty"`
	HasContent   bool                `json:"hasContent,omitempty"`
	Kept         bool                `json:"kept,omitempty"`
	ContentSize  int                 `json:"contentSize,omitempty"`
	ContentType  string              `json:"contentType,omitempty"`
	Confirmed    bool                `json:"confirmed,omitempty"`
	Refuted      string              `json:"refuted,omitempty"`
	ReceivedAt   time.Time           `json:"receivedAt,omitzero"`
	StartedAt    time.Time           `json:"startedAt,omitzero"`
	FinishedAt   time.Time           `json:"finishedAt,omitzero"`
}

func toDocument(r store.Record) document {
	d := document{
		Tenant: Armour(r.Tenant), Ref: Armour(r.Ref), Phase: r.Phase,
		ID: Armour(r.ID), IDSource: r.IDSource, OtherIDs: mappedList(r.OtherIDs, Armour), Candidates: mappedList(r.Candidates, Armour),
		Key: Armour(r.Key), KeyReleased: r.KeyReleased, Supersedes: Armour(r.Supersedes), Fingerprint: Armour(r.Fingerprint),
		Kind: Armour(r.Kind), Verifier: Armour(r.Verifier), Method: Armour(r.Method), Path: Armour(r.Path), Origin: Armour(r.Origin),
		Notify: Armour(r.Notify), Link: Armour(r.Link), Metadata: mapped(r.Metadata, Armour),
		Due: r.Due.UTC(), Polls: r.Polls, PolledAt: r.PolledAt.UTC(),
		Progress: progress{
			Armour(r.Progress.Status), r.Progress.StatusCode, Armour(r.Progress.Location), r.Progress.SeenAt.UTC(),
			r.Progress.Missing, r.Progress.MissingSince.UTC(), r.Progress.Missings, r.Progress.RefusedSince.UTC(), r.Progress.RefusedStatus,
			r.Progress.ReceivedAt.UTC(), r.Progress.StartedAt.UTC(), r.Progress.EndSeen.UTC(),
		},
		Attempts: r.Attempts, RunEpoch: r.RunEpoch, Lease: lease{Armour(r.Lease.Owner), r.Lease.Epoch, r.Lease.Until.UTC(), r.Lease.TTL}, SendEpoch: r.SendEpoch,
		Notifications: r.Notifications, Duplicates: r.Duplicates, Conflicts: r.Conflicts,
		Reason: Armour(r.Reason), Late: r.Late,
		CreatedAt: r.CreatedAt.UTC(), SentAt: r.SentAt.UTC(), AcceptedAt: r.AcceptedAt.UTC(),
		SettledAt: r.SettledAt.UTC(), EndedAt: r.EndedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
		Asks: r.Asks, AskedAt: r.AskedAt.UTC(), FormerIDs: mappedList(r.FormerIDs, Armour),
		Enqueued: r.Enqueued, HasBody: r.HasBody, Sequence: Armour(r.Sequence), Place: r.Place, Blocked: r.Blocked, Sends: r.Sends, Doubted: r.Doubted,
	}
	if n := r.Notification; n != nil {
		d.Notification = &notification{
			Tenant: Armour(n.Tenant), Ref: Armour(n.Ref), ID: Armour(n.ID), NotificationID: Armour(n.NotificationID),
			StatusCode: n.StatusCode, Mode: Armour(n.Mode), Unparsed: n.Unparsed, Header: mapped(n.Header, Armour),
			Body: Armour(string(n.Body)), ReceivedAt: n.ReceivedAt.UTC(),
		}
	}
	if c := r.Conflict; c != nil {
		d.Conflict = &conflict{c.At.UTC(), Armour(c.Reason), Armour(c.ID), Armour(string(c.Body))}
	}
	if o := r.Outcome; o != nil {
		size, _ := SizeOf(o.Content)
		d.Outcome = &outcome{
			Status: Armour(o.Status), Foreground: o.Foreground, StatusCode: o.StatusCode, Header: mappedHeader(o.Header, Armour),
			ErrorMessage: Armour(o.ErrorMessage), Failure: Armour(o.Failure), Unconfirmed: o.Unconfirmed, Told: Armour(o.Told), HasContent: o.HasContent, Kept: o.Kept, ContentSize: size, ContentType: Armour(o.ContentType),
			Confirmed: o.Confirmed, Refuted: Armour(o.Refuted),
			ReceivedAt: o.ReceivedAt.UTC(), StartedAt: o.StartedAt.UTC(), FinishedAt: o.FinishedAt.UTC(),
		}
	}
	return d
}

func fromDocument(d *document) store.Record {
	r := store.Record{
		Tenant: Bare(d.Tenant), Ref: Bare(d.Ref), Phase: d.Phase,
		ID: Bare(d.ID), IDSource: d.IDSource, OtherIDs: mappedList(d.OtherIDs, Bare), Candidates: mappedList(d.Candidates, Bare),
		Key: Bare(d.Key), KeyReleased: d.KeyReleased, Supersedes: Bare(d.Supersedes), Fingerprint: Bare(d.Fingerprint),
		Kind: Bare(d.Kind), Verifier: Bare(d.Verifier), Method: Bare(d.Method), Path: Bare(d.Path), Origin: Bare(d.Origin),
		Notify: Bare(d.Notify), Link: Bare(d.Link), Metadata: mapped(d.Metadata, Bare),
		Due: d.Due, Polls: d.Polls, PolledAt: d.PolledAt,
		Progress: store.Progress{
			Status: Bare(d.Progress.Status), StatusCode: d.Progress.StatusCode, Location: Bare(d.Progress.Location), SeenAt: d.Progress.SeenAt,
			Missing: d.Progress.Missing, MissingSince: d.Progress.MissingSince, Missings: d.Progress.Missings,
			RefusedSince: d.Progress.RefusedSince, RefusedStatus: d.Progress.RefusedStatus,
			ReceivedAt: d.Progress.ReceivedAt, StartedAt: d.Progress.StartedAt, EndSeen: d.Progress.EndSeen,
		},
		Attempts: d.Attempts, RunEpoch: d.RunEpoch, SendEpoch: d.SendEpoch,
		Notifications: d.Notifications, Duplicates: d.Duplicates, Conflicts: d.Conflicts,
		Reason: Bare(d.Reason), Late: d.Late,
		CreatedAt: d.CreatedAt, SentAt: d.SentAt, AcceptedAt: d.AcceptedAt,
		SettledAt: d.SettledAt, EndedAt: d.EndedAt, UpdatedAt: d.UpdatedAt,
		Asks: d.Asks, AskedAt: d.AskedAt, FormerIDs: mappedList(d.FormerIDs, Bare),
		Enqueued: d.Enqueued, HasBody: d.HasBody, Sequence: Bare(d.Sequence), Place: d.Place, Blocked: d.Blocked, Sends: d.Sends, Doubted: d.Doubted,
	}
	if d.Lease != (lease{}) {
		r.Lease = store.Lease{Tenant: r.Tenant, Ref: r.Ref, Owner: Bare(d.Lease.Owner), Epoch: d.Lease.Epoch, Until: d.Lease.Until, TTL: d.Lease.TTL}
	}
	if n := d.Notification; n != nil {
		r.Notification = &store.Notification{
			Tenant: Bare(n.Tenant), Ref: Bare(n.Ref), ID: Bare(n.ID), NotificationID: Bare(n.NotificationID),
			StatusCode: n.StatusCode, Mode: Bare(n.Mode), Unparsed: n.Unparsed, Header: mapped(n.Header, Bare),
			Body: bareBytes(n.Body), ReceivedAt: n.ReceivedAt,
		}
	}
	if c := d.Conflict; c != nil {
		r.Conflict = &store.Conflict{At: c.At, Reason: Bare(c.Reason), ID: Bare(c.ID), Body: bareBytes(c.Body)}
	}
	if o := d.Outcome; o != nil {
		r.Outcome = &store.Outcome{
			Status: Bare(o.Status), Foreground: o.Foreground, StatusCode: o.StatusCode, Header: mappedHeader(o.Header, Bare),
			ErrorMessage: Bare(o.ErrorMessage), Failure: Bare(o.Failure), Unconfirmed: o.Unconfirmed, Told: Bare(o.Told),
			HasContent: o.HasContent, Kept: o.Kept, ContentType: Bare(o.ContentType),
			Confirmed: o.Confirmed, Refuted: Bare(o.Refuted),
			ReceivedAt: o.ReceivedAt, StartedAt: o.StartedAt, FinishedAt: o.FinishedAt,
		}
		if o.Kept {
			r.Outcome.Content = StandIn(o.ContentSize)
		}
	}
	return r
}

// mapped applies f to the keys and values.
func mapped(m map[string]string, f func(string) string) map[string]string {
	if m == nil {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[f(k)] = f(v)
	}
	return out
}

func mappedList(l []string, f func(string) string) []string {
	if l == nil {
		return nil
	}
	out := make([]string, len(l))
	for i, v := range l {
		out[i] = f(v)
	}
	return out
}

func mappedHeader(h map[string][]string, f func(string) string) map[string][]string {
	if h == nil {
		return nil
	}
	out := make(map[string][]string, len(h))
	for k, v := range h {
		out[f(k)] = mappedList(v, f)
	}
	return out
}
