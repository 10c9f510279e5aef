package otelclient_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/otelclient"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace/noop"
)

func TestNewNamesWhatIsWrong(t *testing.T) {
	_, err := otelclient.New(otelclient.Config{Attributes: []attribute.KeyValue{attribute.String("a", "b"), {Value: attribute.IntValue(1)}}})
	if err == nil || !strings.Contains(err.Error(), "Attributes[1]") {
		t.Errorf("got %v", err)
	}
}

func TestTheZeroConfigUsesTheGlobalProvidersAndDoesNoHarm(t *testing.T) {
	obs, err := otelclient.New(otelclient.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, link, end := obs.Submit(t.Context(), client.Submission{})
	if link != "" {
		t.Errorf("link %q without a trace", link)
	}
	end(client.Submitted{})
	_, done := obs.Wait(t.Context(), client.Waiting{Link: link})
	done(client.Waited{})
	obs.Call(t.Context(), client.Call{})
}

// global is set once in a process: OpenTelemetry hands its early users over
// to the first provider only.
var global sync.Once

func TestAGlobalProviderThatIsSetLaterIsUsed(t *testing.T) {
	global.Do(func() {
		obs, err := otelclient.New(otelclient.Config{})
		if err != nil {
			t.Fatal(err)
		}
		late := watch(t, nil)
		otel.SetTracerProvider(late.tracer)
		defer otel.SetTracerProvider(noop.NewTracerProvider())
		one(&watched{Observer: obs}, t.Context(), client.Submitted{})
		if len(late.spans.GetSpans()) != 1 {
			t.Error("no span")
		}
	})
}

// one runs an observed submit and returns its link.
func one(w *watched, ctx context.Context, done client.Submitted) string {
	_, link, end := w.Submit(ctx, client.Submission{Ref: "r", Method: "POST", Route: "/v2/customerinvoice", Notify: "none"})
	end(done)
	return link
}

func TestALinkIsATraceparentAndIsFoundAgain(t *testing.T) {
	w := watch(t, nil)
	link := one(w, t.Context(), client.Submitted{ID: "i", Verdict: "accepted", Attempts: 1})
	submit := w.spans.GetSpans()[0].SpanContext
	if want := fmt.Sprintf("00-%s-%s-01", submit.TraceID(), submit.SpanID()); link != want {
		t.Fatalf("link %q, want %q", link, want)
	}
	w.spans.Reset()
	_, end := w.Wait(t.Context(), client.Waiting{Link: link})
	end(client.Waited{})
	wait := w.spans.GetSpans()[0]
	if len(wait.Links) != 1 || wait.Links[0].SpanContext.SpanID() != submit.SpanID() || wait.Links[0].SpanContext.TraceID() != submit.TraceID() {
		t.Errorf("linked to %v, want %v", wait.Links, submit)
	}
	if wait.SpanContext.TraceID() == submit.TraceID() {
		t.Error("the wait is in the submit's trace, and not linked only")
	}
}

func TestALinkThatCannotBeReadIsIgnored(t *testing.T) {
	w := watch(t, nil)
	for _, link := range []string{
		"", "x", "00-0000000000000000-00", "00-00000000000000000000000000000000-0000000000000000-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bz-01", strings.Repeat("0", 512), "\x00\xff",
	} {
		w.spans.Reset()
		_, end := w.Wait(t.Context(), client.Waiting{Link: link})
		end(client.Waited{})
		if got := w.spans.GetSpans()[0].Links; len(got) != 0 {
			t.Errorf("%q: linked to %v", link, got)
		}
	}
}

func FuzzLink(f *testing.F) {
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	f.Add("00-")
	f.Fuzz(func(t *testing.T, link string) {
		w := watch(t, nil)
		_, end := w.Wait(t.Context(), client.Waiting{Link: link})
		end(client.Waited{})
		for _, l := range w.spans.GetSpans()[0].Links {
			if !l.SpanContext.IsValid() || len(link) < 55 {
				t.Errorf("%q gave the link %v", link, l)
			}
		}
	})
}

type notSent struct{}

func (notSent) Error() string { return "no token" }
func (notSent) NotSent() bool { return true }

func TestEachErrorHasAType(t *testing.T) {
	canceled := &client.PendingError{Err: context.Canceled}
	tests := []struct {
		err    error
		want   string
		status codes.Code
	}{
		{nil, "", codes.Unset},
		{&client.UncertainError{Err: errors.New("reset")}, "uncertain", codes.Error},
		{&client.RecordError{Err: errors.New("disk full")}, "not_recorded", codes.Error},
		{&client.PendingError{Err: context.DeadlineExceeded}, "pending", codes.Error},
		{canceled, "pending", codes.Unset},
		{&client.OperationError{StatusCode: 400}, "operation_failed", codes.Error},
		{&client.ResponseError{StatusCode: 429}, "rate_limited", codes.Error},
		{&client.ResponseError{StatusCode: 400}, "rejected", codes.Error},
		{client.ErrExpired, "expired", codes.Error},
		{client.ErrContentExpired, "expired", codes.Error},
		{client.ErrKeyReused, "key_used", codes.Error},
		{client.ErrDuplicateKey, "key_used", codes.Error},
		{client.ErrClosed, "closed", codes.Error},
		{notSent{}, "not_sent", codes.Error},
		{context.Canceled, "canceled", codes.Unset},
		{context.DeadlineExceeded, "timeout", codes.Error},
		{http.ErrHandlerTimeout, "_OTHER", codes.Error},
	}
	for _, tt := range tests {
		w := watch(t, nil)
		err := tt.err
		if err != nil {
			err = fmt.Errorf("submit: %w", err)
		}
		one(w, t.Context(), client.Submitted{Verdict: "rejected", Err: err})
		span := w.spans.GetSpans()[0]
		got := ""
		for _, kv := range span.Attributes {
			if kv.Key == "error.type" {
				got = kv.Value.AsString()
			}
		}
		if got != tt.want || span.Status.Code != tt.status {
			t.Errorf("%v: got %q and %v, want %q and %v", tt.err, got, span.Status.Code, tt.want, tt.status)
		}
	}
}

// TestTheWordsOfAnErrorStayOutUnlessAskedFor uses an error with a name in it.
func TestTheWordsOfAnErrorStayOutUnlessAskedFor(t *testing.T) {
	err := &client.ResponseError{Method: "POST", Path: "/v2/customerinvoice", StatusCode: 400, Message: "Customer Fjordvik Sykkel AS is blocked."}
	said := func(change func(*otelclient.Config)) string {
		w := watch(t, change)
		ctx, _, end := w.Submit(t.Context(), client.Submission{})
		w.Call(ctx, client.Call{Kind: "submit", Err: err})
		end(client.Submitted{Err: err})
		return w.show() + w.measure(t)
	}
	if got := said(nil); strings.Contains(got, "Fjordvik") {
		t.Errorf("a name in\n%s", got)
	}
	got := said(func(c *otelclient.Config) { c.ErrorText = error.Error })
	if !strings.Contains(got, `Error "POST /v2/customerinvoice: refused: 400`) || !strings.Contains(got, "Fjordvik") {
		t.Errorf("no words in\n%s", got)
	}
}

func TestSpansAndMetricsSayWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, func(c *otelclient.Config) {
			c.Attributes = []attribute.KeyValue{attribute.String("company", "fjordvik")}
		})
		ctx, link, end := w.Submit(t.Context(), client.Submission{
			Ref: "r1", Method: "POST", Route: "/v2/customerinvoice/{}/action/release", Notify: "subscription", Kind: "release",
		})
		w.Call(ctx, client.Call{Kind: "submit", Method: "POST", StatusCode: 429, Duration: 20 * time.Millisecond})
		w.Call(ctx, client.Call{Kind: "submit", Method: "POST", StatusCode: 202, Duration: 30 * time.Millisecond})
		end(client.Submitted{ID: "op-1", Verdict: "accepted", Attempts: 2})

		ctx, done := w.Wait(t.Context(), client.Waiting{Ref: "r1", Method: "POST", Route: "/v2/customerinvoice/{}/action/release", Kind: "release", Link: link})
		w.Call(context.Background(), client.Call{Kind: "state", Method: "GET", Duration: 30 * time.Second, Err: context.DeadlineExceeded})
		w.Call(ctx, client.Call{Kind: "state", Method: "GET", StatusCode: 200, Duration: 10 * time.Millisecond})
		time.Sleep(90 * time.Second)
		done(client.Waited{ID: "op-1", Phase: store.Settled, StatusCode: 400, Polls: 2, Notified: true, Ran: 85 * time.Second, Err: &client.OperationError{StatusCode: 400}})

		_, done = w.Wait(t.Context(), client.Waiting{Ref: "r2", ID: "op-2", Method: "GET", Route: "/v1/customerinvoice"})
		time.Sleep(time.Second)
		done(client.Waited{ID: "op-2", Phase: store.Accepted, Polls: 1, Err: &client.PendingError{Err: context.Canceled}})
		w.Wait(t.Context(), client.Waiting{}) // goes on

		release := client.Settled{
			Ref: "r1", ID: "op-1", Method: "POST", Route: "/v2/customerinvoice/{}/action/release", Kind: "release", Link: link,
			Outcome: client.Failed, StatusCode: 400, By: "notification", Polls: 2, Duration: 89 * time.Second, Ran: 85 * time.Second,
			QueueTime: 25 * time.Second, RunTime: time.Minute, DetectionDelay: 4 * time.Second,
		}
		w.Settled(t.Context(), release)
		release.Outcome, release.StatusCode, release.By, release.Late, release.Ran, release.Polls = client.Expired, 0, "poll", true, 0, 40
		release.QueueTime, release.RunTime, release.DetectionDelay = 0, 0, 0
		w.Settled(t.Context(), release)
		w.Settled(t.Context(), client.Settled{Ref: "r3", Method: "GET", Route: "/v1/customerinvoice", Outcome: client.Succeeded, StatusCode: 200, By: "foreground"})

		run := client.Handling{Ref: "r1", ID: "op-1", Method: "POST", Route: "/v2/customerinvoice/{}/action/release", Kind: "release", Link: link, Attempt: 1, Delay: 3 * time.Second}
		for _, ended := range []client.Handled{
			{Outcome: client.HandlerAcknowledged, Duration: time.Second},
			{Outcome: client.HandlerRetried, Duration: 2 * time.Second, Err: context.DeadlineExceeded},
			{Outcome: client.HandlerLost, Duration: 4 * time.Second},
		} {
			ctx, handled := w.Handle(t.Context(), run)
			_, _, end := w.Submit(ctx, client.Submission{Ref: "next", Method: "GET", Route: "/v1/next", Notify: "none"})
			end(client.Submitted{Verdict: "accepted", Attempts: 1})
			handled(ended)
		}
		w.Attention(t.Context(), client.Attention{Need: client.NeedsUncertain, Ref: "r4", Method: "POST", Route: "/v2/customerinvoice", Kind: "release"})
		testkit.Golden(t, "testdata/spans.golden", w.show())
		testkit.Golden(t, "testdata/metrics.golden", w.measure(t))
	})
}

