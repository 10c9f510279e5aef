package conformance

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// pollScenarios are about polls and fetches that fail.
func pollScenarios() []Scenario {
	message := func(status int) alter { return answers(status, typeJSON, `{"message":"Not now."}`) }
	polls := func(n int, f alter) []alter { return []alter{times(n, atState, f)} }
	fetches := func(n int, f alter) []alter { return []alter{times(n, atContent, f)} }
	otherID := changed(func(c *call, r *reply) {
		r.body = []byte(strings.ReplaceAll(string(r.body), c.op, "0b1d5c1e-7c52-4be4-8d1e-0f2f9a1f7c01"))
		r.told = false
	})
	list := []Scenario{
		{ID: "poll-500", About: "Three polls are answered 500.", Rule: ruleWaits, alters: polls(3, message(500))},
		{ID: "poll-502-page", About: "Two polls are answered 502 with a page of HTML.", Rule: ruleWaits, alters: polls(2, answers(502, typeHTML, proxyPage))},
		{ID: "poll-200-page", About: "Two polls are answered 200 with a page of HTML.", Rule: ruleWaits, alters: polls(2, answers(200, typeHTML, proxyPage))},
		{ID: "poll-empty", About: "Two polls are answered 200 with nothing.", Rule: ruleWaits, alters: polls(2, answers(200, typeJSON, ""))},
		{ID: "poll-reset", About: "The connections of two polls break.", Rule: ruleWaits, alters: polls(2, drops)},
		{ID: "poll-cut-off", About: "The states in two answers break off.", Rule: ruleWaits, alters: polls(2, untold(changed(func(_ *call, r *reply) { r.cut = len(r.body) / 2 })))},
		{ID: "poll-other-operation", About: "Two polls are answered with the state of another operation.", Rule: ruleWaits, alters: []alter{timesEnded(2, atState, otherID)}},
		{ID: "poll-missing-at-first", About: "Three polls are answered 404: the replica that answers lags.", Rule: ruleWaits, alters: polls(3, answers(404, "", ""))},
		{ID: "poll-forbidden-once", About: "One poll is answered 403.", Rule: ruleWaits, alters: polls(1, answers(403, "", ""))},
		{
			ID: "poll-no-answer", About: "A poll gets no answer within the timeout of a call.", Rule: ruleWaits, time: realTime,
			set: func(s *settings) { s.callTimeout = time.Second }, alters: polls(1, hangs),
		},
		{ID: "content-500", About: "Two fetches of the content are answered 500.", Rule: ruleWaits, alters: fetches(2, message(500))},
		{ID: "content-reset", About: "The connections of two fetches break.", Rule: ruleWaits, alters: fetches(2, drops)},

		{ID: "poll-429-seconds", About: "A poll is answered 429 with Retry-After in seconds.", Rule: ruleRetryAfter, alters: polls(1, retryAfter(0, everyCall, message(429)))},
		{ID: "poll-429-date", About: "A poll is answered 429 with Retry-After as a date.", Rule: ruleRetryAfter, alters: polls(1, retryAfterDate(everyCall, message(429)))},
		{ID: "poll-503-seconds", About: "A poll is answered 503 with Retry-After in seconds.", Rule: ruleRetryAfter, alters: polls(1, retryAfter(0, everyCall, message(503)))},
		{ID: "content-429-seconds", About: "A fetch of the content is answered 429 with Retry-After.", Rule: ruleRetryAfter, alters: fetches(1, retryAfter(0, everyCall, message(429)))},
		{ID: "content-503-date", About: "A fetch of the content is answered 503 with Retry-After as a date.", Rule: ruleRetryAfter, alters: fetches(1, retryAfterDate(everyCall, message(503)))},
		{ID: "accepted-retry-after", About: "The 202 asks to wait before the first poll.", Rule: ruleRetryAfter, alters: []alter{at(atSubmit, retryAfter(0, nextPoll, (*call).real))}},
		{ID: "state-retry-after", About: "The first state asks to wait before the next poll.", Rule: ruleRetryAfter, alters: polls(1, retryAfter(0, nextPoll, isRunning))},
		{
			ID: "poll-429-date-of-another-clock", About: "The ERP's clock is an hour ahead, and Retry-After is a date by it: the wait is that to its Date.", Rule: ruleRetryAfter,
			set: func(s *settings) { s.ahead = time.Hour }, alters: polls(1, retryAfterDate(everyCall, message(429))),
			play: func(p *play) {
				s := p.keyed()
				p.judge(s, p.end(s, p.submit(s)), want{})
				if took := p.stage.now().Sub(clockStart.Add(time.Hour)); p.stage.virtual && took > time.Hour/2 {
					p.stage.broke(ruleRetryAfter, fmt.Sprintf("it took %v", took), "a wait of %v, from the Date of the answer to its Retry-After", p.stage.while())
				}
			},
		},
		{
			ID: "poll-429-bare", About: "A poll is answered 429 without Retry-After: it is made again later.", Rule: ruleWaits, alters: polls(1, answers(429, typeJSON, `{"message":"Rate limit is exceeded."}`)),
			play: func(p *play) {
				s := p.keyed()
				a := p.submit(s)
				if p.stage.virtual {
					p.judge(s, p.end(s, a), want{})
					return
				}
				if a = p.await(s.Key, 2*time.Second); a.Outcome != Pending { // a minute's pause is right as well
					p.judge(s, a, want{})
				}
			},
		},
		{
			ID: "pace", About: "An operation takes twelve times the time between polls.", Rule: rulePace,
			set: func(s *settings) { s.config.ExecTime = twelvePolls(s.poll) },
		},
	}
	for i := range list {
		list[i].submit = listInvoices
	}
	return list
}

// twelvePolls is how long an operation takes for twelve polls.
type twelvePolls time.Duration

// For implements mockserver.ExecTime.
func (d twelvePolls) For(*http.Request, float64) time.Duration { return 12 * time.Duration(d) }
