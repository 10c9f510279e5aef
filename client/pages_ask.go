package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/backoff"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// pageAsker asks for the pages of a list and reads them.
type pageAsker struct {
	ctx  context.Context
	c    *Client
	req  http.Request // for every page
	base string       // its query without what names a page
	opts SubmitOptions
	size int          // rows that a page is asked to have
	lost []*Operation // given up, and asked for again
}

// listPage is a page that was asked for.
type listPage struct {
	number int
	op     *Operation // nil if nothing was accepted
	err    error      // of the submit
	res    *Result    // nil until it has ended in success

	rows           *erp.Rows // nil until they can be read, and where there are none
	body           io.Closer // of what is larger than MaxContent
	n              int       // rows that were read
	total, maxSize int       // as its first row tells, 0 if it does not
}

// pageTries is how often a page is asked for, and its content read, at most.
const pageTries = 4

// pageWaits are the waits in between.
var pageWaits = backoff.Policy{First: 2 * time.Second, Factor: 4, Limit: time.Minute}

// check reports the first option that is wrong.
func (o PagesOptions) check() error {
	switch {
	case o.PageSize < 0:
		return wrong("PageSize", errors.New("must not be negative"))
	case o.Parallel < 0:
		return wrong("Parallel", errors.New("must not be negative"))
	case o.After != Position{} && (o.After.Page < 1 || o.After.Row < 0 || o.After.Size < 1 || o.After.Total < 0):
		return wrong("After", errors.New("want the Position of a row"))
	}
	return nil
}

func newPageAsker(ctx context.Context, c *Client, req *http.Request, size int, opts SubmitOptions) (pageAsker, error) {
	defer closeBody(req)
	switch {
	case req == nil || req.URL == nil:
		return pageAsker{}, errors.New("request: missing")
	case cmp.Or(req.Method, http.MethodGet) != http.MethodGet || req.Body != nil && req.Body != http.NoBody:
		return pageAsker{}, fmt.Errorf("request: want a GET without a body, got a %s", cmp.Or(req.Method, http.MethodGet))
	}
	all, err := options(ctx, req, opts)
	if err != nil {
		return pageAsker{}, err
	}
	if all.Key != "" || all.Supersede != "" || all.Verify != "" {
		return pageAsker{}, wrong("Operation", errors.New("Key, Supersede and Verify name one piece of work, and a list is many: want none of them, also in the context"))
	}
	return pageAsker{ctx: ctx, c: c, req: *req, base: withoutPage(req.URL.RawQuery), opts: opts, size: size}, nil
}

// withoutPage returns a query without the parameters that name a page. The ERP does
// not care about their case.
func withoutPage(query string) string {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if part != "" && !strings.EqualFold(name, "pageNumber") && !strings.EqualFold(name, "pageSize") {
			kept = append(kept, part+"&")
		}
	}
	return strings.Join(kept, "")
}

// ask submits the request for a page.
func (a *pageAsker) ask(number int) *listPage {
	u, req := *a.req.URL, a.req
	u.RawQuery = a.base + "pageNumber=" + strconv.Itoa(number) + "&pageSize=" + strconv.Itoa(a.size)
	req.URL = &u
	op, err := a.c.Submit(a.ctx, &req, a.opts)
	if _, unrecorded := errors.AsType[*RecordError](err); unrecorded {
		err = nil // it is accepted; the wait records it
	}
	return &listPage{number: number, op: op, err: err}
}

// open waits for a page and begins to read it. It asks for it again where that may
// help.
func (a *pageAsker) open(p *listPage) error {
	for tries := 1; ; tries++ {
		err := a.wait(p)
		if err == nil {
			err = a.persist(p, func() error { return a.begin(p) })
		}
		if err == nil || tries == pageTries || !a.askAgain(err) {
			return err
		}
		a.c.log.WarnContext(a.ctx, "a page of a list is asked for again", "page", p.number, "error", err)
		a.release(p)
		p.op = nil
		if _, cut := sleep(a.ctx, a.c.life, pageWaits.After(tries-1)); cut != nil {
			return err
		}
		*p = *a.ask(p.number)
	}
}

// askAgain reports whether another request for a page may succeed: because nobody
// knows what became of this one, or because it did not reach the ERP, or not its
// machinery.
func (a *pageAsker) askAgain(err error) bool {
	if a.ctx.Err() != nil || errors.Is(err, ErrClosed) {
		return false
	}
	_, uncertain := errors.AsType[*UncertainError](err)
	_, unclear := errors.AsType[*UnclearError](err)
	refused, answered := errors.AsType[*ResponseError](err)
	_, broken := errors.AsType[net.Error](err)
	return uncertain || unclear || broken || answered && refused.StatusCode >= 500 || errors.Is(err, ErrExpired) || errors.Is(err, ErrContentExpired)
}

