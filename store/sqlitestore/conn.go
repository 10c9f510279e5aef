package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/vismanet-go/background/internal/sqlconn"
	"github.com/vismanet-go/background/internal/sqlitefile"
	"modernc.org/sqlite"
)

// conn is one connection to the file. One goroutine at a time uses it.
type conn struct {
	*sqlconn.Conn
	dc driver.Conn
}

// open opens a connection to the file.
func open(path string) (*conn, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dc, err := new(sqlite.Driver).Open(sqlitefile.URI(filepath.ToSlash(abs)) + "?_pragma=temp_store(MEMORY)&_error_rc=true")
	if err != nil {
		return nil, err
	}
	return &conn{sqlconn.New(dc), dc}, nil
}

func (c *conn) close() error { return errors.Join(c.CloseStatements(), c.dc.Close()) }

// exec runs a statement.
func (c *conn) exec(sql string, args ...driver.Value) error {
	_, err := c.Exec(sql, args...)
	return err
}

// insert runs an INSERT and returns the number of the new row.
func (c *conn) insert(sql string, args ...driver.Value) (int64, error) {
	res, err := c.Exec(sql, args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// one returns the only row of the answer, nil if there is none.
func (c *conn) one(sql string, args ...driver.Value) (out []driver.Value, err error) {
	err = c.Query(context.Background(), func(row []driver.Value) error {
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
