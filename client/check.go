package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/erp"
)

// defaultCheckPath is a list that every company has. One row of it is read.
const defaultCheckPath = "/v1/customerinvoice?pageNumber=1&pageSize=1"

// checkPath returns the path and query below the base of what a check reads.
func checkPath(base erp.Origin, path string) (string, error) {
	u, err := url.Parse(path)
	if err != nil {
		return "", errors.New("want a path and a query")
	}
	return base.Background(u)
}

// Checked is what [Client.Check] found out.
type Checked struct {
	ID         string // of the operation that it submitted; empty if none was accepted
	StatusCode int    // with which that ended; 0 if it has not yet
	Calls      int    // made for it, those aside that package clientauth and redirects make
	Took       time.Duration
	// Limit is how many calls the ERP allows in a window, Left how many are left and
	// ResetsAt when the next begins, as its answers told; zero if they did not.
	Limit    int
	Left     int
	ResetsAt time.Time
}

// CheckError says what is wrong with a configuration, as [Client.Check] found it.
type CheckError struct {
	Field  string // of [Config]; empty where it is none
	Err    error
	Remedy string // what to do about it
}

func (e *CheckError) Error() string {
	s := "check: "
	if e.Field != "" {
		s += "Config." + e.Field + ": "
	}
	if s += e.Err.Error(); e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

// Unwrap returns what the check met with.
func (e *CheckError) Unwrap() error { return e.Err }

// Check finds out whether the client can do its work: that BaseURL is reached, that the
// credentials are taken and belong to a company, that the ERP runs a request in the
// background and shows what becomes of it, and what its limits are. It submits a GET of
// [Config.CheckPath], which changes nothing, without a notification and without a record
// in the store, so that nothing is left behind, and waits for its end for a few
// seconds: that it has not ended by then, or before ctx, is fine. It makes two to four
// calls, and one more if the token had to be replaced, each in its turn.
//
// The error is a *[CheckError], which names the field that is wrong and what to do, or
// [ErrClosed]. A 429, and a turn that does not come within [Config.CallTimeout], is an
// error that matches [ErrRateLimited]: then nothing is known to be wrong.
func (c *Client) Check(ctx context.Context) (Checked, error) {
	if c.life.Err() != nil {
		return Checked{}, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return Checked{}, &CheckError{Err: err}
	}
	k := &checking{c: c}
	began := time.Now()
	err := k.run(ctx)
	b := c.budget.State()
	k.Took, k.Limit, k.Left, k.ResetsAt = time.Since(began), b.Limit, b.Remaining, b.Reset
	if c.life.Err() != nil {
		err = ErrClosed
	}
	return k.Checked, err
}

// checking is one Check.
type checking struct {
	c *Client
	Checked
}

// checkWaits are those between the reads of the state.
var checkWaits = []time.Duration{200 * time.Millisecond, time.Second, 3 * time.Second}

func (k *checking) run(ctx context.Context) error {
	if err := k.submit(ctx); err != nil {
		return err
	}
	for _, wait := range checkWaits {
		if ok, err := sleep(ctx, k.c.life, wait); !ok {
			if k.Calls > 1 {
				return nil // it was seen
			}
			return k.wrong("", err, "the state of the operation was not read in time")
		}
		if ended, err := k.poll(ctx); ended || err != nil {
			return err
		}
	}
	return nil
}

func (k *checking) wrong(field string, err error, remedy string) error {
	return &CheckError{Field: field, Err: err, Remedy: remedy}
}

// What to do where it is not one field alone.
const (
	remedyToken = "is the token that of the company (clientauth.Config.TenantID, and not the customer's), has the company approved the application with the scopes that it asks for, and does Config.Header name the company where the ERP wants that (ipp-company-id on the old host)?"
	remedyReach = "is the address right, with its prefix, and reachable from here (name, proxy, firewall)?"
	remedyLimit = "the ERP's limit is used up, or it asked for a pause: wait, or ask for a higher limit"
)

// submit has the ERP queue the request.
func (k *checking) submit(ctx context.Context) error {
	c := k.c
	cl := &call{method: http.MethodGet, path: c.cfg.CheckPath, value: modeNone, kind: "check"}
	for {
		end := time.Now().Add(c.cfg.CallTimeout)
		if err := c.awaitTurn(ctx, end, &turn{class: budget.Submit}); err != nil {
			return k.limited(err)
		}
		sent := cl.sent
		a := k.attempt(ctx, end, cl)
		k.Calls += cl.sent - sent
		if cl.sent == sent {
			c.budget.Return(budget.Submit)
		}
		if a.Verdict == erp.Unauthorized && c.cfg.Refresh != nil {
			if again, err := c.mayResend(ctx, cl); again {
				continue
			} else if err != nil {
				a.Err = err
			}
		}
		return k.judge(cl, a)
	}
}

func (k *checking) attempt(ctx context.Context, end time.Time, cl *call) *attempt {
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	return k.c.attempt(ctx, cl)
}

// limited is the error of a call that was not made, or not taken, for the limit.
func (k *checking) limited(err error) error {
	if errors.Is(err, ErrClosed) || errors.Is(err, context.Canceled) {
		return k.wrong("", err, "")
	}
	return k.wrong("", fmt.Errorf("%w: %w", ErrRateLimited, err), remedyLimit)
}

// judge says what is wrong if the request was not queued.
func (k *checking) judge(cl *call, a *attempt) error {
	switch refusal := a.refusal(cl); a.Verdict {
	case erp.Accepted:
		k.ID = a.ID
		return nil
	case erp.NotSent:
		if saysNotSent(a.Err) {
			return k.wrong("HTTPClient", a.Err, "the credentials do not get a token")
		}
		return k.wrong("BaseURL", fmt.Errorf("no connection to %s: %w", k.c.origin, cmp.Or(a.Err, errNoAnswer)), remedyReach)
	case erp.Foreground:
		err := fmt.Errorf("GET %s: answered %d at once, and not queued", erp.PathOf(cl.path), a.Status)
		return k.wrong("BaseURL", err, "does a proxy drop the header "+backgroundHeader+", or is this another ERP?")
	case erp.Unauthorized:
		return k.wrong("HTTPClient", refusal, remedyToken)
	case erp.Limited:
		return k.limited(refusal)
	case erp.Uncertain:
		err := fmt.Errorf("GET %s: %s", erp.PathOf(cl.path), a.Reason())
		if a.Err != nil {
			err = fmt.Errorf("GET %s: no answer: %w", erp.PathOf(cl.path), a.Err)
		}
		if a.Status >= 500 {
			return k.wrong("", err, "the ERP, or a proxy on the way, fails: try again")
		}
		return k.wrong("BaseURL", err, remedyReach)
	default:
		return k.refused(refusal)
	}
}

// refused says what a status code tells of the configuration.
func (k *checking) refused(err *ResponseError) error {
	switch code := err.StatusCode; {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return k.wrong("HTTPClient", err, remedyToken)
	case code == http.StatusTooManyRequests:
		return k.limited(err)
	case code == http.StatusNotFound:
		return k.wrong("BaseURL", err, "is the address right, with its prefix, and is there such a list (Config.CheckPath)?")
	case code >= 300 && code <= 399:
		where := "elsewhere"
		if to, failed := url.Parse(err.Header.Get("Location")); failed == nil && to.Host != "" {
			where = "to " + to.Scheme + "://" + to.Host
		}
		return k.wrong("BaseURL", err, "it leads "+where+": has the ERP moved?")
	case code >= 500:
		return k.wrong("", err, "the ERP, or a proxy on the way, fails: try again")
	}
	return k.wrong("CheckPath", err, "name a list that the application may read")
}

// poll reads the state once.
func (k *checking) poll(ctx context.Context) (ended bool, err error) {
	k.Calls++
	doc, err := k.c.getState(ctx, &turn{class: budget.Notified}, k.ID)
	refused, _ := errors.AsType[*ResponseError](err)
	switch {
	case err == nil:
	case refused != nil && refused.StatusCode == http.StatusNotFound: // a replica of the ERP that lags
		if k.Calls < 1+len(checkWaits) {
			return false, nil
		}
		return false, k.wrong("BaseURL", refused, "the ERP does not show what it has just accepted: is it one and the same company that all calls go to (Config.Header)?")
	case refused != nil:
		return false, k.refused(refused)
	case errors.Is(err, ErrNotYet):
		return false, k.limited(err)
	case ctx.Err() != nil && k.Calls > 2:
		return true, nil // it was seen before
	default:
		return false, k.wrong("BaseURL", err, remedyReach)
	}
	if !doc.Terminal() {
		return false, nil
	}
	k.StatusCode = doc.StatusCode
	if doc.StatusCode >= 200 && doc.StatusCode <= 299 {
		return true, nil
	}
	return true, k.refused(&ResponseError{Method: http.MethodGet, Path: erp.PathOf(k.c.cfg.CheckPath), StatusCode: doc.StatusCode, Header: doc.Header, Message: "so ended the operation that the ERP had accepted"})
}
