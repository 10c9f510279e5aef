package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/store"
)

// A batch runs the rows of a file.
type batch struct {
	*app
	each     string
	name     string
	notify   string
	file     string
	parallel int
	again    bool

	s    *session
	how  client.Notify
	open map[string][]store.Record
}

func (a *app) batchCommand() *cli.Command {
	b := &batch{app: a}
	return &cli.Command{
		Use:   "batch FILE",
		Short: "run the requests of a file, a JSON object a line, and write a result for each",
		Long: `Runs the requests of a file: each line is a JSON object with method, path and body, and perhaps key, header, ifMatch, verify and metadata. With --each 'METHOD PATH' each line is a body. The requests are sent at the pace that the ERP allows. The results are JSON objects too, one a line, in the order of the file.

The same command again goes on where it was cut off, by Ctrl-C, kill -9 or a reboot: nothing is submitted twice. That goes by the keys of rows, which are their own or made of what they say: a row with the same words in another file is the same work, and gets the answer of the first, unless --run names another run.

What the ERP refuses is written to FILE.refused.jsonl as well, to be mended and run; what was mended there is not written over. What is uncertain is not sent again: it is listed with the command that tells what became of it, and once that is told, the same command goes on with it. A request that changes something is not sent while the same one is open or uncertain under another key, unless --again says that it is meant. A row whose answer was removed long ago is not sent again either: its outcome is purged, which ends with status 5.`,
		Examples: `erpcall batch invoices.jsonl --each 'POST /v2/customerinvoice' -o results.jsonl
# calls.jsonl: {"method": "POST", "path": "/v2/customerinvoice", "key": "order-1", "body": {…}}
erpcall batch calls.jsonl > results.jsonl
jq -c 'select(.outcome != "succeeded")' results.jsonl`,
		Args: cobra.ExactArgs(1),
		Options: join(cli.Options{
			{Name: "each", Group: "Rows", Arg: "method path", FlagOnly: true, Usage: "each line is the body of such a request", Set: cli.Text(&b.each)},
			{Name: "run", Group: "Rows", Arg: "name", FlagOnly: true, Usage: "rows without a key of their own are new work in each run of another name", Set: cli.Text(&b.name)},
			{Name: "again", Group: "Rows", FlagOnly: true, Usage: "send a row although the same request is open or uncertain under another key", Set: cli.YesOrNo(&b.again)},
			{Name: "notify", Group: "Rows", Arg: "how", Usage: "how the ERP tells that an operation is done, as for call (default none)", Set: cli.Text(&b.notify)},
			{Name: "parallel", Group: "Rows", Arg: "n", Initial: "16", Usage: "requests that are being sent at a time", Set: cli.Number(&b.parallel)},
			{Name: "output", Short: "o", Group: printing, Arg: "file", FlagOnly: true, Usage: "write the results to this file, and go on behind those that are there", Set: cli.Text(&b.file)},
		}, a.account()),
		Run: b.run,
	}
}

// inFlight is how many rows may be between the file and the results: each costs a
// few kilobytes.
const inFlight = 4096

func (b *batch) run(ctx context.Context, args []string) error {
	if b.parallel < 1 {
		return cli.Usagef("--parallel: want a number of at least 1")
	}
	in := &rowFile{name: args[0], run: b.name}
	if err := in.setEach(b.each); err != nil {
		return err
	}
	total, err := in.check() // before anything is sent
	if err != nil {
		return err
	}
	if b.s, err = b.app.open(ctx, use{calls: true, makes: true, watch: watchful{}}); err != nil {
		return err
	}
	defer b.s.Close()
	if err := in.checkPaths(b.s.origin); err != nil {
		return err
	}
	if b.how, err = b.notifyOf(b.notify, b.s.profile); err != nil {
		return err
	}
	if !b.again {
		if b.open, err = b.s.openWork(ctx); err != nil {
			return err
		}
	}
	out, err := openResults(b.app, b.file, in)
	if err != nil {
		return err
	}
	t := newTally(b.app, total, out.kept)
	err = errors.Join(b.work(ctx, in, out, t), out.close())
	t.end()
	if err != nil {
		return fmt.Errorf("%w\nthe same command goes on where it stopped", err)
	}
	return t.status()
}

