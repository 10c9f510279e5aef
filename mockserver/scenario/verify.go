package scenario

import (
	"fmt"
	"strconv"

	"github.com/vismanet-go/background/mockserver/internal/match"
	"github.com/vismanet-go/background/mockserver/internal/wanted"
)

// Verify holds what has happened so far against what the scenario wants.
func (m *Mock) Verify() []CheckReport {
	reports := make([]CheckReport, len(m.scenario.Verify))
	for i, c := range m.scenario.Verify {
		reports[i] = m.verify(c)
		reports[i].Index = i
	}
	return reports
}

func (m *Mock) verify(c Check) CheckReport {
	var kind, what, unnamed string
	var all []match.Candidate
	switch {
	case c.Request != nil:
		q := *c.Request
		kind, what = "request", match.Describe(q)
		all = wanted.Requests(m.Server, match.Request{
			Company: q.Company, Method: q.Method, Path: q.Path, Query: q.Query, Header: q.Header, Background: q.Background, Body: q.Body, StatusCode: q.StatusCode,
		})
	case c.Operation != nil:
		o := *c.Operation
		kind, what, unnamed = "operation", match.Describe(o), m.unnamed(o.Of)
		all = wanted.Operations(m.Server, wanted.Operation{
			ID: m.ID(o.Of), Company: o.Company, Method: o.Method, Path: o.Path, State: o.State, StatusCode: o.StatusCode,
		})
	case c.Delivery != nil:
		d := *c.Delivery
		kind, what, unnamed = "notification", match.Describe(d), m.unnamed(d.Of)
		all = wanted.Deliveries(m.Server, wanted.Delivery{
			OperationID: m.ID(d.Of), Company: d.Company, Method: d.Method, Path: d.Path, Mode: d.Mode, State: d.State, Attempts: d.Attempts,
			Header: d.Header, Body: d.Body,
		})
	default:
		hits := m.Faults().Count(c.Fault.Rule, c.Fault.Company).Hits
		return c.report("hits of "+match.Describe(*c.Fault), hits, "")
	}
	if unnamed != "" {
		return CheckReport{What: kind + " " + what, Problems: []string{unnamed}}
	}
	found := 0
	for _, candidate := range all {
		if candidate.Fits() {
			found++
		}
	}
	return c.report(kind+" "+what, found, match.Explain(kind, all, 0))
}

func (m *Mock) unnamed(name string) string {
	if name != "" && m.ID(name) == "" {
		return "no operation became " + strconv.Quote(name)
	}
	return ""
}

// report judges how many were found. Closest says what came closest, if too few.
func (c Check) report(what string, found int, closest string) CheckReport {
	r := CheckReport{What: what, Found: found}
	least, most := 1, -1
	if c.AtMost != nil {
		least, most = 0, *c.AtMost
	}
	if c.AtLeast != nil {
		least = *c.AtLeast
	}
	if c.Times != nil {
		least, most = *c.Times, *c.Times
	}
	switch {
	case found < least:
		text := fmt.Sprintf("found %d, want %s", found, bounds(least, most))
		if closest != "" && found == 0 {
			text += "\n" + closest
		}
		r.Problems = []string{text}
	case most >= 0 && found > most:
		r.Problems = []string{fmt.Sprintf("found %d, want %s", found, bounds(least, most))}
	}
	return r
}

func bounds(least, most int) string {
	switch {
	case most < 0:
		return fmt.Sprintf("at least %d", least)
	case least == most:
		return strconv.Itoa(least)
	case least == 0:
		return fmt.Sprintf("at most %d", most)
	}
	return fmt.Sprintf("%d to %d", least, most)
}
