package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/pgstore"
	"github.com/vismanet-go/background/store/sqlitestore"
)

const (
	// batchRows and batchBytes bound what goes in one transaction, but for one record
	// with its content and body.
	batchRows  = 250
	batchBytes = 4 << 20
	// maxPasses is how often all is gone through again because of what could not be
	// copied: it may have waited for something behind it.
	maxPasses = 3
	// progress is how often it is told how far the copy has come.
	progress = time.Second
)

// The document that tells when a file was copied completely, by the file's id.
const markTenant, markName = "sqlite2postgres", "copied:"

// mover copies one file.
type mover struct {
	cfg    config
	from   *sqlitestore.Export
	to     *pgstore.Store
	stderr io.Writer
	total  int64
	// through is when the last complete copy began, zero if there was none.
	through time.Time
}

func move(ctx context.Context, cfg config, stdout, stderr io.Writer) (err error) {
	from, err := sqlitestore.OpenExport(ctx, sqlitestore.Config{Path: cfg.from, AllowFileSystems: cfg.allow})
	switch {
	case errors.Is(err, sqlitestore.ErrBusy):
		return fmt.Errorf("%w: stop the programs that use it first", err)
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	leased, until, err := from.Leased(ctx)
	if err != nil {
		return err
	}
	if leased > 0 {
		return fmt.Errorf("%s: %d records are leased to a program that has closed the file and may still be at work on them: run this again after %s, when the last of these leases has ended",
			cfg.from, leased, until.Local().Format(time.RFC3339))
	}
	m := &mover{cfg: cfg, from: from, stderr: stderr}
	if m.total, err = from.Count(); err != nil {
		return err
	}
	m.to, err = pgstore.Open(ctx, pgstore.Config{
		DSN: cfg.dsn, Schema: cfg.schema, ValidateOnly: cfg.dryRun || cfg.validateOnly, Patience: 30 * time.Second,
		Logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if cfg.dryRun && errors.Is(err, pgstore.ErrSchema) {
		fmt.Fprintf(stdout, "%v\n\nWithout -dry-run the schema is made or migrated, and %d items are copied or compared.\n", err, m.total)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.to.Close()) }()
	return m.move(ctx, stdout)
}

func (m *mover) move(ctx context.Context, stdout io.Writer) error {
	id, err := m.from.ID(!m.cfg.dryRun)
	if err != nil {
		return err
	}
	mark := store.Document{Tenant: markTenant, Name: markName + id}
	if id != "" {
		if mark, err = m.to.GetDocument(ctx, mark.Tenant, mark.Name); err != nil {
			return err
		}
		if mark.Version != 0 {
			if m.through, err = time.Parse(time.RFC3339Nano, string(mark.Body)); err != nil {
				return fmt.Errorf("the document %s of tenant %s: %w", mark.Name, mark.Tenant, err)
			}
		}
	}
	if m.cfg.dryRun {
		would, err := m.pass(ctx, "look", true)
		if err != nil {
			return err
		}
		would.print(stdout)
		fmt.Fprintf(stdout, "\nNothing was changed. A copy adds and updates what is counted so; what is refused for the sake of something that it updates is tried again then.\n")
		return nil
	}
	// Both clocks are asked, so that neither is ahead of what it is compared with.
	through := m.from.Time()
	if now := mark.Now; now.Before(through) {
		through = now
	}
	moved := newTally(m.cfg.list)
	for n, before := 0, -1; n < maxPasses; n++ {
		t, err := m.pass(ctx, "copy", false)
		if err != nil {
			return fmt.Errorf("%w; what was copied stays, run this again", err)
		}
		moved.add(t)
		refused := t.count(store.ImportRefused)
		if refused == 0 || refused == before {
			break
		}
		before = refused
	}
	removed, err := m.removeGone(ctx)
	if err != nil {
		return fmt.Errorf("%w; what was copied stays, run this again", err)
	}
	seen, err := m.pass(ctx, "verify", true)
	if err != nil {
		return err
	}
	missing := seen.count(store.ImportAdded) + seen.count(store.ImportUpdated)
	seen.changes(moved)
	seen.print(stdout)
	if removed > 0 {
		fmt.Fprintf(stdout, "\n%d deliveries and notifications of an earlier copy were removed: the file has them no more.\n", removed)
	}
	there := seen.count(store.ImportSame) + seen.count(store.ImportKept)
	fmt.Fprintf(stdout, "\nVerified: of %d items in the file, %d are in PostgreSQL or were dealt with there.\n", m.total, there)
	if missing > 0 {
		return fmt.Errorf("%d of %d items are not as they were copied: stop the programs that use the schema already, and run this again", missing, m.total)
	}
	if int64(there) != m.total {
		return fmt.Errorf("%d of %d items are not in PostgreSQL: see what was refused above", m.total-int64(there), m.total)
	}
	mark.Body = []byte(through.Format(time.RFC3339Nano))
	if _, err := m.to.PutDocument(ctx, mark); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "Everything is there. Start the programs on PostgreSQL now, and none on the file any more.")
	return nil
}

// pass goes through all that the file holds.
func (m *mover) pass(ctx context.Context, doing string, dry bool) (*tally, error) {
	t := newTally(m.cfg.list)
	done, begun, told := 0, time.Now(), time.Now()
	var batch []store.Item
	size := 0
	flush := func() error {
		if err := m.batch(ctx, t, batch, dry); err != nil {
			return err
		}
		done += len(batch)
		if now := time.Now(); now.Sub(told) >= progress {
			told = now
			fmt.Fprintf(m.stderr, "%s: %d of %d, %.0f/s\n", doing, done, m.total, float64(done)/now.Sub(begun).Seconds())
		}
		clear(batch)
		batch, size = batch[:0], 0
		return nil
	}
	for it, err := range m.from.All(ctx) {
		if err != nil {
			return nil, err
		}
		if it.Record != nil {
			it.Again = !m.through.IsZero() && !it.Record.CreatedAt.After(m.through)
		}
		if n := it.Size(); len(batch) > 0 && (len(batch) == batchRows || size+n > batchBytes) {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		batch, size = append(batch, it), size+it.Size()
	}
	if err := flush(); err != nil {
		return nil, err
	}
	fmt.Fprintf(m.stderr, "%s: %d of %d in %s\n", doing, done, m.total, time.Since(begun).Round(10*time.Millisecond))
	return t, nil
}

// batch imports a few items. Where they cannot go together, each goes by itself.
func (m *mover) batch(ctx context.Context, t *tally, batch []store.Item, dry bool) error {
	if len(batch) == 0 {
		return nil
	}
	out, err := m.to.Import(ctx, batch, dry)
	switch {
	case err == nil:
		for i, it := range batch {
			t.note(it, out[i])
		}
		return nil
	case ctx.Err() != nil, errors.Is(err, pgstore.ErrUnavailable):
		return err
	case len(batch) == 1:
		t.note(batch[0], store.Imported{Result: store.ImportRefused, Why: err.Error()})
		return nil
	}
	for i := range batch {
		if err := m.batch(ctx, t, batch[i:i+1], dry); err != nil {
			return err
		}
	}
	return nil
}

// removeGone removes what an earlier copy has brought and the file has no more, of
// what leaves nothing behind in it: deliveries that were handled, and what only
// notifications told of and is known by now.
func (m *mover) removeGone(ctx context.Context) (removed int, err error) {
	if m.through.IsZero() {
		return 0, nil
	}
	tenants, err := m.from.Tenants(ctx)
	if err != nil {
		return 0, err
	}
	for _, tenant := range append(tenants, store.DeliveryTenant, store.NoTenant) {
		q := store.Query{Phases: []store.Phase{store.Unmatched}, CreatedBefore: m.through.Add(1), Limit: batchRows, WithoutContent: true}
		if tenant == store.DeliveryTenant {
			q.Phases = []store.Phase{store.Delivery, store.Dead}
		}
		for {
			list, err := m.to.List(ctx, tenant, q)
			if err != nil {
				return removed, err
			}
			if len(list) == 0 {
				break
			}
			last := list[len(list)-1]
			q.After = store.Position{CreatedAt: last.CreatedAt, Ref: last.Ref}
			n, err := m.removeMissing(ctx, list)
			if removed += n; err != nil {
				return removed, err
			}
		}
	}
	return removed, nil
}

func (m *mover) removeMissing(ctx context.Context, list []store.Record) (removed int, err error) {
	var gone []store.Item
	for _, rec := range list {
		here, err := m.from.Has(rec.Ref)
		if err != nil {
			return 0, err
		}
		if !here && !rec.UpdatedAt.After(m.through) {
			gone = append(gone, store.Item{Record: &store.Record{Tenant: rec.Tenant, Ref: rec.Ref, UpdatedAt: m.through}, Gone: true})
		}
	}
	if len(gone) == 0 {
		return 0, nil
	}
	out, err := m.to.Import(ctx, gone, false)
	for _, o := range out {
		if o.Result == store.ImportRemoved {
			removed++
		}
	}
	return removed, err
}
