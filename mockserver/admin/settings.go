package admin

import (
	"bytes"
	"cmp"
	"net/http"
	"reflect"
	"strings"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin/internal/api"
	"github.com/vismanet-go/background/mockserver/profile"
)

// GetLimits serves GET /limits.
func (a *Admin) GetLimits(w http.ResponseWriter, _ *http.Request, p api.GetLimitsParams) {
	if a.isName(w, p.Company) {
		a.showLimits(w, p.Company)
	}
}

func (a *Admin) showLimits(w http.ResponseWriter, company string) {
	l := a.srv.RateLimit(company)
	out := api.Limits{
		Company: company, Limit: l.Limit, Window: l.Window.String(), Policy: l.Policy, Block: l.Block.String(),
		Same: api.SameLimits{
			Calls: l.Same.Calls, Window: l.Same.Window.String(), Failed: l.Same.Failed, FailedWindow: l.Same.FailedWindow.String(), PathOnly: l.Same.PathOnly,
		},
	}
	if company != "" && a.srv.Admits(company) {
		out.Used, out.WindowEnds = a.srv.RateUsed(company)
	}
	reply(w, http.StatusOK, out)
}

// SetLimits serves PUT /limits.
func (a *Admin) SetLimits(w http.ResponseWriter, r *http.Request, p api.SetLimitsParams) {
	body, ok := decode[api.LimitsChange](w, r)
	if !ok || !a.isCompany(w, p.Company) {
		return
	}
	l := mockserver.RateLimit{Limit: body.Limit, Policy: body.Policy, Same: mockserver.SameRequests{
		Calls: body.Same.Calls, Failed: body.Same.Failed, PathOnly: body.Same.PathOnly,
	}}
	if strings.ContainsFunc(l.Policy, func(r rune) bool { return r < ' ' || r > '~' }) {
		wrong(w, "policy", "%s: want what a header can hold", shortened(l.Policy))
		return
	}
	var d durations
	d.read("window", body.Window, &l.Window)
	d.read("block", body.Block, &l.Block)
	d.read("same.window", body.Same.Window, &l.Same.Window)
	d.read("same.failedWindow", body.Same.FailedWindow, &l.Same.FailedWindow)
	if d.refused(w) {
		return
	}
	if err := a.srv.SetRateLimit(p.Company, l); err != nil {
		renamed(w, err, "RateLimit")
		return
	}
	a.showLimits(w, p.Company)
}

// GetProfile serves GET /profile.
func (a *Admin) GetProfile(w http.ResponseWriter, _ *http.Request, p api.GetProfileParams) {
	if a.isName(w, p.Company) {
		a.showProfile(w, p.Company)
	}
}

func (a *Admin) showProfile(w http.ResponseWriter, company string) {
	reply(w, http.StatusOK, api.Profile{Company: company, Switches: converted(a.srv.Profile(company).Switches(), func(s profile.Switch) api.Switch {
		return api.Switch{Name: s.Name, Value: s.Value, Default: s.Default, IsDefault: reflect.DeepEqual(s.Value, s.Default), Doc: s.Doc}
	})})
}

// ReplaceProfile serves PUT /profile.
func (a *Admin) ReplaceProfile(w http.ResponseWriter, r *http.Request, p api.ReplaceProfileParams) {
	body, ok := decode[api.ProfileReplacement](w, r)
	if !ok || !a.isCompany(w, p.Company) {
		return
	}
	changed, err := profile.Named(cmp.Or(body.Base, "current"))
	if err != nil {
		refuse(w, http.StatusBadRequest, api.Problem{Error: err.Error(), Field: "base", Remedy: "use " + strings.Join(profile.Names(), ", ")})
		return
	}
	a.setting.Lock()
	defer a.setting.Unlock()
	a.turn(w, p.Company, changed, body.Switches)
}

// ChangeProfile serves PATCH /profile.
func (a *Admin) ChangeProfile(w http.ResponseWriter, r *http.Request, p api.ChangeProfileParams) {
	body, ok := read(w, r)
	if !ok || !a.isCompany(w, p.Company) {
		return
	}
	if len(bytes.TrimSpace(body)) == 0 {
		wrong(w, "body", "want an object of switches")
		return
	}
	a.setting.Lock()
	defer a.setting.Unlock()
	a.turn(w, p.Company, a.srv.Profile(p.Company), body)
}

// turn turns switches of a profile, which becomes that of a company.
func (a *Admin) turn(w http.ResponseWriter, company string, p profile.Profile, switches []byte) {
	if len(switches) > 0 {
		if err := p.Set(switches); err != nil {
			place, _, _ := strings.Cut(err.Error(), ": ")
			refuse(w, http.StatusBadRequest, api.Problem{Error: err.Error(), Field: place, Remedy: "GET " + base + "/profile lists all switches"})
			return
		}
	}
	if err := a.srv.SetProfile(company, p); err != nil {
		refuse(w, http.StatusBadRequest, api.Problem{Error: err.Error(), Field: "switches"})
		return
	}
	a.showProfile(w, company)
}

