package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// guid is the n-th id of a receiver's scenarios.
func guid(n int) string { return wire.DerivedGUID(0, "operation", uint64(n)) }

// about is a notification of an operation.
func about(id string) string {
	return fmt.Sprintf(`{"id":%q,"statusCode":201,"stateLocation":"https://api.finance.visma.net/v1/background/%s","contentLocation":null}`, id, id)
}

// receiverScenarios are about what a receiver takes, and keeps.
func receiverScenarios() []Scenario {
	base64Key := func(s *settings) { s.keys = []string{"c2lnbi1rZXktZm9yLXRlc3Rz"} }
	list := []Scenario{
		{ID: "signed", About: "A notification with a valid signature is taken.", Rule: ruleAuthentic, play: func(p *play) {
			p.taken(message{body: about(guid(1)), sign: p.key(0)})
			p.lists(guid(1))
		}},
		{ID: "signed-with-former-key", About: "After the key was changed, a notification with a signature by the former one is taken.", Rule: ruleAuthentic, play: func(p *play) {
			p.taken(message{body: about(guid(1)), sign: p.key(1)})
			p.lists(guid(1))
		}},
		{ID: "signed-bytes", About: "The signature is over the raw bytes: of a body with blanks, letters beyond ASCII and no end of line at its end.", Rule: ruleAuthentic, play: func(p *play) {
			p.taken(message{body: "  { \"note\" : \"Blåbær 𝄞 \\u00e5\",\r\n\t\"statusCode\": 2.010e2, \"id\":\"" + guid(1) + "\" }\n", sign: p.key(0)})
			p.lists(guid(1))
		}},
		{ID: "forged", About: "Notifications come without a signature, with one by another key, over another body, cut short, and empty.", Rule: ruleAuthentic, play: func(p *play) {
			body := about(guid(1))
			right := wire.Sign(p.key(0), []byte(body))
			p.refused(message{body: body})
			p.refused(message{body: body, sign: "another key"})
			p.refused(message{body: body, header: map[string]string{signatureHeader: wire.Sign(p.key(0), []byte(about(guid(2))))}})
			p.refused(message{body: strings.Replace(body, "201", "200", 1), header: map[string]string{signatureHeader: right}})
			for _, signature := range []string{right[:20], "", "=", "sha256=" + right + "x", strings.ToLower(right), strings.Repeat("A", 10_000)} {
				p.refused(message{body: body, header: map[string]string{signatureHeader: signature}})
			}
			p.lists()
		}},
		{ID: "forged-with-decoded-key", About: "A signature by the bytes for which the key would stand as base64 is none.", Rule: ruleAuthentic, set: base64Key, play: func(p *play) {
			p.refused(message{body: about(guid(1)), sign: "sign-key-for-tests"})
			p.taken(message{body: about(guid(2)), sign: p.key(0)})
			p.lists(guid(2))
		}},
		{ID: "forged-with-empty-key", About: "A signature by an empty key is none, and the blank beside a comma is no key.", Rule: ruleAuthentic, play: func(p *play) {
			body := about(guid(1))
			p.refused(message{body: body, header: map[string]string{signatureHeader: wire.Sign("", []byte(body))}})
			p.lists()
		}},
		{ID: "other-methods", About: "A GET of the address takes nothing.", Rule: ruleAuthentic, play: func(p *play) {
			resp, err := http.Get(p.cand.Webhook)
			p.must(err)
			resp.Body.Close()
			if resp.StatusCode/100 == 2 {
				p.stage.broke(ruleAuthentic, fmt.Sprintf("a GET was answered %d", resp.StatusCode), "405 or the like")
			}
			p.lists()
		}},

		{ID: "killed-at-2xx", About: "The receiver is killed at the moment of its first 2xx among many notifications; after a restart it knows each that it acknowledged.", Rule: ruleStored, play: killedAt2xx},
		{ID: "restarted", About: "The receiver is killed after a notification was taken, and started again; what was taken is still there, and its repetition is no other.", Rule: ruleStored, play: func(p *play) {
			m := message{body: about(guid(1)), sign: p.key(0), id: guid(100)}
			p.taken(m)
			p.restart()
			p.lists(guid(1))
			p.taken(m)
			p.lists(guid(1))
		}},
		{ID: "cut-off", About: "The connection breaks in the middle of a body: nothing is taken.", Rule: ruleStored, play: func(p *play) {
			body := about(guid(1))
			p.notify(p.cand.Webhook, message{body: body, sign: p.key(0), cut: len(body) / 2})
			p.lists()
			p.taken(message{body: body, sign: p.key(0)})
			p.lists(guid(1))
		}},
		{ID: "store-fails", About: "The store fails: what comes is not acknowledged, and taken when it comes again later.", Rule: ruleStored, Needs: []string{canStoreFault}, play: func(p *play) {
			m := message{body: about(guid(1)), sign: p.key(0), id: guid(100)}
			works := false
			p.ask(step{Do: "store", Works: &works}, 0)
			if status := p.notify(p.cand.Webhook, m); status/100 == 2 {
				p.stage.broke(ruleStored, fmt.Sprintf("it answered %d while the store failed", status), "a 5xx, so that it comes again")
			}
			works = true
			p.ask(step{Do: "store", Works: &works}, 0)
			p.taken(m)
			p.lists(guid(1))
		}},

		{ID: "sent-twice", About: "The same notification comes three times.", Rule: ruleOnce, play: func(p *play) {
			for range 3 {
				p.taken(message{body: about(guid(1)), sign: p.key(0), id: guid(100)})
			}
			p.lists(guid(1))
		}},
		{ID: "sent-at-once", About: "The same notification comes ten times at once.", Rule: ruleOnce, play: func(p *play) {
			var wg sync.WaitGroup
			statuses := make([]int, 10)
			for i := range statuses {
				wg.Go(func() { statuses[i] = p.post(message{body: about(guid(1)), sign: p.key(0), id: guid(100)}) })
			}
			wg.Wait()
			if !slices.ContainsFunc(statuses, func(s int) bool { return s/100 == 2 }) {
				p.stage.broke(ruleOnce, fmt.Sprintf("it answered %v", statuses), "a 2xx")
			}
			p.lists(guid(1))
		}},
		{ID: "sent-with-other-notification-id", About: "An operation is notified twice, with another id of the notification and another letter case of its own.", Rule: ruleOnce, play: func(p *play) {
			p.taken(message{body: about(guid(1)), sign: p.key(0)})
			p.taken(message{body: about(strings.ToUpper(guid(1))), sign: p.key(0)})
			p.lists(guid(1))
		}},
		{ID: "several", About: "Notifications of three operations come with one id of the notification: a header is no proof, and none is lost.", Rule: ruleOnce, play: func(p *play) {
			for i := range 3 {
				p.taken(message{body: about(guid(i)), sign: p.key(0), id: guid(100)})
			}
			p.lists(guid(0), guid(1), guid(2))
		}},

		{ID: "shape-pascal-case", About: "The names in the body begin with capitals.", Rule: ruleShapes, play: shaped(`{"Id":"%s","StatusCode":201}`)},
		{ID: "shape-job-id", About: "The id is called jobId.", Rule: ruleShapes, play: shaped(`{"jobId":"%s","statusCode":201}`)},
		{ID: "shape-location-only", About: "The id is only in stateLocation.", Rule: ruleShapes, play: shaped(`{"stateLocation":"https://api.finance.visma.net/v1/background/%s"}`)},
		{ID: "shape-envelope", About: "The body is inside an object called data.", Rule: ruleShapes, play: shaped(`{"event":"ready","data":{"id":"%s"}}`)},
		{ID: "shape-state", About: "The body is the whole state.", Rule: ruleShapes, play: shaped(`{"id":"%s","status":"Finished","statusCode":201,"receivedUtc":"2026-03-02T08:00:00.75+01:00","webhookAddress":"subscription","errorMessage":null,"reference":null,"hasResponseContent":false,"contentLocation":null,"responseHeaders":{"Location":"https://api.finance.visma.net/v1/customerinvoice/300142"}}`)},
		{ID: "shape-mark", About: "The body begins with a byte order mark.", Rule: ruleShapes, play: shaped(mark + `{"id":"%s"}`)},

		{ID: "nonsense", About: "Signed bodies come that make no sense, and then a notification.", Rule: ruleSurvives, play: func(p *play) {
			for _, body := range []string{"", "not JSON", "[]", "null", "7", `{"id":{"a":1}}`, `{"id":null}`, strings.Repeat("[", 20_000), "\xff\xfe\x00", `{"id":"` + strings.Repeat("a", 100_000) + `"}`} {
				p.notify(p.cand.Webhook, message{body: body, sign: p.key(0)})
			}
			p.goesOn()
		}},
		{ID: "huge", About: "A stranger sends 40 MB, and then a notification comes.", Rule: ruleSurvives, play: func(p *play) {
			p.refused(message{body: `{"id":"` + guid(1) + `","x":"` + strings.Repeat("a", 40<<20) + `"}`})
			p.goesOn()
		}},
		{ID: "open-connections", About: "Strangers open fifty connections and send nothing more, and then a notification comes.", Rule: ruleSurvives, play: openConnections},
	}
	for i := range list {
		list[i].time = realTime
	}
	return list
}

