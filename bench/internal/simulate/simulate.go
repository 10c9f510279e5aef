// Package simulate lets contenders run many operations in virtual time: how
// many calls they make, how late they know of an end, and what they do when the
// ERP's limit is used up. A simulation runs in a test, because only tests have
// bubbles of virtual time.
package simulate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/vismanet-go/background/bench/internal/contender"
	"github.com/vismanet-go/background/bench/internal/memerp"
	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// A Cell is one simulation.
type Cell struct {
	Workload   string
	Contender  string
	Limit      int // calls per hour, 0 for none
	Seed       uint64
	Operations int
}

// Contenders.
const (
	Azcore30      = "azcore, 30 s (its default)"
	Azcore1       = "azcore, 1 s (its floor)"
	Google        = "google longrunning, Wait"
	Polling       = "client, polling"
	Notified      = "client, notified"
	Polling3      = "client, polling, 3 replicas"
	Notified3     = "client, notified, 3 replicas"
	PollingAlone2 = "client, polling, 2 without a common store"
)

// A Workload is how long operations run at the ERP: log-normal, by the route.
type Workload struct {
	Name   string
	Routes []Route
}

// A Route is one kind of operation. They take turns.
type Route struct {
	Path          string
	Median, Sigma float64 // seconds; of the logarithm
}

const invoice, payment, action = contender.Path, "/v1/customerpayment", "/v1/customerinvoice/300142/action/release"

// Workloads are those that are simulated.
var Workloads = []Workload{
	{"2 s", []Route{{invoice, 2, 0.8}}},
	{"5 s", []Route{{invoice, 5, 1.2}}},
	{"20 s", []Route{{invoice, 20, 1.2}}},
	{"60 s", []Route{{invoice, 60, 1.2}}},
	{"300 s", []Route{{invoice, 300, 0.8}}},
	{"mixed", []Route{{action, 3, 1}, {invoice, 45, 1}, {payment, 400, 1}}},
}

// Find returns the workload of a name.
func Find(name string) (Workload, error) {
	for _, w := range Workloads {
		if w.Name == name {
			return w, nil
		}
	}
	return Workload{}, fmt.Errorf("no workload %q", name)
}

// Median is that of its route, or of the middle one, in seconds.
func (w Workload) Median() float64 { return w.Routes[len(w.Routes)/2].Median }

// route is that of the n-th operation.
func (w Workload) route(n int) Route { return w.Routes[n%len(w.Routes)] }

// Durations are how long n operations take.
func (w Workload) Durations(seed uint64, n int) []time.Duration {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]time.Duration, n)
	for i := range out {
		route := w.route(i)
		out[i] = time.Duration(route.Median * math.Exp(route.Sigma*r.NormFloat64()) * float64(time.Second))
	}
	return out
}

const (
	spacing = 600 * time.Millisecond // from submit to submit
	told    = 200 * time.Millisecond // from an end to its notification
	unheard = 0.02                   // of the notifications
	patient = 24 * time.Hour         // what has no answer then is given up
	apart   = 90 * time.Second       // the clocks of replicas, seen from the ERP's
	company = "fjord"
)

// An Outcome is what came of a simulation.
type Outcome struct {
	Calls       float64 // per operation, refused ones not counted
	Refused     int     // with a 429
	RefusedHour int     // in the hour with the most
	Aborted     int     // submits and waits that ended in an error
	Lost        int     // operations that the ERP accepted and whose answer nobody got
	Twice       int     // operations that were accepted twice
	Hours       int     // of the limit, until the last answer
	Late        int     // operations accepted in the third hour, or ended well before it and known in it
	P50         float64 // seconds from the end at the ERP until the answer was decoded
	P95         float64
	P99         float64
	Mean        float64
	Left        []int // calls left in the hour, each minute
	Errors      []string
}

// run does it; it is called in a bubble.
func (c Cell) run(ctx context.Context) (Outcome, error) {
	w, err := Find(c.Workload)
	if err != nil {
		return Outcome{}, err
	}
	durations := w.Durations(c.Seed, c.Operations)
	s := &memerp.Server{Keep: true, Limit: c.Limit, Runs: func(n int) time.Duration { return durations[n] }}
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	team, err := c.team(ctx, s)
	if err != nil {
		return Outcome{}, err
	}
	begun, late := time.Now(), make([]bool, c.Operations)
	delays := make([]float64, c.Operations)
	errs := make([]error, c.Operations)
	var all sync.WaitGroup
	done := make(chan struct{})
	var left []int
	all.Go(func() { left = watch(s, done) })
	var waits sync.WaitGroup
	for n := range c.Operations {
		waits.Go(func() {
			if errs[n] = team.do(memerp.WithIndex(ctx, n), n, w.route(n).Path); errs[n] == nil {
				op, _ := s.Get(memerp.ID(n))
				delays[n] = time.Since(op.End).Seconds()
				late[n] = op.Begun.Sub(begun) > 2*time.Hour || op.End.Sub(begun) < 110*time.Minute && time.Since(begun) > 2*time.Hour
			}
		})
		time.Sleep(spacing)
	}
	waits.Wait()
	tally, hours := s.Tally()
	close(done)
	all.Wait()
	err = team.close()
	out := Outcome{
		Calls: float64(tally.Calls()) / float64(c.Operations), Refused: tally.Refused, Twice: tally.Twice,
		Lost: tally.Submits - tally.Twice, Hours: len(hours), Left: left,
	}
	for _, h := range hours {
		out.RefusedHour = max(out.RefusedHour, h.Refused)
	}
	known := make([]float64, 0, len(delays))
	for n, err := range errs {
		if err == nil {
			known = append(known, delays[n])
			continue
		}
		if out.Aborted++; len(out.Errors) < 3 {
			out.Errors = append(out.Errors, err.Error())
		}
	}
	out.Lost -= len(known)
	for _, l := range late {
		if l {
			out.Late++
		}
	}
	out.P50, out.P95, out.P99, out.Mean = spread(known)
	return out, err
}

