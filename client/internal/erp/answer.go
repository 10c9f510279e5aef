package erp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// Verdict is what an answer says about a request.
type Verdict int

// The verdicts.
const (
	NotSent      Verdict = iota // nothing left this machine
	Accepted                    // queued under an id
	Foreground                  // it ran at once
	Rejected                    // refused
	Unauthorized                // refused for its credentials
	Limited                     // not taken because of the limits
	Uncertain                   // it may have been accepted
)

func (v Verdict) String() string {
	return [...]string{"not sent", "accepted", "foreground", "rejected", "unauthorized", "limited", "uncertain"}[v]
}

// Answer is what came of a request that was sent once, and what it means.
type Answer struct {
	Verdict Verdict
	Status  int // 0 if there was no answer
	Header  http.Header
	Body    []byte
	Whole   bool   // Body is all of it
	ID      string // of an accepted one
	Why     string // it is uncertain in spite of a 2xx
	Err     error
}

// How much of an answer is read.
const (
	MaxAnswer     = 64 << 10 // bytes read of a 202 or of an error
	MaxForeground = 64 << 20 // bytes kept of an answer that came at once; there is no second copy
)

// Judge reads an answer to a background request:
//
//	202 with an id (body, else Location)            accepted
//	another 2xx or 3xx that names a stateLocation   accepted
//	any other 2xx                                   it ran in the foreground
//	401                                             not taken; once more with a fresh token
//	429                                             not taken; later
//	other 3xx and 4xx, but for 408                  rejected
//	408, 5xx, 1xx, a 202 without a readable id      uncertain
//	a 2xx that a proxy spoke, or that broke off     uncertain
//
// docs/answers.md has it in full. method is that of the request, and html tells
// whether it asked for a page ([AsksForHTML]).
func Judge(resp *http.Response, method string, html bool) Answer {
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Status < 200 { // the body of a 101 is the connection, of which a read never ends
		a.Verdict = Uncertain
		return a
	}
	_ = wire.Unpack(resp) // what stays packed is kept as it is
	a.Header = resp.Header
	limit := int64(MaxAnswer)
	if a.Status < 300 && a.Status != http.StatusAccepted {
		limit = MaxForeground
	}
	body, err := wire.ReadAll(resp.Body, resp.ContentLength, limit)
	a.Whole = err == nil && int64(len(body)) <= limit
	a.Body = body[:min(int64(len(body)), limit)]
	switch code := a.Status; {
	case code == http.StatusAccepted:
		a.ID = acceptedID(a.Body, a.Header)
		if a.Verdict = Accepted; a.ID == "" {
			a.Verdict, a.Err = Uncertain, err
		}
	case code < 400 && a.queued() != "": // a proxy gave it another status
		a.Verdict, a.ID = Accepted, a.queued()
	case code < 300:
		a.Verdict = Foreground
		if a.Why = noAnswer(a, resp, method, html, err); a.Why != "" {
			a.Verdict, a.Err = Uncertain, err
		}
	case code == http.StatusUnauthorized:
		a.Verdict = Unauthorized
	case code == http.StatusTooManyRequests:
		a.Verdict = Limited
	case code == http.StatusRequestTimeout || code >= 500:
		a.Verdict, a.Err = Uncertain, err
	default:
		a.Verdict = Rejected
	}
	return a
}

// queued returns the id of an answer that says that the request was queued,
// although its status does not: its stateLocation, or its Location, is the state
// of an operation. The id would be lost otherwise.
func (a Answer) queued() string {
	var body struct{ ID, JobID, StateLocation scalar }
	if len(a.Body) <= MaxAnswer {
		_ = json.Unmarshal(wire.Document(a.Body, a.Header.Get("Content-Type")), &body)
	}
	at := cmp.Or(idIn(string(body.StateLocation)), idIn(a.Header.Get("Location")))
	if EmptyID(at) {
		return ""
	}
	for _, id := range []scalar{body.ID, body.JobID} {
		if id := CanonicalID(string(id)); !EmptyID(id) {
			return id
		}
	}
	return at
}

