package adminclient

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Options are how a mock is called.
type Options struct {
	// Token is what the mock printed; it is wanted beyond loopback only.
	Token string

	// Client makes the calls. Default: one without a timeout.
	Client *http.Client
}

// New returns a client for the mock at a root such as "http://127.0.0.1:8787".
// Its methods return an [*Error] for every answer that is not a success.
func New(root string, o Options) (*ClientWithResponses, error) {
	client := o.Client
	if client == nil {
		client = &http.Client{}
	}
	return NewClientWithResponses(strings.TrimRight(root, "/")+"/__mock/v1", WithHTTPClient(&refusing{client, o.Token}))
}

// An Error is an answer that is not a success.
type Error struct {
	StatusCode int
	Problem    Problem

	// Body is the whole answer: that of a wait in vain is an [Unmet], that of a
	// verification that failed a [Verdict], and that of seeding a [Seeded].
	Body []byte
}

func (e *Error) Error() string {
	text := e.Problem.Error
	if text == "" {
		text = fmt.Sprintf("the mock answered %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	}
	if e.Problem.Remedy != "" {
		text += " (" + e.Problem.Remedy + ")"
	}
	return text
}

// refusing makes calls, and errors of refusals.
type refusing struct {
	client *http.Client
	token  string
}

// Do makes a call.
func (c *refusing) Do(r *http.Request) (*http.Response, error) {
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.client.Do(r)
	if err != nil || resp.StatusCode < 300 {
		return resp, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("%s %s: read the answer %s: %w", r.Method, r.URL.Path, resp.Status, err)
	}
	e := &Error{StatusCode: resp.StatusCode, Body: body}
	_ = json.NewDecoder(bytes.NewReader(body)).Decode(&e.Problem) // else the status says it
	return nil, e
}