func TestAForeignSpanIsNotWrittenTo(t *testing.T) {
	w := watch(t, nil)
	ctx, span := w.tracer.Tracer("app").Start(t.Context(), "theirs")
	w.Call(ctx, client.Call{Kind: "content", StatusCode: 200})
	span.End()
	if s := w.spans.GetSpans()[0]; len(s.Events)+len(s.Attributes) != 0 {
		t.Errorf("wrote %v %v", s.Events, s.Attributes)
	}
}

func TestManyGoroutinesMayUseOneObserver(t *testing.T) {
	w := watch(t, func(c *otelclient.Config) { c.Attributes = make([]attribute.KeyValue, 0, 8) })
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			link := one(w, t.Context(), client.Submitted{Verdict: "accepted"})
			ctx, end := w.Wait(t.Context(), client.Waiting{Link: link})
			w.Call(ctx, client.Call{Kind: "state", Method: "GET", StatusCode: 200})
			end(client.Waited{Phase: store.Settled})
		})
	}
	wg.Wait()
	if n := len(w.spans.GetSpans()); n != 100 {
		t.Errorf("%d spans, want 100", n)
	}
	if got := w.measure(t); !strings.Contains(got, "background.client.calls {call} {background.call=state,background.status_class=2xx,http.request.method=GET} 50\n") {
		t.Errorf("metrics\n%s", got)
	}
}

func BenchmarkARunWithoutAnSDK(b *testing.B) {
	obs, err := otelclient.New(otelclient.Config{TracerProvider: noop.NewTracerProvider(), MeterProvider: metricnoop.NewMeterProvider()})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		obs.Settled(b.Context(), client.Settled{Method: "POST", Route: "/v2/customerinvoice", By: "poll"})
		_, end := obs.Handle(b.Context(), client.Handling{Method: "POST", Route: "/v2/customerinvoice"})
		end(client.Handled{Outcome: client.HandlerAcknowledged})
	}
}

func BenchmarkWithoutAnSDK(b *testing.B) {
	obs, err := otelclient.New(otelclient.Config{TracerProvider: noop.NewTracerProvider(), MeterProvider: metricnoop.NewMeterProvider()})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		ctx, link, end := obs.Submit(b.Context(), client.Submission{Method: "POST", Route: "/v2/customerinvoice"})
		obs.Call(ctx, client.Call{Kind: "submit", Method: "POST", StatusCode: 202})
		end(client.Submitted{Verdict: "accepted"})
		_, done := obs.Wait(b.Context(), client.Waiting{Link: link})
		done(client.Waited{Phase: store.Settled})
	}
}
