package console

import (
	"context"
	"net/http"
	"time"

	"github.com/vismanet-go/background/client"
)

// A word is what a person says about an operation.
type word struct {
	Reason     string `json:"reason"`
	StatusCode int    `json:"statusCode"` // of "ended"
	Location   string `json:"location"`
	Body       string `json:"body"`
	ID         string `json:"id"` // of "accepted"
}

// act does what a person wants with an operation.
func (c *Console) act(w http.ResponseWriter, r *http.Request) {
	var said word
	if !read(w, r, &said) {
		return
	}
	act := r.PathValue("act")
	do, known := acts()[act]
	if !known {
		refuse(w, http.StatusNotFound, "There is no such act.", "")
		return
	}
	op, err := c.cfg.Client.OperationByRef(r.Context(), r.PathValue("ref"))
	if err == nil {
		err = do(r.Context(), op, said)
	}
	c.cfg.Logger.InfoContext(r.Context(), "a person acted", "principal", principal(r).Name, "act", act, "ref", r.PathValue("ref"), "reason", said.Reason, "error", text(err))
	if err != nil {
		fail(w, err)
		return
	}
	rec, err := c.cfg.Store.Get(r.Context(), c.cfg.Tenant, op.Ref())
	if err != nil {
		fail(w, err)
		return
	}
	write(w, http.StatusOK, wholeOf(rec, time.Now()))
}

// acts are what a person can do with an operation.
func acts() map[string]func(context.Context, *client.Operation, word) error {
	type op = client.Operation
	return map[string]func(context.Context, *op, word) error{
		"ended": func(ctx context.Context, o *op, said word) error {
			answer := client.Answer{StatusCode: said.StatusCode, Body: []byte(said.Body)}
			if said.Location != "" {
				answer.Header = http.Header{"Location": {said.Location}}
			}
			return o.Resolve(ctx, client.EndedWith(answer, said.Reason))
		},
		"accepted": func(ctx context.Context, o *op, said word) error { return o.Resolve(ctx, client.AcceptedAs(said.ID)) },
		"not-accepted": func(ctx context.Context, o *op, said word) error {
			return o.Resolve(ctx, client.NotAccepted(said.Reason))
		},
		"give-up": func(ctx context.Context, o *op, said word) error { return o.Resolve(ctx, client.GivenUp(said.Reason)) },
		"ask": func(ctx context.Context, o *op, _ word) error {
			_, err := o.AskResolver(ctx)
			return err
		},
		"poll": func(ctx context.Context, o *op, _ word) error {
			_, err := o.Poll(ctx)
			return err
		},
		"ack":      func(ctx context.Context, o *op, _ word) error { return o.Ack(ctx) },
		"replay":   func(ctx context.Context, o *op, _ word) error { return o.Replay(ctx) },
		"drop":     func(ctx context.Context, o *op, said word) error { return o.Drop(ctx, said.Reason) },
		"withdraw": func(ctx context.Context, o *op, said word) error { return o.Withdraw(ctx, said.Reason) },
		"skip": func(ctx context.Context, o *op, said word) error {
			return o.ResumeSequence(ctx, client.Skip, said.Reason)
		},
		"retry": func(ctx context.Context, o *op, said word) error {
			return o.ResumeSequence(ctx, client.Retry, said.Reason)
		},
	}
}

// A deadWord is what is to be done with dead letters.
type deadWord struct {
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Kind   string    `json:"kind"`
	Text   string    `json:"text"` // in why they died
	Reason string    `json:"reason"`
}

// dead counts, replays or drops dead letters by a filter.
func (c *Console) dead(w http.ResponseWriter, r *http.Request) {
	var said deadWord
	if !read(w, r, &said) {
		return
	}
	ctx := r.Context()
	f := client.DeadFilter{Since: said.Since, Until: said.Until, Kind: said.Kind, Reason: said.Text}
	var selected, done int
	var err error
	act := r.PathValue("act")
	switch act {
	case "count":
		selected, err = c.cfg.Client.CountDead(ctx, f)
	case "replay":
		var n client.ReplayCount
		n, err = c.cfg.Client.ReplayDead(ctx, f)
		selected, done = n.Selected, n.Replayed
	case "drop":
		var n client.DropCount
		n, err = c.cfg.Client.DropDead(ctx, f, said.Reason)
		selected, done = n.Selected, n.Dropped
	default:
		refuse(w, http.StatusNotFound, "There is no such act.", "")
		return
	}
	if act != "count" {
		c.cfg.Logger.InfoContext(ctx, "a person acted on dead letters", "principal", principal(r).Name, "act", act,
			"kind", f.Kind, "text", f.Reason, "since", f.Since, "until", f.Until, "reason", said.Reason, "selected", selected, "done", done, "error", text(err))
	}
	if err != nil {
		fail(w, err)
		return
	}
	write(w, http.StatusOK, map[string]int{"selected": selected, "done": done})
}
