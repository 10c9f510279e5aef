package conformance

import (
	"fmt"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// tokenScenarios are about tokens that the candidate gets itself.
func tokenScenarios() []Scenario {
	strict := func(life func(poll time.Duration) time.Duration) func(*settings) {
		return func(s *settings) {
			s.strict = true
			s.config.ExecTime = mockserver.Fixed(max(12*s.poll, 2500*time.Millisecond))
			s.config.Auth.TokenLife = life(s.poll)
		}
	}
	long := func(time.Duration) time.Duration { return time.Hour }
	const most = 2 // one, and another for whoever does not know yet that there is one
	list := []Scenario{
		{
			ID: "token-is-reused", About: "An operation takes twelve polls, and the token is good for an hour.", set: strict(long),
			play: func(p *play) {
				p.plain(p.submitted(), want{})
				if n := len(p.stage.log.at(atToken)); n > most {
					p.stage.broke(ruleTokens, fmt.Sprintf("%d tokens were asked for", n), "one token for many calls")
				}
			},
		},
		{
			ID: "token-expires", About: "Tokens are good for four times the time between polls, and an operation takes twelve.",
			set: strict(func(poll time.Duration) time.Duration { return max(4*poll, time.Second) }),
		},
		{
			ID: "token-is-revoked", About: "From the third poll on the answer is 401 until another token was asked for, although the first should be good.", set: strict(long),
			alters: []alter{at(atState, func(c *call) *reply {
				if c.n < 3 || len(c.log.at(atToken)) > 1 {
					return nil
				}
				r := text(401, "", "")
				r.header.Set("WWW-Authenticate", "Bearer")
				return r
			})},
		},
		{
			ID: "token-endpoint-fails", About: "The token endpoint answers 503 at first: nothing was sent, so that the request is refused, or sent later.", set: strict(long),
			alters: []alter{times(2, atToken, answers(503, "", ""))},
			play: func(p *play) {
				s := p.keyed()
				a := p.end(s, p.submit(s))
				if a.Outcome == Refused && len(p.stage.log.at(atSubmit)) == 0 {
					return
				}
				p.judge(s, a, want{})
			},
		},
	}
	for i := range list {
		list[i].Rule, list[i].Needs = ruleTokens, []string{canCredentials}
		if list[i].ID != "token-endpoint-fails" {
			list[i].submit = listInvoices
		}
	}
	return list
}
