package receiver_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/internal/pgcluster"
	"github.com/vismanet-go/background/internal/pgcluster/pgproxy"
	"github.com/vismanet-go/background/internal/pgcluster/pgtest"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/pgstore"
)

// twoReplicas are two receivers with a handle of their own on one database, whose
// handlers write an effect in the transaction that acknowledges the notification.
type twoReplicas struct {
	proxy  *pgproxy.Proxy // between them and the server
	pool   *pgxpool.Pool  // past it
	stores [2]*pgstore.Store
	muxes  [2]*http.ServeMux
}

func newTwoReplicas(t *testing.T) *twoReplicas {
	t.Helper()
	pg := pgtest.Cluster(t, pgcluster.Config{})
	r := &twoReplicas{}
	var err error
	if r.proxy, err = pgproxy.Start(pg.Addr()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.proxy.Close() })
	dsn, err := r.proxy.DSN(pg.DSN())
	if err != nil {
		t.Fatal(err)
	}
	if r.pool, err = pgxpool.New(t.Context(), pg.DSN()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.pool.Close)
	if _, err := r.pool.Exec(t.Context(), "CREATE TABLE effects (id text NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	for i := range r.stores {
		st, err := pgstore.Open(t.Context(), pgstore.Config{DSN: dsn, Patience: 200 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = st.Close() })
		rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{key}, StoreTimeout: 500 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		rcv.Handle(func(ctx context.Context, n receiver.Notification) error {
			return pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "INSERT INTO effects VALUES ($1)", n.ID); err != nil {
					return err
				}
				return st.CompleteTx(ctx, pgstore.Pgx(tx), n.Lease)
			})
		})
		r.stores[i], r.muxes[i] = st, mounted(rcv)
		stop := run(t, rcv)
		t.Cleanup(func() {
			if err := stop(); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	return r
}

// send sends a notification to one of the two, and returns the status that it answered.
func (r *twoReplicas) send(t *testing.T, i int, id string) int {
	s := receivertest.Sender{URL: "http://replica" + path, Key: key, Handler: r.muxes[i]}
	status, err := s.Send(t.Context(), receivertest.Notice{ID: id, StatusCode: 201})
	if err != nil {
		t.Error(err)
	}
	return status
}

func (r *twoReplicas) count(t *testing.T, query string) (n int) {
	t.Helper()
	if err := r.pool.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// duplicates is how often each of a thousand notifications is sent.
func duplicates(t *testing.T) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("RECEIVER_DUPLICATES"), "20"))
	if err != nil || n < 1 {
		t.Fatalf("RECEIVER_DUPLICATES is %q, want a number", os.Getenv("RECEIVER_DUPLICATES"))
	}
	return n
}

// A thousand notifications, each of them many times, come to two replicas in random
// order, while the database is away for a while: each is stored and handled once.
func TestDuplicatesOverTwoReplicasAreHandledOnce(t *testing.T) {
	const size = 1000
	r := newTwoReplicas(t)
	times := duplicates(t)
	ids := make([]string, 0, size*times)
	for n := range size * times {
		ids = append(ids, fmt.Sprintf("5c1f0f0e-6a0e-4c55-9a55-%012d", n%size))
	}
	rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })

	begun := time.Now()
	var sent, refused atomic.Int64
	next := make(chan string)
	var senders sync.WaitGroup
	for range 64 {
		senders.Go(func() {
			for id := range next {
				for {
					status := r.send(t, rand.IntN(2), id)
					if status == http.StatusOK {
						break
					}
					if status != http.StatusServiceUnavailable {
						t.Errorf("answered %d, want 200 or 503", status)
						return
					}
					refused.Add(1)
					time.Sleep(50 * time.Millisecond) // a dispatcher tries again later
				}
				sent.Add(1)
			}
		})
	}
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		for _, id := range ids {
			next <- id
		}
		close(next)
	}()
	away := map[string]func(bool){
		"refuses": func(away bool) {
			if r.proxy.Refuse(away); away {
				r.proxy.Cut()
			}
		},
		"is silent": r.proxy.Stall,
	}
	for what, be := range away {
		target := sent.Load() + int64(len(ids)/4)
		testkit.Eventually(t, "a quarter sent", func() bool { return sent.Load() >= target })
		be(true)
		for i := range 4 {
			if status := r.send(t, i%2, fmt.Sprintf("5c1f0f0e-6a0e-4c55-9a55-%012d", rand.IntN(size))); status != http.StatusServiceUnavailable {
				t.Errorf("answered %d while the database %s, want 503", status, what)
			}
		}
		be(false)
	}
	<-fed
	senders.Wait()
	took := time.Since(begun)
	testkit.Eventually(t, "a thousand effects", func() bool { return r.count(t, "SELECT count(*) FROM effects") >= size })
	testkit.Eventually(t, "nothing left to handle", func() bool { return left(t, r.stores[0], store.Delivery) == 0 })
	for query, want := range map[string]int{
		"SELECT count(*) FROM effects":                                                size,
		"SELECT count(DISTINCT id) FROM effects":                                      size,
		"SELECT count(*) FROM background.records":                                     size,
		"SELECT count(DISTINCT id) FROM background.records WHERE phase = 'unmatched'": size,
	} {
		if n := r.count(t, query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	t.Logf("%d notifications in %v, handled in %v; %d answers of 503", len(ids), took.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond), refused.Load())
}
