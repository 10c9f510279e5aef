package compare

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// An answer to a call.
type answer struct {
	host   string // that was called
	status int
	header http.Header
	body   []byte
}

// A caller makes the calls to one side, one after the other.
type caller struct {
	target Target
	opts   Options
	client *http.Client
	host   string
	calls  int
	left   float64 // calls that the server's limit leaves; below 0: it does not tell
	last   time.Time
}

func newCaller(t Target, opts Options) (*caller, error) {
	u, err := url.Parse(t.URL)
	if err != nil {
		return nil, err
	}
	return &caller{target: t, opts: opts, client: t.client(), host: u.Host, left: -1}, nil
}

// Why a call is not made. What they say is all that a report tells of it.
var (
	errScarce  = errors.New("not made, because the server's limit would be used up")
	errLimited = errors.New("refused by the server's limit for longer than is waited")
	errMany    = errors.New("not made, because so many calls had been made")
	errNoWord  = errors.New("no answer came")
	errLate    = errors.New("the operation did not end in time")
	errNoID    = errors.New("no answer before had what it takes")
)

// get makes a GET; headers are pairs of name and value. With "Authorization" and an
// empty value it is made without the token.
func (c *caller) get(ctx context.Context, path string, header ...string) (*answer, error) {
	for try := 0; ; try++ {
		a, err := c.once(ctx, path, header)
		if err != nil || a.status != http.StatusTooManyRequests {
			return a, err
		}
		wait, ok := retryAfter(a.header)
		if !ok || wait > c.opts.Patience || try == 2 {
			return nil, errLimited
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
		c.left = -1
	}
}

func (c *caller) once(ctx context.Context, path string, header []string) (*answer, error) {
	switch {
	case c.calls >= c.opts.MaxCalls:
		return nil, errMany
	case c.left >= 0 && c.left < float64(c.opts.Reserve):
		return nil, errScarce
	}
	if wait := c.opts.Pace - time.Since(c.last); !c.last.IsZero() && wait > 0 {
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(c.target.URL, "/")+path, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range c.target.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	req.Header.Set("Accept", "application/json")
	if c.target.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.target.Token)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i+1] == "" {
			req.Header.Del(header[i])
			continue
		}
		req.Header.Set(header[i], header[i+1])
	}
	c.calls++
	resp, err := c.client.Do(req)
	c.last = time.Now()
	if err != nil {
		return nil, c.silence(ctx)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, c.silence(ctx)
	}
	if n, ok := number(resp.Header.Get("X-RateLimit-Remaining")); ok {
		c.left = n
	}
	return &answer{host: c.host, status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// silence is why no answer came, without what net/http says, which names addresses.
func (*caller) silence(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errNoWord
}

func retryAfter(h http.Header) (time.Duration, bool) {
	text := h.Get("Retry-After")
	if n, ok := number(text); ok && n >= 0 && n < 1e6 {
		return time.Duration(n * float64(time.Second)), true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	now := time.Now()
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(0, at.Sub(now)), true
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
