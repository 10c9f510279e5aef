package conformance

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

type referenceClient struct {
	*reference
	webhook string
	http    *http.Client
	token   string
	pause   time.Time // no call before
	works   map[string]*work
	wake    chan struct{} // tells that something is in the inbox

	mu    sync.Mutex // guards inbox
	inbox []heard
}

// A heard is a notification that came.
type heard struct {
	key    string // of the work that its address is about; empty: of any
	id     string
	code   int
	object bool
}

// A work is what is known of one submit. Its exported fields are on disk.
type work struct {
	Step     step
	ID       string
	Sending  bool
	Accepted time.Time
	Ended    map[string]any
	next     time.Time // no poll before
	hints    []string  // ids that notifications named
}

func newReferenceClient(r *reference, webhook string) (*referenceClient, error) {
	c := &referenceClient{reference: r, webhook: webhook, token: r.env["TOKEN"], works: make(map[string]*work), wake: make(chan struct{}, 1)}
	c.http = &http.Client{Transport: &http.Transport{}, Timeout: r.millis("CALL_TIMEOUT_MS")}
	if !r.is("follows redirects") {
		c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	context.AfterFunc(r.ctx, c.http.CloseIdleConnections)
	data, err := os.ReadFile(c.file())
	if err == nil && !r.is("forgets") {
		err = json.Unmarshal(data, &c.works)
	}
	for _, w := range c.works {
		if w.Sending {
			w.Sending, w.Ended = false, map[string]any{"outcome": "uncertain"}
			if r.is("sends anew what it was sending") {
				w.Ended = c.send(w)
			}
		}
	}
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return c, err
}

func (c *referenceClient) file() string { return filepath.Join(c.env["DIR"], "works.json") }

func (c *referenceClient) save() error {
	data, err := json.Marshal(c.works)
	if err != nil || c.ctx.Err() != nil { // who was killed writes nothing more
		return err
	}
	return os.WriteFile(c.file(), data, 0o600)
}

func (c *referenceClient) do(s step) (map[string]any, error) {
	c.news()
	if s.Do == "submit" {
		return c.submit(s)
	}
	w := c.works[s.Key]
	if c.is("mixes up its works") {
		for _, w = range c.works {
			if w.Step.Key != s.Key {
				break
			}
		}
	}
	if w == nil {
		return nil, errors.New("there is no such work")
	}
	return c.await(w, c.now().Add(time.Duration(s.TimeoutMs)*time.Millisecond))
}

func (c *referenceClient) submit(s step) (map[string]any, error) {
	w := c.works[s.Key]
	if w != nil && !c.is("sends each time") {
		return c.said(w), nil
	}
	w = &work{Step: s, Sending: true}
	c.works[s.Key] = w
	if err := c.save(); err != nil {
		return nil, err
	}
	w.Ended = c.send(w)
	w.Sending, w.Accepted = false, c.now()
	return c.said(w), c.save()
}

// said is what is known of work without asking.
func (c *referenceClient) said(w *work) map[string]any {
	if w.Ended == nil {
		return map[string]any{"outcome": "pending", "id": w.ID}
	}
	return w.Ended
}

// send sends a request, and returns its end if it has one.
func (c *referenceClient) send(w *work) map[string]any {
	uncertain := map[string]any{"outcome": "uncertain"}
	if c.is("takes what is uncertain for refused") {
		uncertain = map[string]any{"outcome": "refused"}
	}
	for try := 1; ; try++ {
		resp, body, err := c.call(w.Step.Method, w.Step.Path, w)
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" || errors.Is(err, errNoToken) {
			if c.is("takes refusals for uncertain") {
				return uncertain
			}
			return map[string]any{"outcome": "refused", "message": err.Error()}
		}
		if c.is("sends again") && try < 3 && (err != nil || resp.StatusCode >= 500 || resp.StatusCode == 408) {
			continue
		}
		if resp == nil {
			return uncertain
		}
		switch status := resp.StatusCode; {
		case status == 429 && c.is("takes a 429 for a failure"):
			return map[string]any{"outcome": "failed", "statusCode": status}
		case status == 429 && try < 5:
			c.wait(resp, w)
			continue
		case status/100 == 2:
			w.ID = c.idOf(resp, body)
			if w.ID != "" && (status == 202 || !c.is("takes a 202 only")) {
				c.wait(resp, w)
				return nil
			}
			if c.is("waits for what ended at once") {
				return nil
			}
			ended := c.ended(status, resp, body)
			if (status == 202 || err != nil || isHTML(resp)) && !c.is("takes any 2xx for success") {
				return uncertain
			}
			return ended
		case err != nil || status == 408 || status >= 500:
			return uncertain
		case c.is("takes refusals for uncertain"):
			return uncertain
		default:
			return map[string]any{"outcome": "refused", "statusCode": status}
		}
	}
}

