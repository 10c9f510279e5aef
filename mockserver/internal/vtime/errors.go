package vtime

import "errors"

// Errors of a [Clock], and of what waits for one.
var (
	// ErrClosed: the server was closed.
	ErrClosed = errors.New("the server is closed")

	// ErrReset: the company was reset.
	ErrReset = errors.New("the company was reset")

	// ErrOwnCompany: a handler wants to wait for its own end.
	ErrOwnCompany = errors.New("called by a handler of this company, whose end it would wait for")

	// ErrNothingPlanned: nothing would happen, however late it became.
	ErrNothingPlanned = errors.New("nothing is planned")
)
