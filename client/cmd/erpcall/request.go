package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/spell"
)

// A request is what is to be sent, as it was given.
type request struct {
	method, path string
	header       http.Header
	body         []byte
}

// build makes it one of net/http's, relative to the root of the API.
func (r *request) build() (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequest(r.method, r.path, body)
	if err != nil {
		return nil, err
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if r.body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	return req, nil
}

// checkCall tells what is wrong with a method and a path.
func checkCall(method, path string) error {
	known := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	if !slices.Contains(known, method) {
		return cli.Usagef("METHOD %q: want one of %s%s", method, strings.Join(known, ", "), spell.Hint(method, known))
	}
	u, err := url.Parse(path)
	switch {
	case err != nil:
		return cli.Usagef("PATH: %w", err)
	case u.Host == "" && !strings.HasPrefix(path, "/"):
		return cli.Usagef("PATH %q: want a path below the API's root, such as /v1/customerinvoice", path)
	case u.Fragment != "":
		return cli.Usagef("PATH %q: must not have a fragment; write # as %%23", path)
	}
	return nil
}

// readData reads what -d names: @FILE, @- for the standard input, or the data itself.
func (a *app) readData(text string) ([]byte, error) {
	name, isFile := strings.CutPrefix(text, "@")
	switch {
	case !isFile:
		return []byte(text), nil
	case name == "-":
		return io.ReadAll(a.Stdin)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, cli.Usagef("--data: %w", err)
	}
	return data, nil
}

// checkData finds out before the call that JSON is none.
func checkData(r *request) error {
	kind := r.header.Get("Content-Type")
	if r.body == nil || kind != "" && !strings.Contains(kind, "json") {
		return nil
	}
	if json.Valid(r.body) {
		r.body = compact(r.body)
		return nil
	}
	var v any
	err := json.Unmarshal(r.body, &v)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		line := 1 + bytes.Count(r.body[:min(int(syntax.Offset), len(r.body))], []byte("\n"))
		return cli.Usagef("--data: no JSON: line %d: %w; name another content by -H 'Content-Type: …'", line, err)
	}
	return cli.Usagef("--data: no JSON: %w; name another content by -H 'Content-Type: …'", err)
}

// compact is JSON without the space between its parts: the same JSON is the same work,
// however a file lays it out.
func compact(text []byte) []byte {
	var b bytes.Buffer
	_ = json.Compact(&b, text) // it is valid
	return b.Bytes()
}

// addHeader adds a header to a request. Credentials do not belong into arguments.
func addHeader(h http.Header, text string) error {
	name, value, ok := strings.Cut(text, ":")
	name = http.CanonicalHeaderKey(strings.TrimSpace(name))
	switch {
	case !ok || name == "":
		return errors.New("want Name: value")
	case !hook.IsToken(name):
		return fmt.Errorf("%q is not the name of a header", name)
	case strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }):
		return fmt.Errorf("%s: the value must not hold control characters, such as the end of a line", name)
	case name == "Ipp-Company-Id":
		return errors.New("want --company, which sets it for the polls as well")
	case name == "Authorization" || name == "Cookie":
		return fmt.Errorf("credentials come from %s or a profile: others can read arguments", envToken)
	case name == "Erp-Api-Background":
		return errors.New("want --notify, which sets it")
	case name == "Idempotency-Key":
		return errors.New("want --key: erpcall itself sends nothing twice")
	}
	h.Add(name, strings.TrimSpace(value))
	return nil
}

// notify reads how the ERP is to tell that it is done.
func (a *app) notifyOf(text string, p profile) (client.Notify, error) {
	if text == "" {
		text = p.Notify
	}
	switch mode, rest, _ := strings.Cut(text, ":"); {
	case text == "" || text == "none":
		return client.NoNotification(), nil
	case mode == "subscription":
		pairs, err := pairsOf(rest)
		return client.Subscription(pairs...), err
	case strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://"):
		secret := p.NotifySecret
		if a.mock {
			secret = firstOf(a.Lookup(envNotifySecret), secret)
		}
		if secret == "" {
			return client.Notify{}, cli.Usagef("--notify %s: set %s to the secret that the receiver there knows: each operation gets an address of its own, signed with it", text, envNotifySecret)
		}
		return client.WebhookURL(text, secret), nil
	}
	return client.Notify{}, cli.Usagef("--notify %q: want none, subscription, subscription:name=value,… or the URL of a receiver", text)
}

func pairsOf(text string) ([]client.Pair, error) {
	if text == "" {
		return nil, nil
	}
	var list []client.Pair
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || name == "" {
			return nil, cli.Usagef("--notify: %q: want name=value", part)
		}
		list = append(list, client.Pair{Name: name, Value: value})
	}
	return list, nil
}
