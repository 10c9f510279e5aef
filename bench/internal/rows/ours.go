package rows

import (
	"context"
	"math"
	"path/filepath"

	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store/sqlitestore"
)

func openStore(ctx context.Context, dir string) (*sqlitestore.Store, error) {
	return sqlitestore.Open(ctx, sqlitestore.Config{Path: filepath.Join(dir, "background.db"), MaxUnmatched: math.MaxInt32})
}

// A plant is a receiver on a store of its own, with operations that wait.
type plant struct {
	st  *sqlitestore.Store
	rcv *receiver.Receiver
}

func newPlant(ctx context.Context, dir string, operations int) (*plant, error) {
	st, err := openStore(ctx, dir)
	if err != nil {
		return nil, err
	}
	rcv, err := sample.Receiver(st)
	if err == nil {
		err = sample.Seed(ctx, st, 0, operations)
	}
	if err != nil {
		_ = st.Close()
		return nil, err
	}
	return &plant{st, rcv}, nil
}

// take hands the receiver the n-th notification.
func (p *plant) take(ctx context.Context, n int) error {
	return sample.Hand(ctx, p.rcv, sample.Notice(n))
}
