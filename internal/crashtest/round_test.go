//go:build unix

package crashtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// round is one life that was disturbed, and what came after it.
type round struct {
	t    *testing.T
	name string
	scenario
	dir string
	erp *erp
}

// newRound prepares an ERP and a directory. The fuse is for the points on the
// ERP's side; end is what it does to the child.
func newRound(t *testing.T, name string, f *fuse, end func(*process)) (*round, error) {
	sc, ok := scenarios[name]
	if !ok {
		return nil, fmt.Errorf("no scenario %q", name)
	}
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		return nil, err
	}
	e, err := newERP(f, mockserver.Config{Faults: sc.faults, Workers: 32})
	if err != nil {
		return nil, err
	}
	e.end = end
	return &round{t: t, name: name, scenario: sc, dir: dir, erp: e}, nil
}

// close ends the ERP and removes the directory.
func (r *round) close() {
	r.erp.close()
	_ = os.RemoveAll(r.dir)
}

// start starts a child with orders that the round completes.
func (r *round) start(o orders) (*process, error) {
	o.Dir, o.Base, o.Scenario, o.Hook = r.dir, r.erp.base, r.name, r.erp.hook.Addr().String()
	r.erp.mu.Lock()
	defer r.erp.mu.Unlock()
	p, err := spawn(r.t, o, r.erp.hook)
	r.erp.caller = p
	return p, err
}

// records reads the file as it is.
func (r *round) records() ([]store.Record, error) {
	if _, err := os.Stat(storePath(r.dir)); err != nil {
		return nil, nil // killed before it was made
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	st, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: storePath(r.dir), BusyTimeout: patience})
	if err != nil {
		return nil, err
	}
	defer st.Close()
	recs, err := st.List(ctx, tenant, store.Query{})
	return recs, errors.Join(err, st.Check(ctx))
}

// writable reports whether another process can write to the file. One that
// was stopped in the middle of a transaction keeps all others from it: that is
// SQLite's, and they are told.
func (r *round) writable() (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	st, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: storePath(r.dir), BusyTimeout: 100 * time.Millisecond})
	if err == nil {
		err = st.Release(ctx, store.Lease{Tenant: tenant, Ref: "none", Owner: "nobody"})
		err = errors.Join(err, st.Close())
	}
	if errors.Is(err, sqlitestore.ErrBusy) {
		return false, nil
	}
	return err == nil, err
}

// expect says what an heir is to make of what was left, and why.
func (r *round) expect() (want, id, why string, err error) {
	recs, err := r.records()
	if err != nil {
		return "", "", "", err
	}
	ops, arrivals := r.erp.submitted()
	switch {
	case len(recs) > 1 || len(ops) > 1:
		return "", "", "", fmt.Errorf("%d records and %d operations of one submit", len(recs), len(ops))
	case len(recs) == 0 && arrivals > 0:
		return "", "", "", errors.New("a request left before its record was written")
	case len(recs) == 0 && r.key != "":
		return wantHandled, "", "never sent, submitted again", nil
	case len(recs) == 0:
		return wantNothing, "", "never recorded", nil
	}
	rec := recs[0]
	if len(ops) == 1 {
		id = ops[0].ID
	}
	switch {
	case rec.ID != "" && rec.ID != id:
		return "", "", "", fmt.Errorf("the record has the id %s, the ERP has %q", rec.ID, id)
	case rec.ID != "":
		return wantHandled, id, "known as " + string(rec.Phase), nil
	case id != "" && r.notify != "":
		return wantHandled, id, "lost 202, resolved by evidence", nil
	case !r.once():
		return wantRepeated, id, "uncertain GET, given up and asked again", nil
	case id != "":
		return wantResolved, id, "lost 202, listed as uncertain until a person resolves it", nil
	}
	return wantUncertain, "", "not accepted, listed as uncertain", nil
}

// settled waits until nothing of an ended child is under way at the ERP.
func (r *round) settled(p *process) error {
	for end := time.Now().Add(patience); !r.erp.settled(len(p.said("dialled"))); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return errors.New("the ERP is still busy with a caller that has ended")
		}
	}
	return nil
}

// verify compares what the ERP, the file and the applications tell in the end,
// after so many submits that were meant to be different ones, and so many
// processes.
func (r *round) verify(want string, submits, processes int) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	recs, err := r.records()
	if err != nil {
		return err
	}
	ops, arrivals := r.erp.submitted()
	if r.once() && (arrivals > submits || len(ops) > submits) {
		fail("the ERP saw the request %d times and accepted it %d times", arrivals, len(ops))
	}
	ledger, err := r.ledger()
	if err != nil {
		return err
	}
	known := make(map[string]store.Record)
	for _, rec := range recs {
		if rec.ID != "" {
			known[rec.ID] = rec
		}
		ended := rec.Phase == store.Acknowledged
		switch {
		case want == wantUncertain && rec.Phase == store.Uncertain:
		case want == wantRepeated && rec.Phase == store.Abandoned:
		case !ended:
			fail("%s is %s (%s) in the end", rec.Ref, rec.Phase, rec.Reason)
		}
		if rec.Conflicts > 0 {
			fail("%s has a conflict: %+v", rec.Ref, rec.Conflict)
		}
	}
	accepted := 0
	for _, op := range ops {
		rec, ok := known[op.ID]
		if !ok && r.once() {
			fail("%s was accepted and is not known", op.ID)
		}
		if !ok {
			continue
		}
		accepted++
		right, err := r.erp.answered(op.ID)
		if err != nil {
			fail("%w", err)
		}
		n := 0
		for _, line := range ledger {
			if strings.HasPrefix(line, op.ID+" ") {
				if n++; line != right {
					fail("the application was told %q, the ERP says %q", line, right)
				}
			}
		}
		if rec.Phase == store.Acknowledged && (n < 1 || n > processes) {
			fail("%s was used %d times by %d processes", op.ID, n, processes)
		}
	}
	if len(known) > accepted {
		fail("%d ids are recorded, the ERP knows %d of them", len(known), accepted)
	}
	return errors.Join(errs...)
}

// ledger returns what the applications wrote down.
func (r *round) ledger() ([]string, error) {
	text, err := os.ReadFile(ledgerPath(r.dir))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return slices.DeleteFunc(strings.Split(string(text), "\n"), func(s string) bool { return s == "" }), err
}

// handledBy counts the decisions that took effect, as far as their processes
// could tell.
func handledBy(children ...*process) (n int) {
	for _, p := range children {
		for _, line := range p.said("decided") {
			if strings.HasSuffix(line, " ok") {
				n++
			}
		}
	}
	return n
}
