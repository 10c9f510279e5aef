package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/vismanet-go/background/mockserver/scenario"
)

// The root leads to the dashboard, unless there is none; scenarios are run for it.
func TestTheDashboard(t *testing.T) {
	p := start(t)
	defer p.stop(syscall.SIGTERM)
	ask := func(method, path string) (*http.Response, string) {
		req, err := http.NewRequest(method, p.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return get(t, req)
	}
	if resp, body := ask("GET", "/"); resp.Request.URL.Path != "/__mock/" || !strings.Contains(body, "page/main.js") {
		t.Errorf("the root leads to %s: %.80s; want the dashboard", resp.Request.URL, body)
	}
	var list struct {
		Scenarios []struct{ Name, About string }
	}
	_, body := ask("GET", "/__mock/v1/scenarios")
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Scenarios) != len(scenario.Names()) {
		t.Errorf("%d scenarios are listed (%v), want the %d that are built in", len(list.Scenarios), err, len(scenario.Names()))
	}
	var report struct {
		Passed bool
		Text   string
	}
	_, body = ask("POST", "/__mock/v1/scenarios/happy/run")
	if err := json.Unmarshal([]byte(body), &report); err != nil || !report.Passed || !strings.Contains(report.Text, "happy passed") {
		t.Errorf("the scenario happy gave %s (%v), want that it passed", body, err)
	}
}

func TestNoDashboard(t *testing.T) {
	p := start(t, "--no-dashboard")
	defer p.stop(syscall.SIGTERM)
	req, err := http.NewRequest("GET", p.base+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, _ := get(t, req); resp.Request.URL.Path != "/__mock/docs" {
		t.Errorf("the root leads to %s, want the reference", resp.Request.URL)
	}
}
