package pgstore

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The migrations lead from one version of the schema to the next: the first one makes
// version 1 of a schema without tables. Never change one that was released: append.
// Whatever a version before relied on has to stay, or compatibleSince to be raised.
//
//go:embed schema/*.sql
var files embed.FS

// compatibleSince is, by version of the schema, the oldest version whose programs can
// work on it.
var compatibleSince = map[int]int{1: 1, 2: 1}

// Migration is one step of the schema.
type Migration struct {
	// Version is that of the schema after it, from 1.
	Version int
	// Compatible is the oldest version whose programs can go on working meanwhile
	// and after it.
	Compatible int
	// SQL is what it does, in one transaction.
	SQL string
}

// Migrations returns what makes the schema of this version, for those who migrate by
// tools of their own and open with [Config].ValidateOnly. An empty name means
// [DefaultSchema].
func Migrations(schema string) ([]Migration, error) {
	if schema == "" {
		schema = DefaultSchema
	}
	if !schemaName.MatchString(schema) {
		return nil, (Config{Schema: schema}).check()
	}
	names, err := files.ReadDir("schema")
	if err != nil {
		return nil, err
	}
	quoted := pgx.Identifier{schema}.Sanitize()
	var out []Migration
	for i, file := range names {
		sql, err := files.ReadFile("schema/" + file.Name())
		if err != nil {
			return nil, err
		}
		version := i + 1
		text := strings.ReplaceAll(string(sql), "{schema}", quoted)
		text += fmt.Sprintf("\nINSERT INTO %s.versions (version, compatible) VALUES (%d, %d);\n", quoted, version, compatibleSince[version])
		if version == 1 {
			text = createSchema(schema) + text
		}
		out = append(out, Migration{version, compatibleSince[version], text})
	}
	return out, nil
}

func createSchema(schema string) string {
	return fmt.Sprintf("CREATE SCHEMA IF NOT EXISTS %s;\n\n", pgx.Identifier{schema}.Sanitize())
}

// migrate brings the schema to the version of this package, one program at a time.
func migrate(ctx context.Context, conn *pgx.Conn, schema string) error {
	list, err := Migrations(schema)
	if err != nil {
		return err
	}
	return migrateBy(ctx, conn, schema, list)
}

func migrateBy(ctx context.Context, conn *pgx.Conn, schema string, list []Migration) error {
	if version, compatible, err := versionOf(ctx, conn, schema); err == nil && version >= len(list) {
		return understood(version, compatible, len(list)) // the usual case needs no lock
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	sum := sha256.Sum256([]byte("migrate background " + schema))
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(binary.BigEndian.Uint64(sum[:]))); err != nil {
		return err
	}
	version, compatible, err := versionOf(ctx, tx, schema)
	if err != nil {
		return err
	}
	if version >= len(list) {
		return understood(version, compatible, len(list))
	}
	var there bool
	if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema).Scan(&there); err != nil {
		return err
	}
	for _, m := range list[version:] {
		sql := m.SQL
		if there { // even to make it if it is not there takes a right on the database
			sql = strings.TrimPrefix(sql, createSchema(schema))
		}
		// Without arguments, so that it may hold several statements.
		if _, err := tx.Conn().PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			return fmt.Errorf("migrate to version %d: %w", m.Version, err)
		}
	}
	return tx.Commit(ctx)
}

// understood refuses a schema that programs of this version cannot work with.
func understood(version, compatible, ours int) error {
	if compatible > ours {
		return fmt.Errorf("%w: version %d, for programs of version %d or later; this one has %d", ErrNewerSchema, version, compatible, ours)
	}
	return nil
}

// rower is what reads one row.
type rower interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// versionOf returns the version of the schema, 0 if it has no tables, and the oldest
// version whose programs can work with it.
func versionOf(ctx context.Context, db rower, schema string) (version, compatible int, err error) {
	// to_regclass would say what the connection knew before it waited for the lock.
	var there bool
	if err := db.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'versions')", schema).Scan(&there); err != nil || !there {
		return 0, 0, err
	}
	err = db.QueryRow(ctx, "SELECT coalesce(max(version), 0), coalesce(max(compatible), 0) FROM "+pgx.Identifier{schema, "versions"}.Sanitize()).Scan(&version, &compatible)
	return version, compatible, err
}

// selColumns and selIndexes tell what a schema has.
const (
	selColumns = `SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1`
	selIndexes = `SELECT replace(indexdef, quote_ident($1) || '.', '') FROM pg_indexes WHERE schemaname = $1 ORDER BY 1`
)

// validate checks that the schema has what the migrations make. It may have more.
func validate(ctx context.Context, conn *pgx.Conn, schema string) error {
	list, err := Migrations(schema)
	if err != nil {
		return err
	}
	version, compatible, err := versionOf(ctx, conn, schema)
	switch {
	case err != nil:
		return err
	case version == 0:
		return fmt.Errorf("%w: there are no tables in schema %s: want them made from Migrations, or ValidateOnly unset", ErrSchema, schema)
	case version < len(list):
		return fmt.Errorf("%w: it has version %d: want %d, see Migrations", ErrSchema, version, len(list))
	}
	if err := understood(version, compatible, len(list)); err != nil {
		return err
	}
	has, err := shapeOf(ctx, conn, schema)
	if err != nil {
		return err
	}
	var missing []error
	for _, want := range wanted {
		if !slices.Contains(has, want) {
			missing = append(missing, fmt.Errorf("%w: it lacks %s", ErrSchema, want))
		}
	}
	return errors.Join(missing...)
}

// querying is what reads rows.
type querying interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// shapeOf lists the columns and indexes of a schema.
func shapeOf(ctx context.Context, db querying, schema string) (out []string, err error) {
	for _, sql := range []string{selColumns, selIndexes} {
		rows, err := db.Query(ctx, sql, schema)
		if err != nil {
			return nil, err
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// wanted is what a schema must have, line by line: shape.txt is written by
// `go test ./store/pgstore -run TestShape -update`.
//
//go:embed shape.txt
var shape string

var wanted = strings.Split(strings.TrimSpace(shape), "\n")
