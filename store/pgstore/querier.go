package pgstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// statement is one statement with its arguments, and what is done with each row of
// its answer.
type statement struct {
	sql  string
	args []any
	row  func(scan func(...any) error) error
}

// changing is a statement that has to change a number of rows: the transaction fails
// otherwise, with a division by zero. It costs no round trip, and it cannot be
// committed.
func changing(rows int, sql string, args ...any) statement {
	sql = fmt.Sprintf("WITH done AS (%s RETURNING 1) SELECT 1 / (count(*) = $%d::bigint)::int FROM done", sql, len(args)+1)
	return statement{sql: sql, args: append(args, int64(rows))}
}

// querier carries out statements in the order in which they are given. An error of
// one of them ends the transaction.
type querier interface {
	send(ctx context.Context, list []statement) error
}

// batcher is what of pgx sends several statements in one round trip: a connection or
// a transaction.
type batcher interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

type pgxQuerier struct{ batcher }

func (q pgxQuerier) send(ctx context.Context, list []statement) error {
	b := &pgx.Batch{}
	for _, st := range list {
		sent := b.Queue(st.sql, st.args...)
		if st.row == nil {
			continue
		}
		sent.Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := st.row(rows.Scan); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	return q.SendBatch(ctx, b).Close()
}

// sqlQuerier sends statements through database/sql, with any driver of PostgreSQL:
// arrays are literals.
type sqlQuerier struct{ tx *sql.Tx }

func (q sqlQuerier) send(ctx context.Context, list []statement) error {
	for _, st := range list {
		if err := q.one(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

func (q sqlQuerier) one(ctx context.Context, st statement) error {
	args := make([]any, len(st.args))
	for i, arg := range st.args {
		args[i] = literal(arg)
	}
	if st.row == nil {
		_, err := q.tx.ExecContext(ctx, st.sql, args...)
		return err
	}
	rows, err := q.tx.QueryContext(ctx, st.sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := st.row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// literal is an argument that every driver takes.
func literal(arg any) any {
	switch list := arg.(type) {
	case []string:
		return array(len(list), func(i int) (string, bool) { return list[i], true })
	case []*string:
		return array(len(list), func(i int) (string, bool) {
			if list[i] == nil {
				return "", false
			}
			return *list[i], true
		})
	case []int64:
		return array(len(list), func(i int) (string, bool) { return strconv.FormatInt(list[i], 10), true })
	case []*int64:
		return array(len(list), func(i int) (string, bool) {
			if list[i] == nil {
				return "", false
			}
			return strconv.FormatInt(*list[i], 10), true
		})
	case []bool:
		return array(len(list), func(i int) (string, bool) { return strconv.FormatBool(list[i]), true })
	case [][]byte:
		return array(len(list), func(i int) (string, bool) { return `\x` + hex.EncodeToString(list[i]), true })
	}
	return arg
}

func array(n int, text func(int) (string, bool)) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		s, some := text(i)
		if !some {
			b.WriteString("NULL")
			continue
		}
		b.WriteByte('"')
		for j := range len(s) {
			if s[j] == '"' || s[j] == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(s[j])
		}
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}
