package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/internal/match"
	"github.com/vismanet-go/background/mockserver/journal"
)

// Options say how a scenario is run.
type Options struct {
	// OnStep hears of each step when it is over, and OnCheck of each requirement.
	OnStep  func(StepReport)
	OnCheck func(CheckReport)

	// Before, if set, changes the configuration of the mock before it starts.
	Before func(*mockserver.Config)

	// After, if set, gets the mock at the end, before it is closed: to look at its
	// journal, for example.
	After func(*Mock)
}

// Run sets up a scenario's mock, takes its steps and verifies what it wants. A
// step that does not go as it is expected to ends the run, and is no error but a
// problem in the report. The error is about ctx, or says that the mock could not
// be set up.
func Run(ctx context.Context, s *Scenario, opts Options) (Report, error) {
	m, err := Start(s, opts.Before)
	if err != nil {
		return Report{Scenario: s.Name}, err
	}
	r := &runner{Mock: m, scope: make(scope), client: client(m.gate), begun: make(map[string]time.Time)}
	report := r.run(ctx, opts)
	if opts.After != nil {
		opts.After(m)
	}
	return report, errors.Join(context.Cause(ctx), m.Close())
}

// client reaches a handler as the ERP, and follows no redirect.
func client(h http.Handler) *http.Client {
	host := strings.TrimPrefix(mockserver.BaseURL, "https://")
	c := mockserver.MemoryClient(map[string]http.Handler{host: h})
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// A runner takes the steps of a scenario.
type runner struct {
	*Mock
	scope  scope
	client *http.Client
	begun  map[string]time.Time // when the clock of a company was first looked at
}

func (r *runner) run(ctx context.Context, opts Options) Report {
	report := Report{Scenario: r.scenario.Name, Passed: true}
	for i := range r.scenario.Steps {
		step := r.step(ctx, &r.scenario.Steps[i])
		step.Index = i
		report.Took = max(report.Took, step.At)
		report.Steps = append(report.Steps, step)
		if opts.OnStep != nil {
			opts.OnStep(step)
		}
		if len(step.Problems) > 0 {
			report.Passed = false
			return report
		}
	}
	for _, check := range r.Verify() {
		report.Passed = report.Passed && len(check.Problems) == 0
		report.Checks = append(report.Checks, check)
		if opts.OnCheck != nil {
			opts.OnCheck(check)
		}
	}
	return report
}

// company is whose credentials and clock a step uses.
func (r *runner) company(step *Step) string {
	if step.Company != "" {
		return step.Company
	}
	if r.scenario.Company != "" {
		return r.scenario.Company
	}
	return defaultCompany
}

// A task is a step under way.
type task struct {
	*runner
	ctx     context.Context
	company string
	clock   *mockserver.Clock
	start   time.Time
	report  StepReport
}

func (t *task) problem(format string, args ...any) {
	t.report.Problems = append(t.report.Problems, fmt.Sprintf(format, args...))
}

// fail notes an error, and reports whether there was one.
func (t *task) fail(err error) bool {
	if err != nil {
		t.problem("%v", err)
	}
	return err != nil
}

// step takes a step, and waits until everything that it began has ended or waits
// for the clock.
func (r *runner) step(ctx context.Context, step *Step) StepReport {
	company := r.company(step)
	t := &task{runner: r, ctx: ctx, company: company, clock: r.Clock(company)}
	if t.start = r.begun[company]; t.start.IsZero() {
		t.start = t.clock.Now()
		r.begun[company] = t.start
	}
	if at := t.start.Add(step.At); at.After(t.clock.Now()) && t.fail(t.clock.AdvanceTo(ctx, at)) {
		return t.report
	}
	t.do(step)
	t.fail(t.clock.Idle(ctx))
	t.report.At = t.clock.Now().Sub(t.start)
	if t.report.Result == "" {
		t.report.Result = "done"
		if len(t.report.Problems) > 0 {
			t.report.Result = "not done"
		}
	}
	return t.report
}

func (t *task) do(step *Step) {
	switch {
	case step.Submit != nil:
		t.submit(step.Submit)
	case step.Call != nil:
		c := step.Call
		t.report.What = strings.ToUpper(orGet(c.Method)) + " " + c.Path
		t.call(c.As, orGet(c.Method), c.Path, c.Header, c.Body, c.Expect, anySuccess)
	case step.State != nil:
		t.read("state", step.State, "")
	case step.Content != nil:
		t.read("content", step.Content, "/content")
	case step.Wait != nil:
		t.wait(step.Wait)
	case step.Notified != nil:
		t.notified(step.Notified)
	case step.Advance != nil:
		t.report.What = "advance " + step.Advance.String()
		t.fail(t.clock.Advance(t.ctx, *step.Advance))
	case step.Expire != nil:
		t.report.What = "expire " + *step.Expire
		if !t.Expire(t.ID(*step.Expire)) {
			t.problem("the operation has not ended")
		}
	case step.Redeliver != nil:
		t.report.What = "redeliver " + *step.Redeliver
		t.fail(t.Redeliver(t.ctx, t.ID(*step.Redeliver)))
	case step.Hook != nil:
		t.report.What = fmt.Sprint("hook answers ", step.Hook.Answers)
		t.Hook.Answer(step.Hook.Answers...)
	case step.Queue != nil:
		t.queue(*step.Queue)
	}
}

func (t *task) queue(what string) {
	t.report.What = "queue " + what
	q := t.Queue(t.company)
	switch what {
	case "pause":
		q.Pause()
	case "resume":
		q.Resume()
	case "next":
		op, err := q.Next(t.ctx)
		if !t.fail(err) {
			t.report.Result = "started " + op.Method + " " + op.Path
		}
	}
}

func orGet(method string) string {
	if method == "" {
		return "GET"
	}
	return method
}

// What is expected of a status that nothing is said about.
const anySuccess = -1

func (t *task) submit(s *Submit) {
	t.report.What = "submit " + strings.ToUpper(orGet(s.Method)) + " " + s.Path
	header := make(map[string]string)
	for name, value := range s.Header {
		header[name] = value
	}
	header["erp-api-background"] = "none"
	if s.Background != "" {
		header["erp-api-background"] = s.Background
	}
	before := t.lastRequest()
	got := t.call(s.As, orGet(s.Method), s.Path, header, s.Body, s.Expect, http.StatusAccepted)
	if got == nil {
		return
	}
	for _, e := range t.requests() {
		if e.Seq > before && e.Request.OperationID != "" {
			got.id = e.Request.OperationID // known although the answer may be lost
		}
	}
	t.Name(s.As, got.id)
}

func (t *task) requests() []journal.Entry {
	return t.Journal().Select(journal.Filter{Kind: journal.KindRequest}).Entries()
}

// lastRequest is the number of the latest request in the journal.
func (t *task) lastRequest() int64 {
	if list := t.requests(); len(list) > 0 {
		return list[len(list)-1].Seq
	}
	return 0
}

func (t *task) read(what string, s *Read, suffix string) {
	t.report.What = what + " of " + s.Of
	id := t.ID(s.Of)
	if id == "" {
		t.problem("that call became no operation")
		return
	}
	got := t.call(s.As, http.MethodGet, "/v1/background/"+id+suffix, s.Header, nil, s.Expect, http.StatusOK)
	if got != nil {
		got.id = id
	}
}

// call makes a call, keeps its answer under a name and judges it. It returns nil
// if the call could not be made.
func (t *task) call(as, method, path string, header map[string]string, body any, want Answer, status int) *saved {
	req, err := t.request(method, path, header, body)
	if t.fail(err) {
		return nil
	}
	got, err := t.send(req)
	if got == nil {
		t.problem("%v", err)
		return nil
	}
	if as != "" {
		t.scope[as] = got
	}
	t.judge(got, err, want, status)
	return got
}

func (t *task) request(method, path string, header map[string]string, body any) (*http.Request, error) {
	path, err := t.scope.text(path)
	if err != nil {
		return nil, err
	}
	if header, err = t.scope.texts(header); err != nil {
		return nil, err
	}
	if body, err = t.scope.any(body); err != nil {
		return nil, err
	}
	data, isJSON := bodyOf(body)
	if strings.HasPrefix(path, "/") {
		path = mockserver.BaseURL + path
	}
	req, err := http.NewRequestWithContext(t.ctx, strings.ToUpper(method), path, strings.NewReader(string(data)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer company:"+t.company)
	if isJSON {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	return req, nil
}

// patience is how long, on the clock, an answer may take.
const patience = 24 * time.Hour

// send makes a call. An answer that waits for the clock, as it does for a delay,
// has the clock moved. If the connection broke, it returns what had come and the
// error; if the call could not be made, nothing and an error.
func (t *task) send(req *http.Request) (*saved, error) {
	type answer struct {
		got *saved
		err error
	}
	before, until := t.lastRequest(), t.clock.Now().Add(patience)
	done := make(chan answer, 1)
	go func() {
		got, err := roundTrip(t.client, req)
		done <- answer{got, err}
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for idle := 0; ; {
		select {
		case a := <-done:
			if t.ctx.Err() != nil {
				return nil, context.Cause(t.ctx)
			}
			return a.got, a.err
		case <-tick.C:
		}
		// The call waits for the clock if the server has begun to answer it, has not
		// ended, and does nothing. It is looked at twice because a server that has
		// just ended its work may not have returned yet.
		if t.lastRequest() == before || t.gate.isEmpty() {
			idle = 0
			continue
		}
		if err := t.clock.Idle(t.ctx); err != nil {
			return nil, err
		}
		if idle++; idle < 3 {
			continue
		}
		idle = 0
		if plan := t.clock.Planned(); len(plan) > 0 && plan[0].Due.After(until) {
			return nil, fmt.Errorf("no answer within %v", patience)
		}
		if err := t.clock.Step(t.ctx); err != nil {
			return nil, fmt.Errorf("no answer: %w", err)
		}
	}
}

func roundTrip(c *http.Client, req *http.Request) (*saved, error) {
	resp, err := c.Do(req)
	if err != nil {
		return &saved{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return &saved{status: resp.StatusCode, header: resp.Header, body: body}, err
}

// judge holds an answer against what is expected of it. Broken is why it did not
// come to its end.
func (t *task) judge(got *saved, broken error, want Answer, status int) {
	t.report.Result = fmt.Sprint(got.status)
	if broken != nil {
		t.report.Result = "broken"
	}
	if (broken != nil) != want.Broken {
		if broken != nil {
			t.problem("the connection broke: %v", broken)
		} else {
			t.problem("answered %d, want the connection to break", got.status)
		}
	}
	if broken != nil && want.Status == 0 {
		return
	}
	switch {
	case want.Status != 0:
		status = want.Status
	case status == anySuccess && got.status/100 == 2:
		status = got.status
	}
	if got.status != status {
		wanted := fmt.Sprint(status)
		if status == anySuccess {
			wanted = "a 2xx"
		}
		t.problem("answered %d, want %s: %s", got.status, wanted, match.Shortened(string(got.body)))
	}
	header, err := t.scope.texts(want.Header)
	if t.fail(err) {
		return
	}
	body, err := t.scope.any(want.Body)
	if t.fail(err) {
		return
	}
	t.matches(got.header, header, got.body, body)
}

// matches holds headers and a body against what is wanted.
func (t *task) matches(gotHeader http.Header, header map[string]string, gotBody []byte, body any) {
	var m match.Misses
	exact := make(map[string]string)
	for _, name := range sortedKeys(header) {
		if header[name] != "*" {
			exact[name] = header[name]
		} else if len(gotHeader.Values(name)) == 0 {
			t.problem("Header[%q]: is missing", name)
		}
	}
	m.Header(gotHeader, exact)
	m.Body(gotBody, body)
	for _, miss := range m {
		t.problem("%s", miss.Text)
	}
}

func (t *task) wait(w *Wait) {
	t.report.What = "wait for " + w.Of
	id := t.ID(w.Of)
	ended := func() bool {
		op, ok := t.Operation(id)
		return ok && op.HasEnded()
	}
	if !t.until("the operation did not end", w.Within, ended) {
		return
	}
	op, _ := t.Operation(id)
	t.report.Result = strings.TrimSpace(fmt.Sprint(op.State, " ", op.StatusCode, " ", op.ErrorMessage))
	if w.State != "" && op.State != w.State {
		t.problem("it is %s %s, want %s", op.State, op.ErrorMessage, w.State)
	}
	if w.StatusCode != 0 && op.StatusCode != w.StatusCode {
		t.problem("its endpoint answered %d, want %d", op.StatusCode, w.StatusCode)
	}
}

// until moves the clock from one thing that happens to the next until ok.
func (t *task) until(failure string, within time.Duration, ok func() bool) bool {
	if within == 0 {
		within = time.Hour
	}
	end := t.clock.Now().Add(within)
	for {
		if t.fail(t.clock.Idle(t.ctx)) {
			return false
		}
		if ok() {
			return true
		}
		plan := t.clock.Planned()
		if len(plan) == 0 {
			t.problem("%s, and nothing else is planned", failure)
			return false
		}
		if plan[0].Due.After(end) {
			t.problem("%s within %v; the next thing planned is %s in %v", failure, within, plan[0].What, plan[0].Due.Sub(t.clock.Now()))
			return false
		}
		if t.fail(t.clock.Step(t.ctx)) {
			return false
		}
	}
}

func (t *task) notified(n *Notified) {
	times := 1
	if n.Times != nil {
		times = *n.Times
	}
	t.report.What = "notified of " + n.Of
	id := t.ID(n.Of)
	if !t.until(fmt.Sprintf("%d notifications did not come", times), n.Within, func() bool { return t.delivery(id).sent() >= times }) {
		t.problem("%d came", t.delivery(id).sent())
		return
	}
	d := t.delivery(id)
	t.report.Result = fmt.Sprintf("%s after %s", d.State, match.Plural(d.sent(), "attempt"))
	if d.sent() > times {
		t.problem("%d came, want %d", d.sent(), times)
	}
	if n.State != "" && d.State != n.State {
		t.problem("the delivery is %s, want %s", d.State, n.State)
	}
	header, err := t.scope.texts(n.Header)
	if t.fail(err) {
		return
	}
	body, err := t.scope.any(n.Body)
	if t.fail(err) {
		return
	}
	if times == 0 || d.sent() == 0 {
		return
	}
	last := d.last()
	if n.Signed != nil && t.isSigned(&d, last.Header) != *n.Signed {
		t.problem("its signature is good: %v, want %v", !*n.Signed, *n.Signed)
	}
	t.matches(last.Header, header, d.Body, body)
}
