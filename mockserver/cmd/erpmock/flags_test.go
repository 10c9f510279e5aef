package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/profile"
)

// parse reads flags and variables as serve does, and runs nothing.
func parse(args, environ []string) (*serving, error) {
	var told bytes.Buffer
	return parseTo(&told, args, environ)
}

// parsed is parse, and what it told.
func parsed(t *testing.T, args, environ []string) (*serving, string, error) {
	t.Helper()
	var told bytes.Buffer
	s, err := parseTo(&told, args, environ)
	return s, told.String(), err
}

func parseTo(stderr io.Writer, args, environ []string) (*serving, error) {
	a := &app{environ: environ, stderr: stderr}
	s := &serving{}
	p := a.program()
	p.Commands = func() []*cli.Command {
		c := a.commandOf(s)
		c.Run = func(context.Context, []string) error { return nil }
		return []*cli.Command{c}
	}
	return s, p.Execute(context.Background(), args)
}

// file writes a file into a directory of the test.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const twoRules = `[{"on": "intake", "times": 1, "do": {"status": 503}}, {"on": "queue", "do": {"twice": true}}]`

// What each of the flags makes of the configuration; the variables do the same.
func TestFlagsAndVariables(t *testing.T) {
	const s = time.Second
	rules := file(t, "rules.json", twoRules)
	tests := []struct {
		flag   string
		values []string
		get    func(o *serving) any
		want   any
	}{
		{"profile", []string{"strict"}, func(o *serving) any { return o.mock.Profile }, profile.Strict()},
		{"profile", []string{"current"}, func(o *serving) any { return o.mock.Profile }, profile.Profile{}},
		{"auth", []string{"strict"}, func(o *serving) any { return o.mock.Auth.Mode }, mockserver.AuthStrict},
		{"auth", []string{"any"}, func(o *serving) any { return o.mock.Auth.Mode }, mockserver.AuthAny},
		{"client", []string{"a:b:c", "d:e"}, func(o *serving) any { return o.mock.Auth.Clients }, map[string]mockserver.AuthClient{"a": {Secret: "b:c"}, "d": {Secret: "e"}}},
		{"tenant", []string{"t-1=1", "t-2=2"}, func(o *serving) any { return o.mock.Auth.Tenants }, map[string]string{"t-1": "1", "t-2": "2"}},
		{"token-life", []string{"5m"}, func(o *serving) any { return o.mock.Auth.TokenLife }, 5 * time.Minute},
		{"exec-time", []string{"3s"}, func(o *serving) any { return o.mock.ExecTime }, mockserver.Fixed(3 * s)},
		{"exec-time", []string{"1s..5s"}, func(o *serving) any { return o.mock.ExecTime }, mockserver.Uniform{Min: s, Max: 5 * s}},
		{"exec-time", []string{"0s"}, func(o *serving) any { return o.mock.ExecTime }, mockserver.Fixed(0)},
		{"exec-time", []string{"lognormal:median=2s,p95=30s,max=5m"}, func(o *serving) any { return o.mock.ExecTime }, mockserver.LogNormal{Median: 2 * s, P95: 30 * s, Max: 5 * time.Minute}},
		{"exec-time", []string{"lognormal:median=2s,sigma=1.5"}, func(o *serving) any { return o.mock.ExecTime }, mockserver.LogNormal{Median: 2 * s, Sigma: 1.5}},
		{"clock-rate", []string{"60"}, func(o *serving) any { return o.mock.Clock }, mockserver.ClockConfig{Rate: 60}},
		{"clock-rate", []string{"0.5"}, func(o *serving) any { return o.mock.Clock.Rate }, 0.5},
		{"clock-start", []string{"2026-01-02T03:04:05Z"}, func(o *serving) any { return o.mock.Clock }, mockserver.ClockConfig{Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}},
		{"clock-start", []string{"2026-01-02T03:04:05.5+01:00"}, func(o *serving) any { return o.mock.Clock.Start.UTC() }, time.Date(2026, 1, 2, 2, 4, 5, 5e8, time.UTC)},
		{"faults", []string{rules}, func(o *serving) any { return len(o.mock.Faults) }, 2},
		{"max-companies", []string{"3"}, func(o *serving) any { return o.mock.MaxCompanies }, 3},
		{"workers", []string{"3"}, func(o *serving) any { return o.mock.Workers }, 3},
		{"listen", []string{"127.0.0.1:1"}, func(o *serving) any { return o.listen }, "127.0.0.1:1"},
	}
	for _, tt := range tests {
		var args []string
		for _, v := range tt.values {
			args = append(args, "--"+tt.flag+"="+v)
		}
		byFlag, err := parse(args, nil)
		if got := tt.get(byFlag); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%v: got %v, %v; want %v", args, got, err, tt.want)
		}
		name := "ERPMOCK_" + strings.ToUpper(strings.ReplaceAll(tt.flag, "-", "_"))
		byVariable, err := parse(nil, []string{name + "=" + strings.Join(tt.values, " ")})
		if got := tt.get(byVariable); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, tt.want)
		}
	}
}

