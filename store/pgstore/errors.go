package pgstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Errors to match with errors.Is. The text of an error also carries what the server
// said.
var (
	// ErrUnavailable says that the server could not be reached, or could not do its
	// work, for [Config].Patience.
	ErrUnavailable = errors.New("PostgreSQL is not available")
	// ErrCorrupt says that a row cannot be read.
	ErrCorrupt = errors.New("damaged record")
	// ErrSchema says that the schema in the database is not one that this version
	// can work with; the text says what differs.
	ErrSchema = errors.New("the schema in the database does not fit")
	// ErrNewerSchema says that a newer version of this package has changed the
	// schema in a way that this one does not understand.
	ErrNewerSchema = errors.New("the schema was made by a newer version")
)

// OutcomeUnknownError says that a change was sent, and that it could not be found
// out whether the server has made it: the connection ended, and no other one could be
// had for half a minute.
type OutcomeUnknownError struct{ Err error }

func (e *OutcomeUnknownError) Error() string {
	return "it is not known whether the change was made: " + e.Err.Error()
}

func (e *OutcomeUnknownError) Unwrap() error { return e.Err }

// failure is when the server failed last, and how.
type failure struct {
	at  time.Time
	err error
}

// passingError is one that may pass, of a group of which nothing was changed.
type passingError struct{ error }

func (e *passingError) Unwrap() error { return e.error }

// isPassing reports whether an error of the server or of a connection may pass by
// itself, and nothing is wrong with what was asked.
func isPassing(err error) bool {
	if _, ok := errors.AsType[*passingError](err); ok {
		return true
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return isConnection(err)
	}
	switch pg.Code {
	case "25006", // read-only: this is a standby, or has become one
		"25P03", // we were too slow in the middle of a transaction
		"57014": // cancelled, by an administrator or a time-out of theirs
		return true
	case "57P04", // the database was removed
		"53200": // too much memory, maybe for what was asked
		return false
	}
	switch pg.Code[:2] {
	case "08", // connection
		"53", // no disk, memory or connections
		"57", // shutdown, start, recovery
		"58": // system
		return true
	}
	return false
}

// isConnection reports whether an error that is none of the server is about a
// connection.
func isConnection(err error) bool {
	for _, known := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, context.DeadlineExceeded, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, known) {
			return true
		}
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	return connecting || network || pgconn.SafeToRetry(err)
}

// isCollision reports whether another transaction got in the way.
func isCollision(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch pg.Code {
	case "22012", // a record that was locked is not there, see changing
		"23505",          // somebody else was faster
		"40001", "40P01", // serialization, deadlock
		"55P03": // a lock could not be had in time
		return true
	}
	return false
}

// isAmbiguous reports whether the end of a transaction that was sent may have been
// carried out although it failed: the server did not say no, or ended.
func isAmbiguous(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return !ok || pg.SeverityUnlocalized == "FATAL" || pg.SeverityUnlocalized == "PANIC" || strings.HasPrefix(pg.Code, "08")
}

// explain says what an error means. It never carries a password: pgx leaves them out.
func explain(err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, ErrCorrupt):
		return err
	case isPassing(err):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	switch pg.Code {
	case "22012":
		return fmt.Errorf("%w: a record that was locked is not there: %w", ErrCorrupt, err)
	case "42P01", "42703", "3F000":
		return fmt.Errorf("%w: %w: want it as Migrations has it", ErrSchema, err)
	case "42501":
		return fmt.Errorf("the role lacks a right that the store needs: %w", err)
	case "26000", "42P05":
		return fmt.Errorf("%w: behind a pooler that gives each transaction another connection, want default_query_exec_mode=cache_describe in the DSN", err)
	}
	return err
}

// unavailable is the error of a caller who does not wait any longer.
func (s *Store) unavailable(cause error, st *step) error {
	if st.waits > 0 {
		return fmt.Errorf("%w: it waited for a lock that another transaction holds", cause)
	}
	if f := s.failed.Load(); f != nil {
		return fmt.Errorf("%w: %w: %w", cause, ErrUnavailable, f.err)
	}
	return cause
}

// isQueueFull reports whether the server takes no more notifications.
func isQueueFull(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "54000" && strings.Contains(pg.Routine, "Notify")
}
