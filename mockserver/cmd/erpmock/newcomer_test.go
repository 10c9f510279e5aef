package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// The tests that docs/control.md shows pass as they are there, and fail with the
// reason if their webhooks fail.
func TestTheTestsOfTheGuide(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no symbolic links without rights")
	}
	page, err := os.ReadFile("../../../docs/control.md")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(os.Args[0], filepath.Join(bin, "erpmock")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		language, file string
		command        []string
		breaks         [2]string // what is replaced, so that the webhook fails
		says           string
	}{
		{
			"python", "test_webhook.py",
			[]string{"python3"},
			[2]string{`booked.append(notification["id"])`, `raise ValueError("no")`},
			"Waiting after 1 attempt, the last of which failed: ",
		},
		{
			"js", "webhook.test.mjs",
			[]string{"node", "--test"},
			[2]string{`booked.push(notification.id)`, `throw new Error('no')`},
			"Waiting after 1 attempt, the last of which was answered 500",
		},
	} {
		t.Run(tt.language, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(tt.command[0]); err != nil {
				if strict := os.Getenv("STRICT"); strict != "" && strict != "0" {
					t.Fatalf("no %s: on Debian, apt-get install python3 nodejs", tt.command[0])
				}
				t.Skipf("no %s: on Debian, apt-get install python3 nodejs", tt.command[0])
			}
			m := regexp.MustCompile("(?s)```" + tt.language + "\n(.*?)```").FindSubmatch(page)
			if m == nil {
				t.Fatal("the page has no such test")
			}
			run := func(program string) (string, error) {
				file := filepath.Join(t.TempDir(), tt.file)
				if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
					t.Fatal(err)
				}
				cmd := exec.CommandContext(t.Context(), tt.command[0], append(tt.command[1:], file)...)
				cmd.Env = append(os.Environ(), "TEST_RUN_ERPMOCK=1", "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			program := string(m[1])
			if out, err := run(program); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			broken := strings.NewReplacer(tt.breaks[0], tt.breaks[1], "5000", "1500").Replace(program)
			if out, err := run(broken); err == nil || !strings.Contains(out, tt.says) {
				t.Errorf("with a webhook that fails: %v, want an error that says %q\n%s", err, tt.says, out)
			}
		})
	}
}
