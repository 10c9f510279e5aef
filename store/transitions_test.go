package store_test

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/store"
)

var update = flag.Bool("update", false, "write testdata anew")

const idOther = "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"

// move is a fact or a decision about the one record of a store, or a run that
// begins and is left.
type move struct {
	name     string
	fact     func(store.Record) store.Fact
	decision store.Decision
	purpose  store.Purpose // of the lease; to poll if empty
}

// start is a way to a record of which the rules know more than its phase. It was
// created, or enqueued if its name says so: then another one waits behind it in its
// sequence.
type start struct {
	name  string
	moves []string
}

func (s start) enqueued() bool { return strings.HasPrefix(s.name, "enqueued") }

var starts = []start{
	{"queued", nil},
	{"sending", []string{"send"}},
	{"uncertain", []string{"send", "uncertain"}},
	{"accepted", []string{"send", "202"}},
	{"by evidence", []string{"send", "uncertain", "evidence"}},
	{"tentative", []string{"send", "uncertain", "user: id"}},
	{"confirmed by a poll", []string{"send", "uncertain", "user: id", "reschedule"}},
	{"settled", []string{"send", "202", "finished"}},
	{"foreground", []string{"send", "foreground"}},
	{"told", []string{"send", "uncertain", "user: ended"}},
	{"expired", []string{"send", "202", "expire"}},
	{"unclear", []string{"send", "202", "unclear"}},
	{"unclear by evidence", []string{"send", "uncertain", "evidence", "unclear"}},
	{"rejected", []string{"send", "rejected"}},
	{"rejected, was unclear", []string{"send", "202", "unclear", "user: no"}},
	{"abandoned", []string{"send", "uncertain", "abandon"}},
	{"abandoned, was unclear", []string{"send", "202", "unclear", "abandon"}},
	{"acknowledged", []string{"send", "202", "finished", "acknowledge"}},
	{"acknowledged, was expired", []string{"send", "202", "expire", "acknowledge"}},
	{"expired, a person's id", []string{"send", "uncertain", "user: id", "expire"}},
	{"acknowledged, was expired, a person's id", []string{"send", "uncertain", "user: id", "expire", "acknowledge"}},
	{"dead", []string{"send", "202", "finished", "dead-letter"}},
	{"dead, was expired", []string{"send", "202", "expire", "begin", "dead-letter"}},

	{"enqueued", nil},
	{"enqueued, sending", []string{"send"}},
	{"enqueued, not taken", []string{"send", "not taken"}},
	{"enqueued, uncertain", []string{"send", "uncertain"}},
	{"enqueued, doubted", []string{"send", "uncertain", "user: no"}},
	{"enqueued, doubted, notified", []string{"send", "uncertain", "user: no", "notified"}},
	{"enqueued, doubted, sending", []string{"send", "uncertain", "user: no", "send"}},
	{"enqueued, doubted, sending, notified", []string{"send", "uncertain", "user: no", "send", "notified"}},
	{"enqueued, tentative", []string{"send", "uncertain", "user: id"}},
	{"enqueued, accepted", []string{"send", "202"}},
	{"enqueued, refused", []string{"send", "refused"}},
	{"enqueued, refused, acknowledged", []string{"send", "refused", "acknowledge"}},
	{"enqueued, failed", []string{"send", "202", "failed"}},
	{"enqueued, failed, dead", []string{"send", "202", "failed", "dead-letter"}},
	{"enqueued, failed, skipped", []string{"send", "202", "failed", "skip"}},
	{"enqueued, failed, requeued", []string{"send", "202", "failed", "requeue"}},
	{"enqueued, failed, requeued, accepted", []string{"send", "202", "failed", "requeue", "send", "202: other"}},
	{"enqueued, settled", []string{"send", "202", "finished"}},
	{"enqueued, acknowledged", []string{"send", "202", "finished", "acknowledge"}},
	{"enqueued, expired", []string{"send", "202", "expire"}},
	{"enqueued, unclear", []string{"send", "202", "unclear"}},
	{"enqueued, abandoned", []string{"send", "uncertain", "abandon"}},
	{"enqueued, withdrawn", []string{"withdraw"}},
	{"enqueued, doubted, withdrawn", []string{"send", "uncertain", "user: no", "withdraw"}},
}

