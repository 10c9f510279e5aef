package admin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin/internal/api"
	"github.com/vismanet-go/background/mockserver/internal/check"
	"github.com/vismanet-go/background/mockserver/internal/match"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/operation"
)

// fitsCall reports whether a method and path are those that are wanted, which may
// be empty.
func fitsCall(method, path, wantedMethod, pattern string) bool {
	return (wantedMethod == "" || strings.EqualFold(method, wantedMethod)) && (pattern == "" || match.FitsPath(pattern, match.PlainPath(path)))
}

// ListOperations serves GET /operations.
func (a *Admin) ListOperations(w http.ResponseWriter, r *http.Request, p api.ListOperationsParams) {
	limit, ok := limited(w, r, p.Limit)
	if !ok {
		return
	}
	if p.State != "" && !p.State.Valid() {
		wrong(w, "state", "%s: want Queued, Running, Finished, Failed or Expired", shortened(string(p.State)))
		return
	}
	list, next, ok := page(w, a.srv.Operations(), func(op *operation.Operation) string { return op.ID }, p.Cursor, limit, func(op *operation.Operation) bool {
		return (p.Company == "" || op.Company == p.Company) && (p.State == "" || string(op.State) == string(p.State)) &&
			(p.Status == 0 || op.StatusCode == p.Status) && !op.Received.Before(p.Since) && fitsCall(op.Method, op.Path, p.Method, p.Path)
	})
	if ok {
		reply(w, http.StatusOK, api.OperationPage{Operations: converted(list, operationOf), Next: next})
	}
}

// operation is one by its id; if there is none, the request is refused.
func (a *Admin) operation(w http.ResponseWriter, id string) (operation.Operation, bool) {
	op, ok := a.srv.Operation(id)
	if !ok {
		unknown(w, "operation", id, "GET "+base+"/operations lists them")
	}
	return op, ok
}

// GetOperation serves GET /operations/{operationId}.
func (a *Admin) GetOperation(w http.ResponseWriter, _ *http.Request, id string) {
	op, ok := a.operation(w, id)
	if !ok {
		return
	}
	detail := api.OperationDetail{
		Operation: operationOf(op), Timeline: converted(a.srv.Journal().Select(journal.Filter{OperationID: op.ID}).Entries(), entryOf),
	}
	if d := a.srv.Deliveries(operation.DeliveryFilter{OperationID: op.ID}); len(d) > 0 {
		detail.Delivery = new(deliveryOf(d[0]))
	}
	reply(w, http.StatusOK, detail)
}

// GetAnswer serves GET /operations/{operationId}/answer.
func (a *Admin) GetAnswer(w http.ResponseWriter, _ *http.Request, id string) {
	op, ok := a.operation(w, id)
	if !ok {
		return
	}
	got, ok := a.srv.Answer(op.ID)
	if !ok {
		refuse(w, http.StatusConflict, api.Problem{Error: "there is no answer: the operation is " + string(op.State), Remedy: "wait for its end; when its retention is over nothing is left"})
		return
	}
	out := api.Answer{StatusCode: got.StatusCode, Headers: got.Header, HasContent: got.Content != nil, ContentType: got.ContentType}
	if out.Headers == nil {
		out.Headers = map[string]string{}
	}
	if text, inBase64 := texts(got.Content); text != nil {
		out.Body = *text
	} else {
		out.BodyBase64 = inBase64
	}
	reply(w, http.StatusOK, out)
}

// ExpireOperation serves POST /operations/{operationId}/expire.
func (a *Admin) ExpireOperation(w http.ResponseWriter, _ *http.Request, id string) {
	op, ok := a.operation(w, id)
	if !ok {
		return
	}
	if !a.srv.Expire(op.ID) && op.State != operation.Expired {
		refuse(w, http.StatusConflict, api.Problem{Error: "the operation has not ended: it is " + string(op.State), Remedy: "wait for its end, or move the clock"})
		return
	}
	if op, ok = a.operation(w, id); ok {
		reply(w, http.StatusOK, operationOf(op))
	}
}

// ListDeliveries serves GET /deliveries.
func (a *Admin) ListDeliveries(w http.ResponseWriter, r *http.Request, p api.ListDeliveriesParams) {
	limit, ok := limited(w, r, p.Limit)
	if !ok {
		return
	}
	if p.State != "" && !p.State.Valid() {
		wrong(w, "state", "%s: want Waiting, Held, Delivered, Dead or Dropped", shortened(string(p.State)))
		return
	}
	list, next, ok := page(w, a.srv.Deliveries(), func(d *operation.Delivery) string { return d.OperationID }, p.Cursor, limit, func(d *operation.Delivery) bool {
		return (p.Company == "" || d.Company == p.Company) && (p.State == "" || string(d.State) == string(p.State)) && fitsCall("", d.Path, "", p.Path)
	})
	if ok {
		reply(w, http.StatusOK, api.DeliveryPage{Deliveries: converted(list, deliveryOf), Next: next})
	}
}

