package rows

import (
	"context"
	"errors"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/store"
)

// Run is the row of a client that starts beside much that is pending.
func Run() []compare.Row {
	const (
		first   = "first handler ms"
		handled = "handled/s"
		sqlite  = "SQLite, 100 000 pending"
		memory  = "memory, 100 000 pending"
	)
	keeps := func(t compare.Try) holds {
		return compare.Pick(t, holds{pending: 100_000, unhandled: 20_000}, holds{pending: 2000, unhandled: 500})
	}
	row := compare.Row{
		Name: "client/growth/run", Rounds: 3,
		What: "client.Run starts with 100 000 operations that are pending and due, and 20 000 outcomes for its handlers.",
	}
	add := func(name string, open func(context.Context, compare.Try) (store.Store, error)) {
		row.Contenders = append(row.Contenders, compare.Contender{Name: name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			st, err := open(ctx, t)
			if err != nil {
				return nil, err
			}
			begun, one, all, err := sample.RunAll(ctx, st, keeps(t).unhandled)
			if err = errors.Join(err, st.Close()); err != nil {
				return nil, err
			}
			return compare.Figures{
				{Name: first, Value: load.Millis(one.Sub(begun))},
				{Name: handled, Value: float64(keeps(t).unhandled) / all.Sub(begun).Seconds()},
			}, nil
		}})
		row.Goals = append(row.Goals, compare.Goal{Of: name, Figure: first, AtMost: 100}, compare.Goal{Of: name, Figure: handled, AtLeast: 2000})
	}
	add(sqlite, func(ctx context.Context, t compare.Try) (store.Store, error) { return keptStore(ctx, t.Dir, keeps(t)) })
	add(memory, func(ctx context.Context, t compare.Try) (store.Store, error) {
		st := store.NewMemory(store.MemoryConfig{})
		return st, fill(ctx, st, keeps(t))
	})
	return []compare.Row{row}
}
