// Command bgspec makes the background view and the foreground view of an
// OpenAPI document of the ERP, so that generators make clients of any of its
// operations.
//
//	bgspec background erp.json -o erp.background.json       # every operation is queued
//	bgspec background erp.json --only 'POST /v1/supplierInvoice'
//	bgspec foreground erp.json -o erp.foreground.json       # every operation answers itself
//	bgspec mends                                            # what --mend can mend
//
// bgspec help background and bgspec help foreground have the rest. What was
// done beside the rule is told on standard error. Exit status 2 means wrong
// flags or arguments, 1 any other error; then nothing was written.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Statuses with which the program exits.
const (
	exitFailed = 1
	exitUsage  = 2
)

// A usageError is an error in what the user wrote.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// run is the program; it returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot(stdin, stdout, stderr)
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(stderr, "bgspec:", strings.TrimRight(line, "\n"))
	}
	if _, usage := errors.AsType[usageError](err); usage {
		return exitUsage
	}
	return exitFailed
}
