package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/format"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrNoCode says that a step has no form in Go or in a shell.
var ErrNoCode = errors.New("has no form as code")

// GoTest writes a scenario that [Record] has made as a test in a package, with
// package mockservertest and in virtual time; it is named for the scenario. Each call stands by itself, so that
// your own code can take the place of some of them. The error matches [ErrNoCode]
// if a step is one that Record does not make.
func GoTest(w io.Writer, s *Scenario, pkg string) error {
	g := &goWriter{s: s}
	if err := g.steps(); err != nil {
		return err
	}
	source := g.file(pkg)
	code, err := format.Source([]byte(source))
	if err != nil {
		return fmt.Errorf("the test of %s: %w", s.Name, err)
	}
	_, err = w.Write(code)
	return err
}

// codeless returns ErrNoCode for a step that wants more than a status, or refers to
// an answer: such are written by people.
func codeless(step *Step) error {
	wants := func(a Answer) bool { return a.Header != nil || a.Body != nil }
	plain := *step
	switch {
	case step.Submit != nil:
		s := *step.Submit
		if s.Background == "${hook}" {
			s.Background = ""
		}
		plain.Submit = &s
		if wants(s.Expect) {
			return ErrNoCode
		}
	case step.Call != nil && wants(step.Call.Expect), step.State != nil && wants(step.State.Expect), step.Content != nil && wants(step.Content.Expect):
		return ErrNoCode
	}
	if len(allReferences(reflect.ValueOf(plain))) > 0 {
		return ErrNoCode
	}
	return nil
}

// variable is the name of an operation as a variable, in Go and in a shell.
func variable(name string) string {
	if recorded.MatchString(name) {
		return name
	}
	return "op_" + strings.ReplaceAll(name, "-", "_")
}

var recorded = regexp.MustCompile(`^op\d+$`)

// A goWriter writes a test.
type goWriter struct {
	s    *Scenario
	body bytes.Buffer
	uses map[string]bool // packages
	ids  map[string]bool // variables that are read
}

func (g *goWriter) line(format string, args ...any) { fmt.Fprintf(&g.body, format+"\n", args...) }

func (g *goWriter) use(pkg string) { g.uses[pkg] = true }

// steps writes what is done, and what has to be true.
func (g *goWriter) steps() error {
	g.uses, g.ids = map[string]bool{}, map[string]bool{}
	for _, step := range g.s.Steps {
		for _, read := range []*Read{step.State, step.Content} {
			if read != nil {
				g.ids[read.Of] = true
			}
		}
		if step.Wait != nil {
			g.ids[step.Wait.Of] = true
		}
	}
	for _, check := range g.s.Verify {
		if check.Delivery != nil {
			g.ids[check.Delivery.Of] = true
		}
	}
	var last time.Duration
	for i, step := range g.s.Steps {
		if err := codeless(&step); err != nil {
			return fmt.Errorf("steps[%d] %w", i, err)
		}
		if step.At > last {
			g.use("at")
			g.line("at(%s)", goDuration(step.At))
			last = step.At
		}
		if err := g.step(&step); err != nil {
			return fmt.Errorf("steps[%d] %w", i, err)
		}
	}
	for _, check := range g.s.Verify {
		if d := check.Delivery; d != nil {
			g.use("operation")
			g.line("mockservertest.RequireDelivered(t, srv, mockservertest.Delivery{OperationID: %s, State: %s, Attempts: %d, Within: time.Hour})",
				variable(d.Of), goState("Delivery", string(d.State)), d.Attempts)
		}
	}
	return nil
}

func (g *goWriter) step(step *Step) error {
	switch {
	case step.Submit != nil:
		return g.submit(step)
	case step.Call != nil:
		c := step.Call
		g.call(step, orGet(c.Method), strconv.Quote(unescape(c.Path)), c.Header, c.Body, c.Expect)
	case step.State != nil:
		g.call(step, "GET", `"/v1/background/"+`+variable(step.State.Of), step.State.Header, nil, step.State.Expect)
	case step.Content != nil:
		g.call(step, "GET", `"/v1/background/"+`+variable(step.Content.Of)+`+"/content"`, step.Content.Header, nil, step.Content.Expect)
	case step.Wait != nil:
		g.use("operation")
		g.line("mockservertest.RequireOperation(t, srv, mockservertest.Operation{ID: %s, State: %s, StatusCode: %d, Within: 24 * time.Hour})",
			variable(step.Wait.Of), goState("", string(step.Wait.State)), step.Wait.StatusCode)
	case step.Advance != nil:
		if *step.Advance > 0 {
			return ErrNoCode
		}
	default:
		return ErrNoCode
	}
	return nil
}

