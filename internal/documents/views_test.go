package documents

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/internal/gendoc"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/openapidoc"
)

// TestPublicDocumentsHaveViews makes both views of every document by bgspec, and
// wants them to be as good as the document itself: for kin-openapi, for redocly,
// for oapi-codegen and the compiler, and for calls against the mock. Of large
// documents a dozen operations are generated and called.
func TestPublicDocumentsHaveViews(t *testing.T) {
	// Linters and generators take long. Without DOCUMENTS_FULL the vendor's document
	// is tried, and those that are smaller than it.
	docs := slices.DeleteFunc(public(t), func(d document) bool {
		return os.Getenv("DOCUMENTS_FULL") == "" && d.name != "visma-net" && len(d.text) > 600_000
	})
	bgspec := filepath.Join(t.TempDir(), "bgspec")
	run(t, "go", "build", "-o", bgspec, "../../openapi/cmd/bgspec")
	for _, d := range docs {
		t.Run(d.name, func(t *testing.T) { provesViews(t, bgspec, d, 12) })
	}
}

// TestGeneratedDocumentsHaveViews does the same, with all operations of a document
// of an ERP's size.
func TestGeneratedDocumentsHaveViews(t *testing.T) {
	if !full() {
		t.Skip("views are made by `make documents`: it takes generators and linters that plain Go does not have")
	}
	bgspec := filepath.Join(t.TempDir(), "bgspec")
	run(t, "go", "build", "-o", bgspec, "../../openapi/cmd/bgspec")
	for _, v := range []gendoc.Version{gendoc.V30, gendoc.V31} {
		for _, d := range []gendoc.Document{gendoc.ERP(v, 1), gendoc.Everything(v), gendoc.Recursion(v), gendoc.Templates(v)} {
			most := 12
			if strings.HasPrefix(d.Name, "erp-3.0") {
				most = gendoc.ERPOperations
			}
			t.Run(d.Name, func(t *testing.T) { provesViews(t, bgspec, document{name: d.Name, text: d.JSON}, most) })
		}
	}
}

func provesViews(t *testing.T, bgspec string, d document, most int) {
	dir := t.TempDir()
	source := filepath.Join(dir, "source.json")
	declared, err := declare(d.name, d.text)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(source, declared.json, 0o600); err != nil {
		t.Fatal(err)
	}
	background, foreground := filepath.Join(dir, "background.json"), filepath.Join(dir, "foreground.json")
	begun := time.Now()
	run(t, bgspec, "background", source, "--all", "--format", "json", "--callbacks", "none", "-o", background)
	run(t, bgspec, "foreground", source, "--format", "json", "-o", foreground)
	made := time.Since(begun)
	again := filepath.Join(dir, "again.json")
	for _, view := range []string{background, foreground} {
		kind := strings.TrimSuffix(filepath.Base(view), ".json")
		run(t, bgspec, kind, view, "--no-check", "-o", again)
		first, err := os.ReadFile(view)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := os.ReadFile(again); err != nil || !bytes.Equal(first, second) {
			t.Errorf("the %s view of the %s view is another one (%v)", kind, kind, err)
		}
	}
	before := kinFault(t, source)
	for _, view := range []string{background, foreground} {
		if fault := kinFault(t, view); fault != "" && before == "" {
			t.Errorf("%s: kin-openapi takes the document, and of the view it says %.500s", filepath.Base(view), fault)
		}
	}
	begun = time.Now()
	was := lint(t, source)
	for _, view := range []string{background, foreground} {
		for rule, n := range lint(t, view) {
			if was[rule] == 0 {
				t.Errorf("%s: redocly finds %d problems of the rule %s, which the document keeps", filepath.Base(view), n, rule)
			}
		}
	}
	linted := time.Since(begun)

	chosen := chooseQueued(t, background, most)
	args := []string{"background", source, "--all", "--format", "json", "--callbacks", "none", "-o", filepath.Join(dir, "few.json")}
	for _, o := range chosen {
		args = append(args, "--only", strings.ToUpper(o.method)+" "+o.path)
	}
	begun = time.Now()
	compiled := "compiled"
	if len(chosen) > 0 {
		run(t, bgspec, args...)
		if err := generates(t.Context(), dir, filepath.Join(dir, "few.json")); err != nil {
			if of := generates(t.Context(), dir, onlyThese(t, dir, declared, chosen)); of == nil {
				t.Errorf("the document gives a client that compiles, the view does not: %v", err)
			}
			compiled = "not compiled, no more than the document itself is: " + lastLine(err.Error())
		}
	}
	generated := time.Since(begun)
	called := callsQueued(t, d, background, chosen)
	t.Logf("%d operations, views in %v, linted in %v, %d called in the background, generated in %v and %s", len(declared.operations()),
		made.Round(time.Millisecond), linted.Round(time.Millisecond), called, generated.Round(time.Millisecond), compiled)
}

