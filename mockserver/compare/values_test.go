package compare_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/compare"
	"github.com/vismanet-go/background/mockserver/profile"
)

// seen are the values of all answers. It is safe for concurrent use.
type seen struct {
	mu     sync.Mutex // guards values
	values map[string]bool
}

// A tee notes every answer that passes.
type tee struct {
	next http.RoundTripper
	*seen
}

func (c *tee) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(strings.NewReader(string(body)))
	c.mu.Lock()
	defer c.mu.Unlock()
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	var v any
	if d.Decode(&v) == nil {
		c.collect(v)
	}
	for _, values := range resp.Header {
		for _, value := range values {
			c.values[value] = true
		}
	}
	return resp, nil
}

func (c *seen) collect(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			c.collect(item)
		}
	case map[string]any:
		for _, item := range v {
			c.collect(item)
		}
	case string:
		c.values[v] = true
	case json.Number:
		c.values[v.String()] = true
	}
}

// told are values that reports may repeat: they stand in the contract or in this
// package.
var told = []string{
	"", "none", "Started", "Finished", "Failed", "Queued", "Running", "Completed", "application/json", "text/plain", "Bearer", "Number", "Type",
}

// both is a report in both of its forms.
func both(t *testing.T, r compare.Report) string {
	t.Helper()
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return text(t, r) + string(data)
}

// No value of either server is in a report: the mock's, under profiles that differ.
func TestAReportHoldsNoValue(t *testing.T) {
	for _, p := range []profile.Profile{profile.Legacy2022(), profile.Strict(), {TimeFormat: profile.TimeUTC, IDField: "jobId", EmptyErrors: true, LineTypeCodes: true}} {
		synctest.Test(t, func(t *testing.T) {
			seen := &seen{values: make(map[string]bool)}
			_, a := server(t, mockserver.Config{Seed: 3})
			_, b := server(t, mockserver.Config{Seed: 4, Profile: p})
			for _, target := range []*compare.Target{&a, &b} {
				target.HTTPClient = &http.Client{Transport: &tee{target.HTTPClient.Transport, seen}}
			}
			r := run(t, a, b)
			report := both(t, r)
			if len(seen.values) < 100 || len(r.Differences) == 0 {
				t.Fatalf("%d values and %d differences: too few to tell", len(seen.values), len(r.Differences))
			}
			for value := range seen.values {
				if len(value) > 3 && !slices.Contains(told, value) && strings.Contains(report, value) {
					t.Errorf("%q is in\n%s", value, report)
				}
			}
		})
	}
}

// A hostile server answers anything, with marks everywhere.
type hostile struct {
	mu  sync.Mutex // guards rnd
	rnd *rand.Rand
}

const markLetters = "qzqz"

var mark = regexp.MustCompile(`(?i)qzqz|[0-9]{4,}|[0-9a-f]{8}-`)

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range []string{"Location", "ETag", "Content-Type", "Retry-After", "X-RateLimit-Reset", "X-RateLimit-Policy", "WWW-Authenticate", "Allow"} {
		if h.rnd.IntN(2) == 0 {
			w.Header().Set(name, h.text())
		}
	}
	w.Header().Set("X-"+markLetters, markLetters)
	status := []int{200, 200, 200, 202, 204, 302, 400, 401, 404, 410, 418, 500, 503}[h.rnd.IntN(13)]
	var body any
	switch {
	case r.Header.Get("erp-api-background") != "":
		status = 202
		body = map[string]any{"id": h.guid(), "stateLocation": "https://" + markLetters + "/v1/background/" + h.guid(), h.text(): h.any(0)}
	case strings.HasSuffix(r.URL.Path, "/content"):
		body = h.any(0)
	case strings.Contains(r.URL.Path, "/background/"):
		body = map[string]any{
			"id": h.guid(), "status": h.text(), "statusCode": h.any(2), "receivedUtc": h.text(), "startedUtc": h.time(), "finishedUtc": h.time(),
			"originalUri": h.text(), "errorMessage": h.any(0), "responseHeaders": map[string]any{markLetters: h.text(), h.text(): markLetters},
			"webhookAddress": h.text(), "contentLocation": h.any(1), h.text(): h.any(0),
		}
	case strings.Contains(r.URL.Path, "customerinvoice"):
		body = []any{map[string]any{
			"referenceNumber": h.text(), "customer": map[string]any{"number": h.text(), h.text(): h.any(0)}, "documentType": h.text(), "amount": h.any(0),
			"invoiceLines": []any{map[string]any{"lineType": h.text(), "description": h.text(), "account": h.any(0)}}, h.text(): h.any(0),
		}}
	default:
		body = map[string]any{"message": h.text(), h.text(): h.any(0)}
	}
	w.WriteHeader(status)
	switch h.rnd.IntN(8) {
	case 0:
		fmt.Fprintf(w, "<html>%s</html>", h.text())
	case 1:
		fmt.Fprint(w, h.text())
	default:
		_ = json.NewEncoder(w).Encode(body)
	}
}

func (h *hostile) guid() string {
	return fmt.Sprintf("%08x-%04x-4000-8000-%012x", h.rnd.Uint32(), h.rnd.IntN(1<<16), h.rnd.Uint64()>>16)
}

func (h *hostile) time() any {
	return []any{nil, "2026-01-02T03:04:05.678+01:00", "0001-01-01T00:00:00", h.text()}[h.rnd.IntN(4)]
}

// text is a value with a mark; as the name of a field it has a digit, which names of
// fields do not.
func (h *hostile) text() string {
	return []string{
		markLetters + " Nordmann 1", "1" + markLetters + "@example.test", "https://" + markLetters + ".test/1", "/" + markLetters + "/1",
		h.guid(), "2031-05-06T07:08:09Z", fmt.Sprint(1e8 + h.rnd.IntN(1e8)), `"` + markLetters + `1"`, markLetters + "; q=1",
	}[h.rnd.IntN(9)]
}

func (h *hostile) any(depth int) any {
	switch n := h.rnd.IntN(7); {
	case depth < 3 && n == 0:
		return []any{h.any(depth + 1), h.any(depth + 1)}
	case depth < 3 && n == 1:
		return map[string]any{h.text(): h.any(depth + 1)}
	case n == 2:
		return 1e7 + h.rnd.IntN(1e7)
	case n == 3:
		return nil
	case n == 4:
		return h.rnd.Float64() * 1e9
	}
	return h.text()
}

// The same with servers that answer anything at all.
func TestAReportHoldsNoValueOfAHostileServer(t *testing.T) {
	told := make(map[string]bool)
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			h := &hostile{rnd: rand.New(rand.NewPCG(seed, 1))}
			right := compare.Target{URL: "https://erp.test", Token: markLetters, HTTPClient: mockserver.MemoryClient(map[string]http.Handler{"erp.test": h})}
			_, left := server(t, mockserver.Config{})
			r := run(t, left, right)
			report := both(t, r)
			if found := mark.FindString(report); found != "" || len(r.Differences) == 0 {
				t.Errorf("seed %d: %q is in\n%s", seed, found, report)
			}
			for _, d := range r.Differences {
				told[d.Check] = true
			}
		})
	}
	if len(told) < 20 {
		t.Errorf("differences in %d checks only: the servers are not hostile enough", len(told))
	}
}
