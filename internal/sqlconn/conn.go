// Package sqlconn is a connection that talks to the driver.
package sqlconn

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
)

// A Conn is one connection with its prepared statements. It talks to the
// driver itself: what database/sql does around short statements costs as much
// as they do. One goroutine at a time uses it. Arguments are string, []byte,
// int64 or nil.
type Conn struct {
	dc    driver.Conn
	stmts map[string]driver.Stmt
	args  []driver.NamedValue // of the statement that runs
}

// New returns a connection that uses dc, which stays the caller's to close.
func New(dc driver.Conn) *Conn { return &Conn{dc: dc, stmts: make(map[string]driver.Stmt)} }

// prepare returns the statement, prepared on first use.
func (c *Conn) prepare(query string) (driver.Stmt, error) {
	if st := c.stmts[query]; st != nil {
		return st, nil
	}
	st, err := c.dc.Prepare(query)
	if err != nil {
		return nil, err
	}
	c.stmts[query] = st
	return st, nil
}

// Exec runs a statement that returns no rows.
func (c *Conn) Exec(query string, args ...driver.Value) (driver.Result, error) {
	st, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return st.(driver.StmtExecContext).ExecContext(context.Background(), c.named(args))
}

// Query calls f with every row of the answer; f must neither use the connection
// nor keep the row.
func (c *Conn) Query(ctx context.Context, f func([]driver.Value) error, query string, args ...driver.Value) (err error) {
	st, err := c.prepare(query)
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

// Script runs several statements.
func (c *Conn) Script(script string) error {
	_, err := c.dc.(driver.ExecerContext).ExecContext(context.Background(), script, nil)
	return err
}

// named makes arguments of values. The driver does not keep them.
func (c *Conn) named(values []driver.Value) []driver.NamedValue {
	c.args = c.args[:0]
	for i, v := range values {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args
}

// Statements are the texts that were prepared so far, in no order.
func (c *Conn) Statements() []string {
	list := make([]string, 0, len(c.stmts))
	for query := range c.stmts {
		list = append(list, query)
	}
	return list
}

// CloseStatements gives back what was prepared. The connection can be used on.
func (c *Conn) CloseStatements() error {
	var errs []error
	for _, st := range c.stmts {
		errs = append(errs, st.Close())
	}
	clear(c.stmts)
	return errors.Join(errs...)
}
