package sqlitequeue

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
)

// conn is the writer's connection with its prepared statements. It talks to the
// driver itself: what database/sql does around each of these short statements
// costs as much as they do. One goroutine uses it.
type conn struct {
	dc    driver.Conn
	stmts map[string]driver.Stmt
	args  []driver.NamedValue // of the statement that runs
}

// prepare returns a statement, prepared on first use.
func (c *conn) prepare(query string) (driver.Stmt, error) {
	if s := c.stmts[query]; s != nil {
		return s, nil
	}
	s, err := c.dc.Prepare(query)
	if err == nil {
		c.stmts[query] = s
	}
	return s, err
}

// named makes arguments of values. The driver does not keep them.
func (c *conn) named(values []any) ([]driver.NamedValue, error) {
	c.args = c.args[:0]
	for i, v := range values {
		switch v.(type) {
		case nil, int64, string, []byte:
		default:
			var err error
			if v, err = driver.DefaultParameterConverter.ConvertValue(v); err != nil {
				return nil, fmt.Errorf("argument %d: %w", i+1, err)
			}
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args, nil
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(query string, values ...any) (int64, error) {
	s, err := c.prepare(query)
	if err != nil {
		return 0, err
	}
	args, err := c.named(values)
	if err != nil {
		return 0, err
	}
	r, err := s.(driver.StmtExecContext).ExecContext(context.Background(), args)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// query calls each for every row of an answer.
func (c *conn) query(query string, values []any, each func(scan func(...any) error) error) (err error) {
	s, err := c.prepare(query)
	if err != nil {
		return err
	}
	args, err := c.named(values)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), args)
	if err != nil {
		return err
	}
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	row := make([]driver.Value, len(rows.Columns()))
	scan := func(into ...any) error {
		for i, to := range into {
			if err := assign(to, row[i]); err != nil {
				return fmt.Errorf("column %d: %w", i+1, err)
			}
		}
		return nil
	}
	for {
		switch err := rows.Next(row); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := each(scan); err != nil {
			return err
		}
	}
}

// assign stores a column's value.
func assign(to any, v driver.Value) error {
	switch to := to.(type) {
	case sql.Scanner:
		return to.Scan(v)
	case *[]byte:
		switch v := v.(type) {
		case nil:
			*to = nil
			return nil
		case []byte:
			*to = v
			return nil
		case string:
			*to = []byte(v)
			return nil
		}
	case *string:
		switch v := v.(type) {
		case string:
			*to = v
			return nil
		case []byte:
			*to = string(v)
			return nil
		}
	default:
		if n, ok := v.(int64); ok {
			return assignNumber(to, n)
		}
	}
	return fmt.Errorf("a %T does not go into a %T", v, to)
}

func assignNumber(to any, n int64) error {
	switch to := to.(type) {
	case *int64:
		*to = n
	case *int:
		*to = int(n)
	case *bool:
		*to = n != 0
	default:
		return fmt.Errorf("a number does not go into a %T", to)
	}
	return nil
}

func (c *conn) close() {
	for _, s := range c.stmts {
		_ = s.Close()
	}
}