func TestAFlagGoesBeforeItsVariable(t *testing.T) {
	env := []string{"ERPMOCK_CLIENT=env:x", "ERPMOCK_EXEC_TIME=1s..2s", "ERPMOCK_SEED=7"}
	o, err := parse([]string{"--client", "flag:y", "--exec-time", "3s"}, env)
	if err != nil || len(o.mock.Auth.Clients) != 1 || o.mock.Auth.Clients["flag"].Secret != "y" || o.mock.ExecTime != mockserver.Fixed(3*time.Second) || o.mock.Seed != 7 {
		t.Errorf("got %+v, %v", o.mock, err)
	}
}

func TestWrongValuesOfFlags(t *testing.T) {
	broken, wrong := file(t, "broken.json", "{"), file(t, "wrong.json", `[{"on":"intake","do":{"delay":1}}]`)
	for _, tt := range []struct{ args, says string }{
		{"--profile next", `profile "next": want one of current, legacy-2022, strict`},
		{"--auth maybe", "want off, any or strict"},
		{"--auth strict", "Auth.Clients: AuthStrict needs at least one"},
		{"--client app", "want id:secret"},
		{"--client a:b --client a:c", `the client "a" is there twice`},
		{"--tenant x", "want tenant=company"},
		{"--tenant x=1 --tenant x=2", `the tenant "x" is there twice`},
		{"--exec-time soon", `want a time such as "500ms"`},
		{"--exec-time 5s..1s", "the shorter one first"},
		{"--exec-time -1s", "not negative"},
		{"--exec-time lognormal:median=2s", "ExecTime.Sigma: want either it or P95"},
		{"--exec-time lognormal:middle=2s", `lognormal: "middle" is not one of median, p95, sigma, max`},
		{"--exec-time lognormal:sigma=x", `lognormal: sigma: "x" is not a number`},
		{"--clock-rate fast", "want a number above 0, and at most 100000"},
		{"--clock-rate 0", "want a number above 0"},
		{"--clock-rate -1", "want a number above 0"},
		{"--clock-rate NaN", "want a number above 0"},
		{"--clock-rate Inf", "Clock.Rate: +Inf: want more than 0 and at most 100000"},
		{"--clock-rate 100001", "Clock.Rate: 100001: want more than 0 and at most 100000"},
		{"--clock-start 2026-01-02", "want a time such as 2026-01-02T03:04:05Z"},
		{"--clock-start 0001-01-01T00:00:00Z", "from 1970 to 2199"},
		{"--clock-start 1969-12-31T23:59:59Z", "Clock.Start: 1969-12-31"},
		{"--clock-start 9999-01-01T00:00:00Z", "want a time from 1970 to 2199"},
		{"env ERPMOCK_CLOCK_RATE=x", "ERPMOCK_CLOCK_RATE: want a number above 0"},
		{"env ERPMOCK_CLOCK_START=x", "ERPMOCK_CLOCK_START: want a time such as"},
		{"--faults /nonexistent.json", "/nonexistent.json"},
		{"--faults " + broken, "broken.json: want a JSON array of rules"},
		{"--faults " + wrong, "wrong.json: [0].do.delay: want a duration"},
		{"env ERPMOCK_WORKERS=many", "ERPMOCK_WORKERS: "},
		{"env ERPMOCK_FAULTS=" + wrong, "ERPMOCK_FAULTS: "},
	} {
		args, environ := strings.Fields(tt.args), []string(nil)
		if args[0] == "env" {
			args, environ = nil, args[1:]
		}
		o, err := parse(args, environ)
		if err == nil {
			_, err = mockserver.New(o.mock)
		}
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, want %q", tt.args, err, tt.says)
		}
	}
}

