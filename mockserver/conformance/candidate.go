package conformance

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

const (
	// mostLine bounds a line of a candidate.
	mostLine = 64 << 20
	// toBegin is how much longer the first line may take.
	toBegin = 30 * time.Second
)

// A candidate is a process with which the runner talks.
type candidate struct {
	Descriptor
	process *process
	lines   chan []byte // closed at the end of its standard output
	broken  error       // why there are no more lines, once lines is closed
	steps   int
	active  *atomic.Int64 // counts its calls
	quiet   time.Duration // for how long it may neither call nor answer
}

// start starts a candidate and reads its first line. Active counts its calls; it is
// ended if it neither calls nor answers for as long as quiet.
func start(ctx context.Context, launch launcher, env []string, active *atomic.Int64, quiet time.Duration) (*candidate, error) {
	p, err := launch(ctx, env)
	if err != nil {
		return nil, err
	}
	c := &candidate{process: p, lines: make(chan []byte), active: active, quiet: quiet}
	go c.read(ctx)
	line, err := c.line(ctx, toBegin)
	if err == nil {
		c.Descriptor, err = readDescriptor(line)
	} else {
		err = fmt.Errorf("its first line did not come: %w", err)
	}
	if err != nil {
		c.kill()
		return nil, &startError{err, p.stderr.String()}
	}
	return c, nil
}

// A startError says why a candidate did not begin, and what it wrote to its standard
// error.
type startError struct {
	err    error
	stderr string
}

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

// read passes on the lines of the candidate.
func (c *candidate) read(ctx context.Context) {
	defer close(c.lines)
	in := bufio.NewScanner(c.process.stdout)
	in.Buffer(nil, mostLine)
	for in.Scan() {
		select {
		case c.lines <- append([]byte(nil), in.Bytes()...):
		case <-ctx.Done():
			c.process.kill()
		}
	}
	c.broken = in.Err()
	c.process.kill() // a line that is too long is the last one
	_, _ = io.Copy(io.Discard, c.process.stdout)
}

// line waits for a line: as long as patience, and then until the candidate has been
// quiet.
func (c *candidate) line(ctx context.Context, patience time.Duration) ([]byte, error) {
	timer := time.NewTimer(patience + c.quiet)
	defer timer.Stop()
	seen := c.active.Load()
	for {
		select {
		case line, ok := <-c.lines:
			if !ok {
				return nil, c.ended()
			}
			return line, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-timer.C:
			now := c.active.Load()
			if now == seen {
				return nil, fmt.Errorf("it neither called nor answered for %v: does it flush its standard output after each line?", patience+c.quiet)
			}
			seen = now
			timer.Reset(c.quiet)
		}
	}
}

// An endedError says that a candidate has ended, and how.
type endedError struct{ err error }

func (e *endedError) Error() string {
	if e.err == nil {
		return "it ended"
	}
	return "it ended: " + e.err.Error()
}

// ended says how the candidate ended, or why it can be read no longer.
func (c *candidate) ended() error {
	err := c.process.wait()
	if c.broken != nil {
		return fmt.Errorf("its standard output cannot be read: %w", c.broken)
	}
	return &endedError{err}
}

// ask has the candidate do a step, which may take as long as patience without a call.
func (c *candidate) ask(ctx context.Context, s step, patience time.Duration) (response, error) {
	c.steps++
	s.Step = c.steps
	line, err := json.Marshal(s)
	if err != nil {
		return response{}, err
	}
	if _, err := c.process.stdin.Write(append(line, '\n')); err != nil {
		return response{}, c.ended()
	}
	line, err = c.line(ctx, patience)
	if err != nil {
		return response{}, fmt.Errorf("step %d, %s: %w", s.Step, s.Do, err)
	}
	return readAnswer(line, s)
}

// kill ends the candidate without a warning, and waits for its end.
func (c *candidate) kill() {
	c.process.kill()
	for range c.lines { // what it has written
	}
	_ = c.process.wait()
}

// finish ends the candidate as its standard input does, and returns what is
// wrong with how it ended.
func (c *candidate) finish(ctx context.Context) error {
	_ = c.process.stdin.Close() // it may have ended before
	line, err := c.line(ctx, 0)
	if end, ok := errors.AsType[*endedError](err); ok {
		return end.err
	}
	c.kill()
	switch {
	case err == nil:
		return fmt.Errorf("it wrote after its last answer: %s", excerpt(line))
	case ctx.Err() != nil:
		return err
	}
	return errors.New("it did not end when its standard input did")
}
