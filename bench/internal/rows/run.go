package rows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/client"
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
			begun, one, all, err := runAll(ctx, st, keeps(t).unhandled)
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

// runAll runs a client until its handler has had n outcomes. It returns when it was
// started, when the first handler ran, and when the last one did.
func runAll(ctx context.Context, st store.Store, n int) (begun, one, all time.Time, err error) {
	var first atomic.Pointer[time.Time]
	var left atomic.Int64
	left.Store(int64(n))
	done := make(chan struct{})
	c, err := client.New(client.Config{
		BaseURL: "https://api.finance.visma.net", Store: st, Tenant: tenant, HTTPClient: &http.Client{Transport: running{}},
		OnComplete: map[string]client.Handler{"nobody's": func(context.Context, client.Completion) error {
			now := time.Now()
			first.CompareAndSwap(nil, &now)
			if left.Add(-1) == 0 {
				close(done)
			}
			return nil
		}},
	})
	if err != nil {
		return begun, one, all, err
	}
	defer c.Close()
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	ended := make(chan error, 1)
	begun = time.Now()
	go func() { ended <- c.Run(ctx) }()
	select {
	case <-done:
		all = time.Now()
	case err = <-ended:
		return begun, one, all, errors.Join(err, fmt.Errorf("%d outcomes were not handled within 5 minutes", left.Load()))
	}
	stop()
	return begun, *first.Load(), all, <-ended
}

// running is an ERP whose operations never end.
type running struct{}

func (running) RoundTrip(req *http.Request) (*http.Response, error) {
	body := fmt.Sprintf(`{"id":%q,"status":"Started","receivedUtc":"2026-11-28T10:20:53.75Z"}`, path.Base(req.URL.Path))
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}, nil
}
