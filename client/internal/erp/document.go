package erp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/store"
)

// Document is the ERP's state document, read tolerantly: names without case,
// every field may be null or missing or of a neighbouring type, times may
// have an offset, Z or nothing. It fails only where there is no status.
type Document struct {
	ID           string
	Status       string
	StatusCode   int
	Received     time.Time
	Started      time.Time
	Finished     time.Time
	Webhook      string // a capability: never shown
	ErrorMessage string
	OriginalURI  string
	HasContent   bool
	ContentTold  bool // HasContent was told, and not inferred from an address
	Header       http.Header
	Wait         time.Duration // that the answer asked for before the next poll, 0 for none
}

// ParseDocument reads a state document.
func ParseDocument(data []byte) (Document, error) {
	var raw struct {
		Status                                                     word
		ID, JobID                                                  written
		ReceivedUtc, StartedUtc, FinishedUtc                       instant
		StatusCode, HasResponseContent                             scalar
		WebhookAddress, ErrorMessage, OriginalUri, ContentLocation scalar
		ResponseHeaders                                            headers
	}
	if err := json.Unmarshal(wire.Document(data, ""), &raw); err != nil {
		return Document{}, fmt.Errorf("state document: %w", err)
	}
	d := Document{
		ID: cmp.Or(string(raw.ID), string(raw.JobID)), Status: strings.TrimSpace(string(raw.Status)), Webhook: string(raw.WebhookAddress),
		ErrorMessage: wire.Cut(hook.Redact(string(raw.ErrorMessage)), MaxMessage), OriginalURI: string(raw.OriginalUri),
		Received: time.Time(raw.ReceivedUtc), Started: time.Time(raw.StartedUtc), Finished: time.Time(raw.FinishedUtc),
		HasContent: strings.EqualFold(string(raw.HasResponseContent), "true"),
		Header:     http.Header(raw.ResponseHeaders),
	}
	if d.ContentTold = raw.HasResponseContent != ""; !d.ContentTold {
		d.HasContent = raw.ContentLocation != "" && d.Terminal()
	}
	if raw.StatusCode != "" {
		if code, err := strconv.ParseFloat(string(raw.StatusCode), 64); err == nil && code >= 200 && code <= 999 {
			d.StatusCode = int(code)
		}
	}
	if d.Status == "" && !d.Finished.IsZero() && d.StatusCode != 0 {
		d.Status = "(none)" // it tells of an end all the same
	}
	if d.Status == "" {
		return Document{}, errors.New("state document: no status")
	}
	return d, nil
}

// word takes a status, whatever its type: a list is told to people as it was
// written.
type word string

func (w *word) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case `"Started"`:
		*w = "Started"
		return nil
	case `"Finished"`:
		*w = "Finished"
		return nil
	}
	var s scalar
	if err := s.UnmarshalJSON(data); err != nil {
		return err
	}
	if *w = word(s); data[0] == '[' {
		*w = word(wire.Cut(strings.Join(strings.Fields(string(data)), " "), 64))
	}
	return nil
}

// written takes an id; a list or an object is nobody's, and kept as it was written.
type written string

func (w *written) UnmarshalJSON(data []byte) error {
	if data[0] == '[' || data[0] == '{' {
		*w = written(wire.Cut(string(data), 64))
		return nil
	}
	var s scalar
	err := s.UnmarshalJSON(data)
	*w = written(s)
	return err
}

// Terminal reports whether the operation has ended. The set is closed on
// purpose: a word that nobody knows yet means that it goes on.
func (d Document) Terminal() bool {
	return strings.EqualFold(d.Status, "Finished") || strings.EqualFold(d.Status, "Failed")
}

// scalar takes a string, number or boolean as text; null, objects and arrays
// as "".
type scalar string

func (s *scalar) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '"':
		text, err := unquote(data)
		if err != nil {
			return err
		}
		*s = scalar(text)
	case 'n', '{', '[':
		*s = ""
	case 't':
		*s = "true"
	case 'f':
		*s = "false"
	default:
		*s = scalar(data)
	}
	return nil
}

// plain reports whether a JSON string stands for what is between its quotes, as
// most do.
func plain(data []byte) bool { return bytes.IndexByte(data, '\\') < 0 && utf8.Valid(data) }

