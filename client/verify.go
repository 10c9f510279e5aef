package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/usercode"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// ErrNotYet is what a [Verifier]'s Check returns while the work goes on, and a
// [Resolver] while it cannot tell.
var ErrNotYet = errors.New("not yet")

// Verifier confirms that an operation did what was asked for, by a GET that
// follows it. It is for actions: an action may answer as soon as it has been
// started. Operations name their verifier, so that one that began before a
// restart is verified after it.
type Verifier struct {
	// Path returns path and query of the GET, below BaseURL. It must be pure.
	Path func(Verification) (string, error)

	// Check reads the answer of the GET: nil confirms, [ErrNotYet] (or an
	// error that wraps it) has it made again later, and any other error ends
	// the operation as failed, with that text. It gets every answer but 1xx,
	// 206, 401, 403, 408, 425, 429, 5xx and a page of HTML, which are tried
	// again. It must be pure.
	Check func(Verification, *http.Response) error

	// Within bounds the time from when the ERP finished the operation to its
	// confirmation, at most 20 h, because the ERP forgets after 24. Then the
	// operation ends as failed. As long as Check is not asked, because the GET
	// gets no answer for it, the time is 20 h; and a client that was away is
	// given ten minutes in any case. Default: 1 h.
	Within time.Duration
}

// Verification is what a [Verifier] knows of an operation that has ended in
// success.
type Verification struct {
	ID         string
	Method     string
	Path       string // and query, below BaseURL
	Metadata   map[string]string
	StatusCode int
	Header     http.Header
}

// Unconfirmed reports whether the answer does not tell that the work is done,
// and no [Verifier] found that it is: a 202; a 207, see [Result.Partial]; an
// action result of Queued or InProcess, or a word that nobody knows; an action
// whose answer could not be read; an end that was seen, and that the ERP forgot
// before it could be recorded. That is decided when the outcome is recorded,
// and does not depend on [Config.KeepContent] or [Operation.Ack]. It is also true
// where the ERP ran the request in the foreground, so that the verifier that was
// named had no part in it.
func (r *Result) Unconfirmed() bool {
	if r.confirmed {
		return false
	}
	return r.unconfirmed || r.StatusCode == http.StatusAccepted || r.Partial() || r.verifier != ""
}

// verify makes the follow-up GET of an operation that has ended in success. It
// reports what the outcome is to say; an error means that nothing is known
// yet.
func (c *Client) verify(ctx context.Context, rec *store.Record, o *store.Outcome) error {
	v, known := c.cfg.Verifiers[rec.Verifier]
	if !known {
		// A replica with another configuration may know it.
		return fmt.Errorf("operation %s: Config.Verifiers has no %q", rec.ID, rec.Verifier)
	}
	seen := Verification{
		ID: rec.ID, Method: rec.Method, Path: rec.Path, Metadata: maps.Clone(rec.Metadata), StatusCode: o.StatusCode, Header: http.Header(o.Header).Clone(),
	}
	get, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	err := usercode.Call("the verifier", func() error { return c.confirm(get, v, seen) })
	switch {
	case err == nil:
		o.Confirmed = true
	case !errors.Is(err, ErrNotYet):
		o.Refuted = cut(err.Error(), 2000)
	default:
		ended := o.FinishedAt
		if ended.IsZero() || ended.After(time.Now()) {
			ended = rec.AcceptedAt
		}
		limit := v.within()
		if failed, ok := errors.AsType[*failedGet](err); ok && !failed.expected {
			limit = maxWithin // nothing is known yet
		}
		// Who was away for longer than that asks for a while all the same.
		if time.Since(ended) < limit || !endedFor(rec, min(limit, contentGrace)) && time.Since(ended) < maxWithin {
			return fmt.Errorf("verify %q: %w", rec.Verifier, err)
		}
		o.Refuted = fmt.Sprintf("not confirmed within %v: %v", limit, cut(err.Error(), 2000))
	}
	return nil
}

func (v Verifier) within() time.Duration {
	if v.Within <= 0 {
		return time.Hour
	}
	return min(v.Within, maxWithin)
}

// maxWithin is how long a verifier is asked at most.
const maxWithin = retention - 4*time.Hour

// confirm makes the GET and asks the verifier. What may pass is ErrNotYet.
func (c *Client) confirm(ctx context.Context, v Verifier, seen Verification) (err error) {
	defer func() { // a verifier is the user's code
		if p := recover(); p != nil {
			err = fmt.Errorf("the verifier panicked: %v", p)
		}
	}()
	path, err := v.Path(seen)
	if err != nil {
		return err
	}
	probe, err := http.NewRequest(http.MethodGet, path, nil)
	if err == nil {
		path, err = c.origin.Relative(probe.URL)
	}
	if err != nil {
		return fmt.Errorf("the verifier's path: %w", err)
	}
	resp, err := c.get(ctx, time.Time{}, &turn{class: budget.Verification}, "verify", path)
	if refused, ok := errors.AsType[*ResponseError](err); ok {
		resp, err = refused.response(probe), nil
	}
	if err != nil {
		return &failedGet{err: fmt.Errorf("%w: %w", ErrNotYet, err)}
	}
	defer resp.Body.Close()
	switch code := resp.StatusCode; {
	case code < 200 || code == 206 || code == 401 || code == 403 || code == 408 || code == 425 || code == 429 || code >= 500:
		return &failedGet{err: fmt.Errorf("%w: the ERP answered %d", ErrNotYet, code)}
	}
	opened := wire.Open(resp.Body, resp.ContentLength, resp.Header.Get("Content-Type"), erp.IsAttachment(resp.Header))
	if opened.HTML && resp.StatusCode < 300 {
		return fmt.Errorf("%w: a page of HTML came: a proxy may have spoken", ErrNotYet)
	}
	body, err := wire.ReadAll(opened, opened.Length, c.cfg.MaxContent)
	if err != nil || int64(len(body)) > c.cfg.MaxContent {
		return fmt.Errorf("%w: the answer could not be read (%d bytes, %v)", ErrNotYet, len(body), err)
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if opened.ContentType != "" {
		resp.Header.Set("Content-Type", opened.ContentType)
	}
	err = v.Check(seen, resp)
	if resp.StatusCode >= 300 && errors.Is(err, ErrNotYet) {
		return &failedGet{err: err, expected: true}
	}
	return err
}

// failedGet is [ErrNotYet] where the ERP did not answer the verifier's GET with
// a 2xx: repeating it too soon meets the old host's limit on equal requests
// that fail.
type failedGet struct {
	err      error
	expected bool // the verifier takes the answer for one that will change
}

func (e *failedGet) Error() string { return e.err.Error() }
func (e *failedGet) Unwrap() error { return e.err }
