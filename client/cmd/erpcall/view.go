package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// A view is an operation as it is shown: a field for each name that --json takes.
type view struct {
	Ref        string            `json:"ref"`
	ID         string            `json:"id,omitempty"`
	Key        string            `json:"key,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	Phase      string            `json:"phase"`
	Outcome    string            `json:"outcome"`
	Method     string            `json:"method"`
	Path       string            `json:"path"`
	Status     string            `json:"status,omitempty"`
	StatusCode int               `json:"statusCode,omitempty"`
	Location   string            `json:"location,omitempty"`
	ETag       string            `json:"etag,omitempty"`
	Message    string            `json:"message,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Notify     string            `json:"notify,omitempty"`
	Sequence   string            `json:"sequence,omitempty"`
	Place      uint64            `json:"place,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	Polls      int               `json:"polls,omitempty"`
	Attempts   int               `json:"attempts,omitempty"`
	Created    *time.Time        `json:"created,omitempty"`
	Sent       *time.Time        `json:"sent,omitempty"`
	Accepted   *time.Time        `json:"accepted,omitempty"`
	Received   *time.Time        `json:"received,omitempty"`
	Started    *time.Time        `json:"started,omitempty"`
	Finished   *time.Time        `json:"finished,omitempty"`
	Settled    *time.Time        `json:"settled,omitempty"`
	Ended      *time.Time        `json:"ended,omitempty"`
	Notified   *time.Time        `json:"notified,omitempty"`
	Due        *time.Time        `json:"due,omitempty"`
	Body       json.RawMessage   `json:"body,omitempty"` // of the answer: JSON as it is, anything else as a text
}

// viewOf shows a record.
func viewOf(rec store.Record) view {
	v := view{
		Ref: rec.Ref, ID: rec.ID, Key: rec.Key, Kind: rec.Kind, Phase: string(rec.Phase), Outcome: outcomeOf(rec),
		Method: rec.Method, Path: rec.Path, Status: rec.Progress.Status, Reason: rec.Reason, Notify: rec.Notify,
		Sequence: rec.Sequence, Place: rec.Place, Metadata: rec.Metadata, Polls: rec.Polls, Attempts: rec.Attempts,
		Created: at(rec.CreatedAt), Sent: at(rec.SentAt), Accepted: at(rec.AcceptedAt), Settled: at(rec.SettledAt), Ended: at(rec.EndedAt),
		Received: at(rec.Progress.ReceivedAt), Started: at(rec.Progress.StartedAt),
	}
	if !rec.Phase.Terminal() {
		v.Due = at(rec.Due)
	}
	if n := rec.Notification; n != nil {
		v.Notified = at(n.ReceivedAt)
	}
	if o := rec.Outcome; o != nil {
		h := http.Header(o.Header)
		v.Status, v.StatusCode, v.Location, v.ETag = o.Status, o.StatusCode, h.Get("Location"), h.Get("ETag")
		v.Message = firstOf(o.Refuted, o.Failure, o.ErrorMessage, o.Told)
		v.Received, v.Started, v.Finished = at(o.ReceivedAt), at(o.StartedAt), at(o.FinishedAt)
		if o.Kept {
			v.Body = asJSON(o.Content)
		}
		if v.Message == "" && !o.Succeeded() {
			v.Message, _ = wire.Message(o.Content, o.ContentType)
		}
	}
	return v
}

// Outcomes as scripts and the results of a batch have them.
const (
	succeeded = "succeeded"
	failed    = "failed"
	refused   = "refused"
	uncertain = "uncertain"
	unclear   = "unclear"
	expired   = "expired"
	pending   = "pending"
	queued    = "queued"
	skipped   = "skipped"
	purged    = "purged" // the work of a key, of which nothing else is known any more
)

// outcomeOf is what became of an operation, in a word.
func outcomeOf(rec store.Record) string {
	switch rec.Phase {
	case store.Queued:
		return queued
	case store.Rejected:
		return refused
	case store.Uncertain, store.Abandoned:
		return uncertain
	case store.Unclear:
		return unclear
	case store.Expired:
		return expired
	}
	switch {
	case rec.Outcome == nil:
		return pending
	case rec.Outcome.Succeeded():
		return succeeded
	}
	return failed
}

// exitOf is the status with which the program ends for an outcome.
func exitOf(outcome string) int {
	switch outcome {
	case succeeded:
		return 0
	case failed:
		return exitFailed
	case refused, skipped:
		return exitRefused
	case uncertain, unclear, expired, purged:
		return exitUncertain
	}
	return exitPending
}

func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// asJSON is a body as a JSON value: itself, if it is one.
func asJSON(body []byte) json.RawMessage {
	if len(body) == 0 {
		return nil
	}
	if json.Valid(body) {
		return body
	}
	text, _ := json.Marshal(strings.ToValidUTF8(string(body), "\uFFFD")) // a string cannot fail
	return text
}

// shortRef is how much of a ref tells operations apart: the time in milliseconds, and
// twenty random bits.
const shortRef = 14

// row is an operation in a list that is as wide as a terminal; 0: as wide as it
// takes, with the whole ref.
func (v view) row(now time.Time, width int) []string {
	created, code, ref := time.Time{}, "", v.Ref
	if v.Created != nil {
		created = *v.Created
	}
	if v.StatusCode != 0 {
		code = fmt.Sprint(v.StatusCode)
	}
	path, key, why := v.Path, firstOf(v.Key, v.ID), firstOf(v.Message, v.Reason)
	if width > 0 {
		ref = ref[:min(shortRef, len(ref))]
		left := max(width-54, 40)
		path, key, why = cut(path, left*2/5), cut(key, left/4), cut(why, left*3/10)
	}
	return []string{ref, v.Phase, code, ago(now, created), v.Method, plain(path), plain(key), plain(why)}
}

func columns() []string {
	return []string{"REF", "PHASE", "CODE", "AGE", "METHOD", "PATH", "KEY OR ID", "WHY"}
}

// ago is how long ago something was, for people.
func ago(now, t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return span(now.Sub(t))
}

// span is a time for people, in its two largest units at most.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