var guids = regexp.MustCompile(`(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// idOf is the id that a 202 names.
func (c *referenceClient) idOf(resp *http.Response, body []byte) string {
	if !strings.Contains(resp.Header.Get("Content-Type"), "json") && c.is("minds types") {
		body = nil
	}
	o := c.object(body)
	id := c.word(o, "id")
	if !c.is("knows no other fields") {
		id = cmp.Or(id, c.word(o, "jobId"), guids.FindString(c.word(o, "stateLocation")))
	}
	if c.is("reads Location only") {
		id = ""
	}
	if l := resp.Header.Get("Location"); strings.Contains(l, "/background/") && !c.is("reads the body only") {
		id = cmp.Or(id, guids.FindString(l))
	}
	if c.is("follows addresses") {
		if at := c.word(o, "stateLocation"); at != "" {
			return at
		}
	}
	return id
}

func isHTML(resp *http.Response) bool {
	return strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html")
}

var errNoToken = errors.New("no token")

// call makes a call of the ERP. Its error may come with a response, of which the
// body broke off.
func (c *referenceClient) call(method, path string, w *work) (*http.Response, []byte, error) {
	for try := 1; ; try++ {
		if !c.is("does not pause") {
			c.sleep(c.pause.Sub(c.now()), nil)
		}
		if err := c.authorize(); err != nil {
			return nil, nil, err
		}
		target := path
		if !strings.Contains(path, "://") {
			target = c.base() + path
		}
		var body io.Reader
		if w != nil && w.Step.Body != "" {
			body = strings.NewReader(c.written(w.Step.Body))
		}
		req, err := http.NewRequestWithContext(c.ctx, method, target, body)
		if err != nil {
			return nil, nil, err
		}
		c.describe(req, w)
		resp, err := c.http.Do(req)
		c.news()
		if err != nil {
			return nil, nil, err
		}
		data, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode == 401 && c.env["TOKEN_URL"] != "" && try == 1 && !c.is("keeps its token") {
			c.token = ""
			continue
		}
		return resp, data, err
	}
}

// written is the body of a request.
func (c *referenceClient) written(body string) string {
	var v any
	if c.is("writes bodies anew") && json.Unmarshal([]byte(body), &v) == nil {
		anew, _ := json.Marshal(v)
		return string(anew)
	}
	return body
}

func (c *referenceClient) base() string {
	if u, err := url.Parse(c.env["URL"]); err == nil && c.is("drops the path of the root") {
		return u.Scheme + "://" + u.Host
	}
	return c.env["URL"]
}

// describe sets the header of a request.
func (c *referenceClient) describe(req *http.Request, w *work) {
	req.Header.Set("Authorization", "Bearer "+c.token)
	if c.virtual && !c.is("does not tell its time") {
		req.Header.Set(clockHeader, strconv.FormatInt(c.now().UnixMilli(), 10))
	}
	if c.is("does not unpack") {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	if w == nil {
		return
	}
	if w.Step.ContentType != "" {
		req.Header.Set("Content-Type", w.Step.ContentType)
	}
	if c.is("escapes anew") {
		req.URL.RawQuery = req.URL.Query().Encode()
	}
	if !c.is("forgets the header") {
		value := w.Step.Notify
		if value == "url" {
			value = c.webhook + "/" + url.PathEscape(w.Step.Key) + "-" + c.env["SECRET"]
		}
		req.Header.Set(wire.BackgroundHeader, value)
	}
}

// authorize gets a token if there is none.
func (c *referenceClient) authorize() error {
	if c.token != "" && !c.is("gets a token for each call") {
		return nil
	}
	if c.env["TOKEN_URL"] == "" {
		return nil
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.env["CLIENT_ID"]}, "client_secret": {c.env["CLIENT_SECRET"]}, "tenant_id": {c.env["TENANT_ID"]}, "scope": {c.env["SCOPE"]}}
	req, err := http.NewRequestWithContext(c.ctx, http.MethodPost, c.env["TOKEN_URL"], strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.http.Do(req)
	if err != nil {
		return errNoToken
	}
	defer resp.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	if resp.StatusCode != 200 || json.NewDecoder(resp.Body).Decode(&got) != nil {
		if c.is("goes on without a token") {
			return nil
		}
		return errNoToken
	}
	c.token = got.Token
	return nil
}

// wait obeys an answer that asks to wait.
func (c *referenceClient) wait(resp *http.Response, w *work) {
	text := resp.Header.Get("Retry-After")
	seconds, err := strconv.Atoi(text)
	d := time.Duration(seconds) * time.Second
	if at, bad := http.ParseTime(text); err != nil && bad == nil {
		now, known := http.ParseTime(resp.Header.Get("Date"))
		if known != nil || c.is("reads dates by its own clock") {
			now = c.now()
		}
		d = at.Sub(now)
		if c.is("reads seconds only") {
			d = 0
		}
	}
	if c.is("does not wait") || d <= 0 {
		return
	}
	until := c.now().Add(d)
	if resp.StatusCode == 429 || resp.StatusCode == 503 {
		c.pause = until
		return
	}
	w.next = until
}

// ended is what is told of an end.
func (c *referenceClient) ended(status int, resp *http.Response, body []byte) map[string]any {
	e := map[string]any{"outcome": "failed", "statusCode": status}
	if status/100 == 2 {
		e["outcome"] = "succeeded"
	}
	if len(body) > 0 {
		e["bodyBase64"] = base64.StdEncoding.EncodeToString(body)
	}
	if resp != nil {
		e["contentType"] = resp.Header.Get("Content-Type")
	}
	return e
}