// GetDelivery serves GET /deliveries/{operationId}.
func (a *Admin) GetDelivery(w http.ResponseWriter, _ *http.Request, id string) {
	op, ok := a.operation(w, id)
	if !ok {
		return
	}
	d := a.srv.Deliveries(operation.DeliveryFilter{OperationID: op.ID})
	if len(d) == 0 {
		unknown(w, "notification of operation", id, "its header asked for none, there was no subscription, or it is forgotten")
		return
	}
	reply(w, http.StatusOK, deliveryOf(d[0]))
}

// delivery answers with a delivery after something was done to it.
func (a *Admin) delivery(w http.ResponseWriter, r *http.Request, id string, err error, remedy string) {
	switch {
	case err == nil:
		a.GetDelivery(w, r, id)
	case errors.Is(err, mockserver.ErrUnknownOperation):
		a.operation(w, id)
	case errors.Is(err, mockserver.ErrNoNotification):
		refuse(w, http.StatusNotFound, api.Problem{Error: err.Error(), Remedy: "its header asked for none, there was no subscription, or it is forgotten"})
	default:
		a.failed(w, err, remedy)
	}
}

// HoldDelivery serves POST /deliveries/{operationId}/hold.
func (a *Admin) HoldDelivery(w http.ResponseWriter, r *http.Request, id string) {
	a.delivery(w, r, id, a.srv.Hold(id), "have it held before its last attempt is made")
}

// ReleaseDelivery serves POST /deliveries/{operationId}/release.
func (a *Admin) ReleaseDelivery(w http.ResponseWriter, r *http.Request, id string) {
	a.delivery(w, r, id, a.srv.Release(id), "have it held first, or send it once more")
}

// EditDelivery serves PATCH /deliveries/{operationId}.
func (a *Admin) EditDelivery(w http.ResponseWriter, r *http.Request, id string) {
	change, ok := decode[api.DeliveryEdit](w, r)
	if !ok {
		return
	}
	if change.Body != nil && change.BodyBase64 != nil {
		wrong(w, "bodyBase64", "want it or body")
		return
	}
	e := operation.Edit{Body: change.BodyBase64}
	if change.Body != nil {
		e.Body = []byte(*change.Body)
	}
	for name, value := range change.Headers {
		if !check.IsToken(name) {
			wrong(w, "headers", "%s is no header's name", shortened(name))
			return
		}
		if e.Header == nil {
			e.Header = make(http.Header)
		}
		e.Header[name] = nil
		if value != nil {
			if strings.ContainsAny(*value, "\r\n\x00") {
				wrong(w, "headers", "%s: a value has no line breaks", name)
				return
			}
			e.Header[name] = []string{*value}
		}
	}
	a.delivery(w, r, id, a.srv.Edit(id, e), "have it held first")
}

// Redeliver serves POST /deliveries/{operationId}/redelivery.
func (a *Admin) Redeliver(w http.ResponseWriter, r *http.Request, id string, p api.RedeliverParams) {
	ctx, cancel, ok := a.within(w, r, p.TimeoutMs, defaultTimeout)
	if !ok {
		return
	}
	defer cancel()
	a.delivery(w, r, id, a.srv.Redeliver(ctx, id), "see the attempts of GET "+base+"/deliveries/"+id)
}

// GetBreakpoint serves GET /breakpoint.
func (a *Admin) GetBreakpoint(w http.ResponseWriter, _ *http.Request, p api.GetBreakpointParams) {
	if a.isName(w, p.Company) {
		reply(w, http.StatusOK, api.Breakpoint{Company: p.Company, Held: a.srv.Holding(p.Company)})
	}
}

// SetBreakpoint serves PUT /breakpoint.
func (a *Admin) SetBreakpoint(w http.ResponseWriter, r *http.Request, p api.SetBreakpointParams) {
	change, ok := decode[api.BreakpointChange](w, r, "held")
	if !ok || !a.isCompany(w, p.Company) {
		return
	}
	a.srv.HoldAll(p.Company, change.Held)
	reply(w, http.StatusOK, api.Breakpoint{Company: p.Company, Held: a.srv.Holding(p.Company)})
}
