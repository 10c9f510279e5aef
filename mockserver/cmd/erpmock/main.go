// Command erpmock runs a mock of the Visma.net ERP Background API, and controls
// one that runs.
//
//	erpmock                                          # on 127.0.0.1:8787
//	erpmock --listen localhost:0 --port-file port    # any free port, its number in a file
//	erpmock --data dir                               # survives kill -9; run it twice for two servers
//	erpmock --exec-time 1s..5s --faults rules.json   # an ERP on a bad day
//	erpmock --clock-rate 60 --exec-time 10m          # ten minutes of work in ten seconds
//	erpmock --profile strict --auth strict --client app:s3cret --tenant my-tenant=1000001
//	erpmock listen --forward-to http://localhost:3000/hook   # prints and verifies notifications
//
// erpmock --help lists the commands, and the options of serve, which is the
// command if none is named. Each option can be given as a flag, as an environment
// variable (ERPMOCK_EXEC_TIME for --exec-time) and in the file of --config; all of
// them are in docs/erpmock.md. What --faults reads is described at [fault.Parse].
// The clocks of --clock-rate and --clock-start begin anew with each start of the
// program, also where --data keeps the operations.
//
// It prints its address and a curl line to try, and then a line for each change of
// an operation and each attempt to notify; serves until SIGINT or SIGTERM, and
// then exits with status 0. GET /__mock/health tells that it is ready,
// /__mock/docs shows the reference of the API. The listener is open before
// anything is printed or written, so whoever reads the file can connect. Exit
// status 2 means wrong flags, 1 any other error.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if underGoRun() {
		ctx = whileParentLives(ctx, os.Getppid)
	}
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ()}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// An app is the program with what surrounds it.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string // as os.Environ has it
}
