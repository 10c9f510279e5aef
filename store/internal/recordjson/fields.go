package recordjson

import (
	"time"

	"github.com/vismanet-go/background/store"
)

// coder writes or reads one JSON object after the other, field by field. What
// is empty is left out.
type coder interface {
	text(name string, v *string)
	always(name string, v *string) // also what is empty
	bytes(name string, v *[]byte)
	list(name string, v *[]string)
	texts(name string, v *map[string]string)
	lists(name string, v *map[string][]string)
	flag(name string, v *bool)
	number(name string, v *int)
	epoch(name string, v *uint64)
	time(name string, v *time.Time)
	duration(name string, v *time.Duration)
	// open begins an object, which is there if present says so or the
	// document does. If it returns true, close ends it.
	open(name string, present bool) bool
	close()
}

// fields passes all that a document holds, in its order, to c.
func fields(c coder, r *store.Record) {
	c.text("tenant", &r.Tenant)
	c.always("ref", &r.Ref)
	c.always("phase", (*string)(&r.Phase))
	c.text("id", &r.ID)
	c.text("idSource", (*string)(&r.IDSource))
	c.list("otherIds", &r.OtherIDs)
	c.list("candidates", &r.Candidates)
	c.text("key", &r.Key)
	c.flag("keyReleased", &r.KeyReleased)
	c.text("supersedes", &r.Supersedes)
	c.text("fingerprint", &r.Fingerprint)
	c.text("kind", &r.Kind)
	c.text("verifier", &r.Verifier)
	c.text("method", &r.Method)
	c.text("path", &r.Path)
	c.text("origin", &r.Origin)
	c.text("notify", &r.Notify)
	c.text("link", &r.Link)
	c.texts("metadata", &r.Metadata)
	c.time("due", &r.Due)
	c.number("polls", &r.Polls)
	c.time("polledAt", &r.PolledAt)
	progressFields(c, &r.Progress)
	c.number("attempts", &r.Attempts)
	c.epoch("runEpoch", &r.RunEpoch)
	if c.open("lease", r.Lease.Owner != "" || r.Lease.Epoch != 0 || !r.Lease.Until.IsZero() || r.Lease.TTL != 0) {
		c.text("owner", &r.Lease.Owner)
		c.epoch("epoch", &r.Lease.Epoch)
		c.time("until", &r.Lease.Until)
		c.duration("ttl", &r.Lease.TTL)
		c.close()
	}
	c.epoch("sendEpoch", &r.SendEpoch)
	notificationFields(c, r)
	c.number("notifications", &r.Notifications)
	c.number("duplicates", &r.Duplicates)
	conflictFields(c, r)
	c.number("conflicts", &r.Conflicts)
	outcomeFields(c, r)
	c.text("reason", &r.Reason)
	c.flag("late", &r.Late)
	c.time("createdAt", &r.CreatedAt)
	c.time("sentAt", &r.SentAt)
	c.time("acceptedAt", &r.AcceptedAt)
	c.time("settledAt", &r.SettledAt)
	c.time("endedAt", &r.EndedAt)
	c.time("updatedAt", &r.UpdatedAt)
	c.number("asks", &r.Asks)
	c.time("askedAt", &r.AskedAt)
	c.list("formerIds", &r.FormerIDs)
	c.flag("enqueued", &r.Enqueued)
	c.flag("hasBody", &r.HasBody)
	c.text("sequence", &r.Sequence)
	c.epoch("place", &r.Place)
	c.flag("blocked", &r.Blocked)
	c.number("sends", &r.Sends)
	c.flag("doubted", &r.Doubted)
}

func progressFields(c coder, p *store.Progress) {
	if !c.open("progress", *p != store.Progress{}) {
		return
	}
	c.text("status", &p.Status)
	c.number("statusCode", &p.StatusCode)
	c.text("location", &p.Location)
	c.time("seenAt", &p.SeenAt)
	c.flag("missing", &p.Missing)
	c.time("missingSince", &p.MissingSince)
	c.number("missings", &p.Missings)
	c.time("refusedSince", &p.RefusedSince)
	c.number("refusedStatus", &p.RefusedStatus)
	c.time("receivedAt", &p.ReceivedAt)
	c.time("startedAt", &p.StartedAt)
	c.time("endSeen", &p.EndSeen)
	c.close()
}

func notificationFields(c coder, r *store.Record) {
	if !c.open("notification", r.Notification != nil) {
		return
	}
	if r.Notification == nil {
		r.Notification = new(store.Notification)
	}
	n := r.Notification
	c.text("tenant", &n.Tenant)
	c.text("ref", &n.Ref)
	c.text("id", &n.ID)
	c.text("notificationId", &n.NotificationID)
	c.number("statusCode", &n.StatusCode)
	c.text("mode", &n.Mode)
	c.flag("unparsed", &n.Unparsed)
	c.texts("header", &n.Header)
	c.bytes("body", &n.Body)
	c.time("receivedAt", &n.ReceivedAt)
	c.close()
}

func conflictFields(c coder, r *store.Record) {
	if !c.open("conflict", r.Conflict != nil) {
		return
	}
	if r.Conflict == nil {
		r.Conflict = new(store.Conflict)
	}
	c.time("at", &r.Conflict.At)
	c.text("reason", &r.Conflict.Reason)
	c.text("id", &r.Conflict.ID)
	c.bytes("body", &r.Conflict.Body)
	c.close()
}

func outcomeFields(c coder, r *store.Record) {
	if !c.open("outcome", r.Outcome != nil) {
		return
	}
	o, size := r.Outcome, 0
	if o == nil {
		o = new(store.Outcome)
	} else {
		size, _ = SizeOf(o.Content)
	}
	c.text("status", &o.Status)
	c.flag("foreground", &o.Foreground)
	c.number("statusCode", &o.StatusCode)
	c.lists("header", &o.Header)
	c.text("errorMessage", &o.ErrorMessage)
	c.text("failure", &o.Failure)
	c.flag("unconfirmed", &o.Unconfirmed)
	c.text("told", &o.Told)
	c.flag("hasContent", &o.HasContent)
	c.flag("kept", &o.Kept)
	c.number("contentSize", &size)
	c.text("contentType", &o.ContentType)
	c.flag("confirmed", &o.Confirmed)
	c.text("refuted", &o.Refuted)
	c.time("receivedAt", &o.ReceivedAt)
	c.time("startedAt", &o.StartedAt)
	c.time("finishedAt", &o.FinishedAt)
	c.close()
	if r.Outcome == nil { // it was read
		if r.Outcome = o; o.Kept {
			o.Content = StandIn(size)
		}
	}
}
