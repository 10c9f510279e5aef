package otelclient

import (
	"context"
	"errors"
	"time"

	"github.com/vismanet-go/background/client"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// The attributes. Those that OpenTelemetry has a name for have it.
const (
	method      = attribute.Key("http.request.method")
	status      = attribute.Key("http.response.status_code")
	template    = attribute.Key("url.template")
	errType     = attribute.Key("error.type")
	ref         = attribute.Key("background.ref")
	id          = attribute.Key("background.id")
	kind        = attribute.Key("background.kind")
	notify      = attribute.Key("background.notify")
	verdict     = attribute.Key("background.verdict")
	attempts    = attribute.Key("background.attempts")
	phase       = attribute.Key("background.phase")
	polls       = attribute.Key("background.polls")
	notified    = attribute.Key("background.notified")
	ran         = attribute.Key("background.operation.duration")
	call        = attribute.Key("background.call")
	statusClass = attribute.Key("background.status_class")
	outcome     = attribute.Key("background.outcome")
	need        = attribute.Key("background.need")
	settledBy   = attribute.Key("background.settled_by")
	late        = attribute.Key("background.late")
	attempt     = attribute.Key("background.attempt")
)

// spanKey is the key of our own span in a context: one that the caller
// started is not ours to write to.
type spanKey struct{}

// start starts a span and puts it into the context.
func (o *Observer) start(ctx context.Context, name string, k trace.SpanKind, work string, links []trace.Link, own ...attribute.KeyValue) (context.Context, trace.Span) {
	if work != "" {
		own = append(own, kind.String(work))
	}
	ctx, span := o.tracer.Start(ctx, name, trace.WithSpanKind(k), trace.WithLinks(links...), trace.WithAttributes(o.with(own...)...))
	return context.WithValue(ctx, spanKey{}, span), span
}

// finish ends a span with its outcome.
func (o *Observer) finish(span trace.Span, opID string, err error) {
	if opID != "" {
		span.SetAttributes(id.String(opID))
	}
	if err != nil && span.IsRecording() {
		span.SetAttributes(errType.String(errorType(err)))
		if !errors.Is(err, context.Canceled) { // the caller's own wish is no fault
			span.SetStatus(codes.Error, o.text(err))
		}
	}
	span.End()
}

// settledSpan writes down the time from the acceptance of an operation to its
// end as a span, linked to that of the submit.
func (o *Observer) settledSpan(ctx context.Context, s client.Settled) {
	now := time.Now()
	_, span := o.tracer.Start(ctx, "background.operation", trace.WithTimestamp(now.Add(-s.Duration)), trace.WithLinks(linked(s.Link)...))
	defer span.End(trace.WithTimestamp(now))
	if !span.IsRecording() {
		return
	}
	about := o.with(method.String(s.Method), template.String(s.Route), ref.String(s.Ref), outcome.String(string(s.Outcome)),
		settledBy.String(s.By), late.Bool(s.Late), polls.Int(s.Polls))
	if s.Kind != "" {
		about = append(about, kind.String(s.Kind))
	}
	if s.ID != "" {
		about = append(about, id.String(s.ID))
	}
	if s.StatusCode != 0 {
		about = append(about, status.Int(s.StatusCode))
	}
	if s.Ran > 0 {
		about = append(about, ran.Float64(s.Ran.Seconds()))
	}
	span.SetAttributes(about...)
	if s.Outcome != client.Succeeded {
		span.SetStatus(codes.Error, string(s.Outcome))
	}
}

// parent is the header that carries a span in the W3C format.
const parent = "traceparent"

// linkOf writes down the span of a context, "" if there is none.
func linkOf(ctx context.Context) string {
	c := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, c)
	return c[parent]
}

// linked reads what linkOf wrote. What cannot be read is no link: it comes
// from a store, and may be anything.
func linked(link string) []trace.Link {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{parent: link})
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		return []trace.Link{{SpanContext: sc}}
	}
	return nil
}

// errorType names an error in one of a few words, "" for none.
func errorType(err error) string {
	var sure interface{ NotSent() bool }
	switch {
	case err == nil:
		return ""
	case is[*client.UncertainError](err):
		return "uncertain"
	case is[*client.UnclearError](err):
		return "unclear"
	case is[*client.RecordError](err):
		return "not_recorded"
	case is[*client.PendingError](err):
		return "pending"
	case is[*client.OperationError](err):
		return "operation_failed"
	case errors.Is(err, client.ErrRateLimited):
		return "rate_limited"
	case is[*client.ResponseError](err):
		return "rejected"
	case errors.Is(err, client.ErrExpired), errors.Is(err, client.ErrContentExpired):
		return "expired"
	case errors.Is(err, client.ErrKeyReused), errors.Is(err, client.ErrDuplicateKey):
		return "key_used"
	case errors.Is(err, client.ErrClosed):
		return "closed"
	case errors.As(err, &sure) && sure.NotSent():
		return "not_sent"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case timedOut(err):
		return "timeout"
	}
	return "_OTHER" // the convention's word
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}
