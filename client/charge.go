package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/charge"
	"github.com/vismanet-go/background/client/internal/erp"
)

// counter counts in the budget of a client what is called as a part of its calls:
// package clientauth does so with its calls for tokens.
type counter struct{ c *Client }

// Charge implements [charge.Counter].
func (n counter) Charge(method string, u *url.URL) func(*http.Response, error) {
	c := n.c
	if there := erp.OriginOf(u); there.Scheme != c.origin.Scheme || there.Host != c.origin.Host {
		return nil
	}
	c.budget.Charge(budget.Submit)
	start := time.Now()
	return func(resp *http.Response, err error) {
		c.turnOver(budget.Submit, resp, err)
		call := Call{Kind: "token", Method: method, Duration: time.Since(start), Err: bare(err)}
		if resp != nil {
			call.StatusCode = resp.StatusCode
		}
		c.cfg.Observer.Call(c.life, call)
	}
}

// charging returns a context for calls whose parts are counted too. That of polls, which
// is the client's own, is one already.
func (c *Client) charging(ctx context.Context) context.Context {
	if charge.From(ctx) == (counter{c}) {
		return ctx
	}
	return charge.With(ctx, counter{c})
}