// key is the n-th signature key.
func (p *play) key(n int) string { return p.stage.keys[n] }

// post sends a notification to the receiver.
func (p *play) post(m message) int { return p.notify(p.cand.Webhook, m) }

// taken sends a notification that has to be acknowledged.
func (p *play) taken(m message) {
	if status := p.post(m); status/100 != 2 {
		p.stage.broke(p.scenario.Rule, fmt.Sprintf("it answered %d to %s", status, shown([]byte(m.body))), "a 2xx")
	}
}

// refused sends a notification that must not be acknowledged.
func (p *play) refused(m message) {
	if status := p.post(m); status/100 == 2 || status/100 == 5 {
		p.stage.broke(p.scenario.Rule, fmt.Sprintf("it answered %d to %s, signed %q", status, shown([]byte(m.body)), m.header[signatureHeader]), "a 4xx: it is not authentic")
	}
}

// lists asks for what is stored, which has to be about these operations.
func (p *play) lists(want ...string) {
	got := p.list()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		p.stage.broke(p.scenario.Rule, fmt.Sprintf("it has stored %q", got), "%q", want)
	}
}

// list is the ids of the operations that are stored. Entries without one, which are
// of bodies that make no sense, are left out.
func (p *play) list() []string {
	ids := []string{}
	for _, n := range p.ask(step{Do: "list"}, 0).Notifications {
		if n.ID != "" {
			ids = append(ids, strings.ToLower(n.ID))
		}
	}
	return ids
}

// goesOn holds that a notification is still taken.
func (p *play) goesOn() {
	p.taken(message{body: about(guid(7)), sign: p.key(0)})
	if !slices.Contains(p.list(), guid(7)) {
		p.stage.broke(p.scenario.Rule, "it did not store a notification afterwards", "it to go on")
	}
}

// shaped sends a notification of another shape.
func shaped(format string) func(*play) {
	return func(p *play) {
		p.taken(message{body: fmt.Sprintf(format, guid(1)), sign: p.key(0)})
		p.lists(guid(1))
	}
}
