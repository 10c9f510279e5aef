package admin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

var errEnough = errors.New("enough")

// streamed reads the stream of company 5: from the present, and again from where
// it was.
func streamed(t *testing.T, h *harness) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var events []adminclient.Event
	done := make(chan error, 1)
	follow := func(p adminclient.StreamJournalParams, until int) {
		done <- adminclient.Follow(ctx, h.ClientWithResponses, p, func(e adminclient.Event) error {
			if events = append(events, e); len(events) >= until {
				return errEnough
			}
			return nil
		})
	}
	after := h.Journal().Last()
	go follow(adminclient.StreamJournalParams{Company: new("5"), After: &after}, 4)
	h.call(ctx, "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", "6")
	id := h.submit("5", "none", invoices)
	if err := <-done; !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	answered := 0
	for _, e := range events {
		if e.Name == "answered" {
			answered = e.Entry.Request.StatusCode
			continue
		}
		if e.Entry.Company != "5" || e.ID == "" {
			t.Errorf("got %+v", e)
		}
		if e.Entry.Request != nil && e.Entry.Request.StatusCode != 0 {
			answered = e.Entry.Request.StatusCode
		}
	}
	if answered != 202 {
		t.Errorf("the request of operation %s was answered %d, as the stream has it", id, answered)
	}
	events = nil
	go follow(adminclient.StreamJournalParams{LastEventID: new("ffff.3")}, 2)
	if err := <-done; !errors.Is(err, errEnough) || events[0].Name != "restarted" || events[1].Entry.Seq > after {
		t.Errorf("an id of another run: %v, %+v", err, events)
	}
}

// A tally is what a reader of the journal was sent, and was told that it missed.
type tally struct{ seen, dropped, last int64 }

// readLate follows the journal from its beginning and takes nothing until awake is
// closed. *done, which may be read then, is the last entry.
func readLate(ctx context.Context, c *adminclient.ClientWithResponses, awake <-chan struct{}, done *int64) tally {
	var sum tally
	_ = adminclient.Follow(ctx, c, adminclient.StreamJournalParams{After: new(int64(0))}, func(e adminclient.Event) error {
		select {
		case <-awake:
		case <-ctx.Done():
			return ctx.Err()
		}
		switch e.Name {
		case "entry":
			sum.seen++
			sum.last = e.Entry.Seq
		case "dropped":
			sum.dropped += e.Dropped
		}
		if sum.last == *done {
			return errEnough
		}
		return nil
	})
	return sum
}

// allTold wants each reader to have seen or been told of every entry, some to have
// missed some, and the numbers of the mock to have all that were missed.
func allTold(t *testing.T, c *adminclient.ClientWithResponses, readers int, tallies <-chan tally, done int64) {
	t.Helper()
	droppedByAny := int64(0)
	for range readers {
		sum := <-tallies
		if sum.seen+sum.dropped != done {
			t.Errorf("a reader saw %d and was told of %d that it missed, of %d", sum.seen, sum.dropped, done)
		}
		droppedByAny += sum.dropped
	}
	t.Logf("%d readers missed %d of %d entries each, on average", readers, droppedByAny/int64(readers), done)
	if droppedByAny == 0 {
		t.Error("nobody missed anything: the readers were not slow")
	}
	metrics := string(must[*adminclient.GetMetricsResponse](t)(c.GetMetricsWithResponse(t.Context())).Body)
	if !strings.Contains(metrics, fmt.Sprintf("erpmock_journal_dropped_total %d\n", droppedByAny)) {
		t.Errorf("the numbers do not have the %d that were missed:\n%s", droppedByAny, metrics)
	}
}

// Fifty readers that take nothing while a thousand operations come in: nothing
// waits for them, and each is told exactly how much it missed.
func TestSlowReadersHoldNothingUp(t *testing.T) {
	const readers, operations = 50, 1000
	h := start(t, mockserver.Config{JournalBytes: 256 << 10, ExecTime: mockserver.Fixed(0)})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	awake := make(chan struct{})
	tallies := make(chan tally, readers)
	var done int64
	for range readers {
		go func() { tallies <- readLate(ctx, h.ClientWithResponses, awake, &done) }()
	}
	for range operations {
		h.submit("7", "none", invoices)
	}
	if err := h.Clock("7").Idle(ctx); err != nil {
		t.Fatal(err)
	}
	must[*adminclient.AwaitConditionResponse](t)(h.AwaitConditionWithResponse(ctx, adminclient.Wait{
		Operation: &adminclient.OperationMatcher{Company: "7", State: adminclient.OperationStateFinished}, Count: operations, TimeoutMs: 120_000,
	}))
	done = h.Journal().Last()
	close(awake)
	allTold(t, h.ClientWithResponses, readers, tallies, done)
}

