package client

import (
	"context"
	"slices"
	"time"

	"github.com/vismanet-go/background/internal/usercode"
	"github.com/vismanet-go/background/store"
)

// learnRunning learns that an operation still runs, of which rec is the record before
// this poll.
func (c *Client) learnRunning(rec *store.Record, now time.Time) {
	if !rec.AcceptedAt.IsZero() {
		c.learned.Running(learnedRoute(rec), polledAge(rec), max(0, now.Sub(rec.AcceptedAt)))
	}
}

// learnEnded learns how long an operation ran.
func (c *Client) learnEnded(rec *store.Record, o *store.Outcome) {
	if !o.ReceivedAt.IsZero() && !o.FinishedAt.IsZero() && !o.FinishedAt.Before(o.ReceivedAt) {
		c.learned.Ended(learnedRoute(rec), polledAge(rec), o.FinishedAt.Sub(o.ReceivedAt))
	}
}

// learnedRoute names the route by which durations are learned.
func learnedRoute(rec *store.Record) string { return rec.Method + " " + routeOf(rec.Path) }

// polledAge is the age at which an operation was last seen to run, 0 if it was not.
func polledAge(rec *store.Record) time.Duration {
	if rec.Progress.SeenAt.IsZero() || rec.AcceptedAt.IsZero() {
		return 0
	}
	return max(0, rec.Progress.SeenAt.Sub(rec.AcceptedAt))
}

// saveLearned shares what was learned, if it is time for that.
func (c *Client) saveLearned() {
	if c.owned || !c.learned.Dirty() {
		return
	}
	if err := c.learned.Save(c.life); err != nil && c.life.Err() == nil {
		c.log.WarnContext(c.life, "what was learned of durations was not saved, and is tried again", "error", err)
	}
}

// flushLearned saves what was learned at the end.
func (c *Client) flushLearned() {
	if c.owned {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := c.learned.Flush(ctx); err != nil {
		c.log.WarnContext(ctx, "what was learned of durations is lost", "error", err)
	}
}

// firstPoll is when an operation that is accepted now is polled first.
func (c *Client) firstPoll(rec store.Record) time.Time {
	now := time.Now()
	rec.AcceptedAt = now
	return now.Add(c.delay(&rec, now))
}

// delay asks the schedule how long to wait from now.
func (c *Client) delay(rec *store.Record, now time.Time) time.Duration {
	info := PollInfo{
		Polls: rec.Polls, Age: max(0, now.Sub(rec.AcceptedAt)), Notify: rec.Notify != modeNone,
		Missing: rec.Progress.Missing,
	}
	if notified := notifiedAt(rec, now); !notified.IsZero() {
		info.Notified, info.SinceNotified = true, max(0, now.Sub(notified))
	}
	c.countPending()
	d := c.plannedDelay(info, learnedRoute(rec), rec.Ref)
	if ended := rec.Progress.EndSeen; !ended.IsZero() && now.Sub(ended) < unclearGrace {
		d = min(d, unclearPoll)
	}
	return d
}

// plannedDelay is the wait from when info was so, by what is known now.
func (c *Client) plannedDelay(info PollInfo, route, ref string) time.Duration {
	if d := c.learned.For(route); d != nil {
		info.Learned = d
	}
	info.Scarcity = c.scarcity()
	return jitter(c.schedule(info), ref, info.Polls)
}

// schedule asks the configured schedule. One that does not return is replaced
// by the default.
func (c *Client) schedule(info PollInfo) time.Duration {
	if c.cfg.Schedule == nil {
		return DefaultSchedule(info)
	}
	var d time.Duration
	err := usercode.Call("Config.Schedule", func() error {
		d = c.cfg.Schedule(info)
		return nil
	})
	if err != nil {
		c.log.ErrorContext(c.life, "the schedule did not return", usercode.Logged(err)...)
		return DefaultSchedule(info)
	}
	return d
}

// basis is what a scheduled poll is planned by: the last poll, or the acceptance. The
// schedule is asked again and again until the poll is made, because much may have
// been learned since, and calls may have become scarce, or plenty.
type basis struct {
	at     time.Time // zero: the poll is not one of the schedule
	age    time.Duration
	polls  int
	notify bool
	route  string
}

// basisOf returns what the next poll of a record is planned by, if the last one went
// well.
func basisOf(rec *store.Record) basis {
	p := &rec.Progress
	fine := rec.Polls == 0 || !p.Missing && p.RefusedSince.IsZero() && p.EndSeen.IsZero() && rec.PolledAt.Sub(p.SeenAt).Abs() < time.Second
	if !fine || rec.Phase != store.Accepted || rec.Notification != nil || rec.AcceptedAt.IsZero() {
		return basis{}
	}
	at := latest(rec.AcceptedAt, p.SeenAt)
	if at.After(time.Now()) {
		return basis{} // a clock was ahead
	}
	return basis{at, at.Sub(rec.AcceptedAt), rec.Polls, rec.Notify != modeNone, learnedRoute(rec)}
}

// overdue reports whether the poll is the one that the operation needs before the ERP
// forgets it.
func (b *basis) overdue(now time.Time) bool {
	last := b.at.Add(overdueAfter - b.age)
	return b.at.Before(last) && !now.Before(last)
}

// dueBy is when the poll is due by what is known now.
func (c *Client) dueBy(b *basis, ref string) time.Time {
	info := PollInfo{Polls: b.polls, Age: b.age, Notify: b.notify}
	return latest(b.at.Add(c.plannedDelay(info, b.route, ref)), c.askedUntil(ref))
}

// dueAfterAll reports whether a poll is due by what is known now that was planned for
// later: since then calls have become plenty, or the route was seen to be quick.
func (c *Client) dueAfterAll(rec *store.Record) bool {
	b := basisOf(rec)
	return !b.at.IsZero() && !latest(c.dueBy(&b, rec.Ref), c.notBefore(rec.Ref)).After(time.Now())
}

// askAgain is when the schedule is asked again about a poll that is due at a time.
func askAgain(now, due time.Time) time.Time {
	if again := now.Add(max(15*time.Second, due.Sub(now)/4)); again.Before(due) {
		return again
	}
	return due
}

// LearnedRoute is how long the operations of a route run.
type LearnedRoute struct {
	Route string // method and path, with {} for everything that looks like a number or an id
	Durations
}

// Learned returns what is known of how long operations run, by route, in the order of
// their names: learned by this client, and by those that share its store. It makes no
// call to the ERP. An error is the store's; then what this client knows is there all
// the same.
func (c *Client) Learned(ctx context.Context) ([]LearnedRoute, error) {
	var err error
	names := c.learned.Names() // which makes it want to know
	if !c.owned && c.learned.Dirty() {
		err = storeError(c.learned.Save(ctx))
		names = c.learned.Names()
	}
	slices.Sort(names)
	var list []LearnedRoute
	for _, name := range names {
		if d := c.learned.For(name); d != nil {
			list = append(list, LearnedRoute{Route: name, Durations: d})
		}
	}
	return list, err
}
