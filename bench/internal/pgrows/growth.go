package pgrows

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/pgqueue"
	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/pgstore"
)

// Names of contenders and figures.
const (
	newBase  = "10 000 pending"
	oldBase  = "1 000 000 acknowledged, 100 000 pending"
	newRiver = "River: 10 000 scheduled"
	oldRiver = "River: 1 000 000 completed, 100 000 scheduled"

	created      = "accepted/s"
	claimed      = "claimed/s"
	firstHandler = "first handler ms"
	handledRate  = "handled/s"
)

// holds is what a database holds before it is measured: ours, or jobs of River
// that are scheduled, available and completed.
type holds struct{ pending, unhandled, acknowledged int }

// growthRow is the row of databases that keep much.
func growthRow() compare.Row {
	row := compare.Row{
		Name: "postgres/growth", Rounds: 3,
		What: "A database that keeps much beside one that keeps little: 64 senders whose records are stored; leases that are taken to poll, and the next poll written; a client, or River, that starts with 20 000 outcomes for its handlers.",
	}
	little := func(t compare.Try) holds {
		return compare.Pick(t, holds{10_000, 20_000, 0}, holds{200, 100, 0})
	}
	much := func(t compare.Try) holds {
		return compare.Pick(t, holds{100_000, 20_000, 1_000_000}, holds{1000, 100, 2000})
	}
	add := func(name string, keeps func(compare.Try) holds, fill func(context.Context, string, holds) error, measure func(context.Context, compare.Try, string, holds) (compare.Figures, error)) {
		row.Contenders = append(row.Contenders, compare.Contender{Name: name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			template, err := filled(ctx, t, name, func(dsn string) error { return fill(ctx, dsn, keeps(t)) })
			if err != nil {
				return nil, err
			}
			return onDatabase(ctx, t, template, func(dsn string) (compare.Figures, error) { return measure(ctx, t, dsn, keeps(t)) })
		}})
	}
	add(newBase, little, fillOurs, growthOurs)
	add(oldBase, much, fillOurs, growthOurs)
	add(newRiver, little, fillRiver, growthRiver)
	add(oldRiver, much, fillRiver, growthRiver)
	for _, figure := range []string{created, claimed} {
		row.Goals = append(row.Goals, compare.Goal{Of: oldBase, To: newBase, Figure: figure, AtLeast: 0.83, Smoke: 0.05})
	}
	row.Goals = append(row.Goals, compare.Goal{Of: oldBase, To: newBase, Figure: firstHandler, AtMost: 1.2}, compare.Goal{Of: oldBase, Figure: handledRate, AtLeast: 2000})
	return row
}

// templates are the databases that were filled, by what they hold.
var templates struct {
	sync.Mutex
	names map[string]string
}

// filled returns the name of a database that was filled once.
func filled(ctx context.Context, t compare.Try, what string, fill func(dsn string) error) (string, error) {
	templates.Lock()
	defer templates.Unlock()
	if name := templates.names[what]; name != "" {
		return name, nil
	}
	pg, err := server(ctx, t)
	if err != nil {
		return "", err
	}
	name, err := newDatabase(ctx, t, pg, "")
	if err != nil {
		return "", err
	}
	dsn := database(pg.DSN(), name)
	if err := errors.Join(fill(dsn), exec(ctx, dsn, "VACUUM ANALYZE", "CHECKPOINT")); err != nil {
		return "", err
	}
	if templates.names == nil {
		templates.names = make(map[string]string)
	}
	templates.names[what] = name
	return name, nil
}

// fillOurs has a store hold what h says. One record of each phase was written
// by the store, and the others are copies of it.
func fillOurs(ctx context.Context, dsn string, h holds) error {
	st, err := pgqueue.OpenStore(ctx, dsn)
	if err != nil {
		return err
	}
	all := map[store.Phase]int{store.Accepted: h.pending, store.Settled: h.unhandled, store.Acknowledged: h.acknowledged}
	for phase, n := range all {
		if n > 0 {
			err = errors.Join(err, sample.Life(ctx, st, sample.KeptRef(phase, 0), 0, phase))
		}
	}
	if err := errors.Join(err, st.Close()); err != nil {
		return err
	}
	for phase, n := range all {
		if err := copyRecord(ctx, dsn, sample.KeptRef(phase, 0), n); err != nil {
			return err
		}
	}
	return nil
}

// copyRecord makes n of one record, and of what is kept beside it.
func copyRecord(ctx context.Context, dsn, ref string, n int) error {
	for _, table := range []string{"records", "contents"} {
		var columns, values string
		err := query(ctx, dsn, `SELECT string_agg(column_name, ', ' ORDER BY ordinal_position), string_agg(
				CASE WHEN data_type = 'text' THEN format('replace(%1$I, %2$L, new)', column_name, '`+ref+`')
				WHEN column_name IN ('created', 'due', 'ended') THEN format('%I + i', column_name) ELSE format('%I', column_name) END, ', ' ORDER BY ordinal_position)
			FROM information_schema.columns WHERE table_schema = '`+pgstore.DefaultSchema+`' AND table_name = '`+table+`'`, &columns, &values)
		if err != nil {
			return err
		}
		name := pgstore.DefaultSchema + "." + table
		err = exec(ctx, dsn, fmt.Sprintf(`INSERT INTO %[1]s (%[2]s) SELECT %[3]s
			FROM (SELECT *, left(%[4]s, 13) || lpad(i::text, 13, '0') AS new FROM %[1]s CROSS JOIN generate_series(1, %[5]d) AS i WHERE ref = %[4]s) AS copies`,
			name, columns, values, "'"+ref+"'", n-1))
		if err != nil {
			return err
		}
	}
	return nil
}

