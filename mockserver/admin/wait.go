package admin

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/admin/internal/api"
	"github.com/vismanet-go/background/mockserver/internal/match"
	"github.com/vismanet-go/background/mockserver/internal/wanted"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/operation"
)

const (
	shownFound = 100                    // of what was found
	shownNear  = 3                      // of what came closest
	lookAgain  = 250 * time.Millisecond // at what has no entry in the journal, such as the end of a retention
	notSooner  = 5 * time.Millisecond   // and not sooner than four times what a look takes
)

// A look is one reading of what is there, held against what is wanted.
type look struct {
	kind  string
	all   []match.Candidate
	found []match.Candidate // that fit
}

func lookAt(kind string, all []match.Candidate) look {
	l := look{kind: kind, all: all}
	for i := range all {
		if all[i].Fits() {
			l.found = append(l.found, all[i])
		}
	}
	return l
}

// requests looks for requests.
func (a *Admin) requests(m *api.RequestMatcher) look {
	return lookAt("request", wanted.Requests(a.srv, match.Request{
		Company: m.Company, Method: m.Method, Path: m.Path, Query: m.Query, Header: m.Headers, Background: m.Background, Body: m.Body, StatusCode: m.StatusCode,
	}))
}

// operations looks for operations.
func (a *Admin) operations(m *api.OperationMatcher) look {
	return lookAt("operation", wanted.Operations(a.srv, wanted.Operation{
		ID: m.ID, Company: m.Company, Method: m.Method, Path: m.Path, State: operation.State(m.State), StatusCode: m.StatusCode,
	}))
}

// deliveries looks for notifications.
func (a *Admin) deliveries(m *api.DeliveryMatcher) look {
	return lookAt("notification", wanted.Deliveries(a.srv, wanted.Delivery{
		OperationID: m.OperationID, Company: m.Company, Method: m.Method, Path: m.Path, Mode: m.Mode, URL: m.URL,
		State: operation.DeliveryState(m.State), Attempts: m.Attempts, Header: m.Headers, Body: m.Body,
	}))
}

// entries looks for entries of the journal; all of them fit.
func (a *Admin) entries(m *api.JournalMatcher) look {
	f := entryFilter{journal.Filter{Company: m.Company, Kind: journal.Kind(m.Kind), OperationID: strings.ToLower(m.OperationID)}, m.Path, strings.ToLower(m.Text)}
	list, _, _ := a.search(f, m.After, 1<<30)
	return lookAt("entry", converted(list, func(e journal.Entry) match.Candidate { return match.Candidate{Company: e.Company, Value: e} }))
}

// nearest are those that came closest and do not fit.
func (l look) nearest() []api.NearMiss {
	var misses []match.Candidate
	for _, c := range l.all {
		if !c.Fits() {
			misses = append(misses, c)
		}
	}
	slices.SortStableFunc(misses, func(x, y match.Candidate) int {
		return cmp.Or(cmp.Compare(x.Misses.Distance(), y.Misses.Distance()), cmp.Compare(len(x.Misses), len(y.Misses)))
	})
	return converted(misses[:min(shownNear, len(misses))], func(c match.Candidate) api.NearMiss {
		return api.NearMiss{
			Title:  match.Shortened(c.Title),
			Misses: converted(c.Misses[:min(match.Most, len(c.Misses))], func(m match.Miss) string { return m.Text }),
		}
	})
}

// shown is what was found.
func (l look) shown() api.Found {
	out := api.Found{Count: len(l.found)}
	for _, c := range l.found[:min(shownFound, len(l.found))] {
		switch v := c.Value.(type) {
		case journal.Request:
			out.Requests = append(out.Requests, requestOf(v))
		case operation.Operation:
			out.Operations = append(out.Operations, operationOf(v))
		case operation.Delivery:
			out.Deliveries = append(out.Deliveries, deliveryOf(v))
		case journal.Entry:
			out.Entries = append(out.Entries, entryOf(v))
		}
	}
	return out
}

// isSound reports whether a matcher may be looked for; if not, the request is
// refused.
func isSound(w http.ResponseWriter, place string, op *api.OperationMatcher, d *api.DeliveryMatcher) bool {
	switch {
	case op != nil && op.State != "" && !op.State.Valid():
		wrong(w, place+"operation.state", "%s: want Queued, Running, Finished, Failed or Expired", shortened(string(op.State)))
	case d != nil && d.State != "" && !d.State.Valid():
		wrong(w, place+"delivery.state", "%s: want Waiting, Held, Delivered, Dead or Dropped", shortened(string(d.State)))
	default:
		return true
	}
	return false
}

// AwaitCondition serves POST /wait.
func (a *Admin) AwaitCondition(w http.ResponseWriter, r *http.Request) {
	body, ok := decode[api.Wait](w, r)
	if !ok || !isSound(w, "", body.Operation, body.Delivery) {
		return
	}
	var looks []func() look
	if m := body.Request; m != nil {
		looks = append(looks, func() look { return a.requests(m) })
	}
	if m := body.Operation; m != nil {
		looks = append(looks, func() look { return a.operations(m) })
	}
	if m := body.Delivery; m != nil {
		looks = append(looks, func() look { return a.deliveries(m) })
	}
	if m := body.Journal; m != nil {
		if !isKind(w, m.Kind) {
			return
		}
		looks = append(looks, func() look { return a.entries(m) })
	}
	switch {
	case len(looks) != 1:
		wrong(w, "body", "want one of request, operation, delivery and journal, got %d", len(looks))
		return
	case body.Count < 0:
		wrong(w, "count", "must not be negative")
		return
	}
	ctx, cancel, ok := a.within(w, r, body.TimeoutMs, 10*time.Second)
	if !ok {
		return
	}
	defer cancel()
	a.waits.Add(1)
	defer a.waits.Add(-1)
	count := max(1, body.Count)
	last := a.await(ctx, looks[0], count)
	if len(last.found) >= count {
		reply(w, http.StatusOK, last.shown())
		return
	}
	if a.isClosed() {
		a.failed(w, nil, "")
		return
	}
	reply(w, http.StatusRequestTimeout, api.Unmet{
		Error: last.unmet(fmt.Sprintf("want %d", count)), Remedy: a.remedy(body.Delivery), Count: len(last.found), Nearest: last.nearest(),
	})
}

