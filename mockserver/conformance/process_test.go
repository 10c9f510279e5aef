package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The test binary is a candidate too, of which the first argument says what it does
// wrong.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "candidate ") {
		os.Exit(misbehave(strings.TrimPrefix(os.Args[1], "candidate ")))
	}
	os.Exit(m.Run())
}

// misbehave is a candidate that does not do what the protocol says.
func misbehave(how string) int {
	env := make(map[string]string)
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		env[strings.TrimPrefix(name, "BACKGROUND_")] = value
	}
	probed := env["DIR"] == "" || how == "says nothing" || how == "says something else"
	if how == "nothing" || probed && !strings.HasPrefix(how, "says") {
		if err := playReference(context.Background(), env, "", os.Stdin, os.Stdout); err != nil {
			return 1
		}
		return 0
	}
	fmt.Fprintln(os.Stderr, "boom:", how)
	switch how {
	case "says nothing":
		return 3
	case "says something else":
		fmt.Println("> npm run candidate")
		return 0
	}
	out := json.NewEncoder(os.Stdout)
	_ = out.Encode(Descriptor{Protocol: 1, Name: "wrong", Roles: []Role{Client}, Can: []string{}})
	var s step
	in := json.NewDecoder(os.Stdin)
	_ = in.Decode(&s)
	switch how {
	case "ends":
		return 3
	case "hangs", "starts others":
		if how == "starts others" {
			child := exec.Command(os.Args[0], "candidate hangs")
			child.Env = append(os.Environ(), "BACKGROUND_PROTOCOL=1")
			child.Stdout, child.Stderr = os.Stdout, os.Stderr
			if err := child.Start(); err != nil {
				return 4
			}
			_ = os.WriteFile(os.Args[2], fmt.Append(nil, child.Process.Pid), 0o600)
		}
		time.Sleep(time.Hour)
	case "writes logs to standard output":
		fmt.Println("12:00:01 INFO submitting")
	case "answers another step":
		_ = out.Encode(map[string]any{"step": s.Step + 1, "outcome": "pending"})
	case "has a word of its own":
		_ = out.Encode(map[string]any{"step": s.Step, "outcome": "ok"})
	case "lies":
		_ = out.Encode(map[string]any{"step": s.Step, "outcome": "succeeded", "statusCode": 201})
	case "calls the control":
		root, _, _ := strings.Cut(env["URL"], "/API")
		resp, err := http.Get(root + "/__mock/v1/operations")
		if err != nil {
			return 4
		}
		resp.Body.Close()
		_ = out.Encode(map[string]any{"step": s.Step, "outcome": "pending"})
	case "goes on writing", "does not end":
		_ = out.Encode(map[string]any{"step": s.Step, "outcome": "refused"})
		if how == "goes on writing" {
			_ = out.Encode(map[string]any{"step": s.Step, "outcome": "refused"})
		} else {
			time.Sleep(time.Hour)
		}
	}
	_ = in.Decode(&s) // the end
	return 0
}

// misbehaving plays a scenario with a candidate that does not do what the protocol
// says.
func misbehaving(t *testing.T, how string, args ...string) Result {
	t.Helper()
	launch := command(append([]string{os.Args[0], "candidate " + how}, args...), nil)
	for _, s := range Scenarios() {
		if s.ID != "no-connection" { // for which it need not call
			continue
		}
		o := Options{launch: launch, change: func(s *settings) { s.patience, s.awaits = 3*time.Second, 3*time.Second }}
		r, err := o.play(t.Context(), s, Descriptor{Can: abilities})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	panic("no such scenario")
}

func TestWhoDoesNotKeepToTheProtocolIsToldWhat(t *testing.T) {
	for _, tt := range []struct{ how, rule, seen string }{
		{"says nothing", ruleProtocol, "its first line did not come: it ended: exit status 3"},
		{"says something else", ruleProtocol, "its first line is no JSON object: > npm run candidate"},
		{"ends", ruleRefused, "step 1, submit: it ended: exit status 3"},
		{"hangs", ruleRefused, "step 1, submit: it neither called nor answered for 3s: does it flush its standard output"},
		{"writes logs to standard output", ruleProtocol, "standard output is for answers only, logs go to standard error): 12:00:01 INFO submitting"},
		{"answers another step", ruleProtocol, "it answered step 2 when asked step 1"},
		{"has a word of its own", ruleProtocol, `its outcome is "ok", want one of [pending succeeded failed refused uncertain expired]`},
		{"lies", ruleClaims, "it says succeeded 201 of work-1, and no answer had told an end"},
		{"goes on writing", ruleRefused, "it wrote after its last answer"},
		{"does not end", ruleRefused, "it did not end when its standard input did"},
	} {
		t.Run(tt.how, func(t *testing.T) {
			t.Parallel()
			r := misbehaving(t, tt.how)
			if !slices.ContainsFunc(r.Breaches, func(b Breach) bool { return b.Rule == tt.rule && strings.Contains(b.Seen, tt.seen) }) {
				t.Errorf("got %+v, want %s: %s", r.Breaches, tt.rule, tt.seen)
			}
			if !strings.Contains(r.Stderr, "boom: "+tt.how) {
				t.Errorf("the standard error is %q, want what it wrote", r.Stderr)
			}
		})
	}
}

func TestTheControlIsNotForCandidates(t *testing.T) {
	launch := command([]string{os.Args[0], "candidate calls the control"}, nil)
	s := Scenarios()[0]
	r, err := Options{launch: launch, change: func(s *settings) { s.patience = 3 * time.Second }}.play(t.Context(), s, Descriptor{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(r.Breaches, func(b Breach) bool { return b.Rule == ruleProtocol && b.Seen == "GET /__mock/v1/operations" }) {
		t.Errorf("got %+v, want the call of the control", r.Breaches)
	}
}

// A candidate that hangs is killed with what it has started, which holds its standard
// output as well.
func TestWhatACandidateStartedIsKilled(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	r := misbehaving(t, "starts others", file)
	if r.Verdict != Broken {
		t.Errorf("got %+v, want what hangs to fail", r)
	}
	pid, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if lives(t, string(pid)) {
		t.Errorf("process %s, which the candidate started, still lives", pid)
	}
}

// A whole run with processes: what cannot begin is an error with what it wrote.
func TestRunAsksWhatACandidateCanDo(t *testing.T) {
	for _, tt := range []struct {
		name    string
		command []string
		err     string
	}{
		{"it ends", []string{os.Args[0], "candidate says nothing"}, "ask the candidate what it can do: its first line did not come: it ended: exit status 3\nits standard error ends with:\nboom: says nothing"},
		{"there is none", []string{filepath.Join(t.TempDir(), "none")}, "start the candidate"},
		{"none is named", nil, "want Command"},
	} {
		_, err := Run(t.Context(), Options{Command: tt.command})
		if err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.err)
		}
	}
	report, err := Run(t.Context(), Options{Command: []string{os.Args[0], "candidate nothing"}, Only: []string{"create", "killed-while-sending", "restarted"}})
	if err != nil || report.Err() != nil || report.Count(Passed) != 3 {
		t.Errorf("got %v, %v\n%s", err, report.Err(), textOf(t, report))
	}
}