func growthOurs(ctx context.Context, t compare.Try, dsn string, h holds) (compare.Figures, error) {
	st, err := pgqueue.OpenStore(ctx, dsn)
	if err != nil {
		return nil, err
	}
	figures, err := growthOf(ctx, t, st, h)
	return figures, errors.Join(err, st.Close())
}

func growthOf(ctx context.Context, t compare.Try, st store.Store, h holds) (compare.Figures, error) {
	loop := load.Loop{Senders: pgqueue.Connections, For: compare.Pick(t, 3*time.Second, 200*time.Millisecond)}
	made, err := loop.Run(ctx, func(ctx context.Context, _, i int) error {
		_, err := st.Create(ctx, sample.Record(i), "bench", time.Minute)
		return err
	})
	if err != nil {
		return nil, err
	}
	pending := min(h.pending, 10_000)
	polled, err := loop.Run(ctx, func(ctx context.Context, _, i int) error {
		l, _, err := st.Acquire(ctx, sample.Tenant, sample.KeptRef(store.Accepted, i%pending), "bench", store.ToPoll, time.Minute)
		if errors.Is(err, store.ErrLeased) { // the caller of a whole round ago is not done
			return nil
		}
		if err == nil {
			_, err = st.Decide(ctx, l, store.RescheduleDecision{Due: time.Now().Add(time.Minute)})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	begun, one, all, err := sample.RunAll(ctx, st, h.unhandled)
	return compare.Figures{
		{Name: created, Value: made.Speed().At(load.Rate)},
		{Name: claimed, Value: polled.Speed().At(load.Rate)},
		{Name: firstHandler, Value: load.Millis(one.Sub(begun))},
		{Name: handledRate, Value: float64(h.unhandled) / all.Sub(begun).Seconds()},
	}, err
}

// fillRiver has River hold as much.
func fillRiver(ctx context.Context, dsn string, h holds) error {
	q, err := pgqueue.River().Open(ctx, dsn, nil)
	if err != nil {
		return err
	}
	err = q.Accept(ctx, 0)
	if err := errors.Join(err, q.Close()); err != nil {
		return err
	}
	const insert = `INSERT INTO river_job (state, finalized_at, attempt, max_attempts, scheduled_at, args, unique_key, unique_states, kind, queue, priority, metadata, tags)
		SELECT %[1]s, max_attempts, %[2]s, jsonb_set(args, '{id}', to_jsonb(left(args->>'id', -12) || lpad(to_hex(%[3]d + i), 12, '0'))),
			sha256(int8send(%[3]d + i)), unique_states, kind, queue, priority, metadata, tags
		FROM river_job CROSS JOIN generate_series(1, %[4]d) AS i WHERE args->>'id' = '%[5]s'`
	return exec(ctx, dsn,
		fmt.Sprintf(insert, `'completed', now(), 1`, `now()`, 10_000_000, h.acknowledged, sample.ID(0)),
		fmt.Sprintf(insert, `'scheduled', NULL, 0`, `now() + interval '1 day'`, 20_000_000, h.pending, sample.ID(0)),
		fmt.Sprintf(insert, `'available', NULL, 0`, `now() - interval '1 minute'`, availableFrom, h.unhandled, sample.ID(0)),
		`DELETE FROM river_job WHERE args->>'id' = '`+sample.ID(0)+`'`)
}

// availableFrom is the number before that of the first job that is available.
const availableFrom = 30_000_000

func growthRiver(ctx context.Context, t compare.Try, dsn string, h holds) (compare.Figures, error) {
	var first time.Time
	var once sync.Once
	done := newHandled(h.unhandled)
	begun := time.Now()
	q, err := pgqueue.EagerRiver().Open(ctx, dsn, func(n int) {
		once.Do(func() { first = time.Now() })
		done.mark(n - availableFrom - 1)
	})
	if err != nil {
		return nil, err
	}
	err = done.until(ctx, h.unhandled)
	all := time.Now()
	if err := errors.Join(err, q.Close()); err != nil {
		return nil, err
	}
	if q, err = pgqueue.River().Open(ctx, dsn, nil); err != nil {
		return nil, err
	}
	loop := load.Loop{Senders: pgqueue.Connections, For: compare.Pick(t, 3*time.Second, 200*time.Millisecond)}
	made, err := loop.Run(ctx, func(ctx context.Context, _, i int) error { return q.Accept(ctx, i+1) })
	return compare.Figures{
		{Name: created, Value: made.Speed().At(load.Rate)},
		{Name: firstHandler, Value: load.Millis(first.Sub(begun))},
		{Name: handledRate, Value: float64(h.unhandled) / all.Sub(begun).Seconds()},
	}, errors.Join(err, q.Close())
}
