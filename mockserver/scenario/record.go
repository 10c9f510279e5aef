package scenario

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/match"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/profile"
)

// RecordOptions say what is recorded.
type RecordOptions struct {
	// Company is whose calls are meant; empty means those of all.
	Company string
	// Seed is that of the server. Rules that hit by chance need it.
	Seed uint64
}

// Record makes a scenario of what a server has in its journal: its faults and
// settings, the calls with the statuses of their answers at the times at which they
// came, and as requirements what became of operations and notifications.
//
// No credentials are in it. Of headers only those are kept that say how a call is
// understood; the address of a webhook becomes that of the hook; calls for a token
// and signing keys are left out, and calls that were refused for their credentials.
// About says what was left out.
func Record(srv *mockserver.Server, opts RecordOptions) *Scenario {
	r := &recording{srv: srv, s: &Scenario{Name: "saved", Seed: opts.Seed}, names: make(map[string]string), took: make(map[string]time.Duration), rules: make(map[string]fault.Rule)}
	// Moves of a clock are not what is done, and what asks for a token is no company's.
	entries := slices.DeleteFunc(srv.Journal().Select(journal.Filter{Company: opts.Company}).Entries(), func(e journal.Entry) bool {
		return e.Kind == journal.KindClock || e.Company == "" && r.isLeftOut(&e)
	})
	r.s.Company = opts.Company
	r.setup(opts.Company)
	if len(entries) > 0 {
		r.begin = entries[0].Time.UTC().Truncate(time.Millisecond)
		r.s.Start = r.begin
		r.s.Company = cmp.Or(r.s.Company, entries[0].Company)
	}
	for i := range entries {
		r.entry(&entries[i])
	}
	r.finish(entries)
	return r.s
}

// Export records what a server has in its journal and writes it as a "scenario", as a
// test in "go" or as lines with "curl".
func Export(w io.Writer, srv *mockserver.Server, opts RecordOptions, format string) error {
	s := Record(srv, opts)
	switch format {
	case "scenario":
		data, err := s.YAML()
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	case "go":
		return GoTest(w, s, "erp_test")
	case "curl":
		return Curl(w, s)
	}
	return fmt.Errorf("format %q: want scenario, go or curl", format)
}

// A recording is a scenario that is being made.
type recording struct {
	srv   *mockserver.Server
	s     *Scenario
	begin time.Time
	rules map[string]fault.Rule    // by name
	names map[string]string        // of operations, by id
	order []string                 // their ids
	took  map[string]time.Duration // by operations that have ended
	left  []string                 // what was left out
}

func (r *recording) leaveOut(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.left, text) {
		r.left = append(r.left, text)
	}
}

// setup notes what the server is like.
func (r *recording) setup(company string) {
	for _, state := range r.srv.Faults().List() {
		rule := state.Rule
		if company != "" && rule.Company != "" && rule.Company != company {
			continue
		}
		r.rules[rule.Name] = rule
		if _, err := rule.JSON(); err != nil {
			r.leaveOut("the rule %s, which is a function", rule.Name)
			continue
		}
		r.s.Faults = append(r.s.Faults, rule)
		if rule.Probability > 0 && r.s.Seed == 0 {
			r.leaveOut("the seed, which rules that hit by chance need")
		}
	}
	r.s.Profile = switchesOf(r.srv.Profile(company))
	standard := standards()
	if l := r.srv.RateLimit(company); l != standard.limit {
		r.s.RateLimit = RateLimit{Limit: l.Limit, Window: l.Window, Policy: l.Policy, Block: l.Block}
		if e := l.Same; e.Calls != 0 || e.Failed != 0 {
			r.s.RateLimit.Same = SameRequests{Calls: e.Calls, Window: e.Window, Failed: e.Failed, FailedWindow: e.FailedWindow, PathOnly: e.PathOnly}
		}
	}
	sub := r.srv.Subscription(company)
	if sub.SigningKey != "" {
		r.leaveOut("the signing key")
	}
	if sub.ID != standard.subscription.ID {
		r.s.Subscription.ID = sub.ID
	}
	r.s.Subscription.TenantID = sub.TenantID
	if t := sub.Retry; t != standard.subscription.Retry && t != (mockserver.Retry{}) {
		r.s.Subscription.Retry = Retry{Attempts: t.Attempts, Interval: t.Interval, MaxInterval: t.MaxInterval}
	}
}

// A standard is what a server has that nothing was said to.
type standard struct {
	limit        mockserver.RateLimit
	subscription mockserver.Subscription
}

var standards = sync.OnceValue(func() standard {
	srv, err := mockserver.New(mockserver.Config{Subscription: mockserver.Subscription{URL: HookURL}})
	if err != nil {
		panic(err) // it is the default
	}
	defer srv.Close()
	return standard{srv.RateLimit(""), srv.Subscription("")}
})

