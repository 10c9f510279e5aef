package conformance

import "strings"

// acceptedScenarios are about the forms of a 202.
func acceptedScenarios() []Scenario {
	form := func(f func(c *call, r *reply)) []alter { return []alter{at(atSubmit, changed(f))} }
	body := func(f func(id, location string) string) []alter {
		return form(func(c *call, r *reply) {
			r.body = []byte(f(c.op, c.home.url()+c.base+"/v1/background/"+c.op))
			r.header.Del("Location")
		})
	}
	list := []Scenario{
		{
			ID: "accepted-by-location", About: "The 202 has no body, only Location.",
			alters: form(func(_ *call, r *reply) { r.body = nil; r.header.Del("Content-Type") }),
		},
		{
			ID: "accepted-by-body", About: "The 202 has no Location.",
			alters: form(func(_ *call, r *reply) { r.header.Del("Location") }),
		},
		{
			ID: "accepted-by-job-id", About: "The 202 calls the id jobId, as the vendor's pages do, and has no Location.",
			alters: body(func(id, location string) string { return `{"jobId":"` + id + `","stateLocation":"` + location + `"}` }),
		},
		{
			ID: "accepted-by-id-only", About: "The 202 has an id and no address.",
			alters: body(func(id, _ string) string { return `{"id":"` + id + `"}` }),
		},
		{
			ID: "accepted-by-state-location-only", About: "The 202 has an address in its body and no id.",
			alters: body(func(_, location string) string { return `{"stateLocation":"` + location + `"}` }),
		},
		{
			ID: "accepted-in-pascal-case", About: "The names in the 202 begin with capitals.",
			alters: body(func(id, location string) string { return `{"Id":"` + id + `","StateLocation":"` + location + `"}` }),
		},
		{
			ID: "accepted-with-mark", About: "The 202 begins with a byte order mark and says that it is text/plain.",
			alters: form(func(_ *call, r *reply) {
				r.body = append([]byte(mark), r.body...)
				r.header.Set("Content-Type", "text/plain")
				r.header.Del("Location")
			}),
		},
		{
			ID: "accepted-in-capitals", About: "The id in the 202 is written in capitals.",
			alters: body(func(id, location string) string {
				return `{"id":"` + strings.ToUpper(id) + `","stateLocation":"` + location + `"}`
			}),
		},
		{
			ID: "accepted-as-200", About: "The answer that names the operation has the status 200.",
			alters: form(func(_ *call, r *reply) { r.status = 200 }),
		},
	}
	for i := range list {
		list[i].Rule = ruleAccepted
	}
	return list
}