// remedy is what to do about a wait that ended in vain. Of notifications the most
// frequent reason is that nobody said where they go.
func (a *Admin) remedy(m *api.DeliveryMatcher) string {
	if m != nil {
		for _, op := range a.srv.Operations() {
			if (m.Company == "" || op.Company == m.Company) && strings.HasPrefix(strings.ToLower(op.Header), "subscription") && a.srv.Subscription(op.Company).URL == "" {
				return fmt.Sprintf("company %q has no subscription, so %s %s notifies nobody: set one by PUT %s/subscription, or erpmock's --subscription-url", op.Company, op.Method, op.Path, base)
			}
		}
	}
	return "see what came closest, or wait longer (timeoutMs)"
}

// await looks until there are so many, or ctx ends, and returns the last look.
func (a *Admin) await(ctx context.Context, at func() look, count int) look {
	for {
		changed, begun := a.srv.Journal().Changed(), time.Now()
		l := at()
		if len(l.found) >= count || ctx.Err() != nil {
			return l
		}
		pause := max(notSooner, 4*time.Since(begun))
		select {
		case <-changed:
		case <-time.After(lookAgain):
		case <-ctx.Done():
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// unmet says in words what is missing.
func (l look) unmet(want string) string {
	text := fmt.Sprintf("%s fit, %s", match.Plural(len(l.found), l.kind), want)
	var misses []match.Candidate
	for _, c := range l.all {
		if !c.Fits() {
			misses = append(misses, c)
		}
	}
	return text + "\n" + match.Explain(l.kind, misses, 0)
}

// Verify serves POST /verify.
func (a *Admin) Verify(w http.ResponseWriter, r *http.Request) {
	body, ok := decode[api.Verification](w, r, "expectations")
	if !ok {
		return
	}
	if len(body.Expectations) == 0 || len(body.Expectations) > maxLimit {
		wrong(w, "expectations", "want 1 to %d", maxLimit)
		return
	}
	out := api.Verdict{Ok: true}
	for i, e := range body.Expectations {
		place := field("expectations", i)
		least, most, problem := bounds(e)
		if problem != "" {
			wrong(w, place, "%s", problem)
			return
		}
		if !isSound(w, place+".", e.Operation, e.Delivery) {
			return
		}
		var looks []look
		if e.Request != nil {
			looks = append(looks, a.requests(e.Request))
		}
		if e.Operation != nil {
			looks = append(looks, a.operations(e.Operation))
		}
		if e.Delivery != nil {
			looks = append(looks, a.deliveries(e.Delivery))
		}
		if len(looks) != 1 {
			wrong(w, place, "want one of request, operation and delivery, got %d", len(looks))
			return
		}
		result := verdict(looks[0], least, most)
		if !result.Ok {
			out.Ok = false
			out.Error += place + ": " + result.Message + "\n"
		}
		out.Results = append(out.Results, result)
	}
	out.Error = strings.TrimSuffix(out.Error, "\n")
	status := http.StatusOK
	if !out.Ok {
		status = http.StatusConflict
	}
	reply(w, status, out)
}

// bounds are how many an expectation wants; most is negative if there is no
// bound. Problem says what is wrong with it.
func bounds(e api.Expectation) (least, most int, problem string) {
	least, most = 1, -1
	if e.Times != nil {
		if e.AtLeast != nil || e.AtMost != nil {
			return 0, 0, "want times, or atLeast and atMost"
		}
		least, most = *e.Times, *e.Times
	}
	if e.AtMost != nil {
		least, most = 0, *e.AtMost
	}
	if e.AtLeast != nil {
		least = *e.AtLeast
	}
	if least < 0 || most < -1 || most >= 0 && most < least || e.Times != nil && most < 0 || e.AtMost != nil && most < 0 {
		return 0, 0, "the numbers contradict each other, or are negative"
	}
	return least, most, ""
}

// verdict judges a look.
func verdict(l look, least, most int) api.ExpectationResult {
	n := len(l.found)
	want := fmt.Sprintf("want %d", least)
	switch {
	case most < 0:
		want = fmt.Sprintf("want at least %d", least)
	case least == 0 && most > 0:
		want = fmt.Sprintf("want at most %d", most)
	case most > least:
		want = fmt.Sprintf("want %d to %d", least, most)
	}
	switch {
	case n < least:
		return api.ExpectationResult{Count: n, Message: l.unmet(want), Nearest: l.nearest()}
	case most >= 0 && n > most:
		var lines []string
		for _, c := range l.found[:min(match.Most, n)] {
			lines = append(lines, "\n\t"+match.Shortened(c.Title))
		}
		return api.ExpectationResult{Count: n, Message: fmt.Sprintf("%s fit, %s:%s", match.Plural(n, l.kind), want, strings.Join(lines, ""))}
	}
	return api.ExpectationResult{Ok: true, Count: n}
}