// A reader whose connection breaks goes on where it was.
func TestAReaderComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		breaks := &http.Client{Transport: breaking{h.http.Transport}}
		c, err := adminclient.New(mockserver.BaseURL, adminclient.Options{Client: breaks})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var seqs []int64
		done := make(chan error, 1)
		go func() {
			done <- adminclient.Follow(ctx, c, adminclient.StreamJournalParams{After: new(int64(0))}, func(e adminclient.Event) error {
				if e.Name == "entry" {
					seqs = append(seqs, e.Entry.Seq)
				}
				if len(seqs) == 20 {
					return errEnough
				}
				return nil
			})
		}()
		for range 20 {
			h.call(ctx, "GET", invoices, "")
			time.Sleep(time.Second)
		}
		if err := <-done; !errors.Is(err, errEnough) {
			t.Fatal(err)
		}
		for i, seq := range seqs {
			if seq != int64(i+1) {
				t.Fatalf("got the entries %v, want each once", seqs)
			}
		}
		refused(t, 400, adminclient.Follow(ctx, c, adminclient.StreamJournalParams{Kind: new(adminclient.EntryKind("x"))}, nil))
		ended := make(chan error, 1)
		go func() {
			ended <- adminclient.Follow(ctx, c, adminclient.StreamJournalParams{}, func(adminclient.Event) error { return nil })
		}()
		time.Sleep(time.Second)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
}

// breaking cuts every stream off after three seconds.
type breaking struct{ next http.RoundTripper }

func (b breaking) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/stream") {
		return b.next.RoundTrip(r)
	}
	ctx, cancel := context.WithCancel(r.Context())
	time.AfterFunc(3*time.Second, cancel)
	return b.next.RoundTrip(r.WithContext(meantToBeWrong(ctx)))
}

// A server that shuts down is not held up by those who wait and read.
func TestCloseEndsStreamsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		ctx := t.Context()
		resp := must[*http.Response](t)(h.StreamJournal(ctx, nil))
		waited := make(chan error, 1)
		go func() {
			_, err := h.AwaitConditionWithResponse(ctx, adminclient.Wait{Operation: &adminclient.OperationMatcher{ID: "nobody"}, TimeoutMs: 60_000})
			waited <- err
		}()
		synctest.Wait()
		h.admin.Close()
		h.admin.Close()
		if text, err := io.ReadAll(resp.Body); err != nil || !strings.HasPrefix(string(text), "retry: ") {
			t.Errorf("the stream ends with %q, %v", text, err)
		}
		refused(t, 503, <-waited)
		refused(t, 503, second(h.GetReadyWithResponse(ctx)))
	})
}

// Validators take the schema of a stream for that of each of its events, which are
// of several types.
func TestAStreamHasNoSchema(t *testing.T) {
	streams := 0
	for path, item := range document(t).Paths.Map() {
		for method, op := range item.Operations() {
			for status, resp := range op.Responses.Map() {
				if media := resp.Value.Content["text/event-stream"]; media != nil {
					streams++
					if media.Schema != nil {
						t.Errorf("%s %s: the stream of %s has a schema", method, path, status)
					}
				}
			}
		}
	}
	if streams == 0 {
		t.Error("the document has no stream")
	}
}

// What readers share is what the journal lists, also of a request that the first of
// them was sent before it had an answer.
func TestReadersAreSentWhatIsListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		read := func() map[int64]adminclient.Entry {
			got := make(map[int64]adminclient.Entry)
			_ = adminclient.Follow(ctx, h.ClientWithResponses, adminclient.StreamJournalParams{After: new(int64(0))}, func(e adminclient.Event) error {
				got[e.Entry.Seq] = e.Entry // also of "answered", which comes later
				return nil
			})
			return got
		}
		all := make(chan map[int64]adminclient.Entry, 2)
		go func() { all <- read() }()
		must[*adminclient.AddFaultsResponse](t)(h.AddFaultsWithResponse(ctx, adminclient.FaultRules{Rules: []adminclient.FaultRule{
			adminclient.FaultRule(`{"on": "foreground", "do": {"delay": "1s"}}`),
		}}))
		h.call(ctx, "GET", invoices, "")
		h.submit("7", "http://hook.test/ok", invoices)
		time.Sleep(time.Minute)
		go func() { all <- read() }()
		time.Sleep(time.Minute)
		list := must[*adminclient.SearchJournalResponse](t)(h.SearchJournalWithResponse(ctx, nil)).JSON200.Entries
		cancel()
		for range 2 {
			got := <-all
			if len(got) != len(list) {
				t.Errorf("a reader was sent %d entries, %d are listed", len(got), len(list))
			}
			for _, want := range list {
				if !reflect.DeepEqual(got[want.Seq], want) {
					t.Errorf("a reader was sent %+v, listed is %+v", got[want.Seq], want)
				}
			}
		}
	})
}