// run runs a program, and fails the test with what it says if it fails.
func run(t *testing.T, program string, args ...string) {
	t.Helper()
	if err := try(t.Context(), program, args...); err != nil {
		t.Fatal(err)
	}
}

func try(ctx context.Context, program string, args ...string) error {
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %.300q: %w: %.2000s", filepath.Base(program), args, err, out)
	}
	return nil
}

// kinFault is what kin-openapi says of a document; empty if nothing. What it says of
// examples and patterns is not about views.
func kinFault(t *testing.T, file string) string {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err == nil {
		err = doc.Validate(t.Context(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaPatternValidation())
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// lint counts the errors that redocly finds by its rules for the structure of
// documents, by rule.
func lint(t *testing.T, file string) map[string]int {
	t.Helper()
	redocly, err := filepath.Abs("../../.tools/npm/node_modules/.bin/redocly")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), redocly, "lint", "--extends", "spec", "--format", "json", "--max-problems", "100000", file)
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true", "NODE_OPTIONS=--max-old-space-size=4000")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	var report struct {
		Problems []struct{ RuleID, Severity string }
	}
	if wrong := json.Unmarshal(out, &report); wrong != nil {
		t.Fatalf("redocly lint %s: %v, %v: %.500s%.500s", filepath.Base(file), err, wrong, &errs, out)
	}
	counts := make(map[string]int)
	for _, p := range report.Problems {
		if p.Severity == "error" {
			counts[p.RuleID]++
		}
	}
	return counts
}

// generates has oapi-codegen make a client, and the compiler take it.
func generates(ctx context.Context, dir, file string) error {
	code := filepath.Join(dir, "client.go")
	if err := try(ctx, "go", "-C", "../../openapi/tools", "tool", "oapi-codegen", "-generate", "types,client", "-package", "client", "-o", code, file); err != nil {
		return err
	}
	return try(ctx, "go", "vet", code)
}

