package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/cli"
)

// A paging prints a whole list.
type paging struct {
	*app
	output
	header http.Header
	opts   client.PagesOptions
	limit  int
}

// setAfter reads the position behind which to go on, which is JSON.
func (p *paging) setAfter(v string) error {
	if err := json.Unmarshal([]byte(v), &p.opts.After); err != nil || p.opts.After.Page < 1 {
		return errors.New(`want what erpcall said, such as {"page":3,"row":17,"size":100,"total":4200}`)
	}
	return nil
}

func (p *paging) run(ctx context.Context, args []string) error {
	if err := checkCall(http.MethodGet, args[0]); err != nil {
		return err
	}
	if p.limit < 0 || p.opts.PageSize < 0 || p.opts.Parallel < 0 {
		return cli.Usagef("--limit, --page-size, --parallel: want numbers that are not negative")
	}
	s, err := p.open(ctx, use{calls: true, makes: true})
	if err != nil {
		return err
	}
	defer s.Close()
	req, err := (&request{method: http.MethodGet, path: args[0], header: p.header}).build()
	if err != nil {
		return err
	}
	p.opts.Operation = client.SubmitOptions{Kind: kind}
	out := bufio.NewWriter(p.Stdout)
	var last client.Position
	n := 0
	for row, err := range client.Pages[json.RawMessage](ctx, s.Client, req, p.opts) {
		if err == nil {
			if err = p.filter(out, row.Value); err == nil {
				last = row.Position
				n++
			}
		}
		if err != nil {
			return errors.Join(out.Flush(), p.cutOff(err, last))
		}
		if n == p.limit {
			break
		}
	}
	return out.Flush()
}

// cutOff says how to go on.
func (p *paging) cutOff(err error, last client.Position) error {
	if last.Page == 0 {
		return ending(err, "")
	}
	position, _ := json.Marshal(last) // numbers cannot fail
	return ending(fmt.Errorf("%w\n  --after %s    # goes on behind the last row that was printed", err, quoted(string(position))), "")
}
