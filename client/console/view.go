package console

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// A row is an operation in a list.
type row struct {
	Ref        string            `json:"ref"`
	ID         string            `json:"id,omitempty"`
	Key        string            `json:"key,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	Phase      store.Phase       `json:"phase"`
	Succeeded  bool              `json:"succeeded"`
	Status     string            `json:"status,omitempty"`
	StatusCode int               `json:"statusCode,omitempty"`
	Method     string            `json:"method"`
	Path       string            `json:"path"`
	Why        string            `json:"why,omitempty"`
	Created    time.Time         `json:"created"`
	Metadata   map[string]string `json:"metadata,omitempty"`
}

func rowOf(rec store.Record) row {
	r := row{
		Ref: rec.Ref, ID: rec.ID, Key: rec.Key, Kind: rec.Kind, Phase: rec.Phase, Method: rec.Method, Path: rec.Path,
		Status: rec.Progress.Status, Why: rec.Reason, Created: rec.CreatedAt, Metadata: rec.Metadata,
	}
	if o := rec.Outcome; o != nil {
		r.Succeeded, r.Status, r.StatusCode = o.Succeeded(), o.Status, o.StatusCode
		if r.Why == "" {
			r.Why = messageOf(o)
		}
	}
	return r
}

// messageOf is what the ERP, a verifier or a person says about an outcome.
func messageOf(o *store.Outcome) string {
	for _, text := range []string{o.Refuted, o.Failure, o.ErrorMessage, o.Told} {
		if text != "" {
			return text
		}
	}
	if o.Succeeded() {
		return ""
	}
	text, _ := wire.Message(o.Content, o.ContentType)
	return text
}

// A whole is all that is shown of an operation.
type whole struct {
	row
	Origin     string   `json:"origin"`
	Notify     string   `json:"notify"`
	Verifier   string   `json:"verifier,omitempty"`
	Sequence   string   `json:"sequence,omitempty"`
	Place      uint64   `json:"place,omitempty"`
	Blocked    bool     `json:"blocked,omitempty"`
	Candidates []string `json:"candidates,omitempty"`
	OtherIDs   []string `json:"otherIDs,omitempty"`
	FormerIDs  []string `json:"formerIDs,omitempty"`
	Supersedes string   `json:"supersedes,omitempty"`
	Location   string   `json:"location,omitempty"`
	ETag       string   `json:"etag,omitempty"`
	HasAnswer  bool     `json:"hasAnswer"`
	AnswerSize int      `json:"answerSize,omitempty"` // of what is kept
	Kept       bool     `json:"kept"`
	Timeline   []step   `json:"timeline"`
	Acts       []string `json:"acts"` // what a person may do about it now
}

// A step is one thing that happened, or that will.
type step struct {
	At     time.Time `json:"at"`
	Tone   string    `json:"tone"` // wait, run, good, bad, doubt, held or gone
	What   string    `json:"what"`
	Detail string    `json:"detail,omitempty"`
	Ahead  bool      `json:"ahead,omitempty"`
}

func wholeOf(rec store.Record, now time.Time) whole {
	v := whole{
		row: rowOf(rec), Origin: rec.Origin, Notify: rec.Notify, Verifier: rec.Verifier, Sequence: rec.Sequence, Place: rec.Place, Blocked: rec.Blocked,
		Candidates: rec.Candidates, OtherIDs: rec.OtherIDs, FormerIDs: rec.FormerIDs, Supersedes: rec.Supersedes,
		Timeline: timelineOf(rec, now), Acts: actsOf(rec),
	}
	if o := rec.Outcome; o != nil {
		h := http.Header(o.Header)
		v.Location, v.ETag = h.Get("Location"), h.Get("ETag")
		v.HasAnswer, v.Kept, v.AnswerSize = o.HasContent || o.Kept, o.Kept, len(o.Content)
	}
	return v
}

// actsOf lists what a person may do about an operation.
func actsOf(rec store.Record) []string {
	acts := []string{}
	switch rec.Phase {
	case store.Uncertain:
		acts = append(acts, "ended", "accepted", "not-accepted", "give-up", "ask")
	case store.Unclear:
		acts = append(acts, "ended", "ask")
	case store.Abandoned:
		acts = append(acts, "ended", "accepted")
	case store.Dead:
		acts = append(acts, "replay", "drop")
	case store.Queued:
		acts = append(acts, "withdraw")
	case store.Accepted:
		acts = append(acts, "poll")
		if rec.Tentative() {
			acts = append(acts, "ended", "accepted", "not-accepted", "give-up")
		}
	case store.Settled:
		acts = append(acts, "ack")
	case store.Expired:
		if rec.Unlearnt() {
			acts = append(acts, "ended")
		}
	}
	if rec.Phase == store.Expired {
		acts = append(acts, "ack")
	}
	if rec.Sequence != "" && rec.Place > 0 && stops(rec) {
		acts = append(acts, "skip", "retry")
	}
	return acts
}

// stops reports whether an operation may be what its sequence has stopped at.
func stops(rec store.Record) bool {
	switch rec.Phase {
	case store.Queued, store.Sending, store.Accepted:
		return false
	}
	return rec.Outcome == nil || !rec.Outcome.Succeeded()
}

// timelineOf tells the life of an operation, as far as its record does, in the order
// of time.
func timelineOf(rec store.Record, now time.Time) []step {
	var all []step
	add := func(at time.Time, tone, what, detail string) {
		if !at.IsZero() {
			all = append(all, step{At: at, Tone: tone, What: what, Detail: detail})
		}
	}
	if rec.Enqueued {
		detail := ""
		if rec.Sequence != "" {
			detail = fmt.Sprintf("sequence %s, place %d", rec.Sequence, rec.Place)
		}
		add(rec.CreatedAt, "wait", "stored in the outbox", detail)
	} else {
		add(rec.CreatedAt, "wait", "recorded, before anything was sent", "")
	}
	sent := "sent to the ERP"
	if rec.Sends > 1 {
		sent = fmt.Sprintf("sent to the ERP, attempt %d", rec.Sends)
	}
	add(rec.SentAt, "run", sent, "notification: "+rec.Notify)
	add(rec.AcceptedAt, "run", "accepted by the ERP as "+rec.ID, "known by "+string(rec.IDSource))
	received, started, finished := rec.Progress.ReceivedAt, rec.Progress.StartedAt, time.Time{}
	if o := rec.Outcome; o != nil {
		received, started, finished = later(received, o.ReceivedAt), later(started, o.StartedAt), o.FinishedAt
	}
	add(received, "wait", "queued by the ERP", "by its clock")
	add(started, "run", "started by the ERP", "by its clock")
	if rec.Polls > 0 {
		add(rec.PolledAt, "run", fmt.Sprintf("polled, %d times so far", rec.Polls), lastPoll(rec))
	}
	if p := rec.Progress; p.Missings > 0 {
		add(p.MissingSince, "doubt", "not found by the ERP", fmt.Sprintf("%d polls in a row", p.Missings))
	}
	if p := rec.Progress; p.RefusedStatus != 0 {
		add(p.RefusedSince, "doubt", fmt.Sprintf("polls refused with %d", p.RefusedStatus), "no repetition changes that")
	}
	if n := rec.Notification; n != nil {
		detail := fmt.Sprintf("by %s; %d distinct, %d repeated", n.Mode, rec.Notifications, rec.Duplicates)
		if n.StatusCode != 0 {
			detail += fmt.Sprintf("; it says %d", n.StatusCode)
		}
		add(n.ReceivedAt, "run", "notified", detail)
	}
	if x := rec.Conflict; x != nil {
		add(x.At, "bad", fmt.Sprintf("contradicted (%d in all)", rec.Conflicts), x.Reason+idOf(x.ID))
	}
	if o := rec.Outcome; o != nil {
		tone, what := "good", fmt.Sprintf("ended with %d", o.StatusCode)
		if !o.Succeeded() {
			tone = "bad"
		}
		if o.StatusCode == 0 {
			what = "ended: " + o.Status
		}
		add(finished, tone, "finished by the ERP", "by its clock")
		add(rec.SettledAt, tone, what, messageOf(o))
	}
	if rec.Asks > 0 {
		add(rec.AskedAt, "doubt", fmt.Sprintf("the resolver was asked, %d times so far", rec.Asks), "")
	}
	if rec.Attempts > 0 && rec.Phase != store.Acknowledged && rec.Phase != store.Dead {
		add(rec.UpdatedAt, "run", fmt.Sprintf("the handler ran, %d times so far", rec.Attempts), rec.Reason)
	}
	if tone, what := endOf(rec.Phase); what != "" {
		detail := rec.Reason
		if rec.Phase == store.Dead {
			detail = fmt.Sprintf("after %d runs of its handler: %s", rec.Attempts, rec.Reason)
		}
		at := rec.EndedAt
		if at.IsZero() {
			at = rec.UpdatedAt
		}
		add(at, tone, what, detail)
	}
	// What happened at once stays in the order of a life.
	slices.SortStableFunc(all, func(a, b step) int { return a.At.Compare(b.At) })
	if !rec.Due.IsZero() && !rec.Phase.Terminal() {
		all = append(all, step{At: rec.Due, Tone: "gone", What: dueOf(rec), Ahead: rec.Due.After(now)})
	}
	return all
}

func lastPoll(rec store.Record) string {
	p := rec.Progress
	if p.Status == "" {
		return ""
	}
	return "the last one saw " + p.Status
}

func idOf(id string) string {
	if id == "" {
		return ""
	}
	return " (id " + id + ")"
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// endOf is how a phase in which nothing more happens by itself is shown.
func endOf(p store.Phase) (tone, what string) {
	switch p {
	case store.Acknowledged:
		return "good", "the outcome was taken"
	case store.Rejected:
		return "bad", "not accepted"
	case store.Uncertain:
		return "doubt", "not known whether the ERP accepted it"
	case store.Unclear:
		return "doubt", "it ended in a way that nobody knows"
	case store.Abandoned:
		return "gone", "given up"
	case store.Expired:
		return "doubt", "the ERP knows it no longer"
	case store.Dead:
		return "bad", "its handler failed for good"
	}
	return "", ""
}

func dueOf(rec store.Record) string {
	switch rec.Phase {
	case store.Queued:
		return "it is sent"
	case store.Settled:
		return "its handler runs"
	}
	return "next poll, as planned then"
}
