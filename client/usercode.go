package client

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// called calls f, which runs the application's code, in a goroutine of its
// own and waits for it. A panic and a runtime.Goexit, with which t.FailNow ends
// a test for example, are errors then: they end neither the process nor the
// goroutine that had the work to do.
func called(name string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		err := error(&brokenError{name: name, goexit: true}) // unless it is found otherwise
		defer func() {
			if p := recover(); p != nil {
				err = &brokenError{name: name, value: p, stack: string(debug.Stack())}
			}
			done <- err
		}()
		err = f()
	}()
	return <-done
}

// refresh has the application drop its credentials.
func (c *Client) refresh(ctx context.Context) error {
	if err := called("Config.Refresh", func() error { return c.cfg.Refresh(ctx) }); err != nil {
		return fmt.Errorf("refresh the credentials: %w", err)
	}
	return nil
}

// brokenError says that the application's code did not return.
type brokenError struct {
	name   string // of what was called
	goexit bool
	value  any // of the panic
	stack  string
}

func (e *brokenError) Error() string {
	if e.goexit {
		return e.name + " ended its goroutine (runtime.Goexit) and did not return"
	}
	return fmt.Sprintf("%s panicked: %v", e.name, e.value)
}

// logged returns what a log line tells of an error, with the stack of a panic.
func logged(err error) []any {
	if broken, ok := errors.AsType[*brokenError](err); ok && broken.stack != "" {
		return []any{"error", err, "stack", broken.stack}
	}
	return []any{"error", err}
}
