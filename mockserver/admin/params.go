package admin

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vismanet-go/background/internal/spell"
	"github.com/vismanet-go/background/mockserver/admin/internal/api"
)

// parameters are what the queries of routes may have. A misspelt company must
// not become all companies, so others are refused.
var parameters = map[string]reflect.Type{
	"GET /breakpoint":                           reflect.TypeFor[api.GetBreakpointParams](),
	"PUT /breakpoint":                           reflect.TypeFor[api.SetBreakpointParams](),
	"GET /clock":                                reflect.TypeFor[api.GetClockParams](),
	"POST /clock/advance":                       reflect.TypeFor[api.AdvanceClockParams](),
	"POST /clock/drain":                         reflect.TypeFor[api.DrainClockParams](),
	"POST /clock/freeze":                        reflect.TypeFor[api.FreezeClockParams](),
	"POST /clock/idle":                          reflect.TypeFor[api.AwaitIdleParams](),
	"POST /clock/run":                           reflect.TypeFor[api.RunClockParams](),
	"POST /clock/step":                          reflect.TypeFor[api.StepClockParams](),
	"POST /companies/{company}/reset":           reflect.TypeFor[api.ResetCompanyParams](),
	"GET /contract":                             reflect.TypeFor[api.GetContractParams](),
	"GET /deliveries":                           reflect.TypeFor[api.ListDeliveriesParams](),
	"POST /deliveries/{operationId}/redelivery": reflect.TypeFor[api.RedeliverParams](),
	"GET /endpoints":                            reflect.TypeFor[api.ListEndpointsParams](),
	"GET /faults":                               reflect.TypeFor[api.ListFaultsParams](),
	"DELETE /faults":                            reflect.TypeFor[api.ClearFaultsParams](),
	"GET /hits":                                 reflect.TypeFor[api.ListHitsParams](),
	"GET /journal":                              reflect.TypeFor[api.SearchJournalParams](),
	"GET /journal/export":                       reflect.TypeFor[api.ExportJournalParams](),
	"GET /journal/stream":                       reflect.TypeFor[api.StreamJournalParams](),
	"GET /limits":                               reflect.TypeFor[api.GetLimitsParams](),
	"PUT /limits":                               reflect.TypeFor[api.SetLimitsParams](),
	"GET /operations":                           reflect.TypeFor[api.ListOperationsParams](),
	"GET /profile":                              reflect.TypeFor[api.GetProfileParams](),
	"PUT /profile":                              reflect.TypeFor[api.ReplaceProfileParams](),
	"PATCH /profile":                            reflect.TypeFor[api.ChangeProfileParams](),
	"GET /queue":                                reflect.TypeFor[api.GetQueueParams](),
	"POST /queue/next":                          reflect.TypeFor[api.StartNextParams](),
	"POST /queue/pause":                         reflect.TypeFor[api.PauseQueueParams](),
	"POST /queue/resume":                        reflect.TypeFor[api.ResumeQueueParams](),
	"POST /queue/step":                          reflect.TypeFor[api.StepQueueParams](),
	"POST /reset":                               reflect.TypeFor[api.ResetAllParams](),
	"POST /scenarios/{scenario}/run":            reflect.TypeFor[api.RunScenarioParams](),
	"GET /subscription":                         reflect.TypeFor[api.GetSubscriptionParams](),
	"PUT /subscription":                         reflect.TypeFor[api.SetSubscriptionParams](),
}

// unknownParameter finds what the query of a request has and its route has not.
func unknownParameter(pattern string, r *http.Request) *api.Problem {
	var known []string
	if t := parameters[strings.Replace(pattern, base, "", 1)]; t != nil {
		for i := range t.NumField() {
			if name, _, _ := strings.Cut(t.Field(i).Tag.Get("form"), ","); name != "" {
				known = append(known, name)
			}
		}
	}
	for name, values := range r.URL.Query() {
		remedy := "leave it out"
		if len(known) > 0 {
			remedy = "use " + strings.Join(known, ", ")
		}
		switch {
		case !slices.Contains(known, name):
			return &api.Problem{Error: "there is no parameter " + shortened(name) + spell.Hint(name, known), Field: shortened(name), Remedy: remedy}
		case len(values) > 1:
			return &api.Problem{Error: name + ": is there twice", Field: name, Remedy: "name it once"}
		case values[0] == "":
			return &api.Problem{Error: name + ": is empty", Field: name, Remedy: "leave it out"}
		case name == "company" && wrongName(values[0]) != "":
			return &api.Problem{Error: wrongName(values[0]), Field: name}
		}
	}
	return nil
}