// switchesOf are the switches that differ from their defaults.
func switchesOf(p profile.Profile) Profile {
	turned := make(map[string]any)
	for _, s := range p.Switches() {
		now, _ := json.Marshal(s.Value)
		if standard, _ := json.Marshal(s.Default); bytes.Equal(now, standard) {
			continue
		}
		within := turned
		name := s.Name
		if outer, inner, ok := strings.Cut(name, "."); ok {
			if turned[outer] == nil {
				turned[outer] = make(map[string]any)
			}
			within, name = turned[outer].(map[string]any), inner
		}
		within[name] = s.Value
	}
	if len(turned) == 0 {
		return Profile{}
	}
	data, err := json.Marshal(turned)
	if err != nil {
		panic(err) // switches are texts and numbers
	}
	return Profile{Switches: data}
}

// entry notes what happened.
func (r *recording) entry(e *journal.Entry) {
	switch e.Kind {
	case journal.KindRequest:
		r.request(e)
	case journal.KindEnded:
		r.ended(e)
	case journal.KindAttempt:
		if a := e.Attempt; !a.Started.IsZero() {
			status := a.StatusCode
			if status == 0 {
				status = http.StatusBadGateway
				r.leaveOut("why attempts to notify had no answer; here the hook answers 502")
			}
			r.s.Hook.Answers = append(r.s.Hook.Answers, status)
		}
	}
}

// add adds a step that was taken when an entry was made.
func (r *recording) add(e *journal.Entry, step Step) {
	step.At = max(0, e.Time.Sub(r.begin)).Truncate(time.Millisecond)
	if e.Company != r.s.Company {
		step.Company = e.Company
	}
	r.s.Steps = append(r.s.Steps, step)
}

func (r *recording) ended(e *journal.Entry) {
	op := e.Operation
	if e.OperationID == "" || r.names[e.OperationID] == "" {
		return
	}
	r.took[e.OperationID] = max(0, op.Ended.Sub(op.Started)-r.lostTime(e.OperationID))
	r.add(e, Step{Wait: &Wait{Of: r.names[e.OperationID], State: op.State, StatusCode: op.StatusCode}})
}

// lostTime is how much of an operation's time its faults cost.
func (r *recording) lostTime(id string) (lost time.Duration) {
	for _, e := range r.srv.Journal().Select(journal.Filter{Kind: journal.KindFault, OperationID: id}).Entries() {
		if q, ok := r.rules[e.Hit.Rule].Do.(fault.Queue); ok {
			lost += time.Duration(q.Deaths) * cmp.Or(q.Lease, 30*time.Second)
		}
	}
	return lost
}

// pathOf is what was asked for, below the API's root and with the query.
func pathOf(path string) string {
	plain := match.PlainPath(path)
	return path[strings.Index(path, plain):]
}

// isLeftOut reports whether a call cannot be recorded, and notes why.
func (r *recording) isLeftOut(e *journal.Entry) bool {
	q := e.Request
	switch {
	case q == nil:
		return false
	case match.PlainPath(q.Path) == "/connect/token":
		r.leaveOut("calls for a token")
	case q.StatusCode == 0 && q.Fault == "":
		r.leaveOut("calls that were not answered yet")
	case q.Fault == "" && (q.StatusCode == http.StatusUnauthorized || q.StatusCode == http.StatusForbidden):
		r.leaveOut("calls that were refused for their credentials")
	case !utf8.Valid(q.Body):
		r.leaveOut("calls whose body is no text")
	case len(q.Body) >= 64<<10:
		r.leaveOut("calls whose body is longer than the journal keeps")
	default:
		return false
	}
	return true
}

func (r *recording) request(e *journal.Entry) {
	q := e.Request
	path := pathOf(q.Path)
	if r.isLeftOut(e) {
		return
	}
	answer := Answer{Status: q.StatusCode, Broken: q.StatusCode == 0 || r.isCut(q.Fault)}
	header := keptHeader(q)
	body := bodyText(q.Body)
	method := q.Method
	if method == http.MethodGet {
		method = ""
	}
	if q.Background != "" {
		s := &Submit{Method: method, Path: escape(path), Background: background(q.Background), Header: header, Body: body, Expect: answer}
		if q.OperationID != "" {
			s.As = r.name(q.OperationID)
		}
		r.add(e, Step{Submit: s})
		return
	}
	if id, rest, ok := ofOperation(path); ok && q.Method == http.MethodGet && r.names[id] != "" {
		read := &Read{Of: r.names[id], Header: header, Expect: answer}
		if rest == "" {
			r.add(e, Step{State: read})
		} else {
			r.add(e, Step{Content: read})
		}
		return
	}
	r.add(e, Step{Call: &Call{Method: method, Path: escape(path), Header: header, Body: body, Expect: answer}})
}

