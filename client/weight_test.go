//go:build !race

// The race detector makes allocations of its own, so that nothing is counted
// under it.

package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/vismanet-go/background/client"
)

// light is an ERP that answers in the caller's goroutine: the next polls of it
// find no end, then the operation has ended with content.
type light struct {
	accepted int // operations; the last one is asked for
	running  int
	content  string
}

// id is that of the operation that was accepted last.
func (l *light) id() string { return fmt.Sprintf("2f6f0a57-3c43-4d0e-9d0b-%012x", l.accepted) }

const (
	lightAccepted = `{"id":"%s","stateLocation":"https://erp.mock/v1/background/%s"}`
	lightRunning  = `{"id":"%s","status":"Started","receivedUtc":"2026-11-28T10:20:53.75Z","startedUtc":"2026-11-28T10:20:54.1Z","finishedUtc":null,
		"statusCode":null,"originalUri":"https://erp.mock/v1/customerinvoice","hasRequestContent":true,"hasResponseContent":false,"responseHeaders":null}`
	lightEnded = `{"id":"%s","status":"Finished","receivedUtc":"2026-11-28T10:20:53.75Z","startedUtc":"2026-11-28T10:20:54.1Z","finishedUtc":"2026-11-28T10:20:56.3Z",
		"statusCode":201,"originalUri":"https://erp.mock/v1/customerinvoice","hasRequestContent":true,"hasResponseContent":true,
		"responseHeaders":{"Location":"https://erp.mock/v1/customerinvoice/100042","Content-Type":"application/json; charset=utf-8"}}`
	lightContent = `{"referenceNumber":"100042","amount":1250.5,"status":"Balanced"}`
)

// invoiceSeen is what is decoded.
type invoiceSeen struct {
	ReferenceNumber string
	Amount          float64
	Status          string
}

var jsonHeader = []string{"application/json; charset=utf-8"}

func (l *light) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	status, body := http.StatusOK, ""
	switch {
	case req.Method == http.MethodPost:
		l.accepted++
		status, body = http.StatusAccepted, fmt.Sprintf(lightAccepted, l.id(), l.id())
	case strings.HasSuffix(req.URL.Path, "/content"):
		body = l.content
	case l.running > 0:
		l.running--
		body = fmt.Sprintf(lightRunning, l.id())
	default:
		body = fmt.Sprintf(lightEnded, l.id())
	}
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": jsonHeader}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}, nil
}

// lightClient returns a client of such an ERP.
func lightClient(t testing.TB, content string) (*light, *client.Client) {
	l := &light{content: content}
	c, err := client.New(client.Config{BaseURL: base, HTTPClient: &http.Client{Transport: l}, MaxContent: 8 << 20, KeepContent: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return l, c
}

// life is one call from its submit to the answer in hand: polls find no end
// before the one that does.
func life(ctx context.Context, l *light, c *client.Client, polls int) error {
	l.running = polls
	op, err := c.Submit(ctx, request("POST", "/v1/customerinvoice", invoice), client.SubmitOptions{})
	if err != nil {
		return err
	}
	for range polls + 1 {
		if _, err := op.Poll(ctx); err != nil {
			return err
		}
	}
	res, err := op.Wait(ctx)
	if err != nil {
		return err
	}
	if got, err := client.Decode[invoiceSeen](ctx, res); err != nil || got.ReferenceNumber != "100042" {
		return fmt.Errorf("got %+v, %w", got, err)
	}
	return nil
}

// bare is the same made of three calls of net/http.
func bare(ctx context.Context, h *http.Client, l *light, polls int) error {
	l.running = polls
	call := func(method, url, body string, into any) error {
		req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
		if err != nil {
			return err
		}
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Erp-Api-Background", "none")
		}
		resp, err := h.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		return json.Unmarshal(data, into)
	}
	var accepted struct{ ID string }
	if err := call("POST", base+"/v1/customerinvoice", invoice, &accepted); err != nil {
		return err
	}
	for range polls + 1 {
		var state struct{ Status string }
		if err := call("GET", base+"/v1/background/"+accepted.ID, "", &state); err != nil {
			return err
		}
	}
	var got invoiceSeen
	return call("GET", base+"/v1/background/"+accepted.ID+"/content", "", &got)
}

func BenchmarkLife(b *testing.B) {
	for _, polls := range []int{0, 4} {
		b.Run(fmt.Sprintf("ours/%d", polls), func(b *testing.B) {
			b.ReportAllocs()
			l, c := lightClient(b, lightContent)
			for b.Loop() {
				if err := life(b.Context(), l, c, polls); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("bare/%d", polls), func(b *testing.B) {
			b.ReportAllocs()
			l := &light{content: lightContent}
			h := &http.Client{Transport: l}
			for b.Loop() {
				if err := bare(b.Context(), h, l, polls); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
