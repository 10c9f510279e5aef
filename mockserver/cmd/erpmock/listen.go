package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/internal/cli"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

// A listener receives notifications as the options of listen say.
type listener struct {
	control   *control
	address   string
	keys      []string
	targets   []string
	status    int
	subscribe bool
	tls       tlsFiles

	receiver *receiver.Receiver
	client   *http.Client

	isTerminal bool // there are keys, and lines end as a terminal in raw mode wants it

	mu   sync.Mutex // guards all below
	out  io.Writer
	last *notification
}

func (a *app) listenCommand() *cli.Command {
	c := &control{app: a}
	l := &listener{control: c, out: a.stdout}
	return &cli.Command{
		Use:   "listen",
		Short: "print, verify and forward notifications",
		Long: `Receives notifications of a mock, or of the real system, until SIGINT or SIGTERM: prints a line for each, verifies its signature, and forwards it to where you develop.

What is forwarded is what came, byte by byte, so that signatures still hold. The sender gets the answer of the first target that refuses, or else that of the first; without targets that of the receiver of this project, which refuses a wrong signature.

On a terminal the key r forwards the last notification again, d shows its details, and q quits.`,
		Examples: `erpmock listen --subscribe --signing-key "$SIGNING_KEY"
erpmock listen --forward-to http://localhost:3000/hook --forward-to http://localhost:4000/hook
erpmock listen --answer 500`,
		Options: c.options(
			&cli.Option{Name: "listen", Arg: "address", FlagOnly: true, Initial: "localhost:9000", Usage: "address to listen on; port 0 is any free one, and localhost is both 127.0.0.1 and [::1]", Set: cli.Text(&l.address)},
			&cli.Option{Name: "signing-key", Arg: "key", Secret: true, Repeats: true, Usage: "a key that signs notifications (default: signatures are not verified)", Set: cli.Texts(&l.keys)},
			&cli.Option{Name: "forward-to", Arg: "URL", FlagOnly: true, Repeats: true, Usage: "send what comes on to this address", Set: func(v string) error {
				if u, err := url.Parse(v); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
					return errors.New("want http(s)://host/path")
				}
				return cli.Texts(&l.targets)(v)
			}},
			&cli.Option{Name: "answer", Arg: "status", FlagOnly: true, Usage: "answer with this status, such as 500, whatever is right", Set: func(v string) error {
				if err := cli.Number(&l.status)(v); err != nil || l.status < 200 || l.status > 599 {
					return errors.New("want a status from 200 to 599")
				}
				return nil
			}},
			&cli.Option{Name: "subscribe", FlagOnly: true, Usage: "have the mock that runs send its subscription here, with the first signing key", Set: cli.YesOrNo(&l.subscribe)},
			c.companyOption("company whose subscription it is (default: all that have none of their own)"),
			&cli.Option{Name: "tls-cert", Arg: "file", FlagOnly: true, Usage: "listen on HTTPS with this certificate, in PEM", Set: cli.Text(&l.tls.cert)},
			&cli.Option{Name: "tls-key", Arg: "file", FlagOnly: true, Usage: "the key of --tls-cert, in PEM", Set: cli.Text(&l.tls.key)},
			&cli.Option{Name: "tls-self-signed", FlagOnly: true, Usage: "listen on HTTPS with a certificate for development, as erpmock serve does", Set: cli.YesOrNo(&l.tls.selfSigned)},
		),
		Run: func(ctx context.Context, _ []string) error { return l.run(ctx) },
	}
}

// run listens until ctx ends, or a key ends it.
func (l *listener) run(ctx context.Context) error {
	secure, err := l.tls.config(certificateHosts(l.address, ""))
	if err != nil {
		return cli.UsageError{Err: err}
	}
	if l.receiver, err = receiver.New(receiver.Config{
		Store: store.NewMemory(store.MemoryConfig{}), SigningKeys: l.keys, Unauthenticated: len(l.keys) == 0,
		Observer: &verdicts{}, Logger: slog.New(slog.DiscardHandler),
	}); err != nil {
		_, why, _ := strings.Cut(err.Error(), "]: ")
		return cli.UsageError{Err: fmt.Errorf("--signing-key: %s", why)}
	}
	l.client = &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	open, err := listen(ctx, l.address)
	if err != nil {
		return listening(l.address, err)
	}
	base := rootAt(open[0].Addr().(*net.TCPAddr), secure != nil)
	srv := &http.Server{Handler: l, TLSConfig: secure, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)}
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	defer l.openTerminal()()
	return serveAll(ctx, srv, open, func() error {
		l.print("erpmock listens for notifications on " + base + l.keyHelp())
		if l.subscribe {
			if err := l.subscribeAt(ctx, base); err != nil {
				return err
			}
		}
		l.readKeys(ctx, quit)
		return nil
	})
}

// subscribeAt has a mock send its notifications to an address.
func (l *listener) subscribeAt(ctx context.Context, base string) error {
	change := adminclient.SubscriptionChange{URL: base + "/"}
	if len(l.keys) > 0 {
		change.SigningKey = &l.keys[0]
	}
	_, err := l.control.answer(func(k *adminclient.ClientWithResponses) (*http.Response, error) {
		return k.SetSubscription(ctx, &adminclient.SetSubscriptionParams{Company: optional(l.control.company)}, change)
	})
	if err == nil {
		l.print("the mock has subscribed it")
	}
	return err
}

