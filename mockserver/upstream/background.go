package upstream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/mockserver"
)

// maxRedirects is how many redirects of one call are followed.
const maxRedirects = 10

// background makes a call for as long as it takes, and answers with all of what came
// of it.
func (u *Upstream) background(w http.ResponseWriter, r *http.Request, c mockserver.Call) {
	ctx := r.Context()
	out, err := u.outgoing(ctx, r)
	if err != nil {
		refuseWith(w, err)
		return
	}
	repeatable := u.cfg.mayRepeat(out.Method, out.Header)
	if c.Attempt > 1 && !repeatable {
		mockserver.Fail("The worker that ran it stopped in the middle. " + unknown)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		mockserver.Fail("The stored request could not be read: " + err.Error() + ".")
	}
	out.Header.Set("Accept-Encoding", "identity") // a stored content has no word for another
	resp, content, err := u.obtain(ctx, out, body, repeatable, c)
	if err != nil && ctx.Err() != nil {
		panic(http.ErrAbortHandler) // the server closes, or the company is reset
	}
	if err != nil && u.cfg.FinishUnanswered {
		refuse(w, statusOf(err), reason(err))
		return
	}
	switch {
	case err != nil:
		mockserver.Fail(reason(err))
	case slices.Contains(u.cfg.FailOn, resp.StatusCode):
		mockserver.Fail("The upstream answered " + describe(resp.StatusCode) + ". " + unknown)
	}
	u.passHeader(w.Header(), resp, c.Base)
	w.Header().Del("Content-Length") // that of a HEAD's, or of compressed bytes
	w.WriteHeader(resp.StatusCode)
	if len(content) > 0 {
		_, _ = w.Write(content) // into memory
	}
}

// obtain makes a call until it has an answer that is not one to wait for, and
// returns it with its whole body.
func (u *Upstream) obtain(ctx context.Context, out *http.Request, body []byte, repeatable bool, c mockserver.Call) (*http.Response, []byte, error) {
	left := u.cfg.MaxWait
	if u.cfg.NoWait {
		left = 0
	}
	for try := 0; ; try++ {
		if !u.cfg.NoWait {
			waited, err := u.limits.await(ctx, c.Company, left)
			if left -= waited; err != nil {
				return nil, nil, err
			}
		}
		resp, content, err := u.follow(out, body, repeatable)
		if err != nil {
			return nil, nil, err
		}
		now := mockserver.Now(ctx)
		u.limits.heard(c.Company, resp.Header, now)
		wait := u.waitFor(resp, repeatable, try, now)
		if wait > 0 {
			u.limits.pause(c.Company, now.Add(wait)) // for the others, too
		}
		if wait <= 0 || wait > left {
			return resp, content, nil
		}
		u.cfg.Logger.Info("a call waits for the upstream's rate limit", "id", c.OperationID, "company", c.Company, "status", resp.StatusCode, "wait", wait)
	}
}

// follow makes a call, and those to which it is redirected, and returns the last
// answer with its whole body.
func (u *Upstream) follow(out *http.Request, body []byte, repeatable bool) (*http.Response, []byte, error) {
	for hops := 0; ; hops++ {
		out.Body, out.ContentLength = newBody(body), int64(len(body))
		resp, err := u.send(out, repeatable)
		if err != nil {
			return nil, nil, err
		}
		content, err := u.whole(resp, out.Method)
		if err != nil {
			return nil, nil, err
		}
		get := out.Method == http.MethodGet || out.Method == http.MethodHead
		to := u.next(resp, out.URL)
		if to == nil || !get || hops == maxRedirects {
			return resp, content, nil
		}
		out = out.Clone(out.Context())
		out.URL = to
	}
}

func newBody(body []byte) io.ReadCloser {
	if len(body) == 0 {
		return http.NoBody
	}
	return io.NopCloser(bytes.NewReader(body))
}

// whole reads an answer to its end. What cannot be stored whole is no answer: the
// error says what was answered.
func (u *Upstream) whole(resp *http.Response, method string) ([]byte, error) {
	defer resp.Body.Close()
	if method == http.MethodHead {
		return nil, nil // whatever its header tells of a body
	}
	fail := func(format string, args ...any) error {
		return &unstorable{"The upstream answered " + describe(resp.StatusCode) + ", " + fmt.Sprintf(format, args...)}
	}
	if err := wire.Unpack(resp); err != nil {
		return nil, fail("but its body cannot be stored: %v.", err)
	}
	tooLarge := fmt.Sprintf("with more than the %d bytes that are stored (MaxContent).", u.cfg.MaxContent)
	if resp.ContentLength > u.cfg.MaxContent {
		return nil, fail("%s", tooLarge)
	}
	content, err := wire.ReadAll(resp.Body, resp.ContentLength, u.cfg.MaxContent)
	switch {
	case err != nil:
		return nil, fail("but its body broke off after %d bytes: %v.", len(content), err)
	case int64(len(content)) > u.cfg.MaxContent:
		return nil, fail("%s", tooLarge)
	}
	return content, nil
}

// An unstorable is an answer that came, and cannot be stored.
type unstorable struct{ message string }

func (e *unstorable) Error() string { return e.message }

// waitFor is how long a call waits that was refused and not carried out, and 0 if
// the answer is to be taken as it is. Try is how often it was made before.
func (u *Upstream) waitFor(resp *http.Response, repeatable bool, try int, now time.Time) time.Duration {
	wait, asked := asksToWait(resp.Header, now)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests && asked:
		return wait
	case resp.StatusCode == http.StatusTooManyRequests:
		return unasked.After(try)
	case resp.StatusCode == http.StatusServiceUnavailable && repeatable && resp.Header.Get("Retry-After") != "" && asked:
		return wait
	}
	return 0
}
