package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// synchronous is the setting that names the standbys that commits wait for.
const synchronous = "synchronous_standby_names"

// Standby adds a server that streams from this one, and returns when nothing is
// committed here any more that is not on its disk as well. While it is stopped,
// commits wait for it. Closing it ends that.
func (c *Cluster) Standby(ctx context.Context) (*Cluster, error) {
	c.mu.Lock()
	// Commits that wait for a standby that has gone are let go when another one
	// next reports.
	settings := map[string]string{"wal_receiver_status_interval": "1s"}
	maps.Copy(settings, c.settings)
	c.mu.Unlock()
	delete(settings, synchronous)
	s, err := newCluster(Config{Settings: settings, Log: c.log})
	if err != nil {
		return nil, fmt.Errorf("add a standby: %w", err)
	}
	err = c.run(filepath.Join(c.bin, "pg_basebackup"), "-D", s.data(), "-d", c.SocketDSN(), "-R", "-X", "stream", "-c", "fast", "--no-sync")
	if err == nil {
		err = s.startSomewhere(ctx)
	}
	if err == nil {
		s.primary = c
		err = c.join(ctx, s)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("add a standby: %w", err), s.Close())
	}
	return s, nil
}

// join has commits wait for one more standby, and waits until they do.
func (c *Cluster) join(ctx context.Context, s *Cluster) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.standbys = append(c.standbys, s)
	if err := c.reload(ctx); err != nil {
		return err
	}
	return until(ctx, c, `SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = $1 AND sync_state = 'sync')`, s.name())
}

// leave has commits wait no more for a standby.
func (c *Cluster) leave(s *Cluster) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.standbys, s)
	if i < 0 {
		return
	}
	c.standbys = slices.Delete(c.standbys, i, i+1)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = c.reload(ctx) // or it is gone
}

// reload makes all standbys synchronous, now and after a restart.
func (c *Cluster) reload(ctx context.Context) error {
	names := make([]string, len(c.standbys))
	for i, s := range c.standbys {
		names[i] = s.name()
	}
	all := ""
	if len(names) > 0 {
		all = fmt.Sprintf("FIRST %d (%s)", len(names), strings.Join(names, ", "))
	}
	if c.settings == nil {
		c.settings = make(map[string]string)
	}
	c.settings[synchronous] = all
	if err := c.configure(c.settings); err != nil {
		return err
	}
	return until(ctx, c, `SELECT pg_reload_conf()`)
}

// Promote makes a standby a primary, and returns when it takes writes. The
// server that it followed must not run any more: nothing keeps clients from it.
func (c *Cluster) Promote(ctx context.Context) error {
	if err := until(ctx, c, `SELECT pg_promote()`); err != nil {
		return fmt.Errorf("promote the standby: %w", err)
	}
	return nil
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
