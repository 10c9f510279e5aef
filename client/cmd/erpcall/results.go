package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/internal/lockfile"
)

// A result is what became of a row: a line of the results.
type result struct {
	Row        int             `json:"row"`
	Key        string          `json:"key"`
	Outcome    string          `json:"outcome"`
	Ref        string          `json:"ref,omitempty"`
	ID         string          `json:"id,omitempty"`
	StatusCode int             `json:"statusCode,omitempty"`
	Location   string          `json:"location,omitempty"`
	Message    string          `json:"message,omitempty"`
	Body       json.RawMessage `json:"body,omitempty"`

	row   *row
	op    *client.Operation // whose outcome is acknowledged once the line is written
	line  []byte            // as an earlier run wrote it; nil: it is new
	fatal error             // ends the batch
}

// final reports whether another run would find the same.
func (r *result) final() bool {
	switch r.Outcome {
	case succeeded, failed, refused, expired, purged:
		return true
	}
	return false
}

// read fills in what is known of the operation.
func (r *result) read(ctx context.Context, s *session, answer *client.Result) error {
	rec, err := s.store.Get(ctx, s.tenant, r.Ref)
	if err != nil {
		return err
	}
	v := viewOf(rec)
	r.ID, r.Outcome, r.StatusCode, r.Location, r.Message, r.Body = v.ID, v.Outcome, v.StatusCode, v.Location, firstOf(v.Message, v.Reason), v.Body
	if r.Outcome == queued {
		r.Outcome = pending
	}
	if r.Body == nil && answer != nil && answer.HasContent() {
		body, err := answer.Bytes(ctx)
		if err != nil {
			r.Message = firstOf(r.Message, err.Error())
			return nil
		}
		r.Body = asJSON(body)
	}
	return nil
}

// results writes the lines, in the order of the rows.
type results struct {
	app     *app
	file    *os.File // nil: the standard output
	to      *bufio.Writer
	refused *os.File // made when the first row is refused
	locks   []*lockfile.Lock
	in      *rowFile

	next  int            // number of the first row that has no line that stays
	kept  map[string]int // outcomes of the lines that stay, and how many
	old   map[int][]byte // lines of later rows that are final
	again int            // how many of them were written again
	cut   bool           // a row that has not ended was passed
	ready []*client.Operation
	wrote time.Time
}

// openResults opens the results of an earlier run, or new ones. What is final stays;
// from the first row on of which more may be known by now the lines are written anew.
func openResults(a *app, name string, in *rowFile) (*results, error) {
	out := &results{app: a, in: in, next: 1, kept: make(map[string]int), old: make(map[int][]byte), wrote: time.Now()}
	if err := out.checkMended(); err != nil {
		return nil, err
	}
	if name == "" {
		out.to = bufio.NewWriter(a.Stdout)
		return out, nil
	}
	var err error
	if out.file, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, cli.Usagef("--output: %w", err)
	}
	err = out.hold("--output", out.file)
	if err == nil {
		err = out.goOn(name)
	}
	if err == nil {
		out.to = bufio.NewWriter(out.file)
		err = out.rewriteRefused()
	}
	if err != nil {
		_ = out.file.Close()
		out.release()
		return nil, err
	}
	return out, nil
}

// hold keeps other batches from writing to a file, which must be none of those that
// are read or written already.
func (out *results) hold(what string, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	taken := []string{out.in.name}
	if f == out.file {
		taken = append(taken, out.refusedName())
	}
	for _, name := range taken {
		if other, err := os.Stat(name); err == nil && os.SameFile(info, other) {
			return cli.Usagef("%s: %s is %s: name another file", what, f.Name(), name)
		}
	}
	lock, err := lockfile.Claim(f.Name())
	switch {
	case errors.Is(err, lockfile.ErrHeld):
		return cli.Usagef("%s: %s: another erpcall batch writes to it: wait for its end, or name another file", what, f.Name())
	case err == nil:
		out.locks = append(out.locks, lock)
	}
	return nil // where there are no locks, it goes without
}

func (out *results) release() {
	for _, lock := range out.locks {
		_ = lock.Close()
	}
}

// goOn reads what an earlier run wrote.
func (out *results) goOn(name string) error {
	var keys []string // of the rows
	err := out.in.eachRow(1, func(r *row) error {
		keys = append(keys, r.Key)
		return nil
	})
	if err != nil {
		return err
	}
	lines := bufio.NewReader(out.file)
	var size int64 // of the lines that stay
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // what has no end was being written when the power failed
		}
		if err != nil {
			return err
		}
		var r result
		if json.Unmarshal(line, &r) != nil || r.Row != number || number > len(keys) || r.Key != keys[number-1] {
			return cli.Usagef("--output %q: line %d is not the result of row %d of %s: name a new file, or the one of this batch", name, number, number, out.in.name)
		}
		switch {
		case !r.final():
		case out.next == number:
			out.next++
			out.kept[r.Outcome]++
			size += int64(len(line))
		default:
			out.old[number] = line
		}
	}
	if err := out.saveOld(name, keys); err != nil {
		return err
	}
	if err := out.file.Truncate(size); err != nil {
		return err
	}
	_, err = out.file.Seek(size, io.SeekStart)
	return err
}

// write adds a line. Its operation is acknowledged once the line is on the disk.
func (out *results) write(ctx context.Context, s *session, r result) error {
	line := r.line
	if line == nil {
		var err error
		if line, err = json.Marshal(r); err != nil {
			return err
		}
		line = append(line, '\n')
	} else if err := json.Unmarshal(line, &r); err != nil {
		return err
	} else {
		out.again++
	}
	if r.Outcome == refused {
		if err := out.appendRefused(r.row, r.Message); err != nil {
			return err
		}
	}
	if _, err := out.to.Write(line); err != nil {
		return fmt.Errorf("the results: %w", err)
	}
	if r.op != nil && (r.Outcome == succeeded || r.Outcome == failed || r.Outcome == expired) {
		out.ready = append(out.ready, r.op)
	}
	if len(out.ready) < 200 && time.Since(out.wrote) < time.Second {
		return nil
	}
	return out.flush(ctx)
}

// flush writes lines to the disk and acknowledges their operations.
func (out *results) flush(ctx context.Context) error {
	out.wrote = time.Now()
	err := out.to.Flush()
	if out.refused != nil {
		err = errors.Join(err, out.refused.Sync())
	}
	if out.file != nil {
		err = errors.Join(err, out.file.Sync())
	}
	if err != nil {
		return fmt.Errorf("the results: %w", err)
	}
	ctx = context.WithoutCancel(ctx)
	for _, op := range out.ready {
		if err := op.Ack(ctx); err != nil {
			out.app.warn("the result of %s was written, and not acknowledged: %v", op.Ref(), err)
		}
	}
	out.ready = nil
	return nil
}

func (out *results) close() error {
	err := out.flush(context.Background())
	if err == nil && out.file != nil && out.again == len(out.old) {
		if err = os.Remove(savedName(out.file.Name())); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	for _, f := range []*os.File{out.file, out.refused} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	out.release()
	return err
}

// outcomeOfLine is the outcome in a line that an earlier run wrote.
func outcomeOfLine(line []byte) string {
	var r struct{ Outcome string }
	_ = json.Unmarshal(line, &r) // it was read before
	return r.Outcome
}
