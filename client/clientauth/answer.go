package clientauth

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/wire"
)

// answers is the transport of the token endpoint. It reads each answer whole,
// tolerates what servers and what stands before them make of one, and gives
// package oauth2 either the token as the standard has it, or an error: a
// [*TokenError] for an answer that is none, and that of the connection for one
// that breaks off.
type answers struct{ next http.RoundTripper }

// maxAnswer is more than any token.
const maxAnswer = 1 << 20

// RoundTrip implements http.RoundTripper.
func (t answers) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Header.Set("Accept", "application/json")
	resp, err := t.next.RoundTrip(out)
	if err != nil || resp == nil {
		return nil, err
	}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	defer resp.Body.Close() // the one of a 101 is a connection, which never ends
	if resp.StatusCode < 200 || resp.StatusCode > 599 {
		return nil, &TokenError{
			StatusCode: resp.StatusCode, what: ", which is no answer to the request for a token",
			hint: "is TokenURL right, and does nothing answer in its place?",
		}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	g, what := readGrant(body, resp.Header.Get("Content-Type"))
	if resp.StatusCode > 299 || what != "" || g.fault != "" {
		return nil, refusal(resp, g, what)
	}
	resp.Header = http.Header{"Content-Type": {"application/json"}}
	body = g.standard()
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t answers) CloseIdleConnections() { closeIdle(t.next) }

// refusal is the error of an answer that brings no token; what says what it
// brings instead.
func refusal(resp *http.Response, g grant, what string) *TokenError {
	e := &TokenError{
		StatusCode: resp.StatusCode, Code: g.fault, Description: g.description,
		passing: passes(resp.StatusCode), hint: hintFor(resp.StatusCode, g.fault),
	}
	e.after, _ = wire.RetryAfter(resp.Header, time.Now())
	switch {
	case resp.StatusCode <= 299 && g.fault == "":
		e.what = " with " + what + ": no usable token"
	case what == aPage:
		e.what = " with " + what
	}
	return e
}

// grant is what an answer of the token endpoint says.
type grant struct {
	token, kind, refresh string
	seconds              int64 // of the token's life, 0: not told
	fault, description   string
}

// standard returns the grant as the standard has it.
func (g grant) standard() []byte {
	doc, err := json.Marshal(struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type,omitempty"`
		RefreshToken string `json:"refresh_token,omitempty"`
		ExpiresIn    int64  `json:"expires_in,omitempty"`
	}{g.token, g.kind, g.refresh, g.seconds})
	if err != nil { // strings and a number
		panic(err)
	}
	return doc
}

// aPage is what proxies answer with, and what stands before a login.
const aPage = "an HTML page"

// readGrant reads an answer's body: JSON, whatever the content type says, or
// a form. It returns what there is instead if that is neither a token nor an
// error of the standard.
func readGrant(body []byte, contentType string) (g grant, what string) {
	if len(body) > maxAnswer {
		return grant{}, "more than 1 MiB"
	}
	text := bytes.TrimSpace(wire.Text(body, contentType))
	var read func(string) string // a member as text
	var has func(string) bool
	form, err := url.ParseQuery(string(text))
	switch {
	case len(text) == 0:
		return grant{}, "an empty body"
	case text[0] == '{':
		var doc map[string]json.RawMessage
		if json.Unmarshal(text, &doc) != nil {
			return grant{}, "JSON that breaks off or is malformed"
		}
		read = func(name string) string { return member(doc[name]) }
		has = func(name string) bool { _, ok := doc[name]; return ok }
	case text[0] == '<' || wire.LooksHTML(text, contentType):
		return grant{}, aPage
	case err == nil && isForm(contentType) && (form.Has("access_token") || form.Has("error")):
		read, has = form.Get, form.Has
	default:
		return grant{}, "a text that is neither JSON nor a form"
	}
	g = grant{
		token: read("access_token"), kind: read("token_type"), refresh: read("refresh_token"),
		seconds: life(read("expires_in")), fault: read("error"), description: read("error_description"),
	}
	switch {
	case g.fault != "" || g.token != "":
		return g, ""
	case has("access_token"):
		return g, "an empty access_token"
	}
	return g, "no access_token"
}

// isForm reports whether a content type is one that forms come with.
func isForm(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind == "application/x-www-form-urlencoded" || kind == "text/plain"
}

// member returns a value of JSON as text: a string, or a number as it stands.
func member(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// life reads how many seconds a token lives: a number, which may have a
// fraction or stand in quotes. It is 0 if that is not told, or makes no sense:
// such a token is used until the ERP refuses it.
func life(text string) int64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(f > 0) {
		return 0
	}
	return int64(min(max(f, 1), math.MaxInt32))
}
