package admin_test

import (
	"context"
	"errors"
	"testing"

	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

var errEnough = errors.New("enough")

// streamed reads the stream of company 5: from the present, and again from where
// it was.
func streamed(t *testing.T, h *harness) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var events []adminclient.Event
	done := make(chan error, 1)
	follow := func(p adminclient.StreamJournalParams, until int) {
		done <- adminclient.Follow(ctx, h.ClientWithResponses, p, func(e adminclient.Event) error {
			if events = append(events, e); len(events) >= until {
				return errEnough
			}
			return nil
		})
	}
	after := h.Journal().Last()
	go follow(adminclient.StreamJournalParams{Company: new("5"), After: &after}, 4)
	h.call(ctx, "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", "6")
	id := h.submit("5", "none", invoices)
	if err := <-done; !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	answered := 0
	for _, e := range events {
		if e.Name == "answered" {
			answered = e.Entry.Request.StatusCode
			continue
		}
		if e.Entry.Company != "5" || e.ID == "" {
			t.Errorf("got %+v", e)
		}
		if e.Entry.Request != nil && e.Entry.Request.StatusCode != 0 {
			answered = e.Entry.Request.StatusCode
		}
	}
	if answered != 202 {
		t.Errorf("the request of operation %s was answered %d, as the stream has it", id, answered)
	}
	events = nil
	go follow(adminclient.StreamJournalParams{LastEventID: new("ffff.3")}, 2)
	if err := <-done; !errors.Is(err, errEnough) || events[0].Name != "restarted" || events[1].Entry.Seq > after {
		t.Errorf("an id of another run: %v, %+v", err, events)
	}
}
