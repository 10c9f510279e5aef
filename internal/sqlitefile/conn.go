package sqlitefile

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

// Conn is one connection with its prepared statements. One goroutine at a time
// uses it. Arguments are string, []byte, int, int64, bool or nil; a nil []byte
// is NULL.
type Conn struct {
	conn  *sqlite.Conn
	stmts map[string]*sqlite.Stmt
}

// Connect opens a connection to a file, without any of the settings that [Open]
// makes. What SQLite needs for sorting stays in memory: a machine may have no
// directory for temporary files that can be written.
func Connect(path string) (*Conn, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	conn, err := sqlite.OpenConn(URI(filepath.ToSlash(abs)), sqlite.OpenReadWrite, sqlite.OpenCreate, sqlite.OpenURI)
	if err != nil {
		return nil, failed(err)
	}
	c := &Conn{conn: conn, stmts: make(map[string]*sqlite.Stmt)}
	c.wait(0)
	if err := c.pragmas("temp_store = MEMORY"); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close ends the connection.
func (c *Conn) Close() error {
	clear(c.stmts) // the connection closes them
	return failed(c.conn.Close())
}

// wait sets for how long a statement waits for other connections.
func (c *Conn) wait(d time.Duration) { c.conn.SetBusyTimeout(d) }

// errArgument is the reason why a statement was not run.
var errArgument = errors.New("sqlitefile: an argument is of a type that SQLite does not have")

// begin prepares the statement on first use and binds the arguments.
func (c *Conn) begin(query string, args []any) (*sqlite.Stmt, error) {
	st := c.stmts[query]
	if st == nil {
		var err error
		if st, err = c.conn.Prepare(query); err != nil {
			return nil, failed(err)
		}
		c.stmts[query] = st
	}
	for i, arg := range args { // an error of these is kept until the first step
		switch arg := arg.(type) {
		case nil:
			st.BindNull(i + 1)
		case string:
			st.BindText(i+1, arg)
		case int64:
			st.BindInt64(i+1, arg)
		case int:
			st.BindInt64(i+1, int64(arg))
		case bool:
			st.BindBool(i+1, arg)
		case []byte:
			if arg == nil {
				st.BindNull(i + 1)
			} else {
				st.BindBytes(i+1, arg)
			}
		default:
			return nil, errArgument
		}
	}
	return st, nil
}

// end makes the statement ready for its next use and lets go of large
// arguments. An error of the last step comes again here.
func end(st *sqlite.Stmt) {
	_ = st.Reset()
	_ = st.ClearBindings()
}

// Exec runs a statement that returns no rows.
func (c *Conn) Exec(query string, args ...any) error {
	st, err := c.begin(query, args)
	if err != nil {
		return err
	}
	defer end(st)
	for more := true; more; {
		if more, err = st.Step(); err != nil {
			return failed(err)
		}
	}
	return nil
}

// Changes is the number of rows that the last INSERT, UPDATE or DELETE changed.
func (c *Conn) Changes() int { return c.conn.Changes() }

// LastInsertID is the number of the row that was inserted last.
func (c *Conn) LastInsertID() int64 { return c.conn.LastInsertRowID() }

// Query calls each with every row of the answer; it must not use the
// connection. If ctx ends, so does the query.
func (c *Conn) Query(ctx context.Context, query string, args []any, each func(Row) error) error {
	st, err := c.begin(query, args)
	if err != nil {
		return err
	}
	if done := ctx.Done(); done != nil {
		c.conn.SetInterrupt(done)
		defer c.conn.SetInterrupt(nil)
	}
	defer end(st)
	for {
		switch more, err := st.Step(); {
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return failed(err)
		case !more:
			return nil
		}
		if err := each(Row{st}); err != nil {
			return err
		}
	}
}

// QueryRow reads the first row of the answer, as [Row.Scan] does, and reports
// whether there is one.
func (c *Conn) QueryRow(query string, args []any, into ...any) (found bool, err error) {
	st, err := c.begin(query, args)
	if err != nil {
		return false, err
	}
	defer end(st)
	found, err = st.Step()
	if err != nil {
		return false, failed(err)
	}
	if !found {
		return false, nil
	}
	return true, Row{st}.Scan(into...)
}

// Int64 reads the first column of the first row as a number, 0 if there is
// none.
func (c *Conn) Int64(query string, args ...any) (n int64, err error) {
	_, err = c.QueryRow(query, args, &n)
	return n, err
}

// Text reads the first column of the first row as text, "" if there is none.
func (c *Conn) Text(query string, args ...any) (s string, err error) {
	_, err = c.QueryRow(query, args, &s)
	return s, err
}

// Script runs several statements.
func (c *Conn) Script(script string) error {
	for rest := code(script); rest != ""; {
		st, trailing, err := c.conn.PrepareTransient(rest)
		if err != nil {
			return failed(err)
		}
		rest = code(rest[len(rest)-trailing:])
		for more := true; more && err == nil; {
			more, err = st.Step()
		}
		if e := st.Finalize(); err == nil {
			err = e
		}
		if err != nil {
			return failed(err)
		}
	}
	return nil
}

// code is a script from its first statement on.
func code(script string) string {
	script = strings.TrimSpace(script)
	for strings.HasPrefix(script, "--") {
		_, script, _ = strings.Cut(script, "\n")
		script = strings.TrimSpace(script)
	}
	return script
}

// pragmas sets each of them.
func (c *Conn) pragmas(list ...string) error {
	for _, p := range list {
		if err := c.Script("PRAGMA " + p); err != nil {
			return err
		}
	}
	return nil
}

// Func makes a function of a text known to SQL, which may be called in
// statements and nowhere else.
func (c *Conn) Func(name string, f func(string) bool) error {
	return failed(c.conn.CreateFunction(name, &sqlite.FunctionImpl{
		NArgs: 1,
		Scalar: func(_ sqlite.Context, args []sqlite.Value) (sqlite.Value, error) {
			if f(args[0].Text()) {
				return sqlite.IntegerValue(1), nil
			}
			return sqlite.IntegerValue(0), nil
		},
	}))
}

// Statements are the texts that were prepared so far, sorted.
func (c *Conn) Statements() []string {
	list := make([]string, 0, len(c.stmts))
	for query := range c.stmts {
		list = append(list, query)
	}
	slices.Sort(list)
	return list
}

// Row is a row of an answer, valid until the function that got it returns.
type Row struct{ st *sqlite.Stmt }

// Scan reads columns from the first on into *int64, *int, *bool, *string or
// *[]byte; nil leaves a column out. NULL is read as the zero value.
func (r Row) Scan(into ...any) error {
	for i, to := range into {
		switch to := to.(type) {
		case nil:
		case *int64:
			*to = r.st.ColumnInt64(i)
		case *int:
			*to = int(r.st.ColumnInt64(i))
		case *bool:
			*to = r.st.ColumnInt64(i) != 0
		case *string:
			*to = r.st.ColumnText(i)
		case *[]byte:
			*to = r.bytes(i)
		default:
			return fmt.Errorf("sqlitefile: column %d is scanned into a type that SQLite does not have", i+1)
		}
	}
	return nil
}

func (r Row) bytes(i int) []byte {
	if r.st.ColumnIsNull(i) {
		return nil
	}
	b := make([]byte, r.st.ColumnLen(i))
	r.st.ColumnBytes(i, b)
	return b
}
