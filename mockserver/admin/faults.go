package admin

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/mockserver/admin/internal/api"
	"github.com/vismanet-go/background/mockserver/fault"
)

// field names an element of a list in a body.
func field(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

func faultOf(s fault.RuleState) api.FaultState {
	rule, err := s.JSON()
	out := api.FaultState{
		Name: s.Name, Rule: rule, IsPartial: err != nil, Matches: s.Matches, Hits: s.Hits, Companies: make(map[string]api.Count),
	}
	for company, c := range s.Companies {
		out.Companies[company] = api.Count{Matches: c.Matches, Hits: c.Hits}
	}
	return out
}

// ListFaults serves GET /faults.
func (a *Admin) ListFaults(w http.ResponseWriter, _ *http.Request, p api.ListFaultsParams) {
	list := []api.FaultState{}
	for _, s := range a.srv.Faults().List() {
		if p.Company == "" || s.Company == "" || s.Company == p.Company {
			list = append(list, faultOf(s))
		}
	}
	reply(w, http.StatusOK, api.FaultList{Faults: list})
}

// AddFaults serves POST /faults.
func (a *Admin) AddFaults(w http.ResponseWriter, r *http.Request) {
	body, ok := decode[api.FaultRules](w, r, "rules")
	if !ok {
		return
	}
	if len(body.Rules) == 0 || len(body.Rules) > maxLimit {
		wrong(w, "rules", "want 1 to %d", maxLimit)
		return
	}
	list, err := json.Marshal(body.Rules)
	if err != nil {
		panic(err) // it was JSON
	}
	rules, err := fault.Parse(list)
	if err != nil {
		text := strings.ReplaceAll("\n"+err.Error(), "\n[", "\nrules[")[1:]
		place, _, _ := strings.Cut(text, ": ")
		refuse(w, http.StatusBadRequest, api.Problem{Error: text, Field: place, Remedy: "docs/faults.md has all fields"})
		return
	}
	for _, rule := range rules {
		if !a.isCompany(w, rule.Company) {
			return
		}
	}
	added, err := a.srv.Faults().Append(rules...)
	if err != nil { // a name is taken
		text := strings.ReplaceAll(strings.ReplaceAll(err.Error(), "Add[", "rules["), "].Name", "].name")
		place, _, _ := strings.Cut(text, ": ")
		refuse(w, http.StatusConflict, api.Problem{Error: text, Field: place, Remedy: "remove the other rule, or name this one otherwise"})
		return
	}
	reply(w, http.StatusCreated, api.FaultList{Faults: converted(added, func(r fault.Rule) api.FaultState { return faultOf(fault.RuleState{Rule: r}) })})
}

// ClearFaults serves DELETE /faults.
func (a *Admin) ClearFaults(w http.ResponseWriter, _ *http.Request, p api.ClearFaultsParams) {
	reply(w, http.StatusOK, api.Removed{Removed: a.srv.Faults().Clear(p.Company)})
}

// RemoveFault serves DELETE /faults/{name}.
func (a *Admin) RemoveFault(w http.ResponseWriter, _ *http.Request, name string) {
	if !a.srv.Faults().Remove(name) {
		unknown(w, "rule", name, "GET "+base+"/faults lists them")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// ListHits serves GET /hits: the latest of those that fit.
func (a *Admin) ListHits(w http.ResponseWriter, r *http.Request, p api.ListHitsParams) {
	limit, ok := limited(w, r, p.Limit)
	if !ok {
		return
	}
	list := []api.Hit{}
	for _, h := range a.srv.Faults().Hits(p.Company) {
		if p.Rule == "" || h.Rule == p.Rule {
			list = append(list, hitOf(h))
		}
	}
	reply(w, http.StatusOK, api.HitList{Hits: list[max(0, len(list)-limit):]})
}
