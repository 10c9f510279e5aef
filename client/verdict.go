package client

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/hook"
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
	err     error
}

const (
	maxAnswer     = 64 << 10 // bytes read of a 202 or of an error
	maxForeground = 64 << 20 // bytes kept of an answer that came at once; there is no second copy
)

// judge reads an answer to a background request:
//
//	202 with an id (body, else Location)            accepted
//	any other 2xx                                   it ran in the foreground
//	401                                             not taken; once more with a fresh token
//	429                                             not taken; later
//	other 3xx and 4xx, but for 408                  rejected
//	408, 5xx, 1xx, a 202 without a readable id      uncertain
func judge(resp *http.Response) *attempt {
	a := &attempt{status: resp.StatusCode, header: resp.Header}
	limit := int64(maxAnswer)
	if a.status >= 200 && a.status < 300 && a.status != http.StatusAccepted {
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
	case code >= 200 && code < 300:
		a.verdict = foreground
	case code == http.StatusUnauthorized:
		a.verdict = unauthorized
	case code == http.StatusTooManyRequests:
		a.verdict = limited
	case code == http.StatusRequestTimeout || code >= 500 || code < 300:
		a.verdict, a.err = uncertain, err
	default:
		a.verdict = rejected
	}
	return a
}

// acceptedID reads the id out of a 202: the body's id (the vendor's pages call
// it jobId), else the one inside an address that the answer names. A body that
// is cut off or otherwise broken is read as far as it goes: an id that was
// seen is never given up for what follows it.
func acceptedID(body []byte, h http.Header) string {
	var fromAddress string
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte(utf8BOM))))
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
				if guid, ok := hook.CanonicalGUID(text); ok {
					return guid
				}
			case depth > 1:
			case name == "":
				name = strings.ToLower(text)
				continue
			case name == "id" || name == "jobid":
				if id := canonicalID(text); id != "" {
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
	return cmp.Or(fromAddress, idIn(h.Get("Location")))
}

// utf8BOM is a mark that some servers put before a document.
const utf8BOM = "\xef\xbb\xbf"

// reason says in a few words why it is not known what happened. It holds
// nothing of the answer's body.
func (a *attempt) reason() string {
	switch {
	case a.status == http.StatusAccepted:
		return "answered 202 without a readable id"
	case a.status != 0:
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
	e.Message, e.FaultCode = messageIn(a.body)
	return e
}

// outcome is what is recorded of a foreground answer.
func (a *attempt) outcome() store.Outcome {
	now := time.Now()
	o := store.Outcome{
		Status: "Finished", Foreground: true, StatusCode: a.status, Header: keptHeader(a.header),
		HasContent: len(a.body) > 0, Kept: a.whole, ContentType: a.header.Get("Content-Type"), FinishedAt: now,
	}
	if a.whole {
		o.Content = a.body
	}
	return o
}

// keptHeader copies what belongs to an answer and leaves out what belongs to
// the connection or the session.
func keptHeader(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		switch name {
		case "Connection", "Keep-Alive", "Transfer-Encoding", "Trailer", "Upgrade", "Set-Cookie", "Content-Length", "Date":
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

// retryAfter reads how long a 429 asks to wait: Retry-After in seconds or as
// a date, else X-RateLimit-Reset in seconds (the old gateway sent an epoch
// time; what is above 10⁹ is one). It is bounded by the window of an hour.
func retryAfter(h http.Header, now time.Time) time.Duration {
	bounded := func(seconds float64) time.Duration {
		return time.Duration(min(max(seconds, 1), 3600) * float64(time.Second))
	}
	after := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(after, 64); err == nil && s >= 0 {
		return bounded(s)
	}
	if t, err := http.ParseTime(after); err == nil {
		return bounded(t.Sub(now).Seconds())
	}
	reset := cmp.Or(h.Get("X-Ratelimit-Reset"), "60")
	s, err := strconv.ParseFloat(strings.TrimSpace(reset), 64)
	switch {
	case err != nil || s < 0:
		return time.Minute
	case s > 1e9:
		return bounded(s - float64(now.Unix()))
	}
	return bounded(s)
}