// noAnswer says why a 2xx is not to be taken for the ERP's answer, or returns
// "". A page of HTML that nobody asked for is what a proxy or a login page says;
// of a body that broke off it is not known what the rest would have said. It
// makes no difference that a GET may be repeated: an answer that is none must
// not be handed to anybody as one.
func noAnswer(a Answer, resp *http.Response, method string, html bool, err error) string {
	kind := a.Header.Get("Content-Type")
	told := resp.ContentLength
	if method == http.MethodHead {
		told = 0
	}
	switch {
	case err != nil || a.Whole && int64(len(a.Body)) < told:
		return fmt.Sprintf("answered %d with a body that broke off after %d bytes", a.Status, len(a.Body))
	case a.Status == http.StatusPartialContent || a.Header.Get("Content-Range") != "":
		return fmt.Sprintf("answered %d with a part of a body", a.Status)
	case !html && wire.LooksHTML(a.Body, kind):
		return fmt.Sprintf("answered %d with a page of HTML, which was not asked for: a proxy may have spoken", a.Status)
	case a.Whole && !IsAttachment(a.Header) && wire.SaysJSON(a.Body, false, kind) && wire.CutOff(wire.Document(a.Body, kind)):
		return fmt.Sprintf("answered %d with JSON that ends in the middle", a.Status)
	}
	return ""
}

// AsksForHTML reports whether the header of a request asks for a page of HTML.
func AsksForHTML(h http.Header) bool {
	return strings.Contains(strings.ToLower(strings.Join(h.Values("Accept"), ",")), "html")
}

// acceptedID reads the id out of a 202: the body's id (the vendor's pages call
// it jobId), else the one inside an address that the answer names. A body that
// is cut off or otherwise broken is read as far as it goes: an id that was
// seen is never given up for what follows it.
func acceptedID(body []byte, h http.Header) string {
	text := wire.Document(body, h.Get("Content-Type"))
	if id := wholeID(text); id != "" {
		return id
	}
	var fromAddress string
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	for depth, name := 0, ""; ; {
		tok, err := dec.Token()
		if err != nil {
			break
		}
		switch v := tok.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				depth++
			} else {
				depth--
			}
			name = ""
			continue
		case string, json.Number:
			text := fmt.Sprint(v)
			switch {
			case depth == 0: // the bare id
				if guid, ok := hook.CanonicalGUID(text); ok && !EmptyID(guid) {
					return guid
				}
			case depth > 1:
			case name == "":
				name = strings.ToLower(text)
				continue
			case name == "id" || name == "jobid":
				if id := CanonicalID(text); !EmptyID(id) {
					return id
				}
			case name == "statelocation" && fromAddress == "":
				fromAddress = idIn(text)
			}
		}
		if depth == 1 {
			name = ""
		}
	}
	for _, id := range []string{fromAddress, idIn(h.Get("Location"))} {
		if !EmptyID(id) {
			return id
		}
	}
	return ""
}

// wholeID reads the id out of a body that is an object to its end, and has one.
func wholeID(text []byte) string {
	var first string
	body := struct{ ID, JobID idField }{idField{&first}, idField{&first}}
	if json.Unmarshal(text, &body) != nil {
		return ""
	}
	return first
}

// idField is a place for the first id of a body, whatever its name.
type idField struct{ first *string }

func (f idField) UnmarshalJSON(data []byte) error {
	if *f.first != "" || data[0] == 't' || data[0] == 'f' {
		return nil
	}
	var s scalar
	if err := s.UnmarshalJSON(data); err != nil {
		return err
	}
	if id := CanonicalID(string(s)); !EmptyID(id) {
		*f.first = id
	}
	return nil
}

// EmptyID reports whether an id names nothing: the zero of a GUID is what .NET
// writes for one that was never set.
func EmptyID(id string) bool { return strings.Trim(id, "0-") == "" }

// Reason says in a few words why it is not known what happened. It holds
// nothing of the answer's body.
func (a Answer) Reason() string {
	switch {
	case a.Why != "":
		return a.Why
	case a.Status == http.StatusAccepted:
		return "answered 202 without a readable id"
	case a.Status == http.StatusSwitchingProtocols:
		return "answered 101, which was not asked for"
	case a.Status != 0 || a.Err == nil:
		return fmt.Sprintf("answered %d", a.Status)
	}
	return "no answer: " + wire.Cut(a.Err.Error(), 200)
}

// Outcome is what is recorded of an answer in the foreground to a request.
func (a Answer) Outcome(rec store.Record) store.Outcome {
	now := time.Now()
	o := store.Outcome{
		Status: "Finished", Foreground: true, StatusCode: a.Status, Header: KeptHeader(a.Header),
		HasContent: len(a.Body) > 0, Kept: a.Whole, FinishedAt: now,
	}
	if packed := a.Header.Values("Content-Encoding"); len(packed) > 0 { // one that we cannot undo
		o.Header["Content-Encoding"] = packed
	}
	o.Content, o.ContentType = wire.Whole(a.Body, a.Header.Get("Content-Type"), IsAttachment(a.Header))
	TellType(&o)
	head := o.Content[:min(len(o.Content), MaxHead)]
	JudgeAction(rec.Method, rec.Path, &o, head, a.Whole && len(head) == len(o.Content), true)
	if !a.Whole {
		o.Content = nil
	}
	return o
}
