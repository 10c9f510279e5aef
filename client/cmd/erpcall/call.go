package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/store"
)

// A calling is a call with its options.
type calling struct {
	*app
	output
	request
	data     string
	hasData  bool
	ifMatch  string
	key      string
	verify   string
	notify   string
	sequence string
	metadata map[string]string
	enqueue  bool
	noWait   bool
	again    bool
	curl     bool
	timeout  time.Duration
	file     string
}

func (a *app) callCommand() *cli.Command {
	c := &calling{app: a, request: request{header: make(http.Header)}}
	return &cli.Command{
		Use:   "call METHOD PATH",
		Short: "submit a request, wait, and print the ERP's answer (the word call may be left out)",
		Long: `Submits a request to be run in the background, waits for its end, and prints the answer. The word "call" may be left out.

Before the first byte is sent, the request is recorded. Ctrl-C ends only the waiting: the operation goes on at the ERP, and erpcall watch waits for it again. What may have been accepted is never sent again by itself: if it is not known, erpcall says so, ends with status 5, and erpcall resolve takes the word of a person who looked. A request that changes something is not sent while the same one is open or uncertain, unless --again says that it is meant.`,
		Examples: `erpcall GET '/v1/customerinvoice?pageSize=2'
erpcall POST /v2/customerinvoice -d @invoice.json --key order-4711
erpcall POST /v1/customerinvoice/003501/action/release --verify invoice-released
erpcall PUT /v1/customerinvoice/003501 -d @- --if-match '"etag"' < change.json
erpcall GET /v1/customer --jq '.[].number'
erpcall GET /v1/customer --json ref,statusCode,finished
erpcall POST /v2/customerinvoice -d @invoice.json --no-wait    # then: erpcall watch REF
erpcall --mock GET /v1/customerinvoice                         # without an account`,
		Args: cobra.ExactArgs(2),
		Options: append(append(cli.Options{
			{Name: "data", Short: "d", Group: "Request", Arg: "data", FlagOnly: true, Usage: "body of the request: the data itself, @FILE, or @- for the standard input", Set: func(v string) error {
				c.data, c.hasData = v, true
				return nil
			}},
			{Name: "header", Short: "H", Group: "Request", Arg: "name: value", Repeats: true, FlagOnly: true, Usage: "header of the request", Set: func(v string) error { return addHeader(c.header, v) }},
			{Name: "if-match", Group: "Request", Arg: "etag", FlagOnly: true, Usage: "change only what still has this ETag", Set: cli.Text(&c.ifMatch)},
			{Name: "key", Group: "Request", Arg: "name", FlagOnly: true, Usage: "your own name for the work: the same key is never sent twice, and gives the first answer", Set: cli.Text(&c.key)},
			{Name: "again", Group: "Request", FlagOnly: true, Usage: "send it although the same request is open or uncertain", Set: cli.YesOrNo(&c.again)},
			{Name: "metadata", Group: "Request", Arg: "name=value", Repeats: true, FlagOnly: true, Usage: "kept with the operation, to find it again", Set: cli.Pairs("=", "name=value", "name", func(k, v string) bool { return cli.PutNew(&c.metadata, k, v) })},
			{Name: "notify", Group: "Background", Arg: "how", Usage: "how the ERP tells that it is done: none, subscription, subscription:name=value,… or the URL of a receiver that writes to the same store (default none: erpcall polls)", Set: cli.Text(&c.notify)},
			{Name: "verify", Group: "Background", Arg: "name", FlagOnly: true, Usage: "wait until a follow-up check confirms it: " + strings.Join(verifierNames(), ", "), Set: cli.Text(&c.verify)},
			{Name: "no-wait", Group: "Background", FlagOnly: true, Usage: "print the operation once it is accepted, and do not wait", Set: cli.YesOrNo(&c.noWait)},
			{Name: "enqueue", Group: "Background", FlagOnly: true, Usage: "store the request and return: erpcall run, or the service whose store it is, sends it", Set: cli.YesOrNo(&c.enqueue)},
			{Name: "sequence", Group: "Background", Arg: "name", FlagOnly: true, Usage: "with --enqueue: send it when the one before it in this sequence has succeeded", Set: cli.Text(&c.sequence)},
			{Name: "timeout", Group: "Background", Arg: "time", FlagOnly: true, Usage: "wait no longer than this; the operation goes on (default: as long as it takes)", Set: cli.Duration(&c.timeout)},
			{Name: "output", Short: "o", Group: printing, Arg: "file", FlagOnly: true, Usage: "write the answer to this file", Set: cli.Text(&c.file)},
			{Name: "curl", Group: printing, FlagOnly: true, Usage: "print the call as a line for curl, without credentials, and send nothing", Set: cli.YesOrNo(&c.curl)},
		}, c.options()...), a.account()...),
		Complete: func(args []string) []string {
			if len(args) == 0 {
				return []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
			}
			return nil
		},
		Run: c.run,
	}
}

