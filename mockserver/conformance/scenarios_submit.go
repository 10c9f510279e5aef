package conformance

import (
	"net/http"
	"time"
)

// submitScenarios are about answers that do not accept a request, or do not tell.
func submitScenarios() []Scenario {
	first := func(f alter) []alter { return []alter{times(1, atSubmit, f)} }
	every := func(f alter) []alter { return []alter{at(atSubmit, f)} }
	uncertain := only(Uncertain)
	message := func(status int, text string) alter {
		return answers(status, typeJSON, `{"message":"`+text+`"}`)
	}
	return []Scenario{
		{
			ID: "create", About: "A POST is accepted and ends with 201 and without content.", Rule: ruleHeader,
		},
		{
			ID: "change", About: "A PUT is accepted and ends with 204.", Rule: ruleHeader, submit: changeInvoice,
		},
		{
			ID: "delete", About: "A DELETE is accepted and ends with 204.", Rule: ruleHeader,
			submit: step{Method: http.MethodDelete, Path: "/v1/customerinvoice/003547", Notify: "none"},
		},
		{
			ID: "large-request", About: "A POST has a quarter of a megabyte of JSON, with numbers beyond 2^53, which come back as its content.", Rule: ruleHeader,
			submit: step{Method: http.MethodPost, Path: echoPath, ContentType: "application/json", Body: `[` + numbers + `,` + words + `,` + string(rows(2000)) + `]`, Notify: "none"},
		},
		{
			ID: "two-operations", About: "Two requests are submitted, and the second one is awaited first.", Rule: ruleContent,
			play: func(p *play) {
				first, second := get(wordsPath), get(numbersPath)
				first.Key, second.Key = "work-1", "work-2"
				said, after := p.submit(first), p.submit(second)
				p.judge(second, p.end(second, after), want{})
				p.judge(first, p.end(first, said), want{})
			},
		},
		{
			ID: "list", About: "A GET with a query is accepted and ends with 200 and content.", Rule: ruleHeader, submit: listInvoices,
		},
		{
			ID: "old-host", About: "The API's root has a path, as that of the old host.", Rule: ruleHeader,
			submit: listInvoices, set: func(s *settings) { s.base = "/API/controller/api" },
		},
		{
			ID: "escaped-query", About: "The query has escapes, which arrive as they were given.", Rule: ruleHeader,
			submit: get("/v1/customerinvoice?pageNumber=1&pageSize=2&customerRefNumber=bl%C3%A5%20b%26r%2Fx%2By"),
		},
		{
			ID: "lost-answer", About: "The ERP takes a POST, and the connection breaks before it answers.", Rule: ruleUncertain,
			alters: first(taken(drops)), want: uncertain,
		},
		{
			ID: "reset-before-answer", About: "The connection breaks after a POST was sent; the ERP did not take it, which nobody can tell from outside.", Rule: ruleSentOnce,
			alters: first(drops), want: uncertain,
		},
		{
			ID: "lost-answer-on-reused-connection", About: "After a GET on the same connection the answer to a POST is lost, for which many HTTP clients send it again by themselves.", Rule: ruleSentOnce,
			alters: []alter{at(atSubmit, func(c *call) *reply {
				if c.req.Method == http.MethodGet {
					return nil
				}
				return taken(drops)(c)
			})},
			play: func(p *play) {
				warm := listInvoices
				warm.Key = "warm"
				p.plain(warm, want{})
				p.plain(createInvoice, uncertain)
			},
		},
		{
			ID: "server-error", About: "A POST is answered 500 although the ERP took it.", Rule: ruleUncertain,
			alters: first(taken(message(500, "Unexpected error."))), want: uncertain,
		},
		{
			ID: "unavailable", About: "A POST is answered 503 with Retry-After although the ERP took it.", Rule: ruleSentOnce,
			alters: first(taken(retryAfter(time.Second, nobody, message(503, "Try again later.")))), want: uncertain,
		},
		{
			ID: "bad-gateway", About: "A proxy answers a POST with 502 and a page of HTML although the ERP took it.", Rule: ruleSentOnce,
			alters: first(taken(answers(502, typeHTML, proxyPage))), want: uncertain,
		},
		{
			ID: "request-timeout", About: "A POST is answered 408, and the ERP may have taken it.", Rule: ruleUncertain,
			alters: first(taken(answers(408, "", ""))), want: uncertain,
		},
		{
			ID: "no-answer", About: "A POST gets no answer within the timeout of a call.", Rule: ruleUncertain, time: realTime,
			set: func(s *settings) { s.callTimeout = 700 * time.Millisecond }, alters: first(taken(hangs)), want: uncertain,
		},
		{
			ID: "proxy-page", About: "A POST is answered 200 with a page of HTML, as by a proxy that wants somebody to sign in.", Rule: ruleUncertain,
			alters: first(taken(answers(200, typeHTML, proxyPage))), want: uncertain,
		},
		{
			ID: "accepted-cut-off", About: "The 202 to a POST has no Location, and its body breaks off.", Rule: ruleUncertain,
			alters: first(changed(func(_ *call, r *reply) { r.header.Del("Location"); r.cut = 10 })), want: uncertain,
		},
		{
			ID: "accepted-without-id", About: "The 202 to a POST names no operation at all.", Rule: ruleUncertain,
			alters: first(changed(func(_ *call, r *reply) { r.header.Del("Location"); r.body = []byte(`{}`) })), want: uncertain,
		},
		{
			ID: "redirected-post", About: "A POST is answered 307 to another path of the same host.", Rule: ruleSentOnce,
			alters: every(func(c *call) *reply {
				if c.n > 1 {
					return nil
				}
				r := text(http.StatusTemporaryRedirect, "", "")
				r.header.Set("Location", c.home.url()+c.base+"/v1/customerinvoice")
				return r
			}),
			want: only(Refused, Uncertain),
		},
		{
			ID: "refused", About: "A POST is refused with 400 and a message.", Rule: ruleRefused,
			alters: every(message(400, "The company is locked.")), want: only(Refused).with(400),
		},
		{
			ID: "forbidden", About: "A POST is refused with 403 and an empty body.", Rule: ruleRefused,
			alters: every(answers(403, "", "")), want: only(Refused).with(403),
		},
		{
			ID: "no-connection", About: "Nothing listens at the address of the ERP.", Rule: ruleRefused,
			set: func(s *settings) { s.closed = true }, want: only(Refused),
		},
		{
			ID: "limited-submit", About: "A POST is answered 429 with Retry-After, which means that it was not taken: it is sent again after that time, or refused.", Rule: ruleRetryAfter,
			alters: first(retryAfter(0, everyCall, message(429, "Rate limit is exceeded."))), play: waitedOutOrRefused,
		},
		{
			ID: "limited-submit-date", About: "A POST is answered 429 with Retry-After as a date.", Rule: ruleRetryAfter,
			alters: first(retryAfterDate(everyCall, message(429, "Rate limit is exceeded."))), play: waitedOutOrRefused,
		},
		{
			ID: "limited-submit-bare", About: "A POST is answered 429 without Retry-After: it is sent again later, or refused.", Rule: ruleRefused, time: longTime,
			alters: first(message(429, "Rate limit is exceeded.")), play: waitedOutOrRefused,
		},
		{
			ID: "foreground-content", About: "A GET is answered at once, with 200 and content.", Rule: ruleForeground,
			submit: get(wordsPath), alters: every(inForeground),
			play: func(p *play) {
				s := p.keyed()
				a := p.end(s, p.submit(s))
				p.judge(s, a, only(Succeeded).with(200))
				if a.Outcome == Succeeded && !sameContent(a.content, []byte(words), typeJSON) {
					p.stage.broke(ruleForeground, "it has the content "+shown(a.content), "the answer: %s", words)
				}
			},
		},
		{
			ID: "foreground-created", About: "A POST is answered at once, with 201 and without content.", Rule: ruleForeground,
			alters: every(inForeground), want: want{outcomes: []Outcome{Succeeded}, status: 201, noContent: true},
		},
		{
			ID: "foreground-changed", About: "A PUT is answered at once, with 204.", Rule: ruleForeground,
			submit: changeInvoice, alters: every(inForeground), want: want{outcomes: []Outcome{Succeeded}, status: 204, noContent: true},
		},
	}
}

// waitedOutOrRefused holds that a request that was not taken at first ends well, or is
// refused.
func waitedOutOrRefused(p *play) {
	s := p.keyed()
	a := p.end(s, p.submit(s))
	if a.Outcome == Refused {
		p.judge(s, a, only(Refused).with(429))
		return
	}
	p.judge(s, a, want{})
}

// inForeground has the mock answer at once.
func inForeground(c *call) *reply {
	c.req.Header.Del("erp-api-background")
	return c.real()
}