// wait waits until a page has ended in success.
func (a *pageAsker) wait(p *listPage) error {
	if p.err != nil {
		return p.err
	}
	res, err := p.op.Wait(a.ctx)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNoContent {
		return fmt.Errorf("operation %s: want a status of 200, got %s", nameOf(res.ID, res.Ref), statusText(res.StatusCode, "", ""))
	}
	p.res = res
	return nil
}

// begin reads the content of a page into memory, as far as MaxContent allows, and
// passes over the rows that were read before.
func (a *pageAsker) begin(p *listPage) error {
	if p.rows != nil || p.res.StatusCode == http.StatusNoContent {
		return nil
	}
	content, err := a.content(p)
	if err != nil {
		return err
	}
	rows, err := erp.ReadRows(content)
	for range p.n {
		if err == nil {
			_, err = rows.Next()
		}
	}
	if err != nil {
		return err
	}
	p.rows, p.total, p.maxSize = rows, cmp.Or(rows.Total, p.total), rows.MaxPageSize
	return nil
}

func (a *pageAsker) content(p *listPage) (io.Reader, error) {
	r := p.res
	if r.kept || !r.has {
		return bytes.NewReader(wire.Document(r.content, r.kind)), nil
	}
	body, err := r.open(a.ctx)
	if err != nil {
		return nil, err
	}
	head, err := wire.ReadAll(body, body.Length, a.c.cfg.MaxContent)
	if err == nil && int64(len(head)) > a.c.cfg.MaxContent {
		p.body = body
		return io.MultiReader(bytes.NewReader(head), body), nil
	}
	body.Close()
	return bytes.NewReader(wire.Document(head, r.kind)), err
}

// row returns the next row of a page that is open, or io.EOF. It is valid until the
// next call.
func (a *pageAsker) row(p *listPage) (raw []byte, err error) {
	if p.res.StatusCode == http.StatusNoContent {
		return nil, io.EOF
	}
	err = a.persist(p, func() error {
		if err := a.begin(p); err != nil {
			return err
		}
		raw, err = p.rows.Next()
		return err
	})
	if err == nil {
		p.n++
	}
	return raw, err
}

// persist calls f, which reads of a page, again with growing waits while the reading
// breaks off. The ERP keeps the content of an operation.
func (a *pageAsker) persist(p *listPage, f func() error) error {
	for tries := 1; ; tries++ {
		err := f()
		if err == nil || err == io.EOF || tries == pageTries || !a.readAgain(err) {
			return err
		}
		a.c.log.WarnContext(a.ctx, "a page of a list is read again", "page", p.number, "error", err)
		p.close()
		if _, cut := sleep(a.ctx, a.c.life, pageWaits.After(tries-1)); cut != nil {
			return err
		}
	}
}

// readAgain reports whether reading the content once more may succeed.
func (a *pageAsker) readAgain(err error) bool {
	_, other := errors.AsType[*erp.ListError](err)
	_, wrong := errors.AsType[*json.SyntaxError](err)
	return !other && !wrong && a.ctx.Err() == nil && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrContentExpired)
}

// close ends the reading of a page.
func (p *listPage) close() {
	if p.body != nil {
		p.body.Close()
	}
	p.rows, p.body = nil, nil
}

// release ends the work on a page: its operation is acknowledged, as soon as it has
// ended, or given up, because it changed nothing whatever became of it.
func (a *pageAsker) release(p *listPage) {
	p.close()
	if p.op == nil {
		return
	}
	if _, uncertain := errors.AsType[*UncertainError](p.err); !uncertain {
		a.acknowledge(p.op, p.res != nil)
		return
	}
	a.giveUp(p.op)
	a.lost = append(a.lost, p.op)
}

// acknowledge waits for the end of an operation, unless that is known, and
// acknowledges it.
func (a *pageAsker) acknowledge(op *Operation, ended bool) {
	if !ended {
		_, err := op.Wait(a.ctx)
		if _, unclear := errors.AsType[*UnclearError](err); unclear {
			a.giveUp(op)
			return
		}
	}
	ctx := recording(a.ctx)
	defer ctx.done()
	rec, err := op.record(ctx)
	if err == nil && acknowledgeable(rec) {
		err = op.Ack(ctx)
	}
	if err != nil {
		a.c.log.WarnContext(ctx, "not acknowledged", "ref", op.ref, "error", err)
	}
}

// giveUp has nobody find out what became of a request for a page.
func (a *pageAsker) giveUp(op *Operation) {
	ctx := recording(a.ctx)
	defer ctx.done()
	if err := op.decide(ctx, open, unresolvable, store.AbandonDecision{Reason: "a page of a list, which is asked for again"}); err != nil {
		a.c.log.WarnContext(ctx, "not given up", "ref", op.ref, "error", err)
	}
}

// forget acknowledges what was given up and turned out to be accepted after all.
func (a *pageAsker) forget() {
	for _, op := range a.lost {
		a.acknowledge(op, false)
	}
	a.lost = nil
}