func (c *calling) run(ctx context.Context, args []string) error {
	c.method, c.path = args[0], args[1]
	if err := c.check(); err != nil {
		return err
	}
	if c.hasData {
		var err error
		if c.body, err = c.readData(c.data); err != nil {
			return err
		}
	}
	if err := checkData(&c.request); err != nil {
		return err
	}
	if c.curl {
		return c.printCurl()
	}
	s, err := c.open(ctx, use{calls: !c.enqueue, makes: true, watch: watchful{}, schedule: soon})
	if err != nil {
		return err
	}
	defer s.Close()
	opts, err := c.submitOptions(s)
	if err != nil {
		return err
	}
	if err := c.refuseSame(ctx, s); err != nil {
		return err
	}
	req, err := c.build()
	if err != nil {
		return err
	}
	if c.enqueue {
		return c.putIntoOutbox(ctx, s, req, opts)
	}
	p := c.progress(s)
	op, err := s.submitWhole(ctx, req, opts)
	if op == nil { // nothing was accepted
		return notSent(err)
	}
	if err != nil {
		return ending(err, op.Ref())
	}
	if c.noWait {
		return c.printAccepted(ctx, s, op)
	}
	if op.ID() != "" {
		p.say("%s: accepted by the ERP as %s; Ctrl-C ends only the waiting", op.Ref(), op.ID())
		p.shown = string(store.Accepted)
	}
	return c.await(ctx, s, op, p, c.file, c.timeout, true)
}

// check tells what is wrong with options that do not go together.
func (c *calling) check() error {
	if err := checkCall(c.method, c.path); err != nil {
		return err
	}
	if c.ifMatch != "" {
		c.header.Set("If-Match", c.ifMatch)
	}
	switch {
	case c.verify != "" && verifiers()[c.verify].Path == nil:
		return cli.Usagef("--verify %q: want one of %s", c.verify, strings.Join(verifierNames(), ", "))
	case c.sequence != "" && !c.enqueue:
		return cli.Usagef("--sequence goes with --enqueue")
	case c.enqueue && (c.noWait || c.timeout != 0):
		return cli.Usagef("--enqueue does not wait: leave out --no-wait and --timeout")
	case c.noWait && c.file != "":
		return cli.Usagef("--output: there is no answer with --no-wait; erpcall content REF -o %s writes it later", c.file)
	case c.timeout < 0:
		return cli.Usagef("--timeout: want a time that is not negative")
	}
	return nil
}

func (c *calling) submitOptions(s *session) (client.SubmitOptions, error) {
	notify, err := c.notifyOf(c.notify, s.profile)
	key := c.key
	if key == "" {
		key = "erpcall:" + rand.Text() // so that what the request was is known later
	}
	return client.SubmitOptions{
		Key: key, Kind: kind, Verify: c.verify, Sequence: c.sequence, Metadata: c.metadata, Notify: notify,
	}, err
}

// refuseSame refuses a request that changes something while the same one is open or
// uncertain.
func (c *calling) refuseSame(ctx context.Context, s *session) error {
	if c.again || c.method == http.MethodGet {
		return nil
	}
	path, err := s.relative(c.path)
	if err != nil {
		return cli.UsageError{Err: err}
	}
	open, err := s.openWork(ctx)
	if err != nil {
		return err
	}
	for _, same := range open[erp.Fingerprint(c.method, path, c.body)] {
		if c.key == "" || same.Key != c.key {
			return &cli.Status{Code: exitRefused, Err: sameError(same)}
		}
	}
	return nil
}

func (c *calling) putIntoOutbox(ctx context.Context, s *session, req *http.Request, opts client.SubmitOptions) error {
	op, err := s.Enqueue(ctx, req, opts)
	if err != nil {
		return notSent(err)
	}
	rec, err := s.store.Get(ctx, s.tenant, op.Ref())
	if err != nil {
		return err
	}
	if c.machine() {
		return c.print(c.Stdout, viewOf(rec))
	}
	if !c.quiet {
		fmt.Fprintln(c.Stderr, "stored; it is sent by erpcall run, or by the service whose store this is:", s.where)
	}
	_, err = fmt.Fprintln(c.Stdout, op.Ref())
	return err
}

// printAccepted prints an operation that is not waited for.
func (c *calling) printAccepted(ctx context.Context, s *session, op *client.Operation) error {
	rec, err := s.store.Get(ctx, s.tenant, op.Ref())
	if err != nil {
		return err
	}
	if c.machine() {
		return c.print(c.Stdout, viewOf(rec))
	}
	if !c.quiet {
		fmt.Fprintf(c.Stderr, "accepted as %s\n  erpcall watch %s    # waits for it\n", plain(rec.ID), rec.Ref)
	}
	_, err = fmt.Fprintln(c.Stdout, op.Ref())
	return err
}

