package conformance

import (
	"fmt"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// notifyScenarios are about notifications. They are played in real time.
func notifyScenarios() []Scenario {
	// An operation takes a while, and its notification is disturbed.
	stage := func(exec, poll time.Duration, f fault.Notify) func(*settings) {
		return func(s *settings) {
			s.config.ExecTime, s.poll = mockserver.Fixed(exec), poll
			s.config.Faults = []fault.Rule{{On: fault.OnNotification, Do: f}}
		}
	}
	const never, often = 10 * time.Minute, 100 * time.Millisecond
	url, sub := []string{canURL}, []string{canSubscription}
	wakes := func(needs []string, notify, about string) Scenario {
		return Scenario{ID: "notified-by-" + notify, About: about, Rule: ruleWakes, Needs: needs, submit: listInvoices.by(notify), set: stage(100*time.Millisecond, never, fault.Notify{}), play: betweenPolls}
	}
	list := []Scenario{
		wakes(url, "url", "Polls are rare, and the notification to the address in the header comes between two of them."),
		wakes(sub, "subscription", "Polls are rare, and the notification of the subscription comes between two of them."),
		{ID: "notification-lost", About: "The notification never comes.", Rule: rulePolls, Needs: url, submit: listInvoices.by("url"), set: stage(300*time.Millisecond, often, fault.Notify{Drop: true}), play: busy},
		{ID: "notification-of-subscription-lost", About: "The notification of the subscription never comes.", Rule: rulePolls, Needs: sub, submit: listInvoices.by("subscription"), set: stage(300*time.Millisecond, often, fault.Notify{Drop: true}), play: busy},
		{ID: "notification-before-202", About: "The notification comes before the 202.", Rule: ruleHint, Needs: url, submit: createInvoice.by("url"), set: stage(50*time.Millisecond, often, fault.Notify{Early: true})},
		{ID: "notification-twice", About: "The notification comes three times.", Rule: ruleHint, Needs: url, submit: listInvoices.by("url"), set: stage(50*time.Millisecond, often, fault.Notify{Duplicates: 2}), play: awaitAgain(3)},
		{ID: "notification-late", About: "The notification comes long after polling found the end.", Rule: ruleHint, Needs: url, submit: listInvoices.by("url"), set: stage(50*time.Millisecond, often, fault.Notify{Delay: 1500 * time.Millisecond}), play: awaitAgain(1)},
		{ID: "notification-with-lies", About: "A notification says that a running operation succeeded, and names another host; it ends with 400.", Rule: ruleHint, Needs: url, submit: wrongChange.by("url"), set: lying(stage(1200*time.Millisecond, often, fault.Notify{})), play: liesFirst},
		{ID: "notification-of-subscription-with-lies", About: "A signed notification says that a running operation succeeded, and names another host; it ends with 400.", Rule: ruleHint, Needs: sub, submit: wrongChange.by("subscription"), set: lying(stage(1200*time.Millisecond, often, fault.Notify{})), play: liesFirst},
		{ID: "notification-of-another-operation", About: "To the address of an operation comes a notification of another one that nobody knows.", Rule: ruleHint, Needs: url, submit: wrongChange.by("url"), set: lying(stage(1200*time.Millisecond, often, fault.Notify{})), play: othersFirst},
		{ID: "notification-of-nonsense", About: "Before the notification come some that make no sense.", Rule: ruleHint, Needs: url, submit: listInvoices.by("url"), set: stage(800*time.Millisecond, never, fault.Notify{}), play: nonsenseFirst},
		{
			ID: "notified-while-uncertain", About: "The answer to a POST is lost, and its notification comes: it may tell what became of it.", Rule: ruleUncertain, Needs: url, submit: createInvoice.by("url"),
			alters: []alter{times(1, atSubmit, taken(drops))},
			set: func(s *settings) {
				stage(300*time.Millisecond, often, fault.Notify{})(s)
				s.uncertain = 10 * time.Second
			},
			play: func(p *play) {
				s := p.keyed()
				a := p.submit(s)
				if a.Outcome == Uncertain || a.Outcome == Pending {
					a = p.await(s.Key, p.stage.awaits)
				}
				if a.Outcome == Uncertain {
					return
				}
				p.judge(s, a, want{})
			},
		},
	}
	for i := range list {
		list[i].time = realTime
	}
	return list
}

// lying lets the other host tell lies.
func lying(set func(*settings)) func(*settings) {
	return func(s *settings) {
		set(s)
		s.elsewhere = liar
	}
}

// busy submits, and awaits the end of a candidate that must not rest until its time
// is over.
func busy(p *play) {
	s := p.keyed()
	if a := p.submit(s); a.Outcome == Pending {
		p.judge(s, p.awaitBusy(s.Key), want{})
	} else {
		p.judge(s, a, want{})
	}
}

// betweenPolls has the operation run only after the first poll, or after a while if
// none comes, so that only the notification tells soon that it has ended.
func betweenPolls(p *play) {
	queue := p.stage.mock.Queue(company)
	queue.Pause()
	over := time.AfterFunc(2500*time.Millisecond, queue.Resume)
	defer over.Stop()
	p.stage.polled(queue.Resume)
	busy(p)
}

// awaitAgain submits, awaits the end, waits until the notification has been sent so
// often, has it sent once more, and awaits the end again.
func awaitAgain(sent int) func(*play) {
	return func(p *play) {
		s := p.keyed()
		p.judge(s, p.end(s, p.submit(s)), want{})
		p.until(fmt.Sprintf("%d notifications", sent), func() bool { return p.stage.notified() >= sent })
		for _, id := range p.stage.operations(s.Method, s.Path) {
			_ = p.stage.mock.Redeliver(p.ctx, id) // its answer does not matter
		}
		p.judge(s, p.await(s.Key, p.stage.awaits), want{})
	}
}

// notified is how often notifications reached the candidate.
func (s *stage) notified() (n int) {
	for _, d := range s.mock.Deliveries() {
		for _, a := range d.Attempts {
			if a.StatusCode != 0 {
				n++
			}
		}
	}
	return n
}

// until waits for something that the mock does.
func (p *play) until(what string, done func() bool) {
	deadline := time.NewTimer(p.stage.patience)
	defer deadline.Stop()
	for {
		changed := p.stage.mock.Journal().Changed()
		if done() {
			return
		}
		select {
		case <-changed:
		case <-p.ctx.Done():
			p.must(p.ctx.Err())
		case <-deadline.C:
			p.must(fmt.Errorf("%s did not come within %v", what, p.stage.patience))
		}
	}
}

// liesFirst sends a notification that lies while the operation runs, and then awaits
// the end.
func liesFirst(p *play) {
	p.disturbed(func(op string) []string {
		elsewhere := p.stage.foreign.url() + "/v1/background/" + op
		return []string{fmt.Sprintf(`{"id":%q,"status":"Finished","statusCode":200,"stateLocation":%q,"contentLocation":%q}`, op, elsewhere, elsewhere+"/content")}
	})
}

// othersFirst sends a notification of an operation that nobody knows.
func othersFirst(p *play) {
	p.disturbed(func(string) []string {
		const other = "0b1d5c1e-7c52-4be4-8d1e-0f2f9a1f7c01"
		return []string{fmt.Sprintf(`{"id":%q,"status":"Finished","statusCode":200,"stateLocation":%q}`, other, p.stage.home.url()+"/v1/background/"+other)}
	})
}

// nonsenseFirst sends notifications that make no sense.
func nonsenseFirst(p *play) {
	p.disturbed(func(string) []string {
		return []string{"", "not JSON", "[]", "null", `{"id":7}`, `{"id":{"a":1},"statusCode":"x"}`, strings.Repeat("[", 20_000), "\xff\xfe\x00", `{"id":"` + strings.Repeat("a", 200_000) + `"}`}
	})
}

// disturbed submits, sends what bodies makes of the operation's id to the
// candidate's address, awaits the end, and judges it.
func (p *play) disturbed(bodies func(op string) []string) {
	s := p.keyed()
	said := p.submit(s)
	ids := p.stage.operations(s.Method, s.Path)
	if said.Outcome != Pending || len(ids) == 0 {
		p.judge(s, said, only(Pending))
		return
	}
	to := p.cand.Webhook
	if op, ok := p.stage.mock.Operation(ids[0]); ok && s.Notify == "url" {
		if b, err := wire.ReadBackground(op.Header); err == nil {
			to = b.URL
		}
	}
	for _, body := range bodies(ids[0]) {
		p.notify(to, message{body: body, sign: p.stage.keys[0]})
	}
	p.judge(s, p.end(s, said), want{})
}
