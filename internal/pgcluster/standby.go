package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// synchronous is the setting that names the standby that commits wait for.
const synchronous = "synchronous_standby_names"

// Standby adds a server that streams from this one, and returns when nothing is
// committed here any more that is not on its disk as well. Commits wait for it
// while it is added, and while it is stopped later. Closing it ends that; a
// server has one at a time.
func (c *Cluster) Standby(ctx context.Context) (*Cluster, error) {
	c.mu.Lock()
	settings := maps.Clone(c.settings)
	c.mu.Unlock()
	delete(settings, synchronous)
	s, err := newCluster(Config{Settings: settings, Log: c.log})
	if err != nil {
		return nil, fmt.Errorf("add a standby: %w", err)
	}
	err = c.run(filepath.Join(c.bin, "pg_basebackup"), "-D", s.data(), "-d", c.SocketDSN(), "-R", "-X", "stream", "-c", "fast", "--no-sync")
	if err == nil {
		err = c.waitFor(ctx, s)
	}
	if err == nil {
		err = c.join(ctx, s)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("add a standby: %w", err), s.Close())
	}
	return s, nil
}

// join starts a standby when commits wait for it. That its state is "sync" would
// not tell: the server shows it before commits wait. So one has to be seen
// waiting, and be let go by the standby.
func (c *Cluster) join(ctx context.Context, s *Cluster) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.SocketDSN())
	if err != nil {
		return err
	}
	pid := conn.PgConn().PID()
	var waited atomic.Bool
	released := make(chan error, 1)
	go func() {
		defer conn.Close(context.WithoutCancel(ctx))
		_, err := conn.Exec(ctx, "SET synchronous_commit = on")
		for err == nil && !waited.Load() {
			_, err = conn.Exec(ctx, "SELECT pg_logical_emit_message(true, 'pgcluster', '')")
		}
		released <- err
	}()
	err = until(ctx, c, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep')", pid)
	if err == nil {
		waited.Store(true)
		err = s.startSomewhere(ctx)
	}
	if err != nil {
		cancel()
	}
	return errors.Join(err, <-released)
}

// waitFor has commits wait for a standby.
func (c *Cluster) waitFor(ctx context.Context, s *Cluster) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.standby != nil {
		return errors.New("there is one already")
	}
	c.standby, s.primary = s, c
	return c.reload(ctx, s.name)
}

// leave has commits wait no more for a standby.
func (c *Cluster) leave(s *Cluster) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.standby != s {
		return
	}
	c.standby = nil
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = c.reload(ctx, "") // or it is gone
}

// reload changes what commits wait for, now and after a restart.
func (c *Cluster) reload(ctx context.Context, standby string) error {
	if c.settings == nil {
		c.settings = make(map[string]string)
	}
	c.settings[synchronous] = standby
	if err := c.configure(c.settings); err != nil {
		return err
	}
	return until(ctx, c, "SELECT pg_reload_conf()")
}

// Promote makes a standby a primary, and returns when it takes writes. The
// server that it followed must not run any more: nothing keeps clients from it.
func (c *Cluster) Promote(ctx context.Context) error {
	// Whoever waits in the server for its promotion may be in the way of it: what it
	// still has to replay waits half a minute for queries and then cancels them.
	if err := until(ctx, c, `SELECT pg_promote(false)`); err != nil {
		return fmt.Errorf("promote the standby: %w", err)
	}
	for {
		err := until(ctx, c, `SELECT NOT pg_is_in_recovery()`)
		if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != "40001" { // cancelled by that
			return err
		}
	}
}

// until asks a server until it answers with true.
func until(ctx context.Context, c *Cluster, query string, args ...any) error {
	conn, err := pgx.Connect(ctx, c.SocketDSN())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for {
		var yes bool
		if err := conn.QueryRow(ctx, query, args...).Scan(&yes); err != nil || yes {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
