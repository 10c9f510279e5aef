package sqlitestore

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

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
		size, _ = sizeOf(o.Content)
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
			o.Content = standIn(size)
		}
	}
}

// encode appends the document of a record to buf.
func encode(buf []byte, r store.Record) ([]byte, error) { return encodeWith(buf, &r, quoted{}) }

// encodeWith does the same, where once may be the body of its notification.
func encodeWith(buf []byte, r *store.Record, once quoted) ([]byte, error) {
	e := encoder{buf: append(buf, '{'), once: once}
	fields(&e, r)
	if e.err != nil {
		return nil, fmt.Errorf("encode record %s: %w", r.Ref, e.err)
	}
	return append(e.buf, '}'), nil
}

// encoder is the [coder] that writes.
type encoder struct {
	buf  []byte
	err  error
	once quoted
}

func (e *encoder) name(name string) {
	if e.buf[len(e.buf)-1] != '{' {
		e.buf = append(e.buf, ',')
	}
	e.buf = append(e.buf, '"')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '"', ':')
}

func (e *encoder) text(name string, v *string) {
	if *v != "" {
		e.always(name, v)
	}
}

func (e *encoder) always(name string, v *string) {
	e.name(name)
	e.buf = appendString(e.buf, armour(*v))
}

func (e *encoder) bytes(name string, v *[]byte) {
	switch {
	case len(*v) == 0:
	case e.once.is(*v):
		e.name(name)
		e.buf = append(e.buf, e.once.text...)
	default:
		e.name(name)
		e.buf = appendBytes(e.buf, *v)
	}
}

func (e *encoder) strings(v []string) {
	e.buf = append(e.buf, '[')
	for i, s := range v {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.buf = appendString(e.buf, armour(s))
	}
	e.buf = append(e.buf, ']')
}

func (e *encoder) list(name string, v *[]string) {
	if len(*v) > 0 {
		e.name(name)
		e.strings(*v)
	}
}

func (e *encoder) texts(name string, v *map[string]string) {
	if len(*v) == 0 {
		return
	}
	e.name(name)
	e.buf = append(e.buf, '{')
	var room [16]string
	keys, m := room[:0], *v
	for k := range m {
		if armour(k) != k { // the order is that of what is written
			m = make(map[string]string, len(*v))
			for k, text := range *v {
				m[armour(k)] = text
			}
			keys = slices.AppendSeq(keys[:0], maps.Keys(m))
			break
		}
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		e.key(k)
		e.buf = appendString(e.buf, armour(m[k]))
	}
	e.buf = append(e.buf, '}')
}

func (e *encoder) lists(name string, v *map[string][]string) {
	if len(*v) == 0 {
		return
	}
	e.name(name)
	e.buf = append(e.buf, '{')
	m := make(map[string][]string, len(*v))
	for k, list := range *v {
		m[armour(k)] = list
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		e.key(k)
		if m[k] == nil {
			e.buf = append(e.buf, "null"...)
		} else {
			e.strings(m[k])
		}
	}
	e.buf = append(e.buf, '}')
}

// key writes the name of something in a map.
func (e *encoder) key(k string) {
	if e.buf[len(e.buf)-1] != '{' {
		e.buf = append(e.buf, ',')
	}
	e.buf = append(appendString(e.buf, k), ':')
}

func (e *encoder) flag(name string, v *bool) {
	if *v {
		e.name(name)
		e.buf = append(e.buf, "true"...)
	}
}

func (e *encoder) number(name string, v *int) {
	if *v != 0 {
		e.name(name)
		e.buf = strconv.AppendInt(e.buf, int64(*v), 10)
	}
}

func (e *encoder) epoch(name string, v *uint64) {
	if *v != 0 {
		e.name(name)
		e.buf = strconv.AppendUint(e.buf, *v, 10)
	}
}

func (e *encoder) time(name string, v *time.Time) {
	if v.IsZero() {
		return
	}
	e.name(name)
	t := v.UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		e.err = fmt.Errorf("%s: the year %d does not fit", name, y)
		return
	}
	e.buf = append(e.buf, '"')
	e.buf = append(t.AppendFormat(e.buf, time.RFC3339Nano), '"')
}

func (e *encoder) duration(name string, v *time.Duration) {
	if *v != 0 {
		e.name(name)
		e.buf = strconv.AppendInt(e.buf, int64(*v), 10)
	}
}

func (e *encoder) open(name string, present bool) bool {
	if present {
		e.name(name)
		e.buf = append(e.buf, '{')
	}
	return present
}

func (e *encoder) close() { e.buf = append(e.buf, '}') }

// decode reads a document. Something stands in for kept content.
func decode(doc string) (rec store.Record, err error) {
	err = decodeTo(&rec, doc)
	return rec, err
}

// decodeTo reads a document into rec, whatever was there.
func decodeTo(rec *store.Record, doc string) error {
	if quickly(rec, doc) {
		return nil
	}
	var d document
	if err := json.Unmarshal([]byte(doc), &d); err != nil {
		*rec = store.Record{}
		return fmt.Errorf("%w: a record's document: %w", ErrCorrupt, err)
	}
	*rec = fromDocument(&d)
	return nil
}

// quickly reads a document of the form that encode writes. If it reports
// false, rec makes no sense.
func quickly(rec *store.Record, doc string) bool {
	*rec = store.Record{}
	if !utf8.ValidString(doc) {
		return false
	}
	d := decoder{s: doc}
	d.expect('{')
	d.next()
	fields(&d, rec)
	d.close()
	if d.bad || d.i != len(d.s) {
		return false
	}
	if rec.Lease != (store.Lease{}) {
		rec.Lease.Tenant, rec.Lease.Ref = rec.Tenant, rec.Ref
	}
	return true
}
