package conformance

import (
	"fmt"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// keyScenarios are about work that is known by its key, also to another process.
func keyScenarios() []Scenario {
	keys, resume := []string{canKeys}, []string{canResume}
	slow := func(s *settings) { s.config.ExecTime = mockserver.Fixed(600 * time.Millisecond) }
	return []Scenario{
		{
			ID: "same-key", About: "The same work is submitted three times under one key: twice at once, and once after its end.", Rule: ruleKeys, Needs: keys,
			play: func(p *play) {
				s := p.keyed()
				p.submit(s)
				p.judge(s, p.end(s, p.submit(s)), want{})
				p.judge(s, p.end(s, p.submit(s)), want{})
				p.sentOnce(s)
			},
		},
		{
			ID: "same-key-while-uncertain", About: "The answer to a POST is lost, and the work is submitted again under its key.", Rule: ruleKeys, Needs: keys,
			alters: []alter{times(1, atSubmit, taken(drops))},
			play: func(p *play) {
				s := p.keyed()
				p.judge(s, p.end(s, p.submit(s)), only(Uncertain))
				p.judge(s, p.end(s, p.submit(s)), only(Uncertain))
				p.sentOnce(s)
			},
		},
		{
			ID: "killed-while-waiting", About: "The process is killed after a POST was accepted, and another one awaits the end.", Rule: ruleResume, Needs: resume, time: realTime, set: slow,
			play: func(p *play) {
				s := p.keyed()
				p.judge(s, p.submit(s), only(Pending))
				p.restart()
				p.judge(s, p.await(s.Key, p.stage.awaits), want{})
				p.sentOnce(s)
			},
		},
		{
			ID: "killed-after-the-end", About: "The process is killed after it told the end of a list, and another one tells it again.", Rule: ruleResume, Needs: resume, time: realTime, submit: listInvoices,
			play: func(p *play) {
				s := p.keyed()
				p.judge(s, p.end(s, p.submit(s)), want{})
				p.restart()
				p.judge(s, p.await(s.Key, p.stage.awaits), want{})
			},
		},
		{
			ID: "killed-while-sending", About: "The process is killed between a POST and its answer, and another one is asked for the end: nobody knows, and it is not sent again.", Rule: ruleResume, Needs: resume, time: realTime,
			alters: []alter{times(1, atSubmit, taken(hangs))},
			play: func(p *play) {
				s := p.keyed()
				p.killedWhile(s, func() bool { return len(p.stage.log.at(atSubmit)) > 0 })
				p.start()
				a := p.await(s.Key, p.stage.awaits)
				p.judge(s, a, only(Uncertain))
				p.sentOnce(s)
			},
		},
	}
}

// keyed is the request of the scenario, with its key.
func (p *play) keyed() step {
	s := p.submitted()
	s.Key = defaultKey
	return s
}

// restart kills the candidate without a warning, and starts another one.
func (p *play) restart() {
	p.cand.kill()
	p.start()
}

// sentOnce holds that a request came once.
func (p *play) sentOnce(s step) {
	n := 0
	for _, x := range p.stage.log.at(atSubmit) {
		if x.request.method == s.Method && x.request.uri == p.stage.base+s.Path {
			n++
		}
	}
	if n != 1 {
		p.stage.broke(p.scenario.Rule, fmt.Sprintf("%s %s came %d times", s.Method, s.Path, n), "it once")
	}
}

// killedWhile has a request submitted, and kills the candidate as soon as something
// was seen of it.
func (p *play) killedWhile(s step, seen func() bool) {
	s.Do = "submit"
	p.asked = append(p.asked, s)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = p.cand.ask(p.ctx, s, 0) // the candidate ends meanwhile
	}()
	p.until(s.Method+" "+s.Path, seen)
	p.cand.kill()
	<-answered
}
