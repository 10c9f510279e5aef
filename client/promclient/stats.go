package promclient

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/prom"
)

// stats are what a client has to do and may call, when it is asked.
type stats struct {
	client                                 *client.Client
	limit, left, waiting, planned          *prometheus.Desc
	needed, longest, delay, paused, missed *prometheus.Desc
	stopped, outboxPaused                  *prometheus.Desc
}

func newStats(c *client.Client, r *prom.Registry) *stats {
	return &stats{
		client:  c,
		limit:   r.Desc("budget_limit", "Calls that the ERP allows in a window.", "policy"),
		left:    r.Desc("budget_left", "Calls that are left in the present window, for all replicas.", "policy"),
		needed:  r.Desc("budget_needed", "Calls that it takes at least to bring to its end what is pending or waits to be sent."),
		waiting: r.Desc("calls_waiting", "Calls that wait for their turn.", "for"),
		planned: r.Desc("polls_planned", "Polls that are planned: due, soon (within a minute) or later.", "when"),
		longest: r.Desc("longest_wait_seconds", "For how long the one call has waited that has waited longest."),
		delay:   r.Desc("poll_delay_seconds", "How long a poll is going to wait that is due now."),
		paused:  r.Desc("paused", "1 if the ERP has asked not to be called for a while, else 0."),
		missed:  r.Desc("notifications_missed", "Operations in a row of which no notification told in time."),
		stopped: r.Desc("sequences_stopped", "Sequences of the outbox that have stopped."),

		outboxPaused: r.Desc("outbox_paused", "1 if nothing of the outbox is sent, because the ERP refuses the credentials or more is pending than can be polled in time, else 0."),
	}
}

func (s *stats) all() []*prometheus.Desc {
	return []*prometheus.Desc{s.limit, s.left, s.needed, s.waiting, s.planned, s.longest, s.delay, s.paused, s.missed, s.stopped, s.outboxPaused}
}

// Describe implements [prometheus.Collector].
func (s *stats) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range s.all() {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (s *stats) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), prom.ScrapeTimeout)
	defer cancel()
	got, err := s.client.Stats(ctx)
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	b := got.Budget
	for _, p := range b.Policies {
		gauge(s.limit, float64(p.Limit), p.Name)
		gauge(s.left, float64(p.Left), p.Name)
	}
	if err == nil { // else what is pending is not known
		gauge(s.needed, float64(b.Needed))
		gauge(s.stopped, float64(got.Person.Sequences))
	}
	gauge(s.waiting, float64(b.Waiting.Content), "content")
	gauge(s.waiting, float64(b.Waiting.Notified), "notified")
	gauge(s.waiting, float64(b.Waiting.Overdue), "overdue")
	gauge(s.waiting, float64(b.Waiting.Verification), "verification")
	gauge(s.waiting, float64(b.Waiting.Poll), "poll")
	gauge(s.waiting, float64(b.Waiting.Submit), "submit")
	gauge(s.planned, float64(got.Polls.Due), "due")
	gauge(s.planned, float64(got.Polls.Soon), "soon")
	gauge(s.planned, float64(got.Polls.Later), "later")
	gauge(s.longest, b.LongestWait.Seconds())
	gauge(s.delay, b.PollDelay.Seconds())
	paused := 0.0
	if !b.PausedUntil.IsZero() {
		paused = 1
	}
	gauge(s.paused, paused)
	gauge(s.missed, float64(got.Missed))
	outbox := 0.0
	if !got.Outbox.PausedUntil.IsZero() || got.Outbox.PollsLag {
		outbox = 1
	}
	gauge(s.outboxPaused, outbox)
}

// WatchClient has what a client has to do, and what it may call, measured at each
// scrape: see [client.Client.Stats]. Limits are those of the application in the company,
// and the rest is this client's and not that of other replicas. Where a process has
// several clients, each needs an Observer with Labels of its own.
func (o *Observer) WatchClient(c *client.Client) error {
	if c == nil {
		return errors.New("promclient: WatchClient: the client is nil")
	}
	if err := o.registry.Register(newStats(c, o.registry)); err != nil {
		return fmt.Errorf("promclient: %w", err)
	}
	return nil
}
