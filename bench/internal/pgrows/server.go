package pgrows

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/internal/pgcluster"
)

// settings are those of every server: commits are synced, there is room for
// all who connect, and no checkpoint comes while something is measured.
var settings = map[string]string{
	"fsync":              "on",
	"synchronous_commit": "on",
	"max_connections":    "400",
	"shared_buffers":     "1GB",
	"max_wal_size":       "8GB",
	"checkpoint_timeout": "1h",
}

// shared is the server that the rows use one after the other.
var shared struct {
	sync.Mutex
	pg        *pgcluster.Cluster
	databases int
}

// Clean stops the server.
func Clean() {
	shared.Lock()
	defer shared.Unlock()
	if shared.pg != nil {
		_ = shared.pg.Close()
		shared.pg = nil
	}
}

// Version is that of the server, if a row has started one.
func Version(ctx context.Context) string {
	shared.Lock()
	defer shared.Unlock()
	var version string
	if shared.pg != nil {
		_ = query(ctx, shared.pg.DSN(), `SHOW server_version`, &version)
	}
	return version
}

// server returns the one that is shared, which it starts when it is first
// asked for.
func server(ctx context.Context, t compare.Try) (*pgcluster.Cluster, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.pg == nil {
		pg, err := start(ctx, t)
		if err != nil {
			return nil, err
		}
		shared.pg = pg
	}
	return shared.pg, nil
}

// start starts a server, or leaves the contender out where there are none. That
// of a short run syncs nothing.
func start(ctx context.Context, t compare.Try) (*pgcluster.Cluster, error) {
	cfg := pgcluster.Config{Settings: maps.Clone(settings)}
	if t.Short {
		cfg.Settings["fsync"] = "off"
	}
	pg, err := pgcluster.Start(ctx, cfg)
	if errors.Is(err, pgcluster.ErrNotInstalled) {
		return nil, &compare.ErrLeftOut{Why: err.Error()}
	}
	if err != nil {
		return nil, err
	}
	if err := durable(ctx, pg); err != nil && !t.Short {
		return nil, errors.Join(err, pg.Close())
	}
	return pg, nil
}

// durable makes sure that what is compared is.
func durable(ctx context.Context, pg *pgcluster.Cluster) error {
	for _, name := range []string{"fsync", "synchronous_commit"} {
		var is string
		if err := query(ctx, pg.DSN(), "SHOW "+name, &is); err != nil || is != "on" {
			return errors.Join(err, fmt.Errorf("%s is %q, want on", name, is))
		}
	}
	return nil
}

// setting changes one of the server's settings until restore is called.
func setting(ctx context.Context, pg *pgcluster.Cluster, name, value string) (restore func() error, err error) {
	set := func(ctx context.Context, value string) error {
		return exec(ctx, pg.DSN(), "ALTER SYSTEM SET "+name+" = "+value, "SELECT pg_reload_conf()", "CHECKPOINT")
	}
	return func() error { return set(context.WithoutCancel(ctx), "DEFAULT") }, set(ctx, "'"+value+"'")
}

// onDatabase calls f with a new database of the shared server, copied from a
// template if one is named, and removes it afterwards. What was written before
// is on disk.
func onDatabase(ctx context.Context, t compare.Try, template string, f func(dsn string) (compare.Figures, error)) (figures compare.Figures, err error) {
	pg, err := server(ctx, t)
	if err != nil {
		return nil, err
	}
	name, err := newDatabase(ctx, t, pg, template)
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, exec(context.WithoutCancel(ctx), pg.DSN(), "DROP DATABASE "+name+" WITH (FORCE)"))
	}()
	return f(database(pg.DSN(), name))
}

func newDatabase(ctx context.Context, t compare.Try, pg *pgcluster.Cluster, template string) (string, error) {
	shared.Lock()
	shared.databases++
	name := fmt.Sprintf("bench_%d", shared.databases)
	shared.Unlock()
	if template == "" {
		template = "template1"
	}
	if err := exec(ctx, pg.DSN(), "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil || t.Short {
		return name, err
	}
	return name, exec(ctx, pg.DSN(), "CHECKPOINT")
}

// database is the DSN with the name of another database.
func database(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	u.Path = "/" + name
	return u.String()
}

// exec runs statements, each by itself.
func exec(ctx context.Context, dsn string, statements ...string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%.40s: %w", sql, err)
		}
	}
	return nil
}

// query scans the one row of a query.
func query(ctx context.Context, dsn, sql string, into ...any) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return conn.QueryRow(ctx, sql).Scan(into...)
}
