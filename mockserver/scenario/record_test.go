package scenario_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/scenario"
)

// record runs a scenario and saves what happened.
func record(t *testing.T, s *scenario.Scenario) (saved *scenario.Scenario) {
	t.Helper()
	report := run(t, s, scenario.Options{After: func(m *scenario.Mock) {
		saved = scenario.Record(m.Server, scenario.RecordOptions{Seed: s.Seed})
	}})
	if !report.Passed {
		t.Fatalf("failed:\n%s", text(t, report))
	}
	return saved
}

func yamlOf(t *testing.T, s *scenario.Scenario) string {
	t.Helper()
	data, err := s.YAML()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// What just happened, saved and run, happens again: what is saved of the second
// time is the same.
func TestWhatJustHappenedCanBeRunAgain(t *testing.T) {
	for _, name := range scenario.Names() {
		t.Run(name, func(t *testing.T) {
			s, err := scenario.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			source := yamlOf(t, record(t, s))
			if name == "rolling-restart" || name == "rate-limited" {
				testkit.Golden(t, "testdata/saved-"+name+".yaml", source)
			}
			again := replayed(t, source)
			if name == "chaos" {
				// Times are rounded to a millisecond, so that one that is saved a second time
				// may differ by that, and no more.
				source, again = again, replayed(t, again)
			}
			if again != source {
				t.Errorf("got\n%s\nwant\n%s", again, source)
			}
		})
	}
}

// replayed runs what was saved, and saves what happened.
func replayed(t *testing.T, source string) string {
	t.Helper()
	s, err := scenario.Parse("saved.yaml", []byte(source))
	if err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	second := record(t, s)
	second.About = s.About // which tells what was left out the first time
	return yamlOf(t, second)
}

func TestYAMLIsWhatParseReads(t *testing.T) {
	sources := make(map[string][]byte)
	for _, name := range scenario.Names() {
		sources[name], _ = scenario.Source(name)
	}
	forms, err := os.ReadFile("testdata/forms.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sources["everything"] = []byte(strings.Split(string(forms), "\n---\n")[1])
	for name, source := range sources {
		s, err := scenario.Parse(name+".yaml", source)
		if err != nil {
			t.Fatal(err)
		}
		written := yamlOf(t, s)
		again, err := scenario.Parse(name+".yaml", []byte(written))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, written)
		}
		if !reflect.DeepEqual(again, s) {
			t.Errorf("%s: got\n%s\nwhich is read as %+v\nwant %+v", name, written, again, s)
		}
	}
}

// secrets are what nobody may find in what is saved.
var secrets = []string{
	"s3cr3t-token", "s3cr3t-client", "s3cr3t-cookie", "s3cr3t-key", "s3cr3t-api", "s3cr3t-hook", "Authorization", "Cookie", "X-Api-Key",
}

// withSecrets is a server on which calls were made that carry secrets.
func withSecrets(t *testing.T) *mockserver.Server {
	t.Helper()
	srv, err := mockserver.New(mockserver.Config{
		Seed: 7, Companies: map[string]string{"s3cr3t-token": "1000001"},
		Clock:        mockserver.ClockConfig{Manual: true, Start: time.Date(2026, time.September, 1, 9, 0, 0, 0, time.UTC)},
		Subscription: mockserver.Subscription{SigningKey: "s3cr3t-key", URL: "https://hook.test/s3cr3t-hook"},
		NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"hook.test": http.NotFoundHandler()}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, srv) })
	call := func(method, path, body string, header ...string) {
		req, err := http.NewRequest(method, mockserver.BaseURL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if err := srv.Clock("").Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	call("POST", "/connect/token", "grant_type=client_credentials&client_id=a&client_secret=s3cr3t-client", "Content-Type", "application/x-www-form-urlencoded")
	call("GET", "/v1/customerinvoice?pageNumber=1&pageSize=1", "", "Authorization", "Bearer s3cr3t-token", "Cookie", "s3cr3t-cookie", "X-Api-Key", "s3cr3t-api")
	call("GET", "/v1/customerinvoice", "", "Authorization", "Bearer s3cr3t-token", "erp-api-background", "https://hook.test/s3cr3t-hook")
	call("PUT", "/v1/customerinvoice/003547", `{"note":{"value":"it's $${5} for $HOME"}}`, "If-Match", `"x"`, "erp-api-background", "none", "ipp-company-id", "2")
	if err := srv.Clock("").Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := srv.Clock("2").Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	return srv
}

func TestWhatIsSavedHoldsNoCredentials(t *testing.T) {
	saved := scenario.Record(withSecrets(t), scenario.RecordOptions{Seed: 7})
	var goTest, curl bytes.Buffer
	if err := errors.Join(scenario.GoTest(&goTest, saved, "erp_test"), scenario.Curl(&curl, saved)); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"yaml": yamlOf(t, saved), "go": goTest.String(), "sh": curl.String()}
	for kind, text := range texts {
		testkit.Golden(t, "testdata/secrets."+kind+".golden", text)
		for _, secret := range secrets {
			if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
				t.Errorf("%s: %q is in\n%s", kind, secret, text)
			}
		}
	}
	for _, part := range []string{"calls for a token", "the signing key", "${hook}", "it''s $$${5} for $HOME", `If-Match: '"x"'`} {
		if !strings.Contains(texts["yaml"], part) {
			t.Errorf("%q is not in\n%s", part, texts["yaml"])
		}
	}
}