// unquote reads a JSON string.
func unquote(data []byte) (string, error) {
	if plain(data) {
		return string(data[1 : len(data)-1]), nil
	}
	var text string
	err := json.Unmarshal(data, &text)
	return text, err
}

// instant takes a time; what is missing, unreadable or in the year 1 (the zero
// of .NET) is the zero time.
type instant time.Time

func (i *instant) UnmarshalJSON(data []byte) error {
	*i = instant{}
	if data[0] != '"' {
		return nil
	}
	var t time.Time
	var err error
	if plain(data) {
		t, err = openapi.ParseTime(string(data[1 : len(data)-1]))
	} else if text, bad := unquote(data); bad == nil {
		t, err = openapi.ParseTime(text)
	}
	if err == nil && t.Year() > 1 {
		*i = instant(t)
	}
	return nil
}

// headers reads responseHeaders: an object of strings, or of lists. Anything else
// is nil.
type headers http.Header

func (h *headers) UnmarshalJSON(data []byte) error {
	*h = nil
	if data[0] != '{' {
		return nil
	}
	if *h = plainHeaders(data); *h != nil {
		return nil
	}
	var fields map[string]texts
	if json.Unmarshal(data, &fields) != nil {
		return nil
	}
	*h = make(headers, len(fields))
	for name, values := range fields {
		name = http.CanonicalHeaderKey(name)
		values = slices.DeleteFunc(values, func(v string) bool { return !clean(v) })
		switch before := (*h)[name]; {
		case !kept(name) || !clean(name) || len(values) == 0:
		case before == nil:
			(*h)[name] = values
		default:
			(*h)[name] = append(before, values...)
		}
	}
	return nil
}

// plainHeaders reads an object of strings in which nothing is escaped, and no name
// comes twice: between the quotes of such a text stand braces, names, colons,
// values and commas in turn. It returns nil for any other. It is what the ERP
// sends, and saves an end 8 allocations and 0.6 kB.
func plainHeaders(data []byte) headers {
	if !plain(data) {
		return nil
	}
	h := make(headers)
	if len(bytes.Trim(data, "{} \t\r\n")) == 0 {
		return h
	}
	name, i := "", 0
	for part := range bytes.SplitSeq(data, []byte{'"'}) {
		switch between := bytes.TrimSpace(part); i % 4 {
		case 0:
			if len(between) != 1 {
				return nil
			}
		case 1:
			if name = http.CanonicalHeaderKey(string(part)); h[name] != nil {
				return nil
			}
		case 2:
			if len(between) != 1 {
				return nil
			}
		case 3:
			if len(part) > 0 && kept(name) && clean(name) {
				h[name] = []string{string(part)} // clean, for line ends are escaped in JSON
			}
		}
		i++
	}
	return h
}

// texts takes a scalar, or a list of them.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		var many []scalar
		_ = json.Unmarshal(data, &many)
		for _, s := range many {
			*t = append(*t, string(s))
		}
		return nil
	}
	var one scalar
	if one.UnmarshalJSON(data) == nil && one != "" {
		*t = texts{string(one)}
	}
	return nil
}

// clean reports whether a text can stand in a header without breaking out of
// it.
func clean(s string) bool { return !strings.ContainsAny(s, "\r\n\x00") }

// KnownWord reports whether a status is one of the words that the ERP is known
// to say.
func (d Document) KnownWord() bool { return d.Terminal() || strings.EqualFold(d.Status, "Started") }

// EndsUnclear reports whether a state names an end and a status code, and a
// word that nobody knows.
func (d Document) EndsUnclear() bool {
	return !d.KnownWord() && !d.Finished.IsZero() && d.StatusCode != 0
}

// outcome is what a state Document says of an end.
func (d Document) Outcome() store.Outcome {
	return store.Outcome{
		Status: wire.Cut(d.Status, 200), StatusCode: d.StatusCode, Header: d.Header, ErrorMessage: d.ErrorMessage,
		HasContent: d.HasContent, ReceivedAt: d.Received, StartedAt: d.Started, FinishedAt: d.Finished,
	}
}