// await waits for an operation and prints its answer. What this program submitted is
// acknowledged once the answer is written.
func (c *calling) await(ctx context.Context, s *session, op *client.Operation, p *progress, file string, timeout time.Duration, acknowledge bool) error {
	wait := ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		wait, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	shown, stop := context.WithCancel(wait)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.follow(shown, op.Ref())
	}()
	res, failed := op.Wait(wait)
	stop()
	<-done
	ctx = context.WithoutCancel(ctx) // what is there is written, Ctrl-C or not
	if res != nil {
		if err := c.write(ctx, s, op, res, file); err != nil {
			return err
		}
		if !acknowledge {
			return ending(failed, op.Ref())
		}
		if _, riddle := errors.AsType[*client.UnclearError](failed); riddle {
			return ending(failed, op.Ref())
		}
		if err := op.Ack(ctx); err != nil {
			c.warn("the answer of %s was written, and not acknowledged: %v", op.Ref(), err)
		}
	}
	return ending(failed, op.Ref())
}

// write writes an answer: its body, or what --json and --jq ask for.
func (c *calling) write(ctx context.Context, s *session, op *client.Operation, res *client.Result, file string) error {
	to := c.Stdout
	if file != "" {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("--output: %w; erpcall content %s prints the answer", err, op.Ref())
		}
		defer f.Close()
		to = f
	}
	if err := c.writeTo(ctx, s, to, op, res); err != nil {
		return fmt.Errorf("the answer of %s: %w; erpcall content %s prints it", op.Ref(), err, op.Ref())
	}
	if f, ok := to.(*os.File); ok && file != "" {
		return f.Sync()
	}
	return nil
}

func (c *calling) writeTo(ctx context.Context, s *session, to io.Writer, op *client.Operation, res *client.Result) error {
	if c.fields != nil {
		rec, err := s.store.Get(ctx, s.tenant, op.Ref())
		if err != nil {
			return err
		}
		v := viewOf(rec)
		if v.Body == nil && res.HasContent() {
			body, err := res.Bytes(ctx)
			if err != nil {
				return err
			}
			v.Body = asJSON(body)
		}
		return c.print(to, v)
	}
	if !res.HasContent() {
		if c.query != nil {
			return errors.New("--jq: the answer has no body")
		}
		if !c.quiet {
			fmt.Fprintf(c.Stderr, "%d, without a body%s\n", res.StatusCode, created(res))
		}
		return nil
	}
	if c.query != nil {
		body, err := res.Bytes(ctx)
		if err != nil {
			return err
		}
		return c.filter(to, body)
	}
	if isTerminal(to) {
		return printPretty(ctx, to, res)
	}
	body, err := res.Open(ctx)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(to, body)
	return err
}

// created tells what a request has made.
func created(res *client.Result) string {
	if id := res.CreatedID(); id != "" {
		return "; it made " + plain(id)
	}
	return ""
}

// printPretty shows an answer on a terminal: JSON in lines, and no text that would
// take the terminal over.
func printPretty(ctx context.Context, to io.Writer, res *client.Result) error {
	body, err := res.Bytes(ctx)
	if err != nil {
		return err
	}
	var lines bytes.Buffer
	if json.Indent(&lines, body, "", "  ") == nil {
		body = lines.Bytes()
	}
	for line := range strings.Lines(strings.TrimRight(string(body), "\n")) {
		if _, err := fmt.Fprintln(to, plain(strings.TrimRight(line, "\r\n"))); err != nil {
			return err
		}
	}
	return nil
}

// printCurl prints the call without credentials.
func (c *calling) printCurl() error {
	p, err := c.settled()
	if err != nil {
		return err
	}
	value := firstOf(c.notify, p.Notify, "none")
	if strings.HasPrefix(value, "http") {
		value += "/$CAPABILITY"
	}
	base := strings.TrimRight(firstOf(p.URL, "https://api.finance.visma.net"), "/")
	if strings.HasPrefix(c.path, "http") {
		base = ""
	}
	parts := []string{"curl -i -X " + c.method + " " + quoted(base+c.path), "-H " + quoted("erp-api-background: "+value), `-H "Authorization: Bearer $ERPCALL_TOKEN"`}
	if p.Company != "" {
		parts = append(parts, "-H "+quoted("ipp-company-id: "+p.Company), "-H "+quoted("ipp-application-type: Visma.net Financials"))
	}
	for name, values := range c.header {
		for _, v := range values {
			parts = append(parts, "-H "+quoted(name+": "+v))
		}
	}
	if c.hasData {
		if c.header.Get("Content-Type") == "" {
			parts = append(parts, "-H "+quoted("Content-Type: application/json"))
		}
		parts = append(parts, "--data-binary "+quoted(c.data))
	}
	_, err = fmt.Fprintln(c.Stdout, strings.Join(parts, " \\\n  "))
	return err
}

// quoted is a word for a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