func moves() []move {
	accepted := func(id string, source store.Source) func(store.Record) store.Fact {
		return func(store.Record) store.Fact { return store.AcceptedFact{ID: id, Source: source} }
	}
	bound := func(o store.Outcome) func(store.Record) store.Fact {
		return func(r store.Record) store.Fact { return store.SettledFact{ID: r.ID, Outcome: o} }
	}
	told := store.Outcome{StatusCode: 200, Told: "it is there"}
	return []move{
		{name: "202", fact: accepted(erpID, store.FromAnswer)},
		{name: "202: other", fact: accepted(idOther, store.FromAnswer)},
		{name: "evidence", fact: accepted(erpID, store.FromEvidence)},
		{name: "evidence: other", fact: accepted(idOther, store.FromEvidence)},
		{name: "user: id", fact: accepted(erpID, store.FromUser)},
		{name: "user: other", fact: accepted(idOther, store.FromUser)},
		{name: "rejected", fact: func(r store.Record) store.Fact { return store.RejectedFact{Epoch: r.SendEpoch, Reason: "400"} }},
		{name: "user: no", fact: func(store.Record) store.Fact { return store.RejectedFact{ByUser: true, Reason: "no"} }},
		{name: "uncertain", fact: func(r store.Record) store.Fact { return store.UncertainFact{Epoch: r.SendEpoch, Reason: "reset"} }},
		{name: "finished", fact: bound(store.Outcome{Status: "Finished", StatusCode: 200})},
		{name: "foreground", fact: func(store.Record) store.Fact {
			return store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 201}}
		}},
		{name: "unclear", fact: func(r store.Record) store.Fact {
			return store.UnclearFact{ID: r.ID, Outcome: store.Outcome{Status: "Cancelled", StatusCode: 200}}
		}},
		{name: "user: ended", fact: func(store.Record) store.Fact { return store.SettledFact{ByUser: true, Outcome: told} }},
		{name: "user: id ended", fact: func(r store.Record) store.Fact { return store.SettledFact{ByUser: true, ID: r.ID, Outcome: told} }},
		{name: "not taken", fact: func(r store.Record) store.Fact { return store.NotTakenFact{Epoch: r.SendEpoch, Reason: "429"} }},
		{name: "older not taken", fact: func(store.Record) store.Fact { return store.NotTakenFact{Epoch: 1, Reason: "429"} }},
		{name: "refused", fact: func(r store.Record) store.Fact { return refused(r.SendEpoch) }},
		{name: "older refused", fact: func(store.Record) store.Fact { return refused(1) }},
		{name: "user: older no", fact: func(store.Record) store.Fact { return store.RejectedFact{ByUser: true, Epoch: 1, Reason: "no"} }},
		{name: "failed", fact: bound(store.Outcome{Status: "Finished", StatusCode: 400})},
		{name: "notified"},
		{name: "send", purpose: store.ToSend, decision: store.SendDecision{}},
		{name: "withdraw", decision: store.WithdrawDecision{Reason: "a mistake"}},
		{name: "requeue", decision: store.RequeueDecision{}},
		{name: "skip", decision: store.SkipDecision{Reason: "done by hand"}},
		{name: "reschedule", decision: store.RescheduleDecision{Progress: store.Progress{Status: "Started"}}},
		{name: "begin", purpose: store.ToRun},
		{name: "interrupt", decision: store.InterruptDecision{}},
		{name: "acknowledge", decision: store.AcknowledgeDecision{}},
		{name: "retry", decision: store.RetryDecision{Reason: "busy"}},
		{name: "dead-letter", decision: store.DeadLetterDecision{Reason: "gave up"}},
		{name: "replay", decision: store.ReplayDecision{}},
		{name: "drop", decision: store.DropDecision{Reason: "no use"}},
		{name: "expire", decision: store.ExpireDecision{Reason: "404"}},
		{name: "abandon", decision: store.AbandonDecision{Reason: "by hand"}},
	}
}

// refused is that the ERP answered an attempt with a refusal.
func refused(epoch uint64) store.Fact {
	return store.SettledFact{Epoch: epoch, Outcome: store.Outcome{Foreground: true, StatusCode: 400}}
}

// board is a store in memory with one record that is moved, and one behind it in
// its sequence if it was enqueued.
type board struct {
	*testing.T
	st    *store.Memory
	moves map[string]move
}

