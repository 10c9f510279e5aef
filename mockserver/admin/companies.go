package admin

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin/internal/api"
	"github.com/vismanet-go/background/mockserver/internal/check"
)

// defaultTimeout is how long calls wait that are told nothing else.
const defaultTimeout = 30 * time.Second

// ListCompanies serves GET /companies.
func (a *Admin) ListCompanies(w http.ResponseWriter, _ *http.Request) {
	counts := make(map[string]int)
	for _, op := range a.srv.Operations() {
		counts[op.Company]++
	}
	reply(w, http.StatusOK, api.CompanyList{Companies: converted(a.srv.Companies(), func(company string) api.CompanyState {
		clock := a.srv.Clock(company)
		return api.CompanyState{
			Company: company, IsDefault: company == a.srv.DefaultCompany(), Now: clock.Now(), Rate: clock.Rate(),
			Paused: a.srv.Queue(company).Paused(), Operations: counts[company],
		}
	})})
}

// ResetAll serves POST /reset.
func (a *Admin) ResetAll(w http.ResponseWriter, r *http.Request, p api.ResetAllParams) {
	a.reset(w, r, "", p.TimeoutMs)
}

// ResetCompany serves POST /companies/{company}/reset.
func (a *Admin) ResetCompany(w http.ResponseWriter, r *http.Request, company string, p api.ResetCompanyParams) {
	if company == "" {
		wrong(w, "company", "is empty")
		return
	}
	if a.isCompany(w, company) {
		a.reset(w, r, company, p.TimeoutMs)
	}
}

func (a *Admin) reset(w http.ResponseWriter, r *http.Request, company string, ms int) {
	ctx, cancel, ok := a.within(w, r, ms, defaultTimeout)
	if !ok {
		return
	}
	defer cancel()
	if err := a.srv.Reset(ctx, company); err != nil {
		a.failed(w, err, "the company is reset all the same; what it names is discarded when it ends")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// SeedCompany serves POST /companies/{company}/seed.
func (a *Admin) SeedCompany(w http.ResponseWriter, r *http.Request, company string) {
	seed, ok := decode[api.Seed](w, r, "requests")
	if !ok || !a.isCompany(w, company) {
		return
	}
	if company == "" || len(seed.Requests) > maxLimit {
		wrong(w, "requests", "want a company, and at most %d requests", maxLimit)
		return
	}
	out := api.Seeded{Answers: []api.SeedAnswer{}}
	status := http.StatusOK
	for i, one := range seed.Requests {
		answer, problem := a.seed(r, company, one)
		if problem != "" {
			wrong(w, field("requests", i), "%s", problem)
			return
		}
		out.Answers = append(out.Answers, answer)
		if answer.Status/100 != 2 {
			status, out.Error, out.Remedy = http.StatusConflict, field("requests", i)+" was refused", "correct it; those before it were carried out"
			break
		}
	}
	reply(w, status, out)
}

// seed makes one call. Problem says why it cannot be made.
func (a *Admin) seed(r *http.Request, company string, one api.SeedRequest) (answer api.SeedAnswer, problem string) {
	body, problem := bodyOf(one.Text, one.JSON)
	method := strings.ToUpper(one.Method)
	if method == "" {
		method = http.MethodPost
	}
	switch {
	case problem != "":
		return answer, problem
	case !check.IsToken(method):
		return answer, "method " + shortened(method) + " is none"
	case !strings.HasPrefix(one.Path, "/") || strings.HasPrefix(one.Path, "//"):
		return answer, "path " + shortened(one.Path) + ": want one below the API root, such as /v2/customerinvoice"
	}
	call, err := http.NewRequestWithContext(r.Context(), method, mockserver.BaseURL+one.Path, strings.NewReader(string(body)))
	if err != nil {
		return answer, "path " + shortened(one.Path) + ": " + err.Error()
	}
	call.RequestURI = call.URL.RequestURI()
	if len(body) > 0 {
		call.Header.Set("Content-Type", "application/json")
	}
	rec := &recorder{header: make(http.Header)}
	a.srv.Backdoor(company).ServeHTTP(rec, call)
	return api.SeedAnswer{Status: rec.status(), Location: rec.header.Get("Location"), Body: rec.body.String()}, ""
}

// bodyOf is a body that is given as text or as JSON.
func bodyOf(text *string, value any) (body []byte, problem string) {
	switch {
	case text != nil && value != nil:
		return nil, "want text or json, not both"
	case text != nil:
		return []byte(*text), ""
	case value == nil:
		return nil, ""
	}
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // it was JSON
	}
	return body, ""
}

// A recorder keeps an answer.
type recorder struct {
	header http.Header
	code   int
	body   strings.Builder
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(code int) {
	if r.code == 0 {
		r.code = code
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

func (r *recorder) status() int {
	if r.code == 0 {
		return http.StatusOK
	}
	return r.code
}
