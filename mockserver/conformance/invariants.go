package conformance

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// checkWire holds against a client what no scenario allows. What it finds is told
// before what the client said.
func (s *stage) checkWire(asked []step) {
	said := s.take()
	defer func() { s.put(said) }()
	list := s.log.all()
	s.checkCredentials(list)
	s.checkSentOnce(list)
	s.checkHeaders(list, asked)
	s.checkRetryAfter(list)
	s.checkPace(list, asked)
}

// checkCredentials finds credentials that went where they do not belong.
func (s *stage) checkCredentials(list []exchange) {
	for _, x := range list {
		what := x.request.method + " " + x.request.uri
		auth := x.request.header.Get("Authorization")
		switch {
		case x.foreign && (auth != "" || s.holdsSecret(x.request)):
			s.broke(ruleCredentials, what+" at another host came with credentials", "no call with credentials anywhere but at %s", s.home.url())
		case !x.foreign && x.point != atHook && s.holdsSecret(request{uri: x.request.uri}):
			s.broke(ruleCredentials, what+" has a token in its address, where logs keep it", "tokens in the header Authorization only")
		}
	}
}

// holdsSecret reports whether a request carries the token or the secret.
func (s *stage) holdsSecret(r request) bool {
	text := r.uri + "\n" + string(r.body)
	for _, values := range r.header {
		text += "\n" + strings.Join(values, "\n")
	}
	return strings.Contains(text, s.token) || strings.Contains(text, s.secret)
}

// changes reports whether a request may change something.
func changes(x exchange) bool {
	return (x.point == atSubmit || x.point == atOther) && x.request.method != http.MethodGet && x.request.method != http.MethodHead && !isWebhookFeedback(x.request.uri)
}

// isWebhookFeedback reports whether a call tells the ERP that a notification came,
// which clients may do.
func isWebhookFeedback(uri string) bool {
	return strings.HasSuffix(strings.ToLower(uri), "/v1/webhooknotificationfeedback")
}

// mayBeTaken reports whether an answer leaves open that the request was accepted, or
// says so.
func (r *reply) mayBeTaken() bool {
	switch {
	case r == nil || r.drop || r.hang:
		return true
	case r.status == http.StatusRequestTimeout || r.status >= 500 || r.status < 400:
		return true
	}
	return false
}

// checkSentOnce finds requests that were sent again after they may have been
// accepted.
func (s *stage) checkSentOnce(list []exchange) {
	type work struct{ method, body string }
	before := make(map[work]exchange)
	for _, x := range list {
		if x.foreign && x.request.method != http.MethodGet {
			s.broke(ruleSentOnce, x.request.method+" came to another host", "no redirect followed with a request that is not a GET")
			continue
		}
		if x.foreign || !changes(x) {
			continue
		}
		// A redirect leads to another path with the same body.
		w := work{x.request.method, string(x.request.body)}
		if first, again := before[w]; again && (first.request.uri == x.request.uri || first.reply.isRedirect()) {
			s.broke(ruleSentOnce,
				fmt.Sprintf("%s %s was sent again %v after it was answered: %v", x.request.method, x.request.uri, x.at.Sub(first.answered).Round(time.Millisecond), first.reply),
				"one %s, because it may have been accepted", x.request.method)
		}
		if x.reply.mayBeTaken() {
			before[w] = x
		}
	}
}

func (r *reply) isRedirect() bool { return r != nil && r.status/100 == 3 }

// checkHeaders finds submits that were not sent as they were given.
func (s *stage) checkHeaders(list []exchange, asked []step) {
	for _, st := range asked {
		uri := s.base + st.Path
		for _, x := range list {
			if x.foreign || x.request.method != st.Method || x.request.uri != uri || x.point != atSubmit && x.point != atOther {
				continue
			}
			s.checkSubmit(x.request, st)
		}
	}
	for _, x := range list {
		if !x.foreign && x.point == atOther && changes(x) {
			s.broke(ruleHeader, x.request.method+" "+x.request.uri+" came without "+wire.BackgroundHeader+", so that it ran in the foreground", "the header on every request that is submitted")
		}
	}
}

// checkSubmit compares a request with what was asked for.
func (s *stage) checkSubmit(got request, asked step) {
	what := got.method + " " + got.uri
	b, err := wire.ReadBackground(got.header.Get(wire.BackgroundHeader))
	if err != nil || string(b.Mode) != asked.Notify {
		s.broke(ruleHeader, fmt.Sprintf("%s came with %s %q", what, wire.BackgroundHeader, got.header.Get(wire.BackgroundHeader)), "notify is %s", asked.Notify)
	}
	if string(got.body) != asked.Body {
		s.broke(ruleHeader, what+" came with the body "+shown(got.body), "the body of the step as it is: %s", shown([]byte(asked.Body)))
	}
	if kind := got.header.Get("Content-Type"); asked.Body != "" && !strings.EqualFold(strings.ReplaceAll(kind, " ", ""), strings.ReplaceAll(asked.ContentType, " ", "")) {
		s.broke(ruleHeader, what+" came with the content type "+kind, "%s", asked.ContentType)
	}
}

// early is how much sooner than it was told to a call may come: clocks are read in
// milliseconds.
const early = 20 * time.Millisecond

// checkRetryAfter finds calls that came sooner than an answer had asked for.
func (s *stage) checkRetryAfter(list []exchange) {
	for i, x := range list {
		if x.reply == nil || x.reply.wait == 0 {
			continue
		}
		for _, next := range list[i+1:] {
			concerned := !next.foreign && next.point != atToken && next.point != atHook && !next.at.Before(x.answered) &&
				(x.reply.asks == everyCall || next.op == x.op && next.point == atState)
			if !concerned {
				continue
			}
			if waited := next.at.Sub(x.answered); waited < x.reply.wait-early {
				s.broke(ruleRetryAfter, fmt.Sprintf("%s %s came %v after an answer %d with Retry-After: %s", next.request.method, next.request.uri,
					waited.Round(time.Millisecond), x.reply.status, x.reply.header.Get("Retry-After")), "no call before %v", x.reply.wait.Round(time.Millisecond))
			}
			break
		}
	}
}

// checkPace finds polls that came faster than they were told to: on the average, so
// that what a busy machine delays is nobody's fault.
func (s *stage) checkPace(list []exchange, asked []step) {
	// Polls at once: at the start, at a new await, and at each notification.
	spare := 4 + len(asked) + len(s.log.at(atHook)) + s.notified()
	polls := make(map[string][]exchange)
	for _, x := range list {
		if x.point == atState && !x.foreign {
			polls[x.op] = append(polls[x.op], x)
		}
	}
	for _, op := range polls {
		took := op[len(op)-1].at.Sub(op[0].at)
		if most := spare + int(2*took/s.poll); len(op) > most {
			s.broke(rulePace, fmt.Sprintf("%d polls of an operation in %v", len(op), took.Round(time.Millisecond)), "a poll each %v (BACKGROUND_POLL_MS), %d at most", s.poll, most)
		}
	}
}
