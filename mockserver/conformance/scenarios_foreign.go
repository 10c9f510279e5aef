package conformance

import (
	"fmt"
	"net/http"
	"strings"
)

// foreignScenarios are about addresses of another host, at which an answer waits
// that is wrong.
func foreignScenarios() []Scenario {
	toForeign := func(_ *call, r *reply, from, to string) {
		r.body = []byte(strings.ReplaceAll(string(r.body), from, to))
		if l := r.header.Get("Location"); l != "" {
			r.header.Set("Location", strings.ReplaceAll(l, from, to))
		}
	}
	moved := changed(func(c *call, r *reply) { toForeign(c, r, c.home.url(), c.foreign.url()) })
	redirect := func(to func(c *call) string) alter {
		return func(c *call) *reply {
			r := text(http.StatusFound, "", "")
			r.header.Set("Location", to(c)+c.req.URL.RequestURI())
			return r
		}
	}
	foreign := redirect(func(c *call) string { return c.foreign.url() })
	list := []Scenario{
		{
			ID: "foreign-state-location", About: "The addresses in the 202 lead to another host.",
			alters: []alter{at(atSubmit, moved)},
		},
		{
			ID: "foreign-content-location", About: "The address of the content in the state leads to another host.",
			alters: []alter{at(atState, moved)},
		},
		{
			ID: "foreign-redirect-of-state", About: "Two polls are redirected to another host.",
			alters: []alter{times(2, atState, foreign)},
		},
		{
			ID: "foreign-redirect-of-content", About: "Two fetches of the content are redirected to another host.",
			alters: []alter{times(2, atContent, foreign)},
		},
		{
			ID: "foreign-redirect-of-submit", About: "A GET that is submitted is redirected to another host.",
			alters: []alter{at(atSubmit, foreign)}, want: only(Refused, Uncertain),
		},
		{
			ID: "foreign-redirect-of-post", About: "A POST is redirected to another host with 308.",
			submit: createInvoice, want: only(Refused, Uncertain),
			alters: []alter{at(atSubmit, func(c *call) *reply {
				r := foreign(c)
				r.status = http.StatusPermanentRedirect
				return r
			})},
		},
	}
	for i := range list {
		list[i].Rule = ruleCredentials
		list[i].set = func(s *settings) { s.elsewhere = liar }
		if list[i].submit.Method == "" {
			list[i].submit = listInvoices
		}
	}
	return list
}

// liar answers as an ERP that has other data.
func liar(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", typeJSON)
	switch point, id := pointOf(r); point {
	case atState:
		fmt.Fprintf(w, `{"id":%q,"status":"Finished","statusCode":200,"hasResponseContent":true,"contentLocation":"http://%s/v1/background/%s/content"}`, id, r.Host, id)
	case atContent:
		fmt.Fprint(w, `[{"referenceNumber":"666666"}]`)
	default:
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"id":"66666666-6666-4666-8666-666666666666","stateLocation":"http://%s/v1/background/66666666-6666-4666-8666-666666666666"}`, r.Host)
	}
}
