package sqlitestore_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// TestModel runs random histories on a store in memory and on one in a file
// side by side. They must answer the same, and what they hold must obey the
// invariants after every step. Leases last an hour or have ended as soon as
// they were given, so that no clock decides.
func TestModel(t *testing.T) {
	explicit := false
	flag.Visit(func(f *flag.Flag) { explicit = explicit || f.Name == "rapid.checks" })
	if !explicit {
		if err := flag.Set("rapid.checks", histories); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		m := &machine{dir: dir, mem: store.NewMemory(store.MemoryConfig{Keep: 1000 * time.Hour}), answered: map[string]string{}, sent: map[string]bool{}}
		m.file = m.open(rt, filepath.Join(dir, "0.db"))
		defer func() { m.file.Close(); m.mem.Close() }()
		rt.Repeat(map[string]func(*rapid.T){
			"create": m.create, "accepted": m.accepted, "rejected": m.rejected, "uncertain": m.uncertain, "refuted": m.refuted,
			"settled": m.settled, "told": m.told, "unclear": m.unclear, "enqueue": m.enqueue, "not taken": m.notTaken, "send": m.send, "begin": m.begin, "notify": m.notify, "acquire": m.acquire, "acquire again": m.acquire, "extend": m.extend,
			"document": m.document, "due": m.due, "release": m.release, "decide": m.decide, "decide again": m.decide, "purge": m.purge, "reopen": m.reopen, "crash": m.crash,
			"": m.check,
		})
	})
}

// machine holds both stores and what must not be forgotten.
type machine struct {
	dir  string
	n    int // database files so far
	mem  *store.Memory
	file *sqlitestore.Store

	leases   [][2]store.Lease  // of the store in memory, of the one in the file
	answered map[string]string // the first id that a 202 bound, by ref
	sent     map[string]bool   // refs that were being sent
	seen     []store.Record    // as of the last check
	decided  bool              // the last action was a decision
	purged   []store.Phase     // what the last action may have purged
}

const (
	fjord, fjell = "fjord", "fjell"
	forged       = "forged" // an id that only forgers name
)

var (
	refs    = []string{"a", "b", "c", "d", "e"} // a to c of fjord, d and e of fjell
	tenants = []string{fjord, fjell, store.NoTenant, store.DeliveryTenant}
)

func tenantOf(ref string) string {
	if ref > "c" {
		return fjell
	}
	return fjord
}

// idsOf are the ids that the ERP gives to a tenant.
func idsOf(tenant string) []string { return []string{tenant + "-1", tenant + "-2", tenant + "-3"} }

func pick[T any](t *rapid.T, name string, from ...T) T { return rapid.SampledFrom(from).Draw(t, name) }

