package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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
		longWait: longWait, findOut: findOut,
	}
	pool, err := pgxpool.ParseConfig(cfg.DSN)
	if err != nil {
		return nil, err
	}
	pool.MaxConns = int32(cfg.MaxConns)
	// A connection is usually asked whether it still works before it is lent. What is
	// done with ours is done again if it does not, so that the question is left out
	// where nothing gives cause for it: a process with nothing to do sends one statement
	// a second, and not two.
	pool.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool {
		return p.IdleDuration > 5*time.Second || p.IdleDuration > time.Second && s.failed.Load() != nil
	}
	pool.ConnConfig.OnNotice = func(c *pgconn.PgConn, n *pgconn.Notice) {
		if n.SeverityUnlocalized == "WARNING" {
			s.warned.Store(c.PID(), true)
		}
	}
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
		if err := s.suits(ctx, conn.Conn()); err != nil {
			return err
		}
		if s.cfg.ValidateOnly {
			return validate(ctx, conn.Conn(), s.cfg.Schema)
		}
		return migrate(ctx, conn.Conn(), s.cfg.Schema)
	})
}

// minVersion is the oldest server that is tested, as server_version_num has it.
const minVersion = 130000

// suits checks that the server can keep what is given to it.
func (s *Store) suits(ctx context.Context, conn *pgx.Conn) error {
	var version int
	var encoding, fsync string
	err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), current_setting('fsync')").Scan(&version, &encoding, &fsync)
	switch {
	case err != nil:
		return err
	case version < minVersion:
		return fmt.Errorf("the server has version %d: want PostgreSQL %d or later", version/10000, minVersion/10000)
	case encoding != "UTF8":
		return errors.New("the database is encoded in " + encoding + ": want one that was made WITH ENCODING 'UTF8'")
	case fsync != "on":
		s.cfg.Logger.WarnContext(ctx, "PostgreSQL does not sync (fsync = off): a loss of power may lose everything")
	}
	return nil
}
