package client

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/store"
)

// tripper answers requests without a network.
type tripper func(*http.Request) (code int, body string)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) {
	code, body := f(r)
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestARowOfFailuresEndsWithItsOperation has polls fail before they find the end:
// a client that lives long must not remember each operation for that.
func TestARowOfFailuresEndsWithItsOperation(t *testing.T) {
	const id = "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"
	for name, end := range map[string]string{
		"settled": `{"id":"` + id + `","status":"Finished","statusCode":200,"hasResponseContent":false}`,
		"unclear": `{"id":"` + id + `","status":"Completed","statusCode":200,"finishedUtc":"2026-09-01T10:20:55+02:00"}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				polls := 0
				c, err := New(Config{BaseURL: "https://erp.mock", HTTPClient: &http.Client{Transport: tripper(func(r *http.Request) (int, string) {
					switch {
					case r.Header.Get(backgroundHeader) != "":
						return 202, `{"id":"` + id + `"}`
					case polls < 2:
						polls++
						return 500, ``
					}
					return 200, end
				})}})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				req, err := http.NewRequest("POST", "/v1/customerinvoice", nil)
				if err != nil {
					t.Fatal(err)
				}
				op, err := c.Submit(t.Context(), req, SubmitOptions{})
				if err != nil {
					t.Fatal(err)
				}
				_, err = op.Wait(t.Context())
				c.mu.Lock()
				defer c.mu.Unlock()
				if polls != 2 || len(c.troubles) != 0 {
					t.Errorf("after %d failed polls and the end (%v): %d rows of failures are left, want none", polls, err, len(c.troubles))
				}
			})
		})
	}
}

// TestRowsOfFailuresThatNobodyEndsAreDropped is about operations whose end
// another replica finds.
func TestRowsOfFailuresThatNobodyEndsAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Config{BaseURL: "https://erp.mock"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for i := range 3 * maxTroubles {
			c.failing(t.Context(), &store.Record{Ref: strings.Repeat("r", i+1)}, io.ErrUnexpectedEOF)
			time.Sleep(time.Minute)
		}
		if n := len(c.troubles); n > maxTroubles {
			t.Errorf("got %d rows of failures, want at most %d", n, maxTroubles)
		}
	})
}