func newBoard(t *testing.T, enqueued bool) *board {
	b := &board{T: t, st: store.NewMemory(store.MemoryConfig{}), moves: map[string]move{}}
	for _, m := range moves() {
		b.moves[m.name] = m
	}
	rec := store.Record{Tenant: "fjord", Ref: "r", Phase: store.Queued, Method: "POST", Path: "/v2/customerinvoice", Key: "order-1"}
	var err error
	if enqueued {
		rec.Sequence = "orders"
		_, err = b.st.Enqueue(t.Context(), rec, []byte("r"))
		next := rec
		next.Ref, next.Key = "next", ""
		if err == nil {
			_, err = b.st.Enqueue(t.Context(), next, []byte("next"))
		}
	} else {
		_, err = b.st.Create(t.Context(), rec, "", 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *board) get() store.Record {
	rec, err := b.st.Get(b.Context(), "fjord", "r")
	if err != nil {
		b.Fatal(err)
	}
	return rec
}

// next is the record behind it, the zero Record if there is none.
func (b *board) next() store.Record {
	rec, err := b.st.Get(b.Context(), "fjord", "next")
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		b.Fatal(err)
	}
	return rec
}

// hasBody reports whether the store keeps its body.
func (b *board) hasBody() bool {
	body, err := b.st.GetBody(b.Context(), "fjord", "r")
	if err != nil && !errors.Is(err, store.ErrNotFound) || err == nil && string(body) != "r" {
		b.Fatalf("got the body %q, %v", body, err)
	}
	return err == nil
}

// move makes a move and returns its error. Decisions are made under a lease of
// their own.
func (b *board) move(name string) error {
	m, rec := b.moves[name], b.get()
	if name == "notified" {
		_, err := b.st.Notify(b.Context(), store.Notification{Tenant: "fjord", Ref: "r", ID: erpID, Body: []byte(erpID)})
		return err
	}
	if m.fact != nil {
		_, err := b.st.Report(b.Context(), "fjord", "r", m.fact(rec))
		return err
	}
	l, got, err := b.st.Acquire(b.Context(), "fjord", "r", "me", cmp.Or(m.purpose, store.ToPoll), time.Minute)
	if errors.Is(err, store.ErrLeased) && rec.Phase == store.Sending {
		l, err = rec.Lease, nil // the attempt's
	}
	if err != nil {
		b.Fatal(err)
	}
	switch {
	case m.decision != nil:
		_, err = b.st.Decide(b.Context(), l, m.decision)
	case got.RunEpoch != l.Epoch:
		err = &store.PhaseError{Ref: got.Ref, Phase: got.Phase, Change: "begin a run"}
	}
	if b.get().Phase != store.Sending {
		err = errors.Join(err, b.st.Release(b.Context(), l))
	}
	return err
}

// place makes the moves that lead to a start.
func (b *board) place(s start) {
	for _, name := range s.moves {
		if err := b.move(name); err != nil {
			b.Fatalf("%s: %s: %v", s.name, name, err)
		}
	}
}

// verdict tells what a move did to a record.
func verdict(before, after store.Record, err error) string {
	var what []string
	if after.Phase != before.Phase {
		what = append(what, string(after.Phase))
	}
	switch {
	case after.ID == before.ID:
	case after.ID == "":
		what = append(what, "id withdrawn")
	default:
		what = append(what, "id bound")
	}
	for changed, word := range map[string]bool{
		"body gone": before.HasBody && !after.HasBody, "left its sequence": before.Place != 0 && after.Place == 0,
		"doubted": after.Doubted && !before.Doubted, "id former": len(after.FormerIDs) > len(before.FormerIDs),
		"candidate": len(after.Candidates) > len(before.Candidates),
		"key freed": before.HoldsKey() && !after.HoldsKey(), "key taken": !before.HoldsKey() && after.HoldsKey(),
		"late": after.Late && !before.Late, "run": after.Attempts > before.Attempts, "second id": len(after.OtherIDs) > len(before.OtherIDs),
		"no outcome": before.Outcome != nil && after.Outcome == nil,
	} {
		if word {
			what = append(what, changed)
		}
	}
	slices.Sort(what)
	_, conflict := errors.AsType[*store.ConflictError](err)
	_, phase := errors.AsType[*store.PhaseError](err)
	_, invalid := errors.AsType[*store.InvalidError](err)
	switch {
	case conflict:
		what = append(what, "conflict")
	case phase:
		what = append(what, "refused")
	case invalid:
		what = append(what, "invalid")
	case err != nil:
		what = append(what, "ERROR "+err.Error())
	case len(what) == 0:
		what = append(what, "ok")
	}
	return strings.Join(what, ", ")
}

// TestEveryMoveFromEveryPhase holds what each fact and each decision does to a
// record, by how far it has come, against testdata/transitions.txt, which is
// meant to be read.
func TestEveryMoveFromEveryPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		for _, s := range starts {
			fmt.Fprintf(&out, "%s (%s)\n", s.name, strings.Join(s.moves, " → "))
			for _, m := range moves() {
				b := newBoard(t, s.enqueued())
				b.place(s)
				before, blocked := b.get(), b.next().Blocked
				err := b.move(m.name)
				v := verdict(before, b.get(), err)
				if blocked && !b.next().Blocked {
					v += ", the next may go"
				}
				if v != "refused" {
					fmt.Fprintf(&out, "    %-16s %s\n", m.name, v)
				}
				b.st.Close()
			}
		}
		path := filepath.Join("testdata", "transitions.txt")
		if *update {
			if err := os.WriteFile(path, []byte(out.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if out.String() != string(want) {
			t.Errorf("the rules have changed; look at the difference after go test -run %s -update\ngot:\n%s", t.Name(), out.String())
		}
	})
}
