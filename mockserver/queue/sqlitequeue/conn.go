package sqlitequeue

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/vismanet-go/background/internal/sqlconn"
)

// conn is the writer's connection. One goroutine uses it.
type conn struct {
	*sqlconn.Conn
	args []driver.Value // of the statement that runs
}

// values makes arguments of what callers have: numbers of any type, bools.
func (c *conn) values(of []any) ([]driver.Value, error) {
	c.args = c.args[:0]
	for i, v := range of {
		switch v.(type) {
		case nil, int64, string, []byte:
		default:
			var err error
			if v, err = driver.DefaultParameterConverter.ConvertValue(v); err != nil {
				return nil, fmt.Errorf("argument %d: %w", i+1, err)
			}
		}
		c.args = append(c.args, v)
	}
	return c.args, nil
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(query string, values ...any) (int64, error) {
	args, err := c.values(values)
	if err != nil {
		return 0, err
	}
	r, err := c.Exec(query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// query calls each for every row of an answer.
func (c *conn) query(query string, values []any, each func(scan func(...any) error) error) error {
	args, err := c.values(values)
	if err != nil {
		return err
	}
	var row []driver.Value
	scan := func(into ...any) error {
		for i, to := range into {
			if err := assign(to, row[i]); err != nil {
				return fmt.Errorf("column %d: %w", i+1, err)
			}
		}
		return nil
	}
	return c.Query(context.Background(), func(next []driver.Value) error {
		row = next
		return each(scan)
	}, query, args...)
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