// The help names every option with what it is for, whichever way it is asked for.
func TestHelp(t *testing.T) {
	list := (&serving{}).options()
	for _, args := range [][]string{{"--help"}, {"-h"}, {"help"}, {"serve", "--help"}, {"help", "serve"}} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), args, &out, &errs); status != 0 || errs.Len() > 0 {
			t.Errorf("%v: status %d, %s", args, status, errs.String())
		}
		for _, o := range list {
			if !regexp.MustCompile(`(?m)^  --` + o.Name + `( [A-Z:=]+)?\n      \S`).MatchString(out.String()) {
				t.Errorf("%v: no help for %s in\n%s", args, o.Name, out.String())
			}
		}
		for line := range strings.Lines(out.String()) {
			if len(line) > 81 || strings.HasSuffix(line, " \n") {
				t.Errorf("%v: the line %q is too long, or ends with a blank", args, line)
			}
		}
	}
}

// The program on a clock of its own: what takes an hour is over in a second.
func TestTheProgramsClock(t *testing.T) {
	p := start(t, "--clock-start", "2031-01-02T03:04:05Z", "--clock-rate", "3600", "--exec-time", "1h")
	req, _ := http.NewRequest("GET", p.base+"/v1/customerinvoice/003501", nil)
	req.Header.Set("erp-api-background", "none")
	resp, body := get(t, req)
	if resp.StatusCode != 202 {
		t.Fatalf("got %s %s", resp.Status, body)
	}
	var state struct {
		Status                   string
		ReceivedUtc, FinishedUtc time.Time
	}
	for end := time.Now().Add(time.Minute); state.Status != "Finished"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %+v", state)
		}
		req, _ := http.NewRequest("GET", resp.Header.Get("Location"), nil)
		if _, body := get(t, req); strings.Contains(body, `"status":"Finished"`) {
			if err := json.Unmarshal([]byte(body), &state); err != nil {
				t.Fatal(err)
			}
		}
	}
	if took := state.FinishedUtc.Sub(state.ReceivedUtc); state.ReceivedUtc.Year() != 2031 || took < time.Hour {
		t.Errorf("got %+v, took %v", state, took)
	}
	if runtime.GOOS != "windows" {
		p.stop(syscall.SIGTERM)
	}
}

// The program with strict credentials and rules for faults.
func TestStrictCredentialsAndFaults(t *testing.T) {
	p := start(t, "--auth", "strict", "--client", "app:s3cret", "--tenant", "t-1=77", "--faults", file(t, "rules.json", twoRules), "--exec-time", "1ms..2ms")
	resp, err := http.PostForm(p.base+"/connect/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"app"}, "client_secret": {"s3cret"}, "tenant_id": {"t-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&token); err != nil || resp.StatusCode != 200 {
		t.Fatalf("token: %s, %v", resp.Status, err)
	}
	for _, want := range []int{503, 202} { // the rule hits once
		req, _ := http.NewRequest("GET", p.base+"/v1/customerinvoice/003501", nil)
		req.Header.Set("erp-api-background", "none")
		req.Header.Set("Authorization", "Bearer "+token.AccessToken)
		if resp, body := get(t, req); resp.StatusCode != want {
			t.Errorf("got %s %s, want %d", resp.Status, body, want)
		}
	}
	if !strings.Contains(p.curl, "grant_type=client_credentials") && !strings.Contains(p.curl, "$TOKEN") || strings.Contains(p.curl, "s3cret") {
		t.Errorf("printed %s", p.curl)
	}
	if runtime.GOOS != "windows" {
		p.stop(syscall.SIGTERM)
	}
}
