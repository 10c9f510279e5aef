package admin

import (
	"net/http"
	"slices"

	"github.com/vismanet-go/background/mockserver/admin/internal/api"
)

// A Scenario is one that can be run.
type Scenario struct {
	Name, About string
}

// A ScenarioReport is what came of a scenario.
type ScenarioReport struct {
	Passed bool
	Text   string // for people, a line for each step and requirement
}

func (a *Admin) scenarios() []Scenario {
	if a.cfg.Scenarios == nil {
		return nil
	}
	return a.cfg.Scenarios()
}

// ListScenarios serves GET /scenarios.
func (a *Admin) ListScenarios(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, api.ScenarioList{Scenarios: converted(a.scenarios(), func(s Scenario) api.Scenario { return api.Scenario{Name: s.Name, About: s.About} })})
}

// RunScenario serves POST /scenarios/{scenario}/run.
func (a *Admin) RunScenario(w http.ResponseWriter, r *http.Request, name string, p api.RunScenarioParams) {
	if !slices.ContainsFunc(a.scenarios(), func(s Scenario) bool { return s.Name == name }) {
		unknown(w, "scenario", name, "GET "+base+"/scenarios lists them")
		return
	}
	ctx, cancel, ok := a.within(w, r, p.TimeoutMs, defaultTimeout)
	if !ok {
		return
	}
	defer cancel()
	report, err := a.cfg.RunScenario(ctx, name)
	if err != nil {
		a.failed(w, err, "give it more time by timeoutMs if it is that which was used up")
		return
	}
	reply(w, http.StatusOK, api.ScenarioReport{Passed: report.Passed, Text: report.Text})
}
