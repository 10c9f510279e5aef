package sqlitefile

import (
	"fmt"
	"strings"
)

// Migrate brings the file to a version of the schema.
func Migrate(c *Conn, cfg Config, to int) (err error) {
	defer func() {
		if err != nil {
			_ = c.Exec("ROLLBACK")
		}
	}()
	have, err := version(c, cfg, "BEGIN IMMEDIATE")
	if err != nil {
		return err
	}
	for i := have; i < to; i++ {
		err := c.Script(cfg.Migrations[i])
		if err == nil && cfg.Migrated != nil {
			err = cfg.Migrated(c, i+1)
		}
		if err != nil {
			return fmt.Errorf("migration %d: %w", i+1, err)
		}
	}
	if have < to {
		if err := c.pragmas(fmt.Sprint("application_id = ", cfg.ApplicationID), fmt.Sprint("user_version = ", to)); err != nil {
			return err
		}
	}
	return c.Exec("COMMIT")
}

func newer(have int64, cfg Config) error {
	return fmt.Errorf("%w: its schema has version %d, this code knows %d", ErrNewerSchema, have, len(cfg.Migrations))
}

// version begins a transaction, so that all it reads is of one moment, and
// reads the schema version. It refuses files that are another application's or
// newer than this code.
func version(c *Conn, cfg Config, begin string) (int, error) {
	if err := c.Exec(begin); err != nil {
		return 0, err
	}
	have, err := c.Int64("PRAGMA user_version")
	if err != nil {
		return 0, err
	}
	app, err := c.Int64("PRAGMA application_id")
	if err != nil {
		return 0, err
	}
	switch known := int64(len(cfg.Migrations)); {
	case app == int64(cfg.ApplicationID) && have > known:
		return 0, newer(have, cfg)
	case app == int64(cfg.ApplicationID) && have > 0:
		return int(have), nil
	case app != 0 || have != 0:
		return 0, fmt.Errorf("%w: application id %#x, schema version %d", ErrForeign, app, have)
	}
	tables, err := c.Text("SELECT coalesce(group_concat(name, ', '), '') FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	if err == nil && tables != "" {
		err = fmt.Errorf("%w: it holds the tables %s", ErrForeign, strings.TrimSpace(tables))
	}
	return 0, err
}
