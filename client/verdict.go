package client

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// verdict is what an answer says about a request.
type verdict int

const (
	notSent      verdict = iota // nothing left this machine
	accepted                    // queued under an id
	foreground                  // it ran at once
	rejected                    // refused
	unauthorized                // refused for its credentials
	limited                     // not taken because of the limits
	uncertain                   // it may have been accepted
)

func (v verdict) String() string {
	return [...]string{"not sent", "accepted", "foreground", "rejected", "unauthorized", "limited", "uncertain"}[v]
}

// attempt is a request that was sent once, and what came of it.
type attempt struct {
	verdict verdict
	status  int
	header  http.Header
	body    []byte
	whole   bool // body is all of it
	id      string
	why     string // it is uncertain in spite of a 2xx
	hint    string // what to do about a refusal
	err     error
}

const (
	maxAnswer     = 64 << 10 // bytes read of a 202 or of an error
	maxForeground = 64 << 20 // bytes kept of an answer that came at once; there is no second copy
)

// judge reads an answer to a background request:
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
// docs/answers.md has it in full.
func judge(resp *http.Response, cl *call) *attempt {
	a := &attempt{status: resp.StatusCode, header: resp.Header}
	if a.status < 200 { // the body of a 101 is the connection, of which a read never ends
		a.verdict = uncertain
		return a
	}
	_ = wire.Unpack(resp) // what stays packed is kept as it is
	a.header = resp.Header
	limit := int64(maxAnswer)
	if a.status < 300 && a.status != http.StatusAccepted {
		limit = maxForeground
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	a.whole = err == nil && int64(len(body)) <= limit
	a.body = body[:min(int64(len(body)), limit)]
	switch code := a.status; {
	case code == http.StatusAccepted:
		a.id = acceptedID(a.body, a.header)
		if a.verdict = accepted; a.id == "" {
			a.verdict, a.err = uncertain, err
		}
	case code < 400 && a.queued() != "": // a proxy gave it another status
		a.verdict, a.id = accepted, a.queued()
	case code < 300:
		a.verdict = foreground
		if a.why = noAnswer(a, resp, cl, err); a.why != "" {
			a.verdict, a.err = uncertain, err
		}
	case code == http.StatusUnauthorized:
		a.verdict, a.hint = unauthorized, withoutToken(resp)
	case code == http.StatusTooManyRequests:
		a.verdict = limited
	case code == http.StatusRequestTimeout || code >= 500:
		a.verdict, a.err = uncertain, err
	default:
		a.verdict = rejected
	}
	return a
}

// queued returns the id of an answer that says that the request was queued,
// although its status does not: its stateLocation, or its Location, is the state
// of an operation. The id would be lost otherwise.
func (a *attempt) queued() string {
	var body struct{ ID, JobID, StateLocation scalar }
	if len(a.body) <= maxAnswer {
		_ = json.Unmarshal(wire.Document(a.body, a.header.Get("Content-Type")), &body)
	}
	at := cmp.Or(idIn(string(body.StateLocation)), idIn(a.header.Get("Location")))
	if empty(at) {
		return ""
	}
	for _, id := range []scalar{body.ID, body.JobID} {
		if id := canonicalID(string(id)); !empty(id) {
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
func noAnswer(a *attempt, resp *http.Response, cl *call, err error) string {
	kind := a.header.Get("Content-Type")
	told := resp.ContentLength
	if cl.method == http.MethodHead {
		told = 0
	}
	switch {
	case err != nil || a.whole && int64(len(a.body)) < told:
		return fmt.Sprintf("answered %d with a body that broke off after %d bytes", a.status, len(a.body))
	case a.status == http.StatusPartialContent || a.header.Get("Content-Range") != "":
		return fmt.Sprintf("answered %d with a part of a body", a.status)
	case !asksForHTML(cl.header) && wire.LooksHTML(a.body, kind):
		return fmt.Sprintf("answered %d with a page of HTML, which was not asked for: a proxy may have spoken", a.status)
	case a.whole && !isAttachment(a.header) && wire.SaysJSON(a.body, false, kind) && wire.CutOff(wire.Document(a.body, kind)):
		return fmt.Sprintf("answered %d with JSON that ends in the middle", a.status)
	}
	return ""
}

func asksForHTML(h http.Header) bool {
	return strings.Contains(strings.ToLower(strings.Join(h.Values("Accept"), ",")), "html")
}

// acceptedID reads the id out of a 202: the body's id (the vendor's pages call
// it jobId), else the one inside an address that the answer names. A body that
// is cut off or otherwise broken is read as far as it goes: an id that was
// seen is never given up for what follows it.
func acceptedID(body []byte, h http.Header) string {
	var fromAddress string
	dec := json.NewDecoder(bytes.NewReader(wire.Document(body, h.Get("Content-Type"))))
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
				if guid, ok := hook.CanonicalGUID(text); ok && !empty(guid) {
					return guid
				}
			case depth > 1:
			case name == "":
				name = strings.ToLower(text)
				continue
			case name == "id" || name == "jobid":
				if id := canonicalID(text); !empty(id) {
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
		if !empty(id) {
			return id
		}
	}
	return ""
}

// empty reports whether an id names nothing: the zero of a GUID is what .NET
// writes for one that was never set.
func empty(id string) bool { return strings.Trim(id, "0-") == "" }

// reason says in a few words why it is not known what happened. It holds
// nothing of the answer's body.
func (a *attempt) reason() string {
	switch {
	case a.why != "":
		return a.why
	case a.status == http.StatusAccepted:
		return "answered 202 without a readable id"
	case a.status == http.StatusSwitchingProtocols:
		return "answered 101, which was not asked for"
	case a.status != 0 || a.err == nil:
		return fmt.Sprintf("answered %d", a.status)
	}
	return "no answer: " + cut(a.err.Error(), 200)
}

// bare strips the method and URL that net/http puts around its errors.
func bare(err error) error {
	if u, ok := err.(*url.Error); ok {
		return u.Err
	}
	return err
}

func (a *attempt) refusal(cl *call) *ResponseError {
	e := &ResponseError{Method: cl.method, Path: pathOf(cl.path), StatusCode: a.status, Header: a.header, Body: a.body}
	e.read(&http.Response{Header: a.header})
	e.hint, e.err = a.hint, a.err
	return e
}

// outcome is what is recorded of a foreground answer.
func (a *attempt) outcome(rec store.Record) store.Outcome {
	now := time.Now()
	o := store.Outcome{
		Status: "Finished", Foreground: true, StatusCode: a.status, Header: keptHeader(a.header),
		HasContent: len(a.body) > 0, Kept: a.whole, FinishedAt: now,
	}
	if packed := a.header.Values("Content-Encoding"); len(packed) > 0 { // one that we cannot undo
		o.Header["Content-Encoding"] = packed
	}
	o.Content, o.ContentType = wire.Whole(a.body, a.header.Get("Content-Type"), isAttachment(a.header))
	tellType(&o)
	head := o.Content[:min(len(o.Content), maxHead)]
	judgeAction(rec.Method, rec.Path, &o, head, a.whole && len(head) == len(o.Content), true)
	if !a.whole {
		o.Content = nil
	}
	return o
}

// keptHeader copies what belongs to an answer. It leaves out what belongs to the
// connection or the session, and what speaks of the bytes of a body that is
// handed on in other bytes, or in full.
func keptHeader(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		switch name {
		case "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Set-Cookie", "Content-Length", "Date", "Age",
			"Content-Encoding", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "Content-Range", "Accept-Ranges":
		default:
			out[name] = values
		}
	}
	return out
}

// pathOf cuts the query off, which may hold data of customers.
func pathOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}
