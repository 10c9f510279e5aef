package vtime

import (
	"maps"
	"time"
)

// Times are those of all companies at one moment. They are not changed.
type Times struct {
	others time.Time // of companies that were not heard of yet
	known  map[string]time.Time
}

// Times are the present ones.
func (a *Clocks) Times() *Times {
	fresh := &Clock{all: a}
	fresh.wind(a.origin)
	t := &Times{others: fresh.now(), known: make(map[string]time.Time)}
	for _, company := range a.known() {
		t.known[company] = a.Now(company)
	}
	return t
}

// Of is the time of a company.
func (t *Times) Of(company string) time.Time {
	if at, ok := t.known[company]; ok {
		return at
	}
	return t.others
}

// With is t with another time for a company.
func (t *Times) With(company string, at time.Time) *Times {
	known := maps.Clone(t.known)
	known[company] = at
	return &Times{t.others, known}
}
