// Package usercode calls code of the application and turns a panic and a
// runtime.Goexit (by which t.FailNow ends a test, for example) into errors.
// They end neither the process nor the goroutine that called.
package usercode

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Call calls f in a goroutine of its own and waits for it. The name is that of
// what is called, for the error.
func Call(name string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		var err error
		returned := false
		defer func() {
			if !returned {
				err = Broken(name, recover())
			}
			done <- err
		}()
		err = f()
		returned = true
	}()
	return <-done
}

// Broken makes the error of code that did not return, of what recover returned.
func Broken(name string, recovered any) *Error {
	if recovered == nil {
		return &Error{name: name}
	}
	return &Error{name: name, panicked: recovered, stack: string(debug.Stack())}
}

// Error says that the application's code did not return.
type Error struct {
	name     string // of what was called
	panicked any    // nil if it ended its goroutine
	stack    string
}

func (e *Error) Error() string {
	if e.panicked == nil {
		return e.name + " ended its goroutine (runtime.Goexit) and did not return"
	}
	return fmt.Sprintf("%s panicked: %v", e.name, e.panicked)
}

// Logged returns what a log line tells of an error, with the stack of a panic.
func Logged(err error) []any {
	if broken, ok := errors.AsType[*Error](err); ok && broken.stack != "" {
		return []any{"error", err, "stack", broken.stack}
	}
	return []any{"error", err}
}