func (g *goWriter) submit(step *Step) error {
	s := step.Submit
	header := map[string]string{"erp-api-background": s.Background}
	for name, value := range s.Header {
		header[name] = value
	}
	g.call(step, orGet(s.Method), strconv.Quote(unescape(s.Path)), header, s.Body, s.Expect)
	if s.As == "" {
		return nil
	}
	if g.ids[s.As] {
		g.line("%s := accepted()", variable(s.As))
	} else {
		g.line("accepted()")
	}
	g.use("accepted")
	return nil
}

// call writes a call whose answer has a status.
func (g *goWriter) call(step *Step, method, path string, header map[string]string, body any, want Answer) {
	var args strings.Builder
	if step.Company != "" && header["Ipp-Company-Id"] == "" {
		fmt.Fprintf(&args, `, "ipp-company-id", %q`, step.Company)
	}
	for _, name := range sortedKeys(header) {
		value := strconv.Quote(unescape(header[name]))
		if header[name] == "${hook}" {
			value = "srv.Hook.URL"
		}
		fmt.Fprintf(&args, ", %q, %s", name, value)
	}
	text := ""
	if body != nil {
		data, _ := bodyOf(body)
		text = unescape(string(data))
	}
	g.use("call")
	status := want.Status
	if want.Broken {
		status = 0
	}
	g.line("call(%d, %q, %s, %s%s)", status, method, path, goText(text), args.String())
}

// file is the source of the test.
func (g *goWriter) file(pkg string) string {
	s := g.s
	var b strings.Builder
	var config []string
	set := func(name, value string) { config = append(config, name+": "+value) }
	if s.Company != "" {
		set("DefaultCompany", strconv.Quote(s.Company))
	}
	set("Seed", strconv.FormatUint(max(s.Seed, defaultSeed), 10))
	if s.ExecTime.Fixed != 0 {
		set("ExecTime", "mockserver.Fixed("+goDuration(s.ExecTime.Fixed)+")")
	}
	if s.Workers > 0 {
		set("Workers", strconv.Itoa(s.Workers))
	}
	if len(s.ExecTime.Each) > 0 {
		set("ExecTime", "mockserver.ExecTimeFunc(func(*http.Request) time.Duration {\nnext := took[0]\ntook = append(took[1:], next)\nreturn next\n})")
	}
	if l := s.RateLimit; l != (RateLimit{}) {
		set("RateLimit", goLimit(l))
	}
	if r := s.Subscription.Retry; r != (Retry{}) {
		set("Subscription", fmt.Sprintf("mockserver.Subscription{Retry: mockserver.Retry{Attempts: %d, Interval: %s, MaxInterval: %s}}",
			r.Attempts, goDuration(r.Interval), goDuration(r.MaxInterval)))
	}
	fmt.Fprintf(&b, "func %s(t *testing.T) {\n", testName(s.Name))
	if len(s.Faults) > 0 {
		g.use("fault")
		fmt.Fprintf(&b, "rules, err := fault.Parse([]byte(%s))\nif err != nil {\nt.Fatal(err)\n}\n", goText(rulesJSON(s.Faults)))
		set("Faults", "rules")
	}
	if s.Profile.Switches != nil {
		g.use("profile")
		fmt.Fprintf(&b, "var switches profile.Profile\nif err := switches.Set([]byte(%s)); err != nil {\nt.Fatal(err)\n}\n", goText(string(s.Profile.Switches)))
		set("Profile", "switches")
	}
	if len(s.ExecTime.Each) > 0 {
		list := make([]string, len(s.ExecTime.Each))
		for i, d := range s.ExecTime.Each {
			list[i] = goDuration(d)
		}
		fmt.Fprintf(&b, "took := []time.Duration{%s} // by operations, in their order\n", strings.Join(list, ", "))
	}
	fmt.Fprintf(&b, "synctest.Test(t, func(t *testing.T) {\n")
	if g.uses["call"] || len(s.Hook.Answers) > 0 {
		b.WriteString("srv := ")
	}
	fmt.Fprintf(&b, "mockservertest.Start(t, mockserver.Config{\n%s,\n})\n", strings.Join(config, ",\n"))
	if len(s.Hook.Answers) > 0 {
		fmt.Fprintf(&b, "srv.Hook.Answer(%s)\n", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(s.Hook.Answers)), ", "), "[]"))
	}
	if g.uses["at"] {
		b.WriteString(goAt)
	}
	if g.uses["call"] {
		b.WriteString(goCall)
	}
	if g.uses["accepted"] {
		b.WriteString(goAccepted)
	}
	b.WriteString("\n")
	b.Write(g.body.Bytes())
	b.WriteString("})\n}\n")

	var head strings.Builder
	fmt.Fprintf(&head, "package %s\n\nimport (\n", pkg)
	if g.uses["call"] {
		head.WriteString("\"io\"\n\"net/http\"\n\"strings\"\n")
	}
	head.WriteString("\"testing\"\n\"testing/synctest\"\n")
	if strings.Contains(b.String(), "time.") {
		head.WriteString("\"time\"\n")
	}
	head.WriteString("\n")
	const mock = "github.com/vismanet-go/background/mockserver"
	fmt.Fprintf(&head, "%q\n", mock)
	for _, own := range []string{"fault", "mockservertest", "operation", "profile"} {
		if own == "mockservertest" || g.uses[own] {
			fmt.Fprintf(&head, "%q\n", mock+"/"+own)
		}
	}
	head.WriteString(")\n\n")
	for line := range strings.SplitSeq(strings.TrimSpace(s.About), "\n") {
		head.WriteString("// " + line + "\n")
	}
	return head.String() + b.String()
}

