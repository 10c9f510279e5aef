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
	"runtime"
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
	chunked  bool // the length of an answer is not told
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
	length := int64(len(body))
	if l.chunked {
		length = -1
	}
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": jsonHeader}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: length, Request: req,
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

// weigh returns what a call of f allocates, as the mean of some rounds.
func weigh(t *testing.T, rounds int, f func() error) (allocs, bytes float64) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var before, after runtime.MemStats
	for i := range 2 * rounds { // what grows once grows in the first half
		if i == rounds {
			runtime.ReadMemStats(&before)
		}
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(rounds), float64(after.TotalAlloc-before.TotalAlloc) / float64(rounds)
}

// TestTheWeightOfACall keeps what a call allocates from growing, with the part of
// the fake ERP, which plain net/http pays as well.
func TestTheWeightOfACall(t *testing.T) {
	of := func(polls int) (allocs, bytes, bareAllocs, bareBytes float64) {
		l, c := lightClient(t, lightContent)
		allocs, bytes = weigh(t, 50, func() error { return life(t.Context(), l, c, polls) })
		h := &http.Client{Transport: l}
		bareAllocs, bareBytes = weigh(t, 50, func() error { return bare(t.Context(), h, l, polls) })
		return allocs, bytes, bareAllocs, bareBytes
	}
	allocs, bytes, bareAllocs, bareBytes := of(0)
	t.Logf("a call: %.0f allocations, %.0f bytes; plain net/http %.0f, %.0f", allocs, bytes, bareAllocs, bareBytes)
	if allocs > 165 || bytes > 16_000 {
		t.Errorf("a call: got %.0f allocations and %.0f bytes, want at most 165 and 16000", allocs, bytes)
	}
	more, moreBytes, bareMore, bareMoreBytes := of(4)
	more, moreBytes, bareMore, bareMoreBytes = (more-allocs)/4, (moreBytes-bytes)/4, (bareMore-bareAllocs)/4, (bareMoreBytes-bareBytes)/4
	t.Logf("each further poll: %.0f allocations, %.0f bytes; plain net/http %.0f, %.0f", more, moreBytes, bareMore, bareMoreBytes)
	if more > 45 || moreBytes > 4_700 {
		t.Errorf("a further poll: got %.0f allocations and %.0f bytes, want at most 45 and 4700", more, moreBytes)
	}
}

// TestTheWeightOfALargeAnswer bounds how often an answer is copied on its way.
func TestTheWeightOfALargeAnswer(t *testing.T) {
	content := `{"referenceNumber":"100042","status":"` + strings.Repeat("x", 1<<20-200) + `"}`
	for _, chunked := range []bool{false, true} {
		l, c := lightClient(t, content)
		l.chunked = chunked
		_, bytes := weigh(t, 4, func() error { return life(t.Context(), l, c, 0) })
		h := &http.Client{Transport: l}
		_, bareBytes := weigh(t, 4, func() error { return bare(t.Context(), h, l, 0) })
		times := bytes / float64(len(content))
		t.Logf("%d bytes of content, chunked %v: %.2f times that is allocated; plain net/http %.2f", len(content), chunked, times, bareBytes/float64(len(content)))
		if most := map[bool]float64{false: 2.5, true: 4}[chunked]; times > most {
			t.Errorf("chunked %v: got %.2f times the answer allocated, want at most %v", chunked, times, most)
		}
	}
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