// What is saved as a test compiles, passes and is formatted.
func TestWhatIsSavedAsATestPasses(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in PATH")
	}
	saved := map[string]*scenario.Scenario{"secrets": scenario.Record(withSecrets(t), scenario.RecordOptions{Seed: 7})}
	for _, name := range []string{"chaos", "rolling-restart", "rate-limited", "content-missing", "late-and-twice", "action-202", "expired", "stuck"} {
		s, err := scenario.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		saved[name] = record(t, s)
	}
	saved["nothing"] = &scenario.Scenario{About: "Nothing happened."}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir, overlay := t.TempDir(), make(map[string]string)
	for name, s := range saved {
		s.Name = name
		file := filepath.Join(dir, name+"_test.go")
		var code bytes.Buffer
		if err := scenario.GoTest(&code, s, "saved_test"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, code.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(here, "saved", name+"_test.go")] = file
	}
	data, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	list, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "saved.test")
	if err := os.WriteFile(list, data, 0o600); err != nil {
		t.Fatal(err)
	}
	// go test would change to the folder, and vet too, which is in the overlay only.
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-o", program, "-overlay", list, "./saved")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), program, "-test.v").CombinedOutput()
	if passed := strings.Count(string(out), "--- PASS: Test"); err != nil || passed != len(saved) {
		t.Errorf("%d of %d pass: %v\n%s", passed, len(saved), err, out)
	}
}

// What is saved as lines for a shell makes the same calls.
func TestWhatIsSavedAsCurlMakesTheSameCalls(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if strict := os.Getenv("STRICT"); strict != "" && strict != "0" {
			t.Fatal("no curl: on Debian, apt-get install curl")
		}
		t.Skip("there is no curl")
	}
	first := withSecrets(t)
	var script bytes.Buffer
	saved := scenario.Record(first, scenario.RecordOptions{})
	if err := scenario.Curl(&script, saved); err != nil {
		t.Fatal(err)
	}
	second, err := mockserver.New(mockserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, second)
	listener := httptest.NewServer(second)
	defer listener.Close()
	sh := exec.CommandContext(t.Context(), "sh", "-eu")
	sh.Stdin = strings.NewReader("sleep() { :; }\n" + script.String()) // the times were tried above
	sh.Env = append(os.Environ(), "ERP="+listener.URL, "HOOK=http://127.0.0.1:9/", "no_proxy=*")
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, script.String())
	}
	calls := func(s *mockserver.Server) (list []string) {
		for _, r := range s.Journal().Requests("") {
			if r.Path != "/connect/token" {
				list = append(list, r.Company+" "+r.Method+" "+r.Path+" "+string(r.Body))
			}
		}
		return list
	}
	if got, want := calls(second), calls(first); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%q\nwant\n%q\nby\n%s", got, want, script.String())
	}
}

// What people write is not all code.
func TestWhatHasNoFormAsCodeIsRefused(t *testing.T) {
	for _, step := range []string{
		"{notified: {of: a}}", "{advance: 1s}", "{expire: a}", `{call: {path: "/v1/x/${a.id}"}}`, "{call: {path: /v1/x, expect: {body: {b: c}}}}",
		"{state: {of: a, expect: {header: {ETag: x}}}}", "{queue: pause}", `{submit: {path: /v1/x, header: {If-Match: "${a.header.ETag}"}}}`,
	} {
		s, err := scenario.Parse("x.yaml", []byte("about: x\nsteps:\n  - submit: {as: a, path: /v1/customerinvoice}\n  - "+step))
		if err != nil {
			t.Fatal(err)
		}
		if err := scenario.GoTest(io.Discard, s, "x_test"); !errors.Is(err, scenario.ErrNoCode) || !strings.HasPrefix(err.Error(), "steps[1] ") {
			t.Errorf("Go, %s: got %v", step, err)
		}
		if err := scenario.Curl(io.Discard, s); !errors.Is(err, scenario.ErrNoCode) {
			t.Errorf("curl, %s: got %v", step, err)
		}
	}
}

func TestRecordOfOneCompany(t *testing.T) {
	srv := withSecrets(t)
	saved := scenario.Record(srv, scenario.RecordOptions{Company: "2"})
	if saved.Company != "2" || len(saved.Steps) != 3 || saved.Steps[0].Submit == nil || saved.Steps[0].Company != "" {
		t.Errorf("got %s", yamlOf(t, saved))
	}
	if n := len(srv.Journal().Select(journal.Filter{Company: "2", Kind: journal.KindRequest}).Entries()); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	if err := srv.Reset(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if saved := scenario.Record(srv, scenario.RecordOptions{}); len(saved.Steps) != 0 || saved.About != "Saved from a mock: 0 calls. Left out: the signing key." {
		t.Errorf("got %s", yamlOf(t, saved))
	}
}
