package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/vismanet-go/background/client"
)

// session makes calls in the background, one after the other, and reports on
// them.
type session struct {
	client *client.Client
	out    io.Writer
	rows   []string // of the final table
}

// do submits a request and follows it to its result. Its error is nil only if
// the ERP did what it was asked to.
func (s *session) do(ctx context.Context, req *http.Request, notify client.Notify) (*client.Result, error) {
	fmt.Fprintf(s.out, "\n%s %s\n", req.Method, req.URL.RequestURI())
	t := timeline{out: s.out, start: time.Now()}
	t.line(t.start, "submitted", "erp-api-background: "+notify.String())
	op, err := s.client.Submit(ctx, req, client.SubmitOptions{Notify: notify})
	if lost, ok := errors.AsType[*client.UncertainError](err); ok && op != nil {
		// It may be queued all the same, so it is not sent again.
		t.line(time.Now(), "uncertain", lost.Reason)
		if op, err = s.learn(ctx, op); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	if op.ID() == "" {
		return nil, errors.New("the ERP answered at once and not in the background")
	}
	t.queued(op.ID())

	// Wait alone would do: Watch shows what is learnt in the meantime.
	var last client.State
	for state, err := range op.Watch(ctx) {
		if err != nil {
			return nil, err
		}
		t.follow(state)
		last = state
	}
	res, err := op.Wait(ctx) // at once, because it has ended
	if err != nil {
		return nil, err
	}
	body, err := res.Bytes(ctx)
	if err != nil {
		return nil, err
	}

	// There is a poll after a notification too, which is a hint: the client
	// believes only what it reads from the ERP itself.
	polls, awaited := last.Polls, "notification"
	if last.Notified.IsZero() {
		awaited = "poll"
	}
	t.line(time.Now(), "fetched", fmt.Sprintf("by poll %d: %d bytes", polls, len(body)))
	s.rows = append(s.rows, fmt.Sprintf("%s\t%s\t%s\t%d\t%s\t%d\t%s",
		req.Method, req.URL.Path, notify, res.StatusCode, awaited, polls, rounded(t.last)))
	return res, nil
}

// learn waits for the notification that tells what became of a request whose
// answer was lost. It is no use to wait for ever: then a person looks in the ERP
// and tells with [client.Operation.Resolve].
func (s *session) learn(ctx context.Context, op *client.Operation) (*client.Operation, error) {
	for state, err := range op.Watch(ctx) {
		if err != nil {
			return nil, err
		}
		if state.ID != "" {
			return s.client.Operation(ctx, state.ID)
		}
	}
	return op, nil
}

// tell prints what a call has brought.
func (s *session) tell(format string, args ...any) {
	fmt.Fprintf(s.out, "  → "+format+"\n", args...)
}

// summary prints the table of completed calls.
func (s *session) summary(planned int) error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nmethod\tpath\tmode\tstatus\tawaited by\tpolls\ttotal")
	for _, row := range s.rows {
		fmt.Fprintln(w, row)
	}
	fmt.Fprintf(w, "\n%d of %d background calls completed\n", len(s.rows), planned)
	return w.Flush()
}
