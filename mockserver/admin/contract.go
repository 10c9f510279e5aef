package admin

import (
	"net/http"

	"github.com/vismanet-go/background/mockserver/admin/internal/api"
)

// GetContract serves GET /contract.
func (a *Admin) GetContract(w http.ResponseWriter, _ *http.Request, p api.GetContractParams) {
	if !a.isName(w, p.Company) {
		return
	}
	out := api.Contract{Operations: []api.ContractOperation{}}
	var all []ContractOperation
	if a.cfg.Contract != nil {
		all = a.cfg.Contract(p.Company)
	}
	for _, o := range all {
		out.Total++
		if o.Calls > 0 {
			out.Called++
		}
		if o.Calls == 0 || !p.Uncalled {
			out.Operations = append(out.Operations, api.ContractOperation{
				Document: o.Document, Method: o.Method, Path: o.Path, OperationID: o.ID, Tags: o.Tags, Calls: o.Calls,
			})
		}
	}
	reply(w, http.StatusOK, out)
}
