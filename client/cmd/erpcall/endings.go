package main

import (
	"errors"
	"fmt"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/cli"
)

// ending is the error with which the program ends for one of the client's: it has the
// exit status, and says what to do.
func ending(err error, ref string) error {
	if err == nil {
		return nil
	}
	if _, told := errors.AsType[*cli.Status](err); told {
		return err
	}
	code := cli.ExitFailed
	_, failure := errors.AsType[*client.OperationError](err)
	_, waits := errors.AsType[*client.PendingError](err)
	uncertain, doubt := errors.AsType[*client.UncertainError](err)
	unclear, riddle := errors.AsType[*client.UnclearError](err)
	refusal, answered := errors.AsType[*client.ResponseError](err)
	switch {
	case doubt:
		code, err = exitUncertain, fmt.Errorf("%s: it is not known whether the ERP accepted it: %s\n%s", ref, uncertain.Reason, howToTell(ref, true))
	case riddle:
		code, err = exitUncertain, fmt.Errorf("%s: it ended in a way that nobody knows: status %q, code %d\n%s", ref, unclear.Status, unclear.StatusCode, howToTell(ref, false))
	case errors.Is(err, client.ErrExpired):
		code, err = exitUncertain, fmt.Errorf("%w\nFind out in the ERP what became of it, and tell:\n  erpcall resolve %s --ended-with 201 --reason '…'", err, ref)
	case waits:
		code, err = exitPending, fmt.Errorf("it has not ended, and goes on: %s\n  erpcall watch %s    # waits for it", endOfWait(err), ref)
	case failure:
		code = exitFailed
	case answered && refusal.StatusCode != 0:
		code = exitRefused
	case errors.Is(err, client.ErrKeyReused), errors.Is(err, client.ErrRateLimited):
		code = exitRefused
	}
	return &cli.Status{Code: code, Err: err}
}

// notSent is the error with which the program ends for a request that was not sent.
// What became of the work of a purged operation was told long ago, so that nobody may
// take it for undone.
func notSent(err error) error {
	if errors.Is(err, client.ErrDuplicateKey) {
		return &cli.Status{Code: exitUncertain, Err: fmt.Errorf("%w\nIt is not sent again. %s", err, purgedMeans)}
	}
	return &cli.Status{Code: exitRefused, Err: withOptions(err)}
}

// purgedMeans says what to do about work of which nothing but its key is known.
const purgedMeans = "The work was done, or failed, long ago, and its answer was removed: look in the ERP, and take another key if it has to be done."

// endOfWait says why a wait ended, without what its user knows.
func endOfWait(err error) string {
	if p, ok := errors.AsType[*client.PendingError](err); ok && p.Last != nil {
		return "the last poll failed: " + p.Last.Error()
	}
	return "the wait was ended"
}

// howToTell says how a person tells what became of an operation.
func howToTell(ref string, mayHaveNone bool) string {
	resolve := "  erpcall resolve " + ref
	text := "It is not sent again. Look in the ERP what became of it, and tell:\n" +
		resolve + " --ended-with 201 --reason 'invoice 12345 is there'\n"
	if mayHaveNone {
		return text + resolve + " --not-accepted --reason 'no such invoice an hour later'\n" +
			resolve + " --accepted-as ID"
	}
	return text + resolve + " --ended-with 400 --reason 'it failed'"
}
