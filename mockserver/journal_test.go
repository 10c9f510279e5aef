package mockserver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/journal"
)

// journaled is a server on which something of each kind happened, for two
// companies.
func journaled(t *testing.T) (h *harness, id string) {
	h = manual(t, mockserver.Config{Faults: []fault.Rule{{Name: "late", Company: "1000001", Do: fault.Notify{Delay: time.Second}}}})
	id = h.submit("http://hook.test/", "PUT", "/v1/customerinvoice/003547", `{"note":{"value":"x"}}`, "Authorization", "Bearer s3cret")
	h.submit("none", "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", "2")
	h.advance(time.Minute)
	h.want(200, "GET", "/v1/background/"+id, "")
	h.Clock("2").Freeze() // it stands already
	if err := h.Clock("2").Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h, id
}

func TestTheJournalHoldsWhatHappened(t *testing.T) {
	h, id := journaled(t)
	var got []string
	for i, e := range h.Journal().Entries() {
		if e.Seq != int64(i)+1 {
			t.Errorf("entry %d has number %d", i, e.Seq)
		}
		got = append(got, fmt.Sprint(e.Number, " ", e.Company, " ", e.Kind, " ", e.Time.Sub(day1), " ", e.OperationID == id))
	}
	if got, want := strings.Join(got, "\n"), `1 1000001 request 0s true
2 1000001 fault 0s true
3 1000001 accepted 0s true
4 1000001 started 0s true
1 2 request 0s false
2 2 accepted 0s false
3 2 started 0s false
5 1000001 clock 0s false
6 1000001 ended 20ms true
7 1000001 attempt 1.02s true
8 1000001 request 1m0s false
4 2 clock 0s false
5 2 ended 20ms false`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	j := h.Journal()
	for _, tt := range []struct {
		f    journal.Filter
		want int
	}{
		{journal.Filter{}, 13},
		{journal.Filter{Company: "2"}, 5},
		{journal.Filter{Kind: journal.KindEnded}, 2},
		{journal.Filter{OperationID: id}, 6},
		{journal.Filter{Company: "2", OperationID: id}, 0},
	} {
		if n := len(j.Select(tt.f).Entries()); n != tt.want {
			t.Errorf("%+v: %d entries, want %d", tt.f, n, tt.want)
		}
	}
	r := j.Requests("1000001")
	if len(r) != 2 || r[0].StatusCode != 202 || r[0].OperationID != id || string(r[0].Body) != `{"note":{"value":"x"}}` || r[1].StatusCode != 200 {
		t.Errorf("requests: %+v", r)
	}
	if n := len(j.Requests("")); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
	if n := len(j.Select(journal.Filter{Company: "2"}).Requests("")); n != 1 {
		t.Errorf("%d requests of 2, want 1", n)
	}
	if n := len(j.Select(journal.Filter{Company: "2"}).Requests("1000001")); n != 0 {
		t.Errorf("%d requests of another company", n)
	}
}

func TestTheJournalAsLines(t *testing.T) {
	h, _ := journaled(t)
	var out bytes.Buffer
	n, err := h.Journal().Select(journal.Filter{Company: "1000001"}).WriteTo(&out)
	if err != nil || n != int64(out.Len()) {
		t.Errorf("%d of %d bytes, %v", n, out.Len(), err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 8 || strings.Contains(out.String(), "s3cret") {
		t.Fatalf("got\n%s", out.String())
	}
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	for i, want := range map[int]string{
		0: `{"n":1,"time":"2026-03-02T09:00:00Z","company":"1000001","kind":"request","operation":"`,
		1: `"kind":"fault","operation":"53f3403c-b521-4ff8-8ff6-d775ee363104","method":"PUT","path":"/v1/customerinvoice/003547","fault":"late","point":"notification","match":1}`,
		4: `{"n":5,"time":"2026-03-02T09:00:00Z","company":"1000001","kind":"clock","move":"advance","to":"2026-03-02T09:01:00Z"}`,
		5: `"method":"PUT","path":"/v1/customerinvoice/003547","status":204,"state":"Finished"}`,
		6: `"status":200,"header":["Content-Type: application/json; charset=utf-8","User-Agent: erpmock"],"until":"2026-03-02T09:00:01.02Z"}`,
	} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d: got  %s\nwant %s", i, lines[i], want)
		}
	}
	if !strings.Contains(lines[0], `"status":202`) || !strings.Contains(lines[0], `"Authorization: ..."`) || !strings.Contains(lines[0], `"body":"{\"note\"`) {
		t.Errorf("got %s", lines[0])
	}
}

func TestTheJournalKeepsToItsBudget(t *testing.T) {
	h := start(t, mockserver.Config{JournalBytes: 50_000})
	for range 200 {
		h.submit("none", "GET", "/v1/customerinvoice/003501", "")
	}
	kept := h.Journal().Entries()
	if len(kept) > 100 || len(kept) < 40 || kept[0].Seq != int64(h.Journal().Forgotten())+1 {
		t.Errorf("%d kept from %d on, %d forgotten", len(kept), kept[0].Seq, h.Journal().Forgotten())
	}
}

// What a caller does with an entry changes nothing.
func TestTheJournalGivesCopies(t *testing.T) {
	h, _ := journaled(t)
	before := new(bytes.Buffer)
	_, _ = h.Journal().WriteTo(before)
	for _, e := range h.Journal().Entries() {
		switch {
		case e.Request != nil:
			e.Request.Header.Set("User-Agent", "other")
			e.Request.StatusCode = 1
			clear(e.Request.Body)
		case e.Attempt != nil:
			e.Attempt.Header.Set("User-Agent", "other")
		case e.Operation != nil:
			e.Operation.Path = "/other"
		case e.Move != nil:
			e.Move.Action = "other"
		case e.Hit != nil:
			e.Hit.Rule = "other"
		}
	}
	after := new(bytes.Buffer)
	_, _ = h.Journal().WriteTo(after)
	if before.String() != after.String() {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}
