package conformance

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	referenceGrace     = 10 * time.Minute
	referenceRetention = 24 * time.Hour
)

// await polls until work has ended, or until its time is over.
func (c *referenceClient) await(w *work, end time.Time) (map[string]any, error) {
	var missing int
	var oddSince time.Time
	c.listen(w, end)
	c.sleep(min(w.next.Sub(c.now()), end.Sub(c.now())), c.wake)
	for w.Ended == nil && c.ctx.Err() == nil {
		if c.is("gives up after an hour") && c.now().Sub(w.Accepted) > time.Hour {
			w.Ended = map[string]any{"outcome": "failed"}
		}
		if c.is("forgets to poll") && w.Step.Notify != "none" {
			c.sleep(end.Sub(c.now()), c.wake)
		}
		ended, err := c.poll(w, &oddSince)
		switch {
		case ended != nil:
			w.Ended = ended
		case errors.Is(err, errGone):
			missing++
			old := c.now().Sub(w.Accepted) >= referenceRetention && missing >= 3
			if old && !c.is("never gives up") || c.is("takes a 404 for the end") {
				w.Ended = map[string]any{"outcome": "expired"}
			}
		case err != nil && (c.is("ends at a failed poll") || c.is("reads strictly")):
			return map[string]any{"outcome": "failed", "message": err.Error()}, nil
		default:
			missing = 0
		}
		if w.Ended != nil || !c.now().Before(end) {
			break
		}
		c.rest(w, end)
		c.news()
	}
	return c.said(w), c.save()
}

// rest waits until the next poll.
func (c *referenceClient) rest(w *work, end time.Time) {
	d := max(c.millis("POLL_MS"), w.next.Sub(c.now()), c.pause.Sub(c.now()))
	if c.is("polls without a pause") {
		d = 100 * time.Microsecond
	}
	var wake <-chan struct{} = c.wake
	if c.is("sleeps through notifications") {
		wake = nil
	}
	c.sleep(min(d, max(end.Sub(c.now()), time.Millisecond)), wake)
}

// listen waits for a notification that may tell what became of a request.
func (c *referenceClient) listen(w *work, end time.Time) {
	if w.Ended == nil || w.Ended["outcome"] != "uncertain" || w.Step.Notify == "none" {
		return
	}
	c.sleep(min(c.millis("UNCERTAIN_MS"), end.Sub(c.now())), c.wake)
	c.news()
	if len(w.hints) > 0 {
		w.ID, w.Ended = w.hints[0], nil
	}
}

