package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
)

// conn is one connection with its prepared statements. It talks to the driver
// itself: the pooling and conversions of database/sql would cost as much as
// the short statements of this package. One goroutine at a time uses it.
type conn struct {
	dc    driver.Conn
	stmts map[string]driver.Stmt
	args  []driver.NamedValue // of the statement that runs
}

// open opens a connection to the file.
func open(path string) (*conn, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// As a URI, so that no character of the path is special.
	uri := url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}
	dc, err := new(sqlite.Driver).Open(uri.String() + "?_error_rc=true")
	if err != nil {
		return nil, err
	}
	return &conn{dc: dc, stmts: make(map[string]driver.Stmt)}, nil
}

func (c *conn) close() error {
	var errs []error
	for _, st := range c.stmts {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, c.dc.Close())...)
}

// prepare returns the statement, prepared on first use.
func (c *conn) prepare(sql string) (driver.Stmt, error) {
	if st := c.stmts[sql]; st != nil {
		return st, nil
	}
	st, err := c.dc.Prepare(sql)
	if err != nil {
		return nil, err
	}
	c.stmts[sql] = st
	return st, nil
}

// exec runs a statement. Arguments are string, []byte, int64 or nil.
func (c *conn) exec(sql string, args ...driver.Value) error {
	_, err := c.result(sql, args)
	return err
}

// insert runs an INSERT and returns the number of the new row.
func (c *conn) insert(sql string, args ...driver.Value) (int64, error) {
	res, err := c.result(sql, args)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

func (c *conn) result(sql string, args []driver.Value) (driver.Result, error) {
	st, err := c.prepare(sql)
	if err != nil {
		return nil, err
	}
	return st.(driver.StmtExecContext).ExecContext(context.Background(), c.named(args))
}

// query calls f with every row of the answer; f must not use the connection.
func (c *conn) query(ctx context.Context, f func([]driver.Value) error, sql string, args ...driver.Value) (err error) {
	st, err := c.prepare(sql)
	if err != nil {
		return err
	}
	rows, err := st.(driver.StmtQueryContext).QueryContext(ctx, c.named(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(row); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := f(row); err != nil {
			return err
		}
	}
}

// one returns the only row of the answer, nil if there is none.
func (c *conn) one(sql string, args ...driver.Value) (out []driver.Value, err error) {
	err = c.query(context.Background(), func(row []driver.Value) error {
		if out == nil {
			out = append(out, row...)
		}
		return nil
	}, sql, args...)
	return out, err
}

// number returns the first column of the only row, which is a number.
func (c *conn) number(sql string, args ...driver.Value) (int64, error) {
	row, err := c.one(sql, args...)
	if err != nil || row == nil {
		return 0, err
	}
	switch v := row[0].(type) {
	case int64:
		return v, nil
	case nil:
		return 0, nil
	}
	return 0, fmt.Errorf("%s: got %T, want a number", sql, row[0])
}

// word returns the first column of the only row as text.
func (c *conn) word(sql string) (string, error) {
	row, err := c.one(sql)
	if err != nil || row == nil {
		return "", err
	}
	return fmt.Sprint(row[0]), nil
}

// script runs several statements.
func (c *conn) script(sql string) error {
	_, err := c.dc.(driver.ExecerContext).ExecContext(context.Background(), sql, nil)
	return err
}

// named makes arguments of values. The driver does not keep them.
func (c *conn) named(values []driver.Value) []driver.NamedValue {
	c.args = c.args[:0]
	for i, v := range values {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args
}