// isCut reports whether a rule breaks answers off that have begun.
func (r *recording) isCut(rule string) bool {
	a, ok := r.rules[rule].Do.(fault.Answer)
	return ok && a.CutAfter > 0
}

// ofOperation parts the path of a poll.
func ofOperation(path string) (id, rest string, ok bool) {
	path, _, _ = strings.Cut(path, "?")
	const root = "/v1/background/"
	if len(path) < len(root) || !strings.EqualFold(path[:len(root)], root) {
		return "", "", false
	}
	id, rest, _ = strings.Cut(strings.ToLower(path[len(root):]), "/")
	return id, rest, rest == "" || rest == "content"
}

// name gives an operation the name by which steps mean it.
func (r *recording) name(id string) string {
	if r.names[id] == "" {
		r.order = append(r.order, id)
		r.names[id] = fmt.Sprintf("op%d", len(r.order))
	}
	return r.names[id]
}

// keptNames are the headers that say how a call is understood. No other is kept, as
// it may be a credential.
var keptNames = []string{"Accept", "Content-Type", "If-Match", "If-None-Match", "Ipp-Company-Id", "Ipp-Application-Type", "Branchid"}

func keptHeader(q *journal.Request) map[string]string {
	header := make(map[string]string)
	for _, name := range keptNames {
		value := strings.Join(q.Header.Values(name), ", ")
		switch {
		case value == "", name == "Accept" && value == "*/*":
		case name == "Content-Type" && (len(q.Body) == 0 || value == "application/json" && json.Valid(q.Body)):
		default:
			header[name] = escape(value)
		}
	}
	if len(header) == 0 {
		return nil
	}
	return header
}

// background is the value of the header without the address of a webhook, which may
// hold a secret.
func background(value string) string {
	if strings.Contains(value, "://") && !strings.HasPrefix(strings.ToLower(value), "subscription") {
		return "${hook}"
	}
	return escape(value)
}

func bodyText(body []byte) any {
	if len(body) == 0 {
		return nil
	}
	return escape(string(body))
}

// unknown is the time of an operation that has not ended.
const unknown = 24 * time.Hour

// execTime is how long operations took.
func (r *recording) execTime() ExecTime {
	var each []time.Duration
	for _, id := range r.order {
		took, ended := r.took[id]
		if !ended {
			took = unknown
		}
		each = append(each, took.Round(time.Millisecond))
	}
	if equal := slices.Compact(slices.Clone(each)); len(equal) == 1 {
		return ExecTime{Fixed: equal[0]}
	}
	return ExecTime{Each: each}
}

// workers is how many operations of a company ran at a time.
func workers(entries []journal.Entry) (most int) {
	running := make(map[string]int)
	for _, e := range entries {
		switch e.Kind {
		case journal.KindStarted:
			running[e.Company]++
			most = max(most, running[e.Company])
		case journal.KindEnded:
			running[e.Company]--
		}
	}
	return most
}

// finish notes how long operations took, and what has to be true in the end.
func (r *recording) finish(entries []journal.Entry) {
	r.s.ExecTime = r.execTime()
	if n := workers(entries); n > 1 {
		r.s.Workers = n
	}
	for n := len(r.s.Hook.Answers); n > 0 && r.s.Hook.Answers[n-1]/100 == 2; n-- {
		r.s.Hook.Answers = r.s.Hook.Answers[:n-1]
	}
	if len(r.s.Hook.Answers) == 0 {
		r.s.Hook.Answers = nil
	}
	for _, id := range r.order {
		op, ok := r.srv.Operation(id)
		if !ok {
			continue
		}
		check := &Operation{Of: r.names[id], StatusCode: op.StatusCode}
		if op.State != operation.Expired {
			check.State = op.State
		}
		r.s.Verify = append(r.s.Verify, Check{Operation: check})
		for _, d := range r.srv.Deliveries(operation.DeliveryFilter{OperationID: id}) {
			r.s.Verify = append(r.s.Verify, Check{Delivery: &Delivery{Of: r.names[id], State: d.State, Attempts: len(d.Attempts)}})
		}
	}
	calls := 0
	for _, step := range r.s.Steps {
		if step.Wait == nil {
			calls++
		}
	}
	if n := len(entries); n > 0 {
		r.add(&entries[n-1], Step{Advance: new(time.Duration)})
		if last := &r.s.Steps[len(r.s.Steps)-1]; entries[n-1].Time.After(r.begin.Add(last.At)) {
			last.At += time.Millisecond // of which a part was cut off
		}
	}
	r.s.About = fmt.Sprintf("Saved from a mock: %s.", match.Plural(calls, "call"))
	if len(r.left) > 0 {
		r.s.About += " Left out: " + strings.Join(r.left, "; ") + "."
	}
}