// onlyThese writes the document with no other operations than these, and returns the
// file's name. It takes no code of ours.
func onlyThese(t *testing.T, dir string, d *declaration, chosen []operation) string {
	t.Helper()
	paths := make(map[string]any)
	all, _ := d.root["paths"].(map[string]any)
	for _, o := range chosen {
		item, _ := all[o.path].(map[string]any)
		kept, _ := paths[o.path].(map[string]any)
		if kept == nil {
			kept = maps.Clone(item)
			for _, m := range methods {
				delete(kept, m)
			}
			paths[o.path] = kept
		}
		if item[o.method] != nil {
			kept[o.method] = item[o.method]
		}
	}
	root := maps.Clone(d.root)
	root["paths"] = paths
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "these.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// chooseQueued returns an even choice of the operations that a view queues.
func chooseQueued(t *testing.T, view string, most int) []operation {
	t.Helper()
	all := slices.DeleteFunc(viewOf(t, view).operations(), func(o operation) bool {
		return o.node["x-background-result"] == nil || o.method == "head" || strings.HasPrefix(o.path, "/never/") || strings.ContainsAny(o.path, "?#*[")
	})
	if len(all) <= most {
		return all
	}
	chosen := make([]operation, most)
	for i := range chosen {
		chosen[i] = all[i*len(all)/most]
	}
	return chosen
}

func viewOf(t *testing.T, file string) *declaration {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := declare(filepath.Base(file), text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// callsQueued calls operations of a background view against a mock of the document
// itself, and wants what the view promises: a 202, a state that finishes, a content
// that the x-background-result describes. It returns how many were called.
func callsQueued(t *testing.T, d document, file string, chosen []operation) (called int) {
	t.Helper()
	view := viewOf(t, file)
	judge := newSchemas(view)
	source, err := openapidoc.New(openapidoc.Config{Source: d.text, Name: d.name, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	server, err := mockserver.New(mockserver.Config{
		Seed: 1, NoERP: true, ExecTime: mockserver.Fixed(time.Nanosecond), Workers: 4, Fallbacks: []mockserver.Fallback{source}, RateLimit: mockserver.RateLimit{Limit: 1 << 30},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for _, o := range chosen {
		if err := callQueued(t.Context(), server.Client(), view, judge, o); err != nil {
			t.Errorf("%s %s in the background: %v", strings.ToUpper(o.method), o.path, err)
			continue
		}
		called++
	}
	return called
}

func callQueued(ctx context.Context, client *http.Client, view *declaration, judge judge, o operation) error {
	accepted, err := send(ctx, client, strings.ToUpper(o.method), "https://erp.mock"+concrete(o.path), http.Header{"Erp-Api-Background": {"None"}})
	if err != nil {
		return err
	}
	if accepted.status != http.StatusAccepted {
		return fmt.Errorf("status %d, want 202: %s", accepted.status, brief(accepted.body))
	}
	responses, _ := o.node["responses"].(map[string]any)
	_, at := view.deref(responses["202"], o.pointer+"/responses/202")
	if err := judge.check(answer{schema: at + "/content/application~1json/schema"}, accepted.value); err != nil {
		return fmt.Errorf("the 202: %w", err)
	}
	id, _ := accepted.value.(map[string]any)["id"].(string)
	var state map[string]any
	for state["finishedUtc"] == nil {
		r, err := send(ctx, client, http.MethodGet, "https://erp.mock/v1/background/"+id, http.Header{})
		if err != nil {
			return err
		}
		if state, _ = r.value.(map[string]any); r.status != http.StatusOK || state == nil {
			return fmt.Errorf("its state: %d %s", r.status, brief(r.body))
		}
	}
	if state["status"] != "Finished" {
		return fmt.Errorf("it ended as %v", state)
	}
	results, _ := o.node["x-background-result"].(map[string]any)
	status := fmt.Sprint(state["statusCode"])
	for _, name := range []string{status, status[:1] + "XX", status[:1] + "xx", "default"} {
		if results[name] == nil {
			continue
		}
		result, at := view.deref(results[name], o.pointer+"/x-background-result/"+name)
		content, _ := result["content"].(map[string]any)
		if len(content) == 0 || state["hasResponseContent"] != true {
			return nil
		}
		r, err := send(ctx, client, http.MethodGet, "https://erp.mock/v1/background/"+id+"/content", http.Header{})
		if err != nil {
			return err
		}
		media, ok := content[r.media].(map[string]any)
		if !ok || !isJSON(r.media) || media["schema"] == nil {
			return nil
		}
		if err := judge.check(answer{schema: at + "/content/" + token(r.media) + "/schema"}, r.value); err != nil && !errors.Is(err, errNoVerdict) && !onlyFormat(err) && !isExampleOf(view, media, r.value) {
			return fmt.Errorf("its content: %w: %s", err, brief(r.body))
		}
		return nil
	}
	return fmt.Errorf("the status %s is none of its results: %v", status, sorted(results))
}

func isExampleOf(d *declaration, media map[string]any, value any) bool {
	return answer{examples: append(d.examples(media), d.schemaExamples(media["schema"])...)}.isExample(value)
}
