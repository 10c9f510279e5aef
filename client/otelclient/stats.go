package otelclient

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/vismanet-go/background/client"
)

var (
	policy  = attribute.Key("background.policy")
	waitFor = attribute.Key("background.wait_for")
	when    = attribute.Key("background.when")
)

// gauges are what a client has to do and may call, when it is asked.
type gauges struct {
	limit, left, needed, waiting, planned, paused, missed metric.Int64ObservableGauge
	stopped, outboxPaused                                 metric.Int64ObservableGauge
	longest, delay                                        metric.Float64ObservableGauge
}

func newGauges(m metric.Meter) (gauges, error) {
	const prefix = "background.client."
	var errs []error
	count := func(name, unit, description string) metric.Int64ObservableGauge {
		g, err := m.Int64ObservableGauge(prefix+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return g
	}
	seconds := func(name, description string) metric.Float64ObservableGauge {
		g, err := m.Float64ObservableGauge(prefix+name, metric.WithUnit("s"), metric.WithDescription(description))
		errs = append(errs, err)
		return g
	}
	g := gauges{
		limit:        count("budget.limit", "{call}", "Calls that the ERP allows in a window."),
		left:         count("budget.left", "{call}", "Calls that are left in the present window, for all replicas."),
		needed:       count("budget.needed", "{call}", "Calls that it takes at least to bring to its end what is pending or waits to be sent."),
		waiting:      count("calls.waiting", "{call}", "Calls that wait for their turn."),
		planned:      count("polls.planned", "{call}", "Polls that are planned."),
		paused:       count("paused", "1", "1 if the ERP has asked not to be called for a while, else 0."),
		missed:       count("notifications.missed", "{operation}", "Operations in a row of which no notification told in time."),
		stopped:      count("sequences.stopped", "{sequence}", "Sequences of the outbox that have stopped."),
		outboxPaused: count("outbox.paused", "1", "1 if nothing of the outbox is sent, because the ERP refuses the credentials or more is pending than can be polled in time, else 0."),
		longest:      seconds("longest.wait", "For how long the one call has waited that has waited longest."),
		delay:        seconds("poll.delay", "How long a poll is going to wait that is due now."),
	}
	return g, errors.Join(errs...)
}

// WatchClient has what a client has to do, and what it may call, measured at each
// collection: see [client.Client.Stats]. Limits are those of the application in the
// company, and the rest is this client's and not that of other replicas. It ends when
// the registration is undone, or with the provider. Where a process has several clients,
// each needs an Observer with Attributes of its own.
func (o *Observer) WatchClient(c *client.Client) (metric.Registration, error) {
	if c == nil {
		return nil, errors.New("otelclient: WatchClient: the client is nil")
	}
	g, err := newGauges(o.meter)
	if err != nil {
		return nil, fmt.Errorf("otelclient: WatchClient: %w", err)
	}
	return o.meter.RegisterCallback(func(ctx context.Context, to metric.Observer) error {
		s, err := c.Stats(ctx)
		o.observe(to, g, s, err == nil)
		return err
	}, g.limit, g.left, g.needed, g.waiting, g.planned, g.paused, g.missed, g.stopped, g.outboxPaused, g.longest, g.delay)
}

// observe measures. counted is whether what is pending is known.
func (o *Observer) observe(to metric.Observer, g gauges, s client.Stats, counted bool) {
	with := func(own ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributes(o.with(own...)...)
	}
	b := s.Budget
	for _, p := range b.Policies {
		to.ObserveInt64(g.limit, int64(p.Limit), with(policy.String(p.Name)))
		to.ObserveInt64(g.left, int64(p.Left), with(policy.String(p.Name)))
	}
	if counted {
		to.ObserveInt64(g.needed, int64(b.Needed), with())
		to.ObserveInt64(g.stopped, int64(s.Person.Sequences), with())
	}
	for name, n := range map[string]int{
		"content": b.Waiting.Content, "notified": b.Waiting.Notified, "overdue": b.Waiting.Overdue,
		"verification": b.Waiting.Verification, "poll": b.Waiting.Poll, "submit": b.Waiting.Submit,
	} {
		to.ObserveInt64(g.waiting, int64(n), with(waitFor.String(name)))
	}
	for name, n := range map[string]int{"due": s.Polls.Due, "soon": s.Polls.Soon, "later": s.Polls.Later} {
		to.ObserveInt64(g.planned, int64(n), with(when.String(name)))
	}
	var paused int64
	if !b.PausedUntil.IsZero() {
		paused = 1
	}
	to.ObserveInt64(g.paused, paused, with())
	to.ObserveInt64(g.missed, int64(s.Missed), with())
	var outbox int64
	if !s.Outbox.PausedUntil.IsZero() || s.Outbox.PollsLag {
		outbox = 1
	}
	to.ObserveInt64(g.outboxPaused, outbox, with())
	to.ObserveFloat64(g.longest, b.LongestWait.Seconds(), with())
	to.ObserveFloat64(g.delay, b.PollDelay.Seconds(), with())
}
