package vtime

import "time"

// Times are those of all companies at one moment. They are not changed.
type Times struct {
	others time.Time // of companies that have no clock yet
	known  map[string]time.Time
}

// Times are the present ones.
func (a *Clocks) Times() *Times {
	fresh := &Clock{all: a}
	fresh.wind(a.origin)
	t := &Times{others: fresh.now(), known: make(map[string]time.Time)}
	for _, company := range a.Known() {
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