func (m *machine) open(t *rapid.T, path string) *sqlitestore.Store {
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// both runs f on both stores and compares the answers.
func both[T any](t *rapid.T, m *machine, f func(side int, s store.Store) (T, error)) ([2]T, error) {
	a, errA := f(0, m.mem)
	b, errB := f(1, m.file)
	if x, y := plain(errA), plain(errB); x != y {
		t.Fatalf("errors differ\nmemory: %s\nfile:   %s", x, y)
	}
	if x, y := show(a), show(b); x != y {
		t.Fatalf("answers differ\nmemory: %s\nfile:   %s", x, y)
	}
	return [2]T{a, b}, errA
}

func (m *machine) create(t *rapid.T) {
	ref := pick(t, "ref", refs...)
	rec := store.Record{
		Tenant: tenantOf(ref), Ref: ref, Method: "POST", Path: "/v2/customerinvoice", Phase: pick(t, "phase", store.Queued, store.Sending, store.Sending),
		Key: pick(t, "key", "", "", "order-1", "order-2"), Supersedes: pick(t, "supersedes", append(refs, "")...), Fingerprint: pick(t, "print", "f1", "f2"), Kind: pick(t, "kind", "", "invoice", "payment"),
	}
	ttl := pick(t, "ttl", time.Hour, time.Hour, time.Nanosecond)
	recs, err := both(t, m, func(_ int, s store.Store) (store.Record, error) { return s.Create(t.Context(), rec, "sender", ttl) })
	if err == nil {
		m.keep(recs)
		delete(m.answered, ref) // a purged one had the same ref
		m.sent[ref] = rec.Phase == store.Sending
	}
}

func (m *machine) enqueue(t *rapid.T) {
	ref := pick(t, "ref", refs...)
	rec := store.Record{
		Tenant: tenantOf(ref), Ref: ref, Method: "POST", Path: "/v2/customerinvoice", Sequence: pick(t, "sequence", "", "s", "s"),
		Key: pick(t, "key", "", "", "order-1", "order-2"), Supersedes: pick(t, "supersedes", append(refs, "", "", "")...), Kind: pick(t, "kind", "", "invoice"),
	}
	_, err := both(t, m, func(_ int, s store.Store) (store.Record, error) {
		return s.Enqueue(t.Context(), rec, []byte("body of "+ref))
	})
	if err == nil {
		delete(m.answered, ref)
		m.sent[ref] = false
	}
}

// send has a record that waits to be sent, if there is one, leased and sent.
func (m *machine) send(t *rapid.T) {
	for i, rec := range m.seen {
		if rec.Phase != store.Queued || !rec.Enqueued || rec.Lease.Owner != "" {
			continue
		}
		recs, err := both(t, m, func(side int, s store.Store) (store.Record, error) {
			tenant, ref := m.nth(t, s, i)
			l, rec, err := s.Acquire(t.Context(), tenant, ref, "sender", store.ToSend, time.Hour)
			if err != nil {
				return rec, err
			}
			return s.Decide(t.Context(), l, store.SendDecision{})
		})
		if err == nil {
			m.keep(recs)
			m.sent[rec.Ref] = true
			return
		}
	}
	t.Skip("nothing to send")
}

func (m *machine) notTaken(t *rapid.T) {
	tenant, ref := m.anyRef(t)
	older, due := pick(t, "older", false, false, true), pick(t, "planned", false, true)
	m.report(t, tenant, ref, func(old store.Record) store.Fact {
		f := store.NotTakenFact{Epoch: old.SendEpoch, Reason: "429"}
		if older {
			f.Epoch = 1
		}
		if due {
			f.Due = time.Now().Add(time.Hour)
		}
		return f
	})
}

// keep remembers the leases of a record.
func (m *machine) keep(recs [2]store.Record) {
	if recs[0].Lease.Owner != "" {
		m.leases = append(m.leases, [2]store.Lease{recs[0].Lease, recs[1].Lease})
	}
}

func (m *machine) report(t *rapid.T, tenant, ref string, fact func(old store.Record) store.Fact) ([2]store.Record, error) {
	return both(t, m, func(_ int, s store.Store) (store.Record, error) {
		old, err := s.Get(t.Context(), tenant, ref)
		if err != nil {
			return old, err
		}
		return s.Report(t.Context(), tenant, ref, fact(old))
	})
}

// anyRef draws the ref of a record that exists, mostly.
func (m *machine) anyRef(t *rapid.T) (tenant, ref string) {
	if len(m.seen) > 0 && pick(t, "existing", true, true, true, false) {
		rec := m.seen[rapid.IntRange(0, len(m.seen)-1).Draw(t, "record")]
		if rec.Tenant != store.DeliveryTenant { // those have the time in their refs
			return rec.Tenant, rec.Ref
		}
	}
	ref = pick(t, "ref", refs...)
	return pick(t, "tenant", tenantOf(ref), tenantOf(ref), fjord), ref
}

func (m *machine) accepted(t *rapid.T) {
	tenant, ref := m.anyRef(t)
	fact := store.AcceptedFact{
		ID:     pick(t, "id", idsOf(tenantOf(ref))...),
		Source: pick(t, "source", store.FromAnswer, store.FromAnswer, store.FromEvidence, store.FromUser),
	}
	if pick(t, "planned", true, false) {
		fact.Due = time.Now().Add(time.Minute)
	}
	recs, err := m.report(t, tenant, ref, func(store.Record) store.Fact { return fact })
	_, conflict := errors.AsType[*store.ConflictError](err)
	if rec := recs[0]; fact.Source == store.FromAnswer && (err == nil || conflict) && rec.ID == fact.ID && m.answered[ref] == "" {
		m.answered[ref] = fact.ID
	}
}

func (m *machine) rejected(t *rapid.T) {
	tenant, ref := m.anyRef(t)
	byUser, stale := pick(t, "by user", true, false), pick(t, "stale", false, false, true)
	m.report(t, tenant, ref, func(old store.Record) store.Fact {
		f := store.RejectedFact{Epoch: old.SendEpoch, ByUser: byUser, Reason: "400"}
		if stale {
			f.Epoch++
		}
		return f
	})
}

func (m *machine) uncertain(t *rapid.T) {
	tenant, ref := m.anyRef(t)
	m.report(t, tenant, ref, func(old store.Record) store.Fact {
		return store.UncertainFact{Epoch: old.SendEpoch, Reason: "reset"}
	})
}

func (m *machine) refuted(t *rapid.T) {
	tenant, ref := m.anyRef(t)
	id := pick(t, "id", append(idsOf(tenantOf(ref)), forged)...)
	m.report(t, tenant, ref, func(store.Record) store.Fact { return store.RefutedFact{ID: id, Reason: "another path"} })
}

func (m *machine) settled(t *rapid.T) {
	tenant, ref := m.anyRef(t)
	out := store.Outcome{Status: "Finished", StatusCode: pick(t, "code", 200, 201, 400, 500), Header: map[string][]string{"Etag": {"x"}}}
	if out.Kept = pick(t, "kept", true, false); out.Kept {
		out.HasContent, out.Content = true, []byte(pick(t, "content", "", "[]", "content"))
	}
	id := pick(t, "id", "bound", "bound", "", fjord+"-1")
	out.Foreground = id == ""
	ends := pick(t, "ends the lease", true, false)
	m.report(t, tenant, ref, func(old store.Record) store.Fact {
		f := store.SettledFact{ID: id, Outcome: out.Clone()}
		if id == "bound" {
			f.ID = old.ID
		}
		if ends {
			f.Epoch = old.Lease.Epoch
		}
		return f
	})
}

func (m *machine) told(t *rapid.T) {
	tenant, ref := m.anyRef(t)
	out := store.Outcome{StatusCode: pick(t, "code", 200, 400), Told: pick(t, "told", "seen", "seen", "")}
	bound := pick(t, "bound", true, false)
	m.report(t, tenant, ref, func(old store.Record) store.Fact {
		f := store.SettledFact{Outcome: out, ByUser: true}
		if bound {
			f.ID = old.ID
		}
		return f
	})
}

func (m *machine) unclear(t *rapid.T) {
	tenant, ref := m.anyRef(t)
	id := pick(t, "id", "bound", "bound", fjord+"-1")
	m.report(t, tenant, ref, func(old store.Record) store.Fact {
		f := store.UnclearFact{ID: id, Outcome: store.Outcome{Status: "Cancelled", StatusCode: 200, Failure: "why", Unconfirmed: true}}
		if id == "bound" {
			f.ID = old.ID
		}
		return f
	})
}

func (m *machine) notify(t *rapid.T) {
	ref := pick(t, "ref", append(slices.Clone(refs), "", "", "stranger")...)
	n := store.Notification{
		Tenant: pick(t, "tenant", "", "", fjord, fjell), Ref: ref, ID: pick(t, "id", append(append(idsOf(fjord), idsOf(fjell)...), forged, "")...),
		Body: []byte(pick(t, "body", "1", "2", "3")), NotificationID: pick(t, "nid", "", "", "n1", "n2"),
		Unparsed: pick(t, "unparsed", false, false, true), Deliver: pick(t, "deliver", false, true), Mode: "subscription",
	}
	if n.Tenant == "" && m.ambiguous(n.ID) {
		t.Skip("which record an id without a tenant finds is not defined if several tenants have it")
	}
	both(t, m, func(_ int, s store.Store) (store.Receipt, error) { return s.Notify(t.Context(), n) })
}

func (m *machine) ambiguous(id string) bool {
	heard, bound := 0, 0
	for _, rec := range m.seen {
		switch {
		case id == "" || rec.ID != id:
		case rec.Phase == store.Unmatched:
			heard++
		default:
			bound++
		}
	}
	return bound > 1 || bound == 0 && heard > 1
}

func (m *machine) acquire(t *rapid.T) {
	m.take(t, pick(t, "purpose", store.ToPoll, store.ToAcknowledge, store.ToResolve))
}

func (m *machine) begin(t *rapid.T) { m.take(t, store.ToRun) }

// take leases a record.
func (m *machine) take(t *rapid.T, purpose store.Purpose) {
	if len(m.seen) == 0 {
		t.Skip("nothing to lease")
	}
	i := rapid.IntRange(0, len(m.seen)-1).Draw(t, "record")
	owner, ttl := pick(t, "owner", "replica-a", "replica-b"), pick(t, "ttl", time.Hour, time.Hour, time.Nanosecond)
	recs, err := both(t, m, func(side int, s store.Store) (store.Record, error) {
		tenant, ref := m.nth(t, s, i)
		_, rec, err := s.Acquire(t.Context(), tenant, ref, owner, purpose, ttl)
		return rec, err
	})
	if err == nil {
		m.keep(recs)
	}
}

// nth names the record at a place in the list of all: the refs of deliveries
// hold the time and differ.
func (m *machine) nth(t *rapid.T, s store.Store, i int) (tenant, ref string) {
	rec := all(t, s)[i]
	return rec.Tenant, rec.Ref
}

func (m *machine) lease(t *rapid.T) [2]store.Lease {
	if len(m.leases) == 0 {
		t.Skip("no lease yet")
	}
	recent := m.leases[max(0, len(m.leases)-6):]
	return pick(t, "lease", recent...)
}

func (m *machine) extend(t *rapid.T) {
	l, ttl := m.lease(t), pick(t, "ttl", time.Hour, time.Nanosecond)
	both(t, m, func(side int, s store.Store) (store.Lease, error) { return s.Extend(t.Context(), l[side], ttl) })
}

func (m *machine) release(t *rapid.T) {
	l := m.lease(t)
	both(t, m, func(side int, s store.Store) (int, error) { return 0, s.Release(t.Context(), l[side]) })
}

func (m *machine) decide(t *rapid.T) {
	l := m.lease(t)
	soon, later := time.Now(), time.Now().Add(time.Hour)
	d := pick[store.Decision](t, "decision", store.SendDecision{}, store.WithdrawDecision{Reason: "a mistake"}, store.RequeueDecision{}, store.SkipDecision{Reason: "by hand"}, store.RescheduleDecision{Due: later}, store.RescheduleDecision{Due: later, Notifications: 1},
		store.RescheduleDecision{Due: soon, Progress: store.Progress{Status: "Started", Missing: true}}, store.AcknowledgeDecision{}, store.AcknowledgeDecision{},
		store.InterruptDecision{}, store.RescheduleDecision{Due: time.Now().Add(100 * time.Hour), Progress: store.Progress{Missings: 2, MissingSince: soon, RefusedStatus: 402}},
		store.RetryDecision{Due: later, Reason: "busy"}, store.DeadLetterDecision{Reason: "gave up"}, store.ReplayDecision{}, store.DropDecision{Reason: "no use"}, store.ExpireDecision{Reason: "404"}, store.AbandonDecision{Reason: "by hand"})
	recs, err := both(t, m, func(side int, s store.Store) (store.Record, error) { return s.Decide(t.Context(), l[side], d) })
	m.decided = err == nil
	if err == nil && recs[0].Phase == store.Sending {
		m.sent[recs[0].Ref] = true
	}
}

// document writes a document as it is, or as if nobody had since the first time.
func (m *machine) document(t *rapid.T) {
	name, stale := pick(t, "name", "budget", "pause"), pick(t, "stale", false, false, true)
	body := pick(t, "body", []byte("1"), []byte("2"), nil)
	both(t, m, func(_ int, s store.Store) (string, error) {
		d, err := s.GetDocument(t.Context(), fjord, name)
		if err != nil {
			return "", err
		}
		d.Body = body
		if stale {
			d.Version++
		}
		d, err = s.PutDocument(t.Context(), d)
		return string(d.Body), err
	})
}

func (m *machine) purge(t *rapid.T) {
	tenant, p := pick(t, "tenant", store.AnyTenant, store.AnyTenant, fjord, fjell), store.Retention{}
	for _, at := range []*time.Time{&p.Ended, &p.Unacknowledged, &p.Unmatched} {
		if ago := pick(t, "before", time.Hour, time.Hour, -time.Hour, 0); ago != 0 {
			*at = time.Now().Add(ago)
		}
	}
	both(t, m, func(_ int, s store.Store) (store.PurgeCount, error) { return s.Purge(t.Context(), tenant, p) })
	if m.purged = nil; !p.Ended.IsZero() {
		m.purged = append(m.purged, store.Acknowledged, store.Rejected, store.Expired)
	}
	if !p.Unacknowledged.IsZero() {
		m.purged = append(m.purged, store.Settled)
	}
	if !p.Unmatched.IsZero() {
		m.purged = append(m.purged, store.Unmatched)
	}
}

// due compares what is due. Both go by their own clocks, and several records may be
// due at one moment: so their order is not compared.
func (m *machine) due(t *rapid.T) {
	tenant, q := pick(t, "tenant", fjord, fjell, store.NoTenant), store.DueQuery{By: time.Now().Add(pick(t, "by", 0, time.Minute, 90*time.Minute, -time.Hour))}
	q.Phases = pick(t, "phases", nil, []store.Phase{store.Uncertain}, []store.Phase{store.Sending, store.Settled}, []store.Phase{store.Accepted, store.Settled, store.Expired})
	q.Kinds = pick(t, "kinds", nil, []string{""}, []string{"invoice", "invoice"}, []string{"", "invoice"})
	both(t, m, func(_ int, s store.Store) ([]string, error) {
		list, err := s.Due(t.Context(), tenant, q)
		refs := []string{fmt.Sprint("next ", !list.Next.IsZero())}
		for i, rec := range list.Records {
			if i > 0 && rec.Due.Before(list.Records[i-1].Due) {
				t.Fatalf("%s is due at %v, and listed behind what is due at %v", rec.Ref, rec.Due, list.Records[i-1].Due)
			}
			refs = append(refs, rec.Ref)
		}
		slices.Sort(refs)
		return refs, err
	})
}

func (m *machine) reopen(t *rapid.T) {
	if err := m.file.Close(); err != nil {
		t.Fatal(err)
	}
	m.file = m.open(t, filepath.Join(m.dir, fmt.Sprint(m.n, ".db")))
}

// crash goes on with what a process that was killed would have left on disk.
func (m *machine) crash(t *rapid.T) {
	old := filepath.Join(m.dir, fmt.Sprint(m.n, ".db"))
	m.n++
	now := filepath.Join(m.dir, fmt.Sprint(m.n, ".db"))
	for _, end := range []string{"", "-wal"} {
		// Not while the store is in use in this process: closing the copied
		// file drops its locks. Nobody else uses it, so that this is harmless.
		if err := copyFile(old+end, now+end); err != nil {
			t.Fatal(err)
		}
	}
	dead := m.file
	m.file = m.open(t, now)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