// poll asks for the state, and returns the end if it has come. OddSince is when the
// state began to be one that nobody understands.
func (c *referenceClient) poll(w *work, oddSince *time.Time) (map[string]any, error) {
	path := "/v1/background/" + w.ID
	if strings.Contains(w.ID, "://") {
		path = w.ID
	}
	resp, body, err := c.call(http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	c.wait(resp, w)
	switch {
	case resp.StatusCode == 404 || resp.StatusCode == 410:
		return nil, errGone
	case resp.StatusCode == 403 && c.is("ends at a 403"):
		return map[string]any{"outcome": "refused", "statusCode": 403}, nil
	case resp.StatusCode/100 != 2:
		return nil, errors.New(resp.Status)
	case c.is("minds types") && !strings.Contains(resp.Header.Get("Content-Type"), "json"):
		return nil, errors.New("no JSON")
	}
	o := c.object(body)
	id := c.word(o, "id")
	same := strings.EqualFold(id, w.ID) || c.is("minds the case of ids") && id == w.ID
	if c.is("minds the case of ids") {
		same = id == w.ID
	}
	if o == nil || !same && !strings.Contains(w.ID, "://") && !c.is("takes any state") {
		return nil, errors.New("no state of it")
	}
	return c.judge(w, o, oddSince)
}

// judge makes an end of a state, if it is one.
func (c *referenceClient) judge(w *work, o map[string]any, oddSince *time.Time) (map[string]any, error) {
	status := c.word(o, "status")
	code, _ := strconv.ParseFloat(c.word(o, "statusCode"), 64)
	finished := c.word(o, "finishedUtc")
	if c.is("reads strictly") && !strict(o) {
		return nil, errors.New("a field is not what was declared")
	}
	word := strings.ToLower(status)
	if c.is("minds the case of words") {
		word = map[string]string{"Finished": "finished", "Failed": "failed"}[status]
	}
	unset := finished == "" || strings.HasPrefix(finished, "0001-")
	if c.is("takes any end for one") && (word != "started" && word != "finished" && word != "failed") {
		return map[string]any{"outcome": "succeeded", "statusCode": int(cmp.Or(code, 200))}, nil
	}
	if c.is("knows failures only") && word != "started" && word != "failed" {
		word, code = "finished", cmp.Or(code, 200)
	}
	switch {
	case word == "failed":
		if c.is("takes Failed for running") {
			return nil, nil
		}
		if c.is("goes by the status code") && code == 200 || c.is("takes Failed for success") {
			return map[string]any{"outcome": "succeeded", "statusCode": int(code)}, nil
		}
		return map[string]any{"outcome": "failed", "statusCode": int(code)}, nil
	case word == "finished" && code >= 200:
		return c.finish(w, o, int(code))
	case word == "finished", !unset && code >= 200 && word != "started":
		if oddSince.IsZero() {
			*oddSince = c.now()
		}
		if c.now().Sub(*oddSince) > referenceGrace {
			return map[string]any{"outcome": "uncertain"}, nil
		}
	}
	return nil, nil
}

// strict reports whether the times of a state are what a strict client takes.
func strict(o map[string]any) bool {
	if _, ok := o["statuscode"].(json.Number); !ok || strings.Contains(string(o["statuscode"].(json.Number)), ".") {
		return false
	}
	for _, name := range []string{"receivedutc", "startedutc", "finishedutc"} {
		v, there := o[name]
		text, isText := v.(string)
		if !there || v == nil && name == "receivedutc" || v != nil && !isText {
			return false
		}
		if at, err := time.Parse(time.RFC3339Nano, text); isText && (err != nil || at.Year() == 1) {
			return false
		}
	}
	return true
}

// finish fetches the content of what is finished.
func (c *referenceClient) finish(w *work, o map[string]any, code int) (map[string]any, error) {
	has, told := c.named(o, "hasResponseContent"), c.named(o, "hasResponseContent") != nil
	location := c.word(o, "contentLocation")
	there := has == true || has == "true" || !told && location != ""
	if c.is("goes by the address of content") {
		there = location != ""
	}
	if c.is("goes by the flag of content") {
		there = has == true
	}
	ended := c.ended(code, nil, nil)
	if there {
		path := "/v1/background/" + w.ID + "/content"
		if c.is("follows addresses") {
			path = location
		}
		resp, body, err := c.call(http.MethodGet, path, nil)
		switch {
		case err != nil && resp != nil && c.is("takes half a content"):
		case err != nil:
			return nil, err
		}
		c.wait(resp, w)
		switch {
		case resp.StatusCode == 410 && !c.is("fails without content"):
			return ended, nil
		case resp.StatusCode != 200 && c.is("ends at a failed fetch"):
			return ended, nil
		case resp.StatusCode != 200 && c.is("fails without content"):
			return map[string]any{"outcome": "failed", "statusCode": resp.StatusCode}, nil
		case resp.StatusCode != 200:
			return nil, errors.New(resp.Status)
		case isHTML(resp) && !strings.Contains(c.contentType(o), "html") && !c.is("takes any page"):
			return nil, errors.New("a page")
		}
		ended = c.ended(code, resp, c.read(body, resp))
	}
	if c.is("takes Finished for success") {
		ended["outcome"] = "succeeded"
	}
	if strings.Contains(w.Step.Path, "/action/") && ended["bodyBase64"] != nil && !c.is("does not read actions") {
		body, _ := base64.StdEncoding.DecodeString(ended["bodyBase64"].(string))
		if c.word(c.object(body), "actionResult") == "Failed" {
			ended["outcome"] = "failed"
		}
	}
	return ended, nil
}

// contentType is the type that the state announces.
func (c *referenceClient) contentType(o map[string]any) string {
	headers, _ := c.named(o, "responseHeaders").(map[string]any)
	kind, _ := headers["Content-Type"].(string)
	return kind
}

// read is content as it is told: byte for byte, unless it is to be wrong.
func (c *referenceClient) read(body []byte, resp *http.Response) []byte {
	switch {
	case c.is("makes floats of numbers"):
		var v any
		if json.Unmarshal(body, &v) == nil {
			body, _ = json.Marshal(v)
		}
	case c.is("makes text of bytes"):
		if !utf8.Valid(body) || strings.Contains(resp.Header.Get("Content-Type"), "html") {
			body = []byte(strings.ToValidUTF8(string(body), "?") + "\n")
		}
	case c.is("reads a megabyte"):
		body = body[:min(len(body), 1<<20)]
	case c.is("drops letters beyond ASCII"):
		body = slices.DeleteFunc(body, func(b byte) bool { return b > 127 })
	case c.is("drops empty content") && len(body) == 2, c.is("keeps the mark") && strings.HasPrefix(string(body), mark):
		return nil
	}
	return body
}

// ServeHTTP takes notifications, for which a client that polls needs no store.
func (c *referenceClient) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	rest := strings.TrimPrefix(r.URL.Path, "/hook")
	key, secret, _ := strings.Cut(strings.Trim(rest, "/"), "-"+c.env["SECRET"])
	if rest != "" && (!strings.Contains(r.URL.Path, c.env["SECRET"]) || secret != "") {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if rest == "" && !signed(r.Header.Get(signatureHeader), body, c.env["SIGNING_KEYS"]) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	o := c.object(body)
	code, _ := strconv.Atoi(c.word(o, "statusCode"))
	c.mu.Lock()
	c.inbox = append(c.inbox, heard{key, guids.FindString(c.word(o, "id")), code, o != nil})
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// news takes in what was heard.
func (c *referenceClient) news() {
	c.mu.Lock()
	list := c.inbox
	c.inbox = nil
	c.mu.Unlock()
	for _, h := range list {
		if !h.object && c.is("breaks on nonsense") {
			c.works = nil
		}
		for key, w := range c.works {
			if h.key == key || h.key == "" && strings.EqualFold(w.ID, h.id) {
				c.hear(w, h)
			}
		}
	}
}

// hear takes in a notification about work. It is a hint, unless it is to be wrong.
func (c *referenceClient) hear(w *work, h heard) {
	w.hints = append(w.hints, h.id)
	switch {
	case w.ID == "" && c.is("breaks on an unknown notification"):
		c.works = nil
	case w.Ended != nil && c.is("ends anew at each notification"):
		w.Ended = map[string]any{"outcome": "failed"}
	case c.is("believes notifications"):
		w.Ended = c.ended(h.code, nil, nil)
	}
}