func spread(delays []float64) (p50, p95, p99, mean float64) {
	if len(delays) == 0 {
		return 0, 0, 0, 0
	}
	slices.Sort(delays)
	at := func(q float64) float64 { return delays[min(len(delays)-1, int(q*float64(len(delays))))] }
	for _, d := range delays {
		mean += d
	}
	return at(0.5), at(0.95), at(0.99), mean / float64(len(delays))
}

// watch notes how many calls are left, each minute.
func watch(s *memerp.Server, done <-chan struct{}) (left []int) {
	if s.Limit == 0 {
		return nil
	}
	time.Sleep(spacing / 2) // not at the moment of a submit
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		left = append(left, s.Left())
		select {
		case <-tick.C:
		case <-done:
			return left
		}
	}
}

// A team is the processes of a contender, which share the work.
type team struct {
	members []contender.Contender
	ours    bool
	shared  bool // their operations stand in one store
	stores  []store.Store
	stop    context.CancelFunc
	runs    sync.WaitGroup
}

func (c Cell) team(ctx context.Context, s *memerp.Server) (*team, error) {
	t := &team{stop: func() {}}
	switch c.Contender {
	case Azcore30:
		t.members = []contender.Contender{contender.Azcore(s, 0)}
	case Azcore1:
		t.members = []contender.Contender{contender.Azcore(s, time.Second)}
	case Google:
		g, err := contender.Google(ctx, s)
		t.members = []contender.Contender{g}
		return t, err
	case Polling:
		return t, t.add(s, 1, client.NoNotification())
	case PollingAlone2:
		return t, errors.Join(t.add(s, 1, client.NoNotification()), t.add(s, 1, client.NoNotification()))
	case Polling3:
		t.shared = true
		return t, t.runAll(ctx, t.add(s, 3, client.NoNotification()))
	case Notified, Notified3:
		r := rand.New(rand.NewPCG(c.Seed, 2))
		s.Accepted = func(op memerp.Operation) {
			if r.Float64() >= unheard {
				time.AfterFunc(time.Until(op.End)+told, func() { t.notify(ctx, op) })
			}
		}
		if c.Contender == Notified {
			return t, t.add(s, 1, client.Subscription())
		}
		t.shared = true
		return t, t.runAll(ctx, t.add(s, 3, client.Subscription()))
	default:
		return t, fmt.Errorf("no contender %q", c.Contender)
	}
	return t, nil
}

// add makes clients that share a store of their own. The ERP's clock is ahead
// of that of the second one by 45 s, and of the third one by 90 s.
func (t *team) add(s *memerp.Server, clients int, notify client.Notify) error {
	st := store.NewMemory(store.MemoryConfig{})
	t.ours, t.stores = true, append(t.stores, st)
	for i := range clients {
		// Their clocks cannot differ in one bubble, but the ERP's can for each.
		erp := memerp.Ahead{Server: s, By: time.Duration(i) * apart / 2}
		c, err := contender.Ours(erp, client.Config{Store: st, Tenant: company, Notify: notify})
		if err != nil {
			return err
		}
		t.members = append(t.members, c)
	}
	return nil
}

// runAll has every client look after the operations of all.
func (t *team) runAll(ctx context.Context, err error) error {
	ctx, t.stop = context.WithCancel(ctx)
	for _, m := range t.members {
		t.runs.Go(func() { _ = contender.Client(m).Run(ctx) })
	}
	return err
}

// notify does what a receiver does.
func (t *team) notify(ctx context.Context, op memerp.Operation) {
	for _, st := range t.stores {
		_, _ = st.Notify(ctx, store.Notification{
			Tenant: company, ID: op.ID, NotificationID: op.ID, StatusCode: 201, Mode: "subscription", ReceivedAt: time.Now(),
		})
	}
}

// do runs one operation. Of those that share a store another one waits than
// the one that has submitted.
func (t *team) do(ctx context.Context, n int, path string) error {
	op, err := t.members[n%len(t.members)].Submit(ctx, path)
	if err != nil {
		return fmt.Errorf("submit: %w", err)
	}
	if t.shared {
		c := contender.Client(t.members[(n+1+n/len(t.members)%2)%len(t.members)])
		other, err := c.Operation(ctx, contender.Handle(op).ID())
		if err != nil {
			return fmt.Errorf("find: %w", err)
		}
		op = contender.Waited(other)
	}
	if _, err := op.Wait(ctx); err != nil {
		return fmt.Errorf("wait: %w", err)
	}
	if t.ours {
		return contender.Handle(op).Ack(ctx)
	}
	return nil
}

func (t *team) close() error {
	t.stop()
	t.runs.Wait()
	var errs []error
	for _, m := range t.members {
		errs = append(errs, m.Close())
	}
	for _, st := range t.stores {
		errs = append(errs, st.Close())
	}
	return errors.Join(errs...)
}
