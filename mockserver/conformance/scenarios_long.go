package conformance

import (
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// longScenarios take hours and days, on the candidate's own clock.
func longScenarios() []Scenario {
	// later answers all polls but the first, for so long of the mock's time.
	later := func(d time.Duration, f alter) []alter {
		return []alter{at(atState, func(c *call) *reply {
			if c.n == 1 || d > 0 && c.now().Sub(clockStart) > d {
				return nil
			}
			return f(c)
		})}
	}
	seldom := func(poll, exec time.Duration) func(*settings) {
		return func(s *settings) { s.poll, s.config.ExecTime = poll, mockserver.Fixed(exec) }
	}
	const day = 24 * time.Hour
	unclear := only(Uncertain, Pending)
	word := whenEnded(untold(fields(map[string]any{"status": "Archived"})))
	noCode := whenEnded(untold(fields(map[string]any{"statusCode": 0})))
	list := []Scenario{
		{ID: "long-run", About: "An operation takes six hours.", Rule: ruleWaits, submit: listInvoices, set: seldom(time.Minute, 6*time.Hour)},
		{ID: "polls-fail-for-hours", About: "Polls are answered 503 for two hours.", Rule: ruleWaits, submit: listInvoices, set: seldom(time.Minute, time.Minute), alters: later(2*time.Hour, answers(503, "", ""))},
		{ID: "limited-for-an-hour", About: "A poll is answered 429 with Retry-After: 3600.", Rule: ruleRetryAfter, submit: listInvoices, set: seldom(time.Minute, time.Minute), alters: []alter{times(1, atState, retryAfter(time.Hour, everyCall, answers(429, "", "")))}},
		{ID: "content-429-bare", About: "A fetch of the content is answered 429 without Retry-After.", Rule: ruleWaits, submit: listInvoices, set: seldom(time.Minute, time.Minute), alters: []alter{times(1, atContent, answers(429, typeJSON, `{"message":"Rate limit is exceeded."}`))}},
		{ID: "missing-for-hours", About: "Polls are answered 404 for three hours, long before the retention is over.", Rule: ruleExpired, submit: listInvoices, set: seldom(10*time.Minute, time.Minute), alters: later(3*time.Hour, answers(404, "", ""))},
		{ID: "expired-404", About: "From the second poll on the ERP answers 404, beyond the day for which it keeps results.", Rule: ruleExpired, set: seldom(10*time.Minute, 60*day), alters: later(0, answers(404, "", "")), want: only(Expired)},
		{ID: "expired-410", About: "From the second poll on the ERP answers 410, beyond the day for which it keeps results.", Rule: ruleExpired, set: seldom(10*time.Minute, 60*day), alters: later(0, answers(410, "", "")), want: only(Expired)},
		{ID: "unknown-end-for-good", About: "The last state has a word that nobody knows, with an end and 201.", Rule: ruleUnclear, set: seldom(time.Minute, time.Minute), alters: []alter{at(atState, word)}, want: unclear},
		{ID: "no-status-code-for-good", About: "The last state is Finished with the status code 0.", Rule: ruleUnclear, set: seldom(time.Minute, time.Minute), alters: []alter{at(atState, noCode)}, want: unclear},
	}
	for i := range list {
		list[i].time = longTime
		if list[i].ID == "expired-404" || list[i].ID == "expired-410" {
			list[i].play = func(p *play) { // to whom it tells early is wrong as well
				s := p.keyed()
				a := p.submit(s)
				if a.Outcome == Pending {
					a = p.await(s.Key, 20*time.Hour)
					p.judge(s, a, only(Pending))
					if a.Outcome == Pending {
						a = p.await(s.Key, 3*day)
					}
				}
				p.judge(s, a, p.scenario.want)
			}
			continue
		}
		w := list[i].want
		list[i].play = func(p *play) {
			s := p.keyed()
			a := p.submit(s)
			if a.Outcome == Pending {
				a = p.await(s.Key, day)
			}
			p.judge(s, a, w)
		}
	}
	return list
}
