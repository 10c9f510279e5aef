package sqlitefile

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Alone opens a connection to a file that is there and that nobody else has open, in
// whatever process and by whatever means, and returns the version of its schema. Until
// it is closed nobody else can open the file. It fails with [ErrBusy] if somebody has
// it open, and with [ErrCorrupt] if the file is damaged, for which it reads all of it.
func Alone(ctx context.Context, cfg Config) (c *Conn, have int, err error) {
	if cfg.Path, err = filepath.Abs(cfg.Path); err != nil {
		return nil, 0, err
	}
	if _, err := os.Stat(cfg.Path); err != nil {
		return nil, 0, err // which Connect would make
	}
	if err := checkPlace(cfg); err != nil {
		return nil, 0, err
	}
	before := look(cfg.Path)
	if c, err = Connect(cfg.Path); err != nil {
		return nil, 0, explain(cfg.Path, "open", err)
	}
	defer func() {
		if err != nil {
			_ = c.Close()
			c, err = nil, explain(cfg.Path, "open", err)
		}
	}()
	if err := checkVersion(c); err != nil {
		return c, 0, err
	}
	// Every connection to a file with a log holds a lock that stands in the way of
	// this one, even while it does nothing.
	if err := c.pragmas("locking_mode = EXCLUSIVE", "synchronous = FULL", "fullfsync = ON", "trusted_schema = OFF"); err != nil {
		return c, 0, err
	}
	have, err = version(c, cfg, "BEGIN EXCLUSIVE")
	if e := c.Exec("ROLLBACK"); err == nil {
		err = e
	}
	if err != nil {
		return c, 0, err
	}
	size, err := c.Int64("PRAGMA page_size")
	if err == nil && before.log == 0 && before.file%size != 0 {
		err = fmt.Errorf("%w: it is cut off at %d bytes", ErrCorrupt, before.file)
	}
	if err == nil {
		err = verdict(ctx, c, "PRAGMA quick_check(1)")
	}
	return c, have, err
}
