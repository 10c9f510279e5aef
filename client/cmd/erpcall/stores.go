package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/store/pgstore"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// openSQLite opens a file. One that was named has to be there, for who mistypes its
// name would see nothing in it.
func (a *app) openSQLite(ctx context.Context, s *session, name string, u use) error {
	_, err := os.Stat(name)
	missing := errors.Is(err, fs.ErrNotExist)
	if missing && !s.own && !u.makes {
		return cli.Usagef("--store %q: there is no such file", name)
	}
	if missing && !s.own {
		a.warn("--store: %s was not there and is made; it knows nothing of what was sent before", name)
	}
	if missing { // before SQLite does, and for others to read
		if f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600); err == nil {
			_ = f.Close()
		}
	}
	st, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: name})
	if err != nil {
		return fmt.Errorf("--store: %w", err)
	}
	s.store, s.where = st, name
	s.close = append(s.close, func() { _ = st.Close() })
	return nil
}

// openPostgres opens a schema of the database that the environment or a file names.
func (a *app) openPostgres(ctx context.Context, s *session, schema string) error {
	dsn := cmp.Or(a.Lookup(envDatabase), s.profile.DatabaseURL, a.Lookup("DATABASE_URL"))
	if file := s.profile.DatabaseURLFile; file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return cli.Usagef("--database-url-file: %w", err)
		}
		dsn = strings.TrimSpace(string(data))
	}
	if dsn == "" && a.Lookup("PGHOST") == "" && a.Lookup("PGSERVICE") == "" {
		return cli.Usagef("--store postgres: where is it? set %s, or name a file with its address by --database-url-file", envDatabase)
	}
	// The schema is the service's, which migrates it.
	st, err := pgstore.Open(ctx, pgstore.Config{DSN: dsn, Schema: schema, MaxConns: 4, ValidateOnly: true, Logger: a.logger()})
	if err != nil {
		return fmt.Errorf("--store postgres: %w", err)
	}
	s.store, s.where = st, "PostgreSQL, schema "+cmp.Or(schema, pgstore.DefaultSchema)
	s.close = append(s.close, func() { _ = st.Close() })
	return nil
}

// isLoopback reports whether an address is on this machine, where no credentials
// need to be.
func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
