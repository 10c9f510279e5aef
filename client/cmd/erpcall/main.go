// Command erpcall calls the Visma.net ERP API in the background and awaits the real
// answers, and looks after what is open: curl for background calls.
//
//	erpcall POST /v2/customerinvoice -d @invoice.json    # submits, waits, prints the answer
//	erpcall GET /v1/customer --jq '.[].number'           # a part of it
//	erpcall batch invoices.jsonl --each 'POST /v2/customerinvoice' -o results.jsonl
//	erpcall uncertain                                    # what needs a person, and how to tell
//	erpcall --mock GET /v1/customerinvoice               # without an account, against a mock in this process
//
// Every call is recorded before its first byte is sent, in a file of the user's
// state directory or in the store of a service (--store), so that Ctrl-C, kill -9 and
// a reboot lose nothing and nothing is sent twice. Credentials come from the
// environment or from a file that only its owner can read, never from arguments.
//
// erpcall --help lists the commands; all of them are in docs/erpcall.md. Exit
// statuses: 0 success, 1 any other error, 2 usage, 3 failed, 4 pending, 5 uncertain,
// 6 refused.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // else nohup wants it to go on
		ends = append(ends, syscall.SIGHUP)
	}
	// Who reads the output may leave while requests are being sent, which has to be an
	// error of the write: the signal would end the program and leave them uncertain.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program the hard way
	a := newApp(os.Stdin, os.Stdout, os.Stderr, os.Environ())
	os.Exit(a.Run(ctx, os.Args[1:]))
}
