package pgrows

import (
	"context"
	"errors"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/pgqueue"
	"github.com/vismanet-go/background/internal/pgcluster/pgproxy"
)

// idleRow is the row of what a process asks of the server that has nothing to
// do.
func idleRow() compare.Row {
	const statements = "statements/s"
	row := compare.Row{
		Name: "postgres/idle", Rounds: 3,
		What: "Nothing to do, handlers waiting: what one process sends to the server, counted on the way.",
	}
	for _, kind := range []pgqueue.Kind{pgqueue.Service(), pgqueue.River(), pgqueue.DBOSQueue(), pgqueue.Watermill()} {
		row.Contenders = append(row.Contenders, compare.Contender{Name: kind.Name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			return onProxy(ctx, t, func(_, dsn string, proxy *pgproxy.Proxy) (compare.Figures, error) {
				q, err := kind.Open(ctx, dsn, func(int) {})
				if err != nil {
					return nil, err
				}
				time.Sleep(compare.Pick(t, 3*time.Second, settle))
				before, begun := proxy.Counts(), time.Now()
				time.Sleep(compare.Pick(t, 20*time.Second, 1200*time.Millisecond))
				after, span := proxy.Counts(), time.Since(begun).Seconds()
				sent := after.Query + after.Execute - before.Query - before.Execute
				return compare.Figures{
					{Name: statements, Value: float64(sent) / span},
					{Name: "round trips/s", Value: float64(after.RoundTrips()-before.RoundTrips()) / span},
				}, q.Close()
			})
		}})
	}
	row.Goals = []compare.Goal{{Of: pgqueue.Service().Name, Figure: statements, AtMost: 1, Smoke: 20}}
	return row
}

// onProxy calls f with a new database, and with the way to it through a proxy.
func onProxy(ctx context.Context, t compare.Try, f func(dsn, there string, proxy *pgproxy.Proxy) (compare.Figures, error)) (compare.Figures, error) {
	return onDatabase(ctx, t, "", func(dsn string) (_ compare.Figures, err error) {
		pg, err := server(ctx, t)
		if err != nil {
			return nil, err
		}
		proxy, err := pgproxy.Start(pg.Addr())
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, proxy.Close()) }()
		there, err := proxy.DSN(dsn)
		if err != nil {
			return nil, err
		}
		return f(dsn, there, proxy)
	})
}
