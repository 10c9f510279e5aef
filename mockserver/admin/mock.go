package admin

import (
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/admin/internal/api"
)

// GetVersion serves GET /version.
func (*Admin) GetVersion(w http.ResponseWriter, _ *http.Request) {
	v := api.Version{Name: "erpmock", Version: "(devel)", Go: runtime.Version(), API: "1.0.0"}
	if info, ok := debug.ReadBuildInfo(); ok {
		const module = "github.com/vismanet-go/background"
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == module && m.Version != "" {
				v.Version = m.Version
			}
		}
	}
	reply(w, http.StatusOK, v)
}

// GetReady serves GET /ready.
func (a *Admin) GetReady(w http.ResponseWriter, _ *http.Request) {
	if a.isClosed() {
		a.failed(w, nil, "")
		return
	}
	reply(w, http.StatusOK, api.Ready{Ready: true})
}

// GetMetrics serves GET /metrics.
func (a *Admin) GetMetrics(w http.ResponseWriter, _ *http.Request) {
	operations, deliveries, hits := make(map[string]int), make(map[string]int), make(map[string]int)
	for _, op := range a.srv.Operations() {
		operations[string(op.State)]++
	}
	attempts := 0
	for _, d := range a.srv.Deliveries() {
		deliveries[string(d.State)]++
		attempts += len(d.Attempts)
	}
	for _, f := range a.srv.Faults().List() {
		hits[f.Name] = f.Hits
	}
	var m metrics
	m.one("erpmock_companies", "gauge", "Companies that the mock has heard of.", len(a.srv.Companies()))
	m.by("erpmock_operations", "Operations by state.", "state", operations)
	m.by("erpmock_deliveries", "Notifications by state.", "state", deliveries)
	m.one("erpmock_attempts", "gauge", "Attempts to notify, of the notifications that are remembered.", attempts)
	m.by("erpmock_fault_hits", "Events that a rule disturbed.", "rule", hits)
	m.one("erpmock_journal_entries_total", "counter", "Entries ever made in the journal.", int(a.srv.Journal().Last()))
	m.one("erpmock_journal_forgotten", "gauge", "Entries that were forgotten because the journal was full.", a.srv.Journal().Forgotten())
	m.one("erpmock_journal_readers", "gauge", "Readers of the journal's stream.", int(a.streams.Load()))
	m.one("erpmock_journal_dropped_total", "counter", "Entries that readers of the stream missed.", int(a.dropped.Load()))
	m.one("erpmock_waits", "gauge", "Calls that wait for a condition.", int(a.waits.Load()))
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(m.String())) // the client may be gone
}

// metrics are numbers in the text format of Prometheus.
type metrics struct{ strings.Builder }

func (m *metrics) head(name, kind, help string) {
	fmt.Fprintf(m, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (m *metrics) one(name, kind, help string, value int) {
	m.head(name, kind, help)
	fmt.Fprintf(m, "%s %d\n", name, value)
}

func (m *metrics) by(name, help, label string, values map[string]int) {
	m.head(name, "gauge", help)
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	for _, v := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(m, "%s{%s=\"%s\"} %d\n", name, label, escape.Replace(strings.ToValidUTF8(v, "\uFFFD")), values[v])
	}
}
