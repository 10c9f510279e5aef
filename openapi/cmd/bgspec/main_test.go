package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// call runs the program.
func call(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

const document = `openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /v1/thing/{id}:
    get:
      operationId: getThing
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: erp-api-background, in: header, schema: {type: string}}
      responses: {'200': {description: d, content: {application/json: {schema: {type: string, format: date-time}}}}}
  /v1/other: {get: {operationId: getOther, tags: [x], responses: {'200': {description: d}}}}
`

func TestViewsAreWritten(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "d.yaml")
	if err := os.WriteFile(file, []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, stdin string
		args        []string
		wants       []string // in the output
		lacks       string
		told        string
	}{
		{"background", "", []string{"background", file}, []string{"openapi: 3.0.3\n", "required: true}", "x-background-result:", "/v1/background/{requestId}:"}, "callbacks", "GET /v1/other does not declare the header"},
		{"from standard input, as JSON", document, []string{"background", "-", "--format", "json"}, []string{`"openapi": "3.0.3"`}, "openapi: ", "standard input:11:20: GET /v1/other"},
		{"cut", "", []string{"background", file, "--only", "GET /v1/thing/*"}, []string{"getThing"}, "getOther", ""},
		{"by tag, queued though it does not say so", "", []string{"background", file, "--tag", "x", "--all"}, []string{"getOther", "#/components/parameters/Background"}, "getThing", ""},
		{"callbacks", "", []string{"background", file, "--callbacks", "inline"}, []string{"onGetThingUrlNotification"}, "", ""},
		{"mended", "", []string{"background", file, "--mend", "dates,uuids", "-q"}, []string{"pattern:"}, "format: date-time", ""},
		{"foreground", "", []string{"foreground", file}, []string{"getThing"}, "erp-api-background", ""},
		{"JSON stays JSON", `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"d"}}}}}}`, []string{"foreground", "-"}, []string{"{\n  \"openapi\": \"3.1.0\""}, "", "getA"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := call(tt.stdin, tt.args...)
			if status != 0 || !strings.Contains(stderr, tt.told) || tt.told == "" && strings.Contains(strings.Join(tt.args, " "), "-q") && stderr != "" {
				t.Errorf("status %d, told %q; want 0 and %q", status, stderr, tt.told)
			}
			for _, want := range tt.wants {
				if !strings.Contains(stdout, want) {
					t.Errorf("no %q in\n%s", want, stdout)
				}
			}
			if tt.lacks != "" && strings.Contains(stdout, tt.lacks) {
				t.Errorf("%q is in\n%s", tt.lacks, stdout)
			}
		})
	}

	out := filepath.Join(dir, "out.json")
	if status, stdout, stderr := call("", "background", file, "-o", out); status != 0 || stdout != "" {
		t.Errorf("status %d, output %q, told %q", status, stdout, stderr)
	}
	if data, err := os.ReadFile(out); err != nil || data[0] != '{' {
		t.Errorf("%s: %.20q, %v; want JSON by its name", out, data, err)
	}
}

func TestWhatIsWrongIsTold(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out.yaml")
	split := strings.Replace(document, "{'200': {description: d}}", "{'200': {$ref: 'x.yaml#/y'}}", 1)
	tests := []struct {
		name, stdin string
		args        []string
		status      int
		want        string
	}{
		{"no file", "", []string{"background"}, 2, "got 0 arguments; want bgspec background FILE"},
		{"two files", "", []string{"foreground", "a", "b"}, 2, "got 2 arguments; want bgspec foreground FILE"},
		{"no such command", "", []string{"backgrund"}, 2, `there is no command "backgrund"; want background, foreground or mends`},
		{"no such flag", "", []string{"background", "-", "--ony", "x"}, 2, "unknown flag: --ony"},
		{"format", document, []string{"background", "-", "--format", "xml"}, 2, `--format is "xml"; want json or yaml`},
		{"callbacks", document, []string{"background", "-", "--callbacks", "yes"}, 2, `--callbacks is "yes"; want keep, inline or none`},
		{"mend", document, []string{"background", "-", "--mend", "date"}, 2, `--mend "date": there is none of that name; want one of dates,`},
		{"only", document, []string{"background", "-", "--only", "thing"}, 2, `--only "thing": want a path such as`},
		{"only without a match", document, []string{"background", "-", "--only", "/v1/thing"}, 2, `--only "/v1/thing" selects none of the 2 operations; there are, among others, GET /v1/thing/{id}`},
		{"tag", document, []string{"background", "-", "--tag", "y"}, 2, `--tag "y": no operation has it`},
		{"limit", document, []string{"background", "-", "--max-depth", "-1"}, 2, "Limits.Depth is -1"},
		{"no such file", "", []string{"background", filepath.Join(dir, "none.yaml")}, 1, "none.yaml"},
		{"too large", document, []string{"background", "-", "--max-bytes", "10"}, 1, "standard input: larger than the limit of 10 bytes"},
		{"Swagger", "swagger: '2.0'\n", []string{"background", "-"}, 1, "standard input:1:10: this is Swagger 2.0"},
		{"another file", split, []string{"background", "-", "-o", out}, 1, `reference "x.yaml#/y" leads to another file; allow the folder that holds it for references: --refs DIR`},
		{"too many", "", []string{"mends", "x"}, 2, `"x" is one argument too many`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := call(tt.stdin, tt.args...)
			if status != tt.status || !strings.Contains(stderr, tt.want) || stdout != "" {
				t.Errorf("status %d, output %q, told %q; want %d, no output and %q", status, stdout, stderr, tt.status, tt.want)
			}
		})
	}
	if _, err := os.Stat(out); err == nil {
		t.Errorf("%s was written though the program failed", out)
	}
}

func TestADocumentThatIsInvalidItselfIsViewedAndToldOf(t *testing.T) {
	invalid := strings.Replace(document, "version: '1'", "version: 1", 1)
	status, stdout, stderr := call(invalid, "foreground", "-")
	if status != 0 || stdout == "" || !strings.Contains(stderr, "kin-openapi does not take the document, with or without the view") {
		t.Errorf("status %d, told %q", status, stderr)
	}
	if _, _, stderr := call(invalid, "foreground", "-", "--no-check"); strings.Contains(stderr, "kin-openapi") {
		t.Errorf("checked: %q", stderr)
	}
}

func TestHelpAndMends(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"help", "background"}, {"foreground", "--help"}} {
		if status, stdout, stderr := call("", args...); status != 0 || !strings.Contains(stdout, "Examples:") || stderr != "" {
			t.Errorf("%q: status %d, %q, told %q; want help with examples", args, status, stdout, stderr)
		}
	}
	status, stdout, _ := call("", "mends")
	for _, name := range []string{"dates", "string-integers", "decimals"} {
		if status != 0 || !strings.Contains(stdout, name+"\n    ") {
			t.Errorf("status %d, no %s in\n%s", status, name, stdout)
		}
	}
}