// GetSubscription serves GET /subscription.
func (a *Admin) GetSubscription(w http.ResponseWriter, _ *http.Request, p api.GetSubscriptionParams) {
	if a.isName(w, p.Company) {
		a.showSubscription(w, p.Company)
	}
}

func (a *Admin) showSubscription(w http.ResponseWriter, company string) {
	s := a.srv.Subscription(company)
	reply(w, http.StatusOK, api.Subscription{
		Company: company, URL: s.URL, ID: s.ID, TenantID: s.TenantID, ApplicationID: s.ApplicationID, ApplicationVersion: s.ApplicationVersion,
		GroupID: s.GroupID, IsSigned: s.SigningKey != "", Retry: api.Retry{
			Attempts: s.Retry.Attempts, Interval: s.Retry.Interval.String(), MaxInterval: s.Retry.MaxInterval.String(), Timeout: s.Retry.Timeout.String(),
		},
	})
}

// SetSubscription serves PUT /subscription.
func (a *Admin) SetSubscription(w http.ResponseWriter, r *http.Request, p api.SetSubscriptionParams) {
	body, ok := decode[api.SubscriptionChange](w, r)
	if !ok || !a.isCompany(w, p.Company) {
		return
	}
	s := mockserver.Subscription{
		URL: body.URL, ID: body.ID, TenantID: body.TenantID, ApplicationID: body.ApplicationID, ApplicationVersion: body.ApplicationVersion,
		GroupID: body.GroupID, Retry: mockserver.Retry{Attempts: body.Retry.Attempts},
	}
	for name, value := range map[string]string{
		"id": s.ID, "tenantId": s.TenantID, "applicationId": s.ApplicationID, "applicationVersion": s.ApplicationVersion, "groupId": s.GroupID,
	} {
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			wrong(w, name, "%s: want what a header can hold", shortened(value))
			return
		}
	}
	var d durations
	d.read("retry.interval", body.Retry.Interval, &s.Retry.Interval)
	d.read("retry.maxInterval", body.Retry.MaxInterval, &s.Retry.MaxInterval)
	d.read("retry.timeout", body.Retry.Timeout, &s.Retry.Timeout)
	if d.refused(w) {
		return
	}
	a.setting.Lock()
	defer a.setting.Unlock()
	s.SigningKey = a.srv.Subscription(p.Company).SigningKey
	if body.SigningKey != nil {
		s.SigningKey = *body.SigningKey
	}
	if err := a.srv.SetSubscription(p.Company, s); err != nil {
		renamed(w, err, "Subscription")
		return
	}
	a.showSubscription(w, p.Company)
}

func endpointOf(e mockserver.Endpoint) api.Endpoint {
	out := api.Endpoint{ID: e.ID, Company: e.Company, Method: e.Method, Path: e.Path, Status: e.Status, Headers: make(map[string]string), Body: string(e.Body)}
	for name, values := range e.Header {
		out.Headers[name] = strings.Join(values, ", ")
	}
	return out
}

// ListEndpoints serves GET /endpoints.
func (a *Admin) ListEndpoints(w http.ResponseWriter, _ *http.Request, p api.ListEndpointsParams) {
	list := []api.Endpoint{}
	for _, e := range a.srv.Endpoints() {
		if p.Company == "" || e.Company == "" || e.Company == p.Company {
			list = append(list, endpointOf(e))
		}
	}
	reply(w, http.StatusOK, api.EndpointList{Endpoints: list})
}

// AddEndpoint serves POST /endpoints.
func (a *Admin) AddEndpoint(w http.ResponseWriter, r *http.Request) {
	body, ok := decode[api.EndpointChange](w, r, "path")
	if !ok || !a.isCompany(w, body.Company) {
		return
	}
	content, problem := bodyOf(body.Text, body.JSON)
	if problem != "" {
		wrong(w, "json", "%s", problem)
		return
	}
	e := mockserver.Endpoint{Company: body.Company, Method: body.Method, Path: body.Path, Status: body.Status, Body: content}
	for name, value := range body.Headers {
		if strings.ContainsAny(value, "\r\n\x00") {
			wrong(w, "headers", "%s: a value has no line breaks", shortened(name))
			return
		}
		if e.Header == nil {
			e.Header = make(http.Header)
		}
		e.Header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	if len(a.srv.Endpoints()) >= maxLimit {
		refuse(w, http.StatusConflict, api.Problem{Error: "there are 1000 endpoints already", Remedy: "remove some, or reset their company"})
		return
	}
	added, err := a.srv.AddEndpoint(e)
	if err != nil {
		renamed(w, err, "Endpoint")
		return
	}
	reply(w, http.StatusCreated, endpointOf(added))
}

// RemoveEndpoint serves DELETE /endpoints/{endpointId}.
func (a *Admin) RemoveEndpoint(w http.ResponseWriter, _ *http.Request, id string) {
	if !a.srv.RemoveEndpoint(id) {
		unknown(w, "endpoint", id, "GET "+base+"/endpoints lists them")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
