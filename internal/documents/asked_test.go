package documents

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/openapidoc"
)

// A mock is a server in memory that answers by one document, and by nothing else.
type mock struct {
	document *openapidoc.Document
	server   *mockserver.Server
}

func newMock(d *declaration) (*mock, error) {
	document, err := openapidoc.New(openapidoc.Config{Source: d.text, Name: d.name, Seed: 1})
	if err != nil {
		return nil, err
	}
	server, err := mockserver.New(mockserver.Config{
		Seed: 1, NoERP: true, JournalBytes: 1 << 16, Fallbacks: []mockserver.Fallback{document}, RateLimit: mockserver.RateLimit{Limit: 1 << 30},
	})
	return &mock{document, server}, err
}

// A reply is what the mock answered.
type reply struct {
	status int
	media  string
	header http.Header
	body   []byte
	value  any // of the body, if it is JSON
}

// ask calls the operation and wants the answer that is declared. With dynamic
// the answer is one that is made, examples or not.
func (m *mock) ask(ctx context.Context, a answer, dynamic bool) (reply, error) {
	header := http.Header{"Prefer": {fmt.Sprintf("code=%d", code(a.status))}}
	if dynamic {
		header.Add("Prefer", "dynamic=true")
	}
	if a.media != "" {
		header.Set("Accept", a.media)
	}
	return send(ctx, m.server.Client(), strings.ToUpper(a.method), "https://erp.mock"+concrete(a.path), header)
}

// send makes a call and reads the reply to its end.
func send(ctx context.Context, client *http.Client, method, url string, header http.Header) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return reply{}, err
	}
	r.Header = header
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	out := reply{status: res.StatusCode, header: res.Header}
	out.media, _, _ = mime.ParseMediaType(res.Header.Get("Content-Type"))
	if out.body, err = io.ReadAll(io.LimitReader(res.Body, 64<<20)); err != nil {
		return out, err
	}
	if isJSON(out.media) && len(out.body) > 0 {
		if out.value, err = parse[any](out.body); err != nil {
			return out, fmt.Errorf("the body is no JSON: %w: %.200q", err, out.body)
		}
	}
	return out, nil
}

// code is a status that stands for the declared one.
func code(status string) int {
	var n int
	switch {
	case status == "default":
		return 599
	case strings.HasSuffix(strings.ToUpper(status), "XX"):
		_, _ = fmt.Sscanf(status[:1], "%d", &n)
		return n*100 + 77
	}
	_, _ = fmt.Sscanf(status, "%d", &n)
	return n
}

var parameterOfPath = regexp.MustCompile(`\{[^{}/]*\}`)

// concrete fills the parameters of a path in, and escapes the rest as a client
// does.
func concrete(path string) string {
	if at := strings.IndexAny(path, "?#"); at >= 0 {
		path = path[:at] // what follows is no path
	}
	var b strings.Builder
	for _, c := range []byte(parameterOfPath.ReplaceAllString(path, "7")) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"<>\^`+"`{|}?#", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

func isJSON(media string) bool {
	return media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json")
}