// Bounds of parameters.
const (
	maxCompany = 100 // letters of its name
	maxLimit   = 1000
	maxTimeout = 10 * 60 * 1000 // milliseconds
)

// isCompany reports whether a company may be named so, and is served; if not, the
// request is refused.
func (a *Admin) isCompany(w http.ResponseWriter, company string) bool {
	switch {
	case !a.isName(w, company):
		return false
	case company != "" && !a.srv.Admits(company):
		refuse(w, http.StatusConflict, api.Problem{
			Error: "the mock serves no further company", Field: "company", Remedy: "use one that it knows, or raise --max-companies (Config.MaxCompanies)",
		})
		return false
	}
	return true
}

// isName reports whether a company may be named so; if not, the request is
// refused.
func (a *Admin) isName(w http.ResponseWriter, company string) bool {
	if why := wrongName(company); why != "" {
		refuse(w, http.StatusBadRequest, api.Problem{Error: why, Field: "company"})
		return false
	}
	return true
}

// wrongName says why a company may not be named so; empty if it may.
func wrongName(company string) string {
	isControl := func(r rune) bool { return r < ' ' || r == 0x7f }
	if utf8.RuneCountInString(company) > maxCompany || strings.ContainsFunc(company, isControl) || strings.Trim(company, " ") != company || !utf8.ValidString(company) {
		return fmt.Sprintf("company: %s: want a name of at most %d letters, without control characters and blanks around it", shortened(company), maxCompany)
	}
	return ""
}

// limited is how many a page may have. False: the request was refused.
func limited(w http.ResponseWriter, r *http.Request, limit int) (int, bool) {
	if limit < 0 || limit > maxLimit || limit == 0 && r.URL.Query().Has("limit") {
		wrong(w, "limit", "%d is not in 1 to %d", limit, maxLimit)
		return 0, false
	}
	return cmp.Or(limit, 100), true
}

// within is the context of a request that waits at most so many milliseconds.
// False: the request was refused.
func (a *Admin) within(w http.ResponseWriter, r *http.Request, ms int, standard time.Duration) (context.Context, context.CancelFunc, bool) {
	if ms < 0 || ms > maxTimeout || ms == 0 && r.URL.Query().Has("timeoutMs") {
		wrong(w, "timeoutMs", "%d is not in 1 to %d", ms, maxTimeout)
		return nil, nil, false
	}
	ctx, cancel := context.WithTimeout(r.Context(), cmp.Or(time.Duration(ms)*time.Millisecond, standard))
	go func() { // ends with the request
		select {
		case <-a.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel, true
}

// page cuts a page out of a list: what follows the element with the id cursor,
// at most limit of those that fit. Next is the id to go on from; it is empty at
// the end. False: the cursor is not known, and the request was refused.
func page[T any](w http.ResponseWriter, list []T, id func(*T) string, cursor string, limit int, fits func(*T) bool) (found []T, next string, ok bool) {
	begin := 0
	if cursor != "" {
		begin = 1 + slices.IndexFunc(list, func(v T) bool { return strings.EqualFold(id(&v), cursor) })
		if begin == 0 {
			refuse(w, http.StatusBadRequest, api.Problem{
				Error: "cursor: " + shortened(cursor) + " is not there any more", Field: "cursor", Remedy: "begin anew without it",
			})
			return nil, "", false
		}
	}
	found = make([]T, 0, min(limit, len(list)-begin))
	for i := begin; i < len(list); i++ {
		if !fits(&list[i]) {
			continue
		}
		if len(found) == limit {
			return found, id(&found[limit-1]), true
		}
		found = append(found, list[i])
	}
	return found, "", true
}
