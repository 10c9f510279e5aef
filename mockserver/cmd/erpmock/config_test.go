package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// A file gives options, a variable goes before it, and a flag before that.
func TestTheConfigurationFile(t *testing.T) {
	name := file(t, "erpmock.yaml", `# of a team
listen: localhost:0
workers: 3
exec-time: 1s
retention: "2h"
verbose: true
tenant:
  - t-1=1
  - t-2=2
seed: 7
`)
	t.Run("by flag", func(t *testing.T) {
		s, _, err := parsed(t, []string{"--config", name, "--exec-time", "3s"}, []string{"ERPMOCK_WORKERS=4", "ERPMOCK_EXEC_TIME=2s"})
		got := fmt.Sprint(s.listen, s.mock.Workers, s.mock.ExecTime, s.mock.Retention, s.verbose, s.mock.Auth.Tenants, s.mock.Seed)
		want := fmt.Sprint("localhost:0", 4, mockserver.Fixed(3*time.Second), 2*time.Hour, true, map[string]string{"t-1": "1", "t-2": "2"}, uint64(7))
		if err != nil || got != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	})
	t.Run("by variable", func(t *testing.T) {
		s, _, err := parsed(t, nil, []string{"ERPMOCK_CONFIG=" + name})
		if err != nil || s.mock.Workers != 3 {
			t.Errorf("got %d workers, %v; want 3", s.mock.Workers, err)
		}
	})
}

// What is wrong in a file is told with its place; all of it at once.
func TestWrongConfigurationFiles(t *testing.T) {
	for content, want := range map[string][]string{
		"wrokers: 3":                       {":1:1: wrokers: there is no such option; did you mean workers?"},
		"listen: a\nworkers: many\nzzz: 1": {":2:1: workers: want a whole number", ":3:1: zzz: there is no such option"},
		"workers: 1\nworkers: 2":           {"workers"},
		"workers: {a: 1}":                  {":1:1: workers: want a value, or a list of values"},
		"workers: [1, 2]":                  {":1:1: workers: want one value, not 2"},
		"- workers":                        {":1:1: want options, such as"},
		"config: other.yaml":               {":1:1: config: there is no such option"},
		"a: [":                             {"erpmock.yaml: "},
		"--- \na: 1\n---\nb: 1":            {"want one document, not 2"},
	} {
		_, _, err := parsed(t, []string{"--config", file(t, "erpmock.yaml", content)}, nil)
		for _, text := range want {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%q: got %v, want %q in it", content, err, text)
			}
		}
	}
	if _, _, err := parsed(t, []string{"--config", "/nonexistent.yaml"}, nil); err == nil || !strings.HasPrefix(err.Error(), "--config: open /nonexistent.yaml") {
		t.Errorf("got %v", err)
	}
}

// Any bytes are options or an error, and never a panic.
func FuzzConfigurationFile(f *testing.F) {
	for _, s := range []string{"listen: a\nfaults: [x, y]\n", "a: |\n  b\n", "{}", "- 1", "a: &x 1\nb: *x", "? [a]\n: b", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, content string) {
		c, err := parseConfig("f.yaml", []byte(content))
		if err != nil {
			return
		}
		for _, e := range c.entries {
			if values, _, ok := c.Take(e.key); e.key != "config" && (!ok || len(values) != len(e.values)) {
				t.Errorf("%q: %q is not found again", content, e.key)
			}
		}
	})
}

// A variable that nothing reads is told of, with what may have been meant; not
// those that Kubernetes makes for a service of that name.
func TestVariablesThatMeanNothingAreTold(t *testing.T) {
	_, told, err := parsed(t, nil, []string{
		"ERPMOCK_PROT_FILE=x", "ERPMOCK_QQQQQQQ=1", "ERPMOCK_SEED=1", "ERPMOCK_PORT=tcp://10.0.0.1:8787", "ERPMOCK_PORT_8787_TCP_ADDR=10.0.0.1", "ERPMOCK_SERVICE_HOST=10.0.0.1", "OTHER=1",
	})
	want := "erpmock: ERPMOCK_PROT_FILE is set and means nothing here; did you mean ERPMOCK_PORT_FILE?\nerpmock: ERPMOCK_QQQQQQQ is set and means nothing here\n"
	if err != nil || told != want {
		t.Errorf("got %q, %v; want %q", told, err, want)
	}
}