const goAt = `
	begin := time.Now()
	at := func(after time.Duration) { time.Sleep(time.Until(begin.Add(after))) }
`

const goCall = `	// call makes a call and wants its answer to have a status; 0 wants the connection
	// to break.
	call := func(want int, method, path, body string, header ...string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		got := 0
		if resp, err := srv.Client().Do(req); err == nil {
			got = resp.StatusCode
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				got = 0
			}
			resp.Body.Close()
		}
		if got != want {
			t.Errorf("%s %s: answered %d, want %d", method, path, got, want)
		}
	}
`

const goAccepted = `	// accepted is the id of the operation that the last call became.
	accepted := func() string {
		t.Helper()
		calls := srv.Journal().Requests("")
		id := calls[len(calls)-1].OperationID
		if id == "" {
			t.Fatal("the last call became no operation")
		}
		return id
	}
`

func rulesJSON(rules Faults) string {
	list := make([]json.RawMessage, 0, len(rules))
	for _, rule := range rules {
		if data, err := rule.JSON(); err == nil {
			list = append(list, data)
		}
	}
	data, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		panic(err) // each of them is JSON
	}
	return string(data)
}

// goText is a text in Go, raw if that can be read better.
func goText(s string) string {
	if strings.ContainsAny(s, "\"\n") && strconv.CanBackquote(strings.ReplaceAll(s, "\n", "")) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

func goDuration(d time.Duration) string {
	for _, unit := range []struct {
		d    time.Duration
		name string
	}{{time.Hour, "time.Hour"}, {time.Minute, "time.Minute"}, {time.Second, "time.Second"}, {time.Millisecond, "time.Millisecond"}} {
		if d != 0 && d%unit.d == 0 {
			return fmt.Sprintf("%d*%s", d/unit.d, unit.name)
		}
	}
	return strconv.FormatInt(int64(d), 10)
}

// testName is what a test of a scenario is called: TestRollingRestart.
func testName(name string) string {
	var b strings.Builder
	b.WriteString("Test")
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		first, size := utf8.DecodeRuneInString(part)
		b.WriteRune(unicode.ToUpper(first))
		b.WriteString(part[size:])
	}
	return b.String()
}

func goLimit(l RateLimit) string {
	text := fmt.Sprintf("mockserver.RateLimit{Limit: %d, Window: %s, Policy: %q", l.Limit, goDuration(l.Window), l.Policy)
	if l.Block != 0 {
		text += ", Block: " + goDuration(l.Block)
	}
	if e := l.Same; e.Calls != 0 || e.Failed != 0 {
		text += fmt.Sprintf(", Same: mockserver.SameRequests{Calls: %d, Window: %s, Failed: %d, FailedWindow: %s, PathOnly: %v}",
			e.Calls, goDuration(e.Window), e.Failed, goDuration(e.FailedWindow), e.PathOnly)
	}
	return text + "}"
}

// goState is a state by its name in package operation.
func goState(prefix, state string) string {
	if state == "" {
		return `""`
	}
	return "operation." + prefix + state
}
