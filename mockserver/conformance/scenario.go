package conformance

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// A Scenario is one trouble, and what a candidate has to do about it.
type Scenario struct {
	ID    string   `json:"id"`
	About string   `json:"about"`
	Rule  string   `json:"rule"`
	Role  Role     `json:"role"`
	Needs []string `json:"needs"` // words of a descriptor's can

	time   timing
	set    func(*settings) // changes the stage; nil: nothing
	alters []alter         // how the ERP answers
	submit step            // default: createInvoice
	want   want            // default: the truth
	play   func(*play)     // default: submit, await
}

// A timing says on which clock a scenario is played.
type timing int

const (
	anyTime  timing = iota // on the candidate's own if it has one
	realTime               // in real time always, as it has webhooks or timeouts
	longTime               // on the candidate's own; without one it cannot be played
)

// needs are the words that a candidate needs for a scenario.
func (s Scenario) needs() []string {
	needs := slices.Clone(s.Needs)
	if s.time == longTime {
		needs = append(needs, canClock)
	}
	if needs == nil {
		needs = []string{}
	}
	return needs
}

// Scenarios lists all of them, those of clients first.
func Scenarios() []Scenario { return slices.Clone(scenarios()) }

var scenarios = sync.OnceValue(func() (list []Scenario) {
	for _, of := range [][]Scenario{
		submitScenarios(), acceptedScenarios(), foreignScenarios(), pollScenarios(), stateScenarios(), contentScenarios(),
		notifyScenarios(), longScenarios(), keyScenarios(), tokenScenarios(),
	} {
		for _, s := range of {
			s.Role = Client
			s.Needs = s.needs()
			list = append(list, s)
		}
	}
	for _, s := range receiverScenarios() {
		s.Role = Receiver
		s.Needs = s.needs()
		list = append(list, s)
	}
	return list
})

// settings are those of a scenario's stage.
func (s Scenario) settings(virtual bool) settings {
	set := settings{
		poll: 100 * time.Millisecond, callTimeout: 30 * time.Second, uncertain: 500 * time.Millisecond, patience: time.Minute, awaits: time.Minute, mostCalls: 20_000,
		alters: s.alters, keys: []string{"c2lnbi1rZXktb2YtdG9kYXk", "c2lnbi1rZXktb2YteWVzdGVyZGF5"},
		config: mockserver.Config{ExecTime: mockserver.Fixed(20 * time.Millisecond)},
	}
	if virtual {
		set.poll, set.awaits = 5*time.Second, time.Hour
		set.config.ExecTime = mockserver.Fixed(12 * time.Second)
	}
	if s.set != nil {
		s.set(&set)
	}
	return set
}

// Requests that scenarios submit.
var (
	createInvoice = step{
		Method: http.MethodPost, Path: "/v2/customerinvoice", ContentType: "application/json", Notify: "none",
		Body: `{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},"invoiceText":{"value":"Blåbær på torget"},` +
			`"invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2}}]}`,
	}
	listInvoices  = step{Method: http.MethodGet, Path: "/v1/customerinvoice?pageNumber=1&pageSize=3", Notify: "none"}
	changeInvoice = step{Method: http.MethodPut, Path: "/v1/customerinvoice/003547", ContentType: "application/json", Body: `{"note":{"value":"ring før levering"}}`, Notify: "none"}
	wrongChange   = step{Method: http.MethodPut, Path: "/v1/customerinvoice/003547", ContentType: "application/json", Body: `{"customerNumber":{"value":"nobody"}}`, Notify: "none"}
)

// get is a GET of one of the endpoints that are there for content.
func get(path string) step { return step{Method: http.MethodGet, Path: path, Notify: "none"} }

// by is a request with a notification.
func (s step) by(notify string) step {
	s.Notify = notify
	return s
}
