package pgstore

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// DefaultSchema is the schema that the tables are in if [Config] names none.
const DefaultSchema = "background"

// Config configures a [Store]. A zero field means the default named in its comment.
type Config struct {
	// DSN says where the database is, as a URL or in words (host=… dbname=…). What it
	// leaves out comes from the environment (PGHOST, PGPASSWORD, PGPASSFILE,
	// PGSERVICE and the like); all does if it is empty. Several hosts with
	// target_session_attrs=read-write have the store follow a fail-over. Never take
	// it from an argument of a program: other users of the machine can read those.
	DSN string

	// ListenDSN is where the one connection goes that waits for notifications of the
	// server. Behind a pooler that gives each transaction another connection it has to
	// be that of the server itself. Default: DSN.
	ListenDSN string

	// Schema is the schema that the tables are in, which is made if it is not there.
	// Stores in the same schema share what they hold. Letters, digits and
	// underscores, at most 40. Default: [DefaultSchema].
	Schema string

	// MaxConns limits the connections, but for the one that listens: one writes, and
	// the others read. Default: 8.
	MaxConns int

	// Configure, if set, may change how connections are made: TLS, passwords that
	// change, tracers.
	Configure func(*pgxpool.Config)

	// ValidateOnly has Open change nothing: it checks that the schema is there and
	// fits, as other tools made it from [Migrations].
	ValidateOnly bool

	// Patience is for how long a call is tried again while the server cannot be
	// reached, restarts or fails over, before it fails with [ErrUnavailable].
	// Default: 3 s.
	Patience time.Duration

	// MaxUnmatched limits, per tenant, the records of operations that only a
	// notification told of. Default: 10 000.
	MaxUnmatched int

	// KeepTombstones is for how long a purge remembers operations that had no
	// key, so that a late notification of one is recognised. Those that held a
	// key are remembered until [store.Retention].Keys of a purge frees it.
	// Default: 30 days.
	KeepTombstones time.Duration

	// Logger is told what needs a person: that notifications do not arrive, that a
	// change waits for somebody's transaction. Default: [slog.Default].
	Logger *slog.Logger
}

var schemaName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,39}$`)

// check reports every fault at once, each named by its field.
func (c Config) check() error {
	var errs []error
	fault := func(field, want string) { errs = append(errs, fmt.Errorf("%s: %s", field, want)) }
	// The error of a DSN that cannot be read may show parts of it.
	if _, err := pgxpool.ParseConfig(c.DSN); err != nil {
		fault("DSN", "cannot be read: want postgres://user@host/database or host=… dbname=…, or an empty one and PGHOST and the like in the environment")
	}
	if _, err := pgx.ParseConfig(c.ListenDSN); err != nil {
		fault("ListenDSN", "cannot be read: want it in the form of DSN")
	}
	if c.Schema != "" && !schemaName.MatchString(c.Schema) {
		fault("Schema", "must be up to 40 letters, digits and underscores, and not begin with a digit")
	}
	if c.MaxConns != 0 && c.MaxConns < 2 {
		fault("MaxConns", "must be at least 2: one connection writes")
	}
	if c.Patience < 0 {
		fault("Patience", "must not be negative")
	}
	if c.MaxUnmatched < 0 {
		fault("MaxUnmatched", "must not be negative")
	}
	if c.KeepTombstones < 0 {
		fault("KeepTombstones", "must not be negative")
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	c.ListenDSN = cmp.Or(c.ListenDSN, c.DSN)
	c.Schema = cmp.Or(c.Schema, DefaultSchema)
	c.MaxConns = cmp.Or(c.MaxConns, 8)
	c.Patience = cmp.Or(c.Patience, 3*time.Second)
	c.MaxUnmatched = cmp.Or(c.MaxUnmatched, 10_000)
	c.KeepTombstones = cmp.Or(c.KeepTombstones, 30*24*time.Hour)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}