// A notification is one that came.
type notification struct {
	method string
	target string // path and query that it was sent to
	header http.Header
	body   []byte
}

// mostBody is how long a notification may be.
const mostBody = 1 << 20

// ServeHTTP takes a notification.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		http.Error(w, "the notification could not be read: "+err.Error(), http.StatusRequestEntityTooLarge)
		l.print("not read: " + err.Error())
		return
	}
	n := &notification{method: r.Method, target: r.URL.RequestURI(), header: r.Header.Clone(), body: body}
	status, verdict := l.verify(r, n)
	results := l.forward(r.Context(), n)
	status = cmp.Or(l.status, statusOf(results), status)
	w.WriteHeader(status)
	l.mu.Lock()
	l.last = n
	l.mu.Unlock()
	l.print(append([]string{fmt.Sprintf("%s: %s; answered %d", n, verdict, status)}, texted(results)...)...)
}

// String names a notification by what it tells.
func (n *notification) String() string {
	var told struct {
		ID         string
		StatusCode int
	}
	if json.Unmarshal(n.body, &told) != nil || told.ID == "" { // as some profiles have it
		return fmt.Sprintf("%s %s (%d bytes)", n.method, n.target, len(n.body))
	}
	return fmt.Sprintf("notification of %s, status %d", told.ID, told.StatusCode)
}

// details are all that came.
func (n *notification) details() []string {
	list := []string{n.method + " " + n.target}
	for _, name := range slices.Sorted(maps.Keys(n.header)) {
		list = append(list, "  "+name+": "+strings.Join(n.header[name], ", "))
	}
	return append(list, "  "+strings.ReplaceAll(string(n.body), "\n", "\n  "))
}

// verify asks the receiver about a notification, whatever path it came to.
func (l *listener) verify(r *http.Request, n *notification) (status int, verdict string) {
	var seen receiver.Received
	copied := r.Clone(context.WithValue(r.Context(), verdictKey{}, &seen))
	copied.URL = &url.URL{Path: "/"}
	copied.Body = io.NopCloser(bytes.NewReader(n.body))
	answer := &verdictWriter{header: make(http.Header)}
	l.receiver.ServeHTTP(answer, copied)
	switch {
	case answer.status == http.StatusUnauthorized && n.header.Get("X-Vwd-Signature-V1") == "":
		verdict = "signature MISSING"
	case answer.status == http.StatusUnauthorized:
		verdict = "signature WRONG"
	case answer.status >= 300:
		verdict = fmt.Sprintf("refused, %d %s", answer.status, http.StatusText(answer.status))
	case seen.Authenticated:
		verdict = "signature good"
	default:
		verdict = "signature not verified"
	}
	if seen.Verdict == "duplicate" {
		verdict += ", seen before"
	}
	if seen.Unparsed {
		verdict += ", NOT UNDERSTOOD"
	}
	return answer.status, verdict
}

type verdictKey struct{}

// verdicts hands what the receiver found to whoever asked it.
type verdicts struct{ receiver.NopObserver }

func (verdicts) Received(ctx context.Context, r receiver.Received) {
	if seen, ok := ctx.Value(verdictKey{}).(*receiver.Received); ok {
		*seen = r
	}
}

// A verdictWriter is the answer of the receiver, of which only the status counts.
type verdictWriter struct {
	header http.Header
	status int
}

func (w *verdictWriter) Header() http.Header { return w.header }

func (w *verdictWriter) WriteHeader(status int) { w.status = cmp.Or(w.status, status) }

func (w *verdictWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(p), nil
}

// A result is what came of sending a notification on.
type result struct {
	target string
	status int // 0: no answer
	err    error
}

func (r result) String() string {
	if r.err != nil {
		return "  -> " + r.target + ": " + r.err.Error()
	}
	return fmt.Sprintf("  -> %s: %d", r.target, r.status)
}

func texted(results []result) []string {
	var list []string
	for _, r := range results {
		list = append(list, r.String())
	}
	return list
}

// statusOf is what the sender is answered: what the first target that refuses
// says, or else the first; 0 without targets.
func statusOf(results []result) int {
	for _, r := range results {
		switch {
		case r.err != nil:
			return http.StatusBadGateway
		case r.status/100 != 2:
			return r.status
		}
	}
	if len(results) == 0 {
		return 0
	}
	return results[0].status
}

// forward sends a notification to all targets at once, as it came.
func (l *listener) forward(ctx context.Context, n *notification) []result {
	results := make([]result, len(l.targets))
	var all sync.WaitGroup
	for i, target := range l.targets {
		all.Go(func() { results[i] = l.send(ctx, n, target) })
	}
	all.Wait()
	return results
}

func (l *listener) send(ctx context.Context, n *notification, target string) result {
	req, err := http.NewRequestWithContext(ctx, n.method, target, bytes.NewReader(n.body))
	if err != nil {
		return result{target: target, err: err}
	}
	req.Header = n.header.Clone()
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length"} {
		req.Header.Del(name) // they are of the connection
	}
	resp, err := l.client.Do(req)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if err != nil {
		return result{target: target, err: err}
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, mostBody)) // so that the connection is used again
	_ = resp.Body.Close()
	return result{target: target, status: resp.StatusCode}
}

// print prints lines, the first with the time.
func (l *listener) print(lines ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := time.Now().Format(time.TimeOnly) + " " + strings.Join(lines, "\n") + "\n"
	_, _ = io.WriteString(l.out, strings.ReplaceAll(text, "\n", l.newline()))
}
