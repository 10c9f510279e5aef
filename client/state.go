package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/store"
)

// State is how far an operation has come, as last seen.
type State struct {
	Ref   string
	ID    string // empty while it is not known
	Phase store.Phase
	// Status is the ERP's own word: "Started", "Finished", "Failed" or
	// whatever it may invent; empty before the first look.
	Status string
	// StatusCode is that of the answer, 0 until there is one.
	StatusCode int
	Received   time.Time // when the ERP queued it; zero if not known
	Started    time.Time // when it was picked up; zero while it is queued
	Finished   time.Time // zero until it has ended
	Polls      int       // looks at the ERP, the one that found the end included
	Notified   time.Time // when the last notification came; zero if none did
	// Missing says that the last look found no such operation.
	Missing bool
	// Foreground says that the ERP ran the request at once.
	Foreground bool
	// Late marks an operation that turned out to be accepted after it had
	// been given up.
	Late bool
	// Reason is why it is rejected, uncertain, abandoned, expired, unclear or
	// dead, or why its handler failed last.
	Reason string
	// Told is why a person says that it ended like this: see [EndedWith].
	Told string
	// Tentative says that a person named the ID and that the ERP has not
	// confirmed it yet: Resolve may still replace it.
	Tentative bool
}

// stateOf is the State of a record.
func stateOf(rec store.Record) State {
	s := State{
		Ref: rec.Ref, ID: rec.ID, Phase: rec.Phase, Status: rec.Progress.Status, Received: rec.Progress.ReceivedAt,
		Started: rec.Progress.StartedAt, Missing: rec.Progress.Missing, Polls: rec.Polls, Late: rec.Late,
		Reason: rec.Reason, Tentative: rec.Tentative(),
	}
	if rec.Notification != nil {
		s.Notified = rec.Notification.ReceivedAt
	}
	if o := rec.Outcome; o != nil {
		s.Status, s.StatusCode, s.Missing = o.Status, o.StatusCode, false
		s.Received, s.Started, s.Finished = o.ReceivedAt, o.StartedAt, o.FinishedAt
		s.Told = o.Told
		if s.Foreground = o.Foreground; !s.Foreground && s.Told == "" {
			s.Polls++ // the record counts those that found no end
		}
	}
	return s
}

// ran is the time from queued to done by the ERP's clock, 0 if not known.
func (s State) ran() time.Duration {
	if s.Finished.IsZero() || s.Received.IsZero() {
		return 0
	}
	return max(0, s.Finished.Sub(s.Received))
}

// document is the ERP's state document, read tolerantly: names without case,
// every field may be null or missing or of a neighbouring type, times may
// have an offset, Z or nothing. It fails only where there is no status.
type document struct {
	id           string
	status       string
	statusCode   int
	received     time.Time
	started      time.Time
	finished     time.Time
	webhook      string // a capability: never shown
	errorMessage string
	originalURI  string
	hasContent   bool
	contentTold  bool // hasContent was told, and not inferred from an address
	header       http.Header
	wait         time.Duration // that the answer asked for before the next poll, 0 for none
}

func parseState(data []byte) (document, error) {
	var raw struct {
		Status                                                                         word
		ID, JobID                                                                      written
		StatusCode, ReceivedUtc, StartedUtc, FinishedUtc                               scalar
		WebhookAddress, ErrorMessage, OriginalUri, HasResponseContent, ContentLocation scalar
		ResponseHeaders                                                                json.RawMessage
	}
	if err := json.Unmarshal(wire.Document(data, ""), &raw); err != nil {
		return document{}, fmt.Errorf("state document: %w", err)
	}
	d := document{
		id: cmp.Or(string(raw.ID), string(raw.JobID)), status: strings.TrimSpace(string(raw.Status)), webhook: string(raw.WebhookAddress),
		errorMessage: cut(hook.Redact(string(raw.ErrorMessage)), maxMessage), originalURI: string(raw.OriginalUri),
		received: raw.ReceivedUtc.time(), started: raw.StartedUtc.time(), finished: raw.FinishedUtc.time(),
		hasContent: strings.EqualFold(string(raw.HasResponseContent), "true"),
		header:     parseHeaders(raw.ResponseHeaders),
	}
	if d.contentTold = raw.HasResponseContent != ""; !d.contentTold {
		d.hasContent = raw.ContentLocation != "" && d.terminal()
	}
	if code, err := strconv.ParseFloat(string(raw.StatusCode), 64); err == nil && code >= 200 && code <= 999 {
		d.statusCode = int(code)
	}
	if d.status == "" && !d.finished.IsZero() && d.statusCode != 0 {
		d.status = "(none)" // it tells of an end all the same
	}
	if d.status == "" {
		return document{}, errors.New("state document: no status")
	}
	return d, nil
}

// word takes a status, whatever its type: a list is told to people as it was
// written.
type word string

func (w *word) UnmarshalJSON(data []byte) error {
	var s scalar
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	if *w = word(s); data[0] == '[' {
		*w = word(cut(strings.Join(strings.Fields(string(data)), " "), 64))
	}
	return nil
}

// written takes an id; a list or an object is nobody's, and kept as it was written.
type written string

func (w *written) UnmarshalJSON(data []byte) error {
	if data[0] == '[' || data[0] == '{' {
		*w = written(cut(string(data), 64))
		return nil
	}
	var s scalar
	err := json.Unmarshal(data, &s)
	*w = written(s)
	return err
}

// terminal reports whether the operation has ended. The set is closed on
// purpose: a word that nobody knows yet means that it goes on.
func (d document) terminal() bool {
	return strings.EqualFold(d.status, "Finished") || strings.EqualFold(d.status, "Failed")
}

// scalar takes a string, number or boolean as text; null, objects and arrays
// as "".
type scalar string

func (s *scalar) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '"':
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		*s = scalar(text)
	case 'n', '{', '[':
		*s = ""
	default:
		*s = scalar(data)
	}
	return nil
}

// time reads a time; what is missing, unreadable or in the year 1 (the zero
// of .NET) is the zero time.
func (s scalar) time() time.Time {
	t, err := openapi.ParseTime(string(s))
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t
}

// parseHeaders reads responseHeaders: an object of strings, or of lists.
func parseHeaders(data json.RawMessage) http.Header {
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil || fields == nil {
		return nil
	}
	h := make(http.Header, len(fields))
	for name, value := range fields {
		var one scalar
		var many []scalar
		if value[0] == '[' {
			_ = json.Unmarshal(value, &many)
		} else if json.Unmarshal(value, &one) == nil && one != "" {
			many = []scalar{one}
		}
		for _, v := range many {
			if clean(name) && clean(string(v)) {
				h.Add(name, string(v))
			}
		}
	}
	return keptHeader(h)
}

// clean reports whether a text can stand in a header without breaking out of
// it.
func clean(s string) bool { return !strings.ContainsAny(s, "\r\n\x00") }
