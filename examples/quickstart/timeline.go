package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/client"
)

// timeline prints the steps of one call: the time since it was submitted, and
// the time since the step before.
type timeline struct {
	out      io.Writer
	start    time.Time
	accepted time.Time     // when the 202 was read
	last     time.Duration // of the last line
	followed int           // steps that follow has dealt with
}

func (t *timeline) line(at time.Time, step, detail string) {
	since := max(t.last, at.Sub(t.start)) // two clocks never agree to the last bit
	line := fmt.Sprintf("  %7s %8s  %-9s  %s", rounded(since), "+"+rounded(since-t.last), step, detail)
	fmt.Fprintln(t.out, strings.TrimRight(line, " "))
	t.last = since
}

func (t *timeline) queued(id string) {
	t.accepted = time.Now()
	t.line(t.accepted, "queued", "as "+id)
}

// follow prints what a state tells beyond the last one, in the order in which
// it happened: a notification is known before the state that it announces.
func (t *timeline) follow(s client.State) {
	steps := []struct {
		at           time.Time
		name, detail string
	}{
		{t.ours(s.Started, s.Received), "running", ""},
		{t.ours(s.Finished, s.Received), "finished", fmt.Sprint(s.StatusCode, " ", http.StatusText(s.StatusCode))},
		{s.Notified, "notified", "the receiver stored it, the store woke the client"},
	}
	for _, step := range steps[t.followed:] {
		if step.at.IsZero() && !s.Phase.Terminal() {
			return
		}
		t.followed++
		if !step.at.IsZero() {
			t.line(step.at, step.name, step.detail)
		}
	}
}

// ours reads a time of the ERP's clock on our own. Of one moment both clocks
// tell: the ERP received the call after we sent it and before we had its 202.
func (t *timeline) ours(at, received time.Time) time.Time {
	if at.IsZero() || received.IsZero() {
		return at
	}
	return at.Add(min(max(0, t.start.Sub(received)), t.accepted.Sub(received)))
}

func rounded(d time.Duration) string { return d.Round(time.Millisecond).String() }
