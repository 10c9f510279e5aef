package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// A play is one scenario with one candidate.
type play struct {
	scenario Scenario
	stage    *stage
	ctx      context.Context
	launch   launcher
	cand     *candidate   // nil: none runs
	asked    []step       // the submits, with what a client gets
	said     []line       // what the candidate answered
	sent     atomic.Int64 // notifications that the runner sent itself
}

// A line is what a candidate said of a step.
type line struct {
	step     step
	response response
}

func (l line) String() string {
	s := l.step.Do
	if l.step.Key != "" {
		s += " " + l.step.Key
	}
	if l.step.Do == "list" {
		return fmt.Sprintf("%s: %v", s, l.response.Notifications)
	}
	return s + ": " + l.response.String()
}

// A stop ends a play in the middle: err says why.
type stop struct{ err error }

// perform plays a scenario. Its error says why it could not be played, which is not
// the candidate's fault.
func (s Scenario) perform(ctx context.Context, launch launcher, d Descriptor, change func(*settings)) (result Result, err error) {
	dir, err := os.MkdirTemp("", "conformance-")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	virtual := s.time != realTime && slices.Contains(d.Can, canClock) && s.Role == Client
	set := s.settings(virtual)
	change(&set)
	st, err := newStage(ctx, set, virtual, dir)
	if err != nil {
		return Result{}, fmt.Errorf("set up %s: %w", s.ID, err)
	}
	defer st.close()
	p := &play{scenario: s, stage: st, ctx: st.life, launch: launch}
	began := time.Now()
	stderr := p.run()
	if err := context.Cause(ctx); err != nil {
		return Result{}, err
	}
	if s.Role == Client {
		st.checkWire(p.asked)
	}
	return p.result(time.Since(began), stderr), nil
}

// run plays, and returns what the candidate wrote to its standard error last.
func (p *play) run() (stderr string) {
	defer func() {
		if p.cand != nil {
			p.cand.kill()
			stderr = p.cand.process.stderr.String()
		}
		v := recover()
		s, stopped := v.(stop)
		switch {
		case v == nil:
		case !stopped:
			panic(v)
		default:
			p.blame(s.err)
			if failed, ok := errors.AsType[*startError](s.err); ok && stderr == "" {
				stderr = failed.stderr
			}
		}
	}()
	p.start()
	if p.scenario.play != nil {
		p.scenario.play(p)
	} else {
		p.plain(p.submitted(), p.scenario.want)
	}
	p.must(p.cand.finish(p.ctx))
	return ""
}

// blame notes why a play ended in the middle. What hangs or ends breaks the rule that
// the scenario is about.
func (p *play) blame(err error) {
	_, malformed := errors.AsType[*protocolError](err)
	_, never := errors.AsType[*startError](err)
	switch {
	case malformed || never:
		p.stage.broke(ruleProtocol, err.Error(), "a candidate as docs/conformance.md describes it")
	case p.stage.life.Err() == nil || len(p.stage.found()) == 0:
		p.stage.broke(p.scenario.Rule, err.Error(), "an answer to each step, and an end when standard input ends")
	}
}

// must ends the play if something went wrong.
func (p *play) must(err error) {
	if err != nil {
		panic(stop{err})
	}
}

// start starts the candidate, once more after kill.
func (p *play) start() {
	env, err := p.stage.env(p.scenario.Role)
	p.must(err)
	c, err := start(p.ctx, p.launch, env, &p.stage.active, p.stage.patience)
	p.must(err)
	p.cand = c
	if c.Webhook != "" {
		p.must(p.stage.subscribe(c.Webhook))
	} else if p.scenario.Role == Receiver || slices.Contains(p.scenario.Needs, canURL) || slices.Contains(p.scenario.Needs, canSubscription) {
		p.must(&protocolError{errors.New("its first line names no webhook")})
	}
}

// submitted is the request of the scenario.
func (p *play) submitted() step {
	if p.scenario.submit.Method == "" {
		return createInvoice
	}
	return p.scenario.submit
}

const defaultKey = "work-1"

// submit has a request submitted.
func (p *play) submit(s step) response {
	s.Do = "submit"
	if s.Key == "" {
		s.Key = defaultKey
	}
	p.asked = append(p.asked, s)
	return p.ask(s, 0)
}

// await has work awaited, for at most d of the candidate's time.
func (p *play) await(key string, d time.Duration) response {
	var silent time.Duration
	if !p.stage.virtual {
		silent = d
	}
	return p.ask(step{Do: "await", Key: key, TimeoutMs: d.Milliseconds()}, silent)
}

// awaitBusy has work awaited for longer than the runner is patient: it ends the play
// if the candidate rests until its time is over.
func (p *play) awaitBusy(key string) response {
	return p.ask(step{Do: "await", Key: key, TimeoutMs: time.Hour.Milliseconds()}, 0)
}

// end awaits an end that comes, after what a submit said. What ended at once is not
// awaited.
func (p *play) end(s step, said response) response {
	if said.Outcome != Pending {
		return said
	}
	return p.await(s.Key, p.stage.awaits)
}

// plain submits a request, awaits its end, and judges that.
func (p *play) plain(s step, w want) {
	if s.Key == "" {
		s.Key = defaultKey
	}
	p.judge(s, p.end(s, p.submit(s)), w)
}

// ask has the candidate do a step, during which it may be silent for a while longer
// than usual.
func (p *play) ask(s step, silent time.Duration) response {
	a, err := p.cand.ask(p.ctx, s, silent)
	p.must(err)
	p.said = append(p.said, line{s, a})
	p.checkClaim(s, a)
	return a
}

// checkClaim finds ends that the ERP never told.
func (p *play) checkClaim(s step, a response) {
	if a.Outcome != Succeeded && a.Outcome != Failed {
		return
	}
	for _, work := range p.asked {
		uri := p.stage.base + work.Path
		ids := p.stage.operations(work.Method, uri)
		if work.Key == s.Key && slices.ContainsFunc(p.stage.log.all(), func(x exchange) bool {
			return !x.foreign && x.reply != nil && x.reply.told && (slices.Contains(ids, x.op) || x.request.uri == uri)
		}) {
			return
		}
	}
	p.stage.broke(ruleClaims, fmt.Sprintf("it says %v of %s, and no answer had told an end", a, s.Key), "pending, until a state tells the end")
}
