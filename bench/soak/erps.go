package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/vismanet-go/background/bench/internal/rows"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

const erpmock = "github.com/vismanet-go/background/mockserver/cmd/erpmock"

// outside is a rig around erpmock as a process, over sockets, with a store on
// disk (see openStore).
type outside struct {
	rig
	program *rows.Program
	srv     *http.Server
	served  chan error
}

func newOutside(ctx context.Context, dir string, seed uint64, keep time.Duration) (*outside, error) {
	o := &outside{rig: rig{name: "process", seed: seed, keep: keep}, served: make(chan error, 1)}
	st, err := openStore(ctx, dir)
	if err != nil {
		return nil, err
	}
	rcv, h, err := newReceiver(st)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o.srv = &http.Server{Handler: &deaf{next: h, chance: chance{seed: seed + 1}}, ReadHeaderTimeout: 10 * time.Second}
	go func() { o.served <- o.srv.Serve(l) }()
	o.st, o.rcv, o.hook = st, rcv, "http://"+l.Addr().String()+hookPath
	program, err := rows.Build(ctx, erpmock)
	if err != nil {
		return nil, err
	}
	rules := filepath.Join(dir, "faults.json")
	if err := os.WriteFile(rules, rulesFile, 0o600); err != nil {
		return nil, err
	}
	o.program, err = rows.Launch(ctx, dir, "/__mock/health", program, "--quiet", "--listen", "ADDRESS", "--rate-limit", "1000000000",
		"--seed", strconv.FormatUint(seed, 10), "--faults", rules, "--exec-time", "5ms", "--workers", "16", "--retention", keep.String(), "--subscription-url", o.hook, "--signing-key", signingKey)
	if err != nil {
		return nil, err
	}
	o.base = o.program.Base
	o.http = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	return o, o.start(ctx)
}

// openStore opens a store on disk, or in memory with the race detector.
func openStore(ctx context.Context, dir string) (store.Store, error) {
	if raced {
		return store.NewMemory(store.MemoryConfig{Keep: time.Second}), nil
	}
	return sqlitestore.Open(ctx, sqlitestore.Config{Path: filepath.Join(dir, "background.db"), KeepTombstones: time.Second})
}

// end ends the rig; erpmock ends after it has been looked at.
func (o *outside) end() error {
	err := o.rig.end()
	return errors.Join(err, o.srv.Close(), o.st.Close())
}

// inside is a rig around a mock in this process, without sockets, with a store
// in memory.
type inside struct {
	rig
	mock *mockserver.Server
}

func newInside(ctx context.Context, seed uint64, keep time.Duration) (*inside, error) {
	i := &inside{rig: rig{name: "within", seed: seed, keep: keep, base: mockserver.BaseURL, hook: "https://hook.test" + hookPath}}
	i.st = store.NewMemory(store.MemoryConfig{Keep: time.Second})
	rcv, h, err := newReceiver(i.st)
	if err != nil {
		return nil, err
	}
	i.rcv = rcv
	rules, err := fault.Parse(rulesFile)
	if err != nil {
		return nil, err
	}
	i.mock, err = mockserver.New(mockserver.Config{
		Seed: seed, Workers: 16, ExecTime: mockserver.Fixed(5 * time.Millisecond), Retention: keep, Faults: rules,
		JournalBytes: 1 << 20, RateLimit: mockserver.RateLimit{Limit: 1 << 30},
		Subscription: mockserver.Subscription{URL: i.hook, SigningKey: signingKey, Retry: mockserver.Retry{Interval: 100 * time.Millisecond}},
		URLRetry:     mockserver.Retry{Interval: 100 * time.Millisecond},
		NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"hook.test": h}),
	})
	if err != nil {
		return nil, err
	}
	i.http = i.mock.Client()
	return i, i.start(ctx)
}

func (i *inside) end() error {
	return errors.Join(i.rig.end(), i.mock.Close(), i.st.Close())
}
