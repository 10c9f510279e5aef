package pgstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Open connects, makes or migrates the schema unless it may only validate it, and
// starts two goroutines, one that writes and one that listens; [Store.Close] ends
// them. Many may open at once. It fails if no connection can be had for
// [Config].Patience.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Store{
		cfg: cfg, schema: pgx.Identifier{cfg.Schema}.Sanitize(), channel: "background_" + cfg.Schema, sender: newSender(),
		steps: make(chan *step, maxGroup), gone: make(chan struct{}), toggle: make(chan struct{}, 1),
	}
	pool, err := pgxpool.ParseConfig(cfg.DSN)
	if err != nil {
		return nil, err
	}
	pool.MaxConns = int32(cfg.MaxConns)
	if cfg.Configure != nil {
		cfg.Configure(pool)
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, pool); err != nil {
		return nil, err
	}
	listen, err := pgx.ParseConfig(cfg.ListenDSN)
	if err != nil {
		s.pool.Close()
		return nil, err
	}
	if cfg.ListenDSN == cfg.DSN {
		listen = pool.ConnConfig.Copy()
	}
	s.listenConfig = listen
	if err := s.prepare(ctx); err != nil {
		s.pool.Close()
		return nil, fmt.Errorf("open the store in schema %s: %w", cfg.Schema, explain(err))
	}
	s.hub.OnActive = s.setActive
	s.working.Go(s.write)
	s.watching.Go(s.watch)
	return s, nil
}

// prepare migrates or validates the schema.
func (s *Store) prepare(ctx context.Context) error {
	return s.patient(ctx, func(ctx context.Context) error {
		conn, err := s.acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		if s.cfg.ValidateOnly {
			return validate(ctx, conn.Conn(), s.cfg.Schema)
		}
		return migrate(ctx, conn.Conn(), s.cfg.Schema)
	})
}