// work sends the rows and hands what became of them to the results, in their order.
func (b *batch) work(ctx context.Context, in *rowFile, out *results, t *tally) error {
	reading, stop := context.WithCancelCause(ctx) // also when results cannot be written
	defer stop(nil)
	turns := make(chan chan result, inFlight)
	sending := make(chan struct{}, b.parallel)
	var all sync.WaitGroup
	defer all.Wait()
	var readErr error
	all.Go(func() {
		defer close(turns)
		readErr = in.eachRow(out.next, func(r *row) error {
			turn := make(chan result, 1)
			select {
			case turns <- turn:
			case <-reading.Done():
				return errStop
			}
			if line, done := out.old[r.number]; done {
				turn <- result{line: line, row: r}
				return nil
			}
			select {
			case sending <- struct{}{}:
			case <-reading.Done():
				turn <- result{row: r, Outcome: pending}
				return errStop
			}
			all.Go(func() { turn <- b.do(reading, r, func() { <-sending }) })
			return nil
		})
	})
	for turn := range turns {
		r := <-turn
		if r.fatal != nil {
			stop(r.fatal)
			return fmt.Errorf("row %d: %w", r.row.number, r.fatal)
		}
		if r.Outcome == pending && ctx.Err() != nil {
			out.cut = true // what follows is not written, so that the file stays in order
		}
		if out.cut {
			continue
		}
		if err := out.write(ctx, b.s, r); err != nil {
			stop(err)
			return err
		}
		t.add(r)
	}
	if errors.Is(readErr, errStop) {
		return nil
	}
	return readErr
}

// do runs a row and says what became of it. Sent is called when its place among those
// that are being sent is free.
func (b *batch) do(ctx context.Context, r *row, sent func()) result {
	op, err := b.submitPatiently(ctx, r)
	sent()
	res := result{row: r, Row: r.number, Key: r.Key}
	if op == nil {
		res.unsent(ctx, err)
		return res
	}
	res.Ref, res.op = op.Ref(), op
	r.Body = nil // thousands of rows may wait for one before them
	_, doubt := errors.AsType[*client.UncertainError](err)
	var answer *client.Result
	if !doubt {
		answer, err = op.Wait(ctx)
	}
	if failed := res.read(context.WithoutCancel(ctx), b.s, answer); failed != nil {
		res.fatal = failed
	}
	if res.Outcome == refused { // somebody told meanwhile that the ERP does not have it
		res.Outcome = pending
	}
	if err != nil {
		res.Message = firstOf(res.Message, err.Error())
	}
	if _, refusal := errors.AsType[*client.ResponseError](err); refusal && res.Outcome == pending {
		res.fatal = err // the ERP refuses all polls
	}
	return res
}

// submitPatiently submits a row, and tries a few times more what was certainly not
// sent because there was no connection.
func (b *batch) submitPatiently(ctx context.Context, r *row) (*client.Operation, error) {
	wait := time.Second
	for {
		op, err := b.submit(ctx, r)
		if op != nil || !isNoConnection(err) || wait > 16*time.Second {
			return op, err
		}
		select {
		case <-time.After(wait):
			wait *= 2
		case <-ctx.Done():
			return nil, err
		}
	}
}

// isNoConnection reports whether a request was not sent for a reason that may pass.
func isNoConnection(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network && !errors.Is(err, context.Canceled)
}

func (b *batch) submit(ctx context.Context, r *row) (*client.Operation, error) {
	path, err := b.s.relative(r.Path)
	if err != nil {
		return nil, err
	}
	if r.Method != http.MethodGet {
		for _, same := range b.open[erp.Fingerprint(r.Method, path, r.body())] {
			if same.Key != r.Key && (r.family == "" || !strings.HasPrefix(same.Key, r.family)) {
				return nil, sameWork{sameError(same)}
			}
		}
	}
	req, err := r.request().build()
	if err != nil {
		return nil, err
	}
	return b.s.submitWhole(ctx, req, client.SubmitOptions{Key: r.Key, Kind: kind, Verify: r.Verify, Metadata: r.Metadata, Notify: b.how})
}

// sameWork is the error of a row that is not sent.
type sameWork struct{ error }

// unsent is the result of a row that has no operation: it was refused, or not sent.
// What would befall every other row as well ends the batch.
func (r *result) unsent(ctx context.Context, err error) {
	refusal, answered := errors.AsType[*client.ResponseError](err)
	_, same := errors.AsType[sameWork](err)
	r.Message = err.Error()
	switch {
	case same:
		r.Outcome = skipped
	case answered && refusal.StatusCode != http.StatusUnauthorized && refusal.StatusCode != http.StatusForbidden && refusal.StatusCode != http.StatusTooManyRequests:
		r.Outcome, r.StatusCode, r.Message = refused, refusal.StatusCode, firstOf(refusal.Message, r.Message)
	case errors.Is(err, client.ErrDuplicateKey):
		r.Outcome = purged
	case errors.Is(err, client.ErrKeyReused):
		r.Outcome = refused
	case ctx.Err() != nil:
		r.Outcome = pending
	default:
		r.Outcome, r.fatal = pending, err
	}
}
