package mockserver_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/profile"
)

// A logBuffer is a log that can be read while it is written.
type logBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *logBuffer) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: level}))
}

// line is the log's line with a message, empty if there is none.
func (b *logBuffer) line(message string) string {
	for line := range strings.SplitSeq(b.String(), "\n") {
		if strings.Contains(line, `msg="`+message+`"`) {
			return line
		}
	}
	return ""
}

// answering is a webhook receiver that answers with bytes as they are, and
// leaves the connection open.
func answering(t *testing.T, text string) *httptest.Server {
	var mu sync.Mutex // guards conns
	var conns []net.Conn
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = buf.WriteString(text)
		_ = buf.Flush()
		mu.Lock()
		defer mu.Unlock()
		conns = append(conns, conn)
	}))
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, conn := range conns {
			_ = conn.Close()
		}
		srv.Close()
	})
	return srv
}

// notifyOnce has one operation notified once, within half a second of real
// time unless the subscription's Retry says otherwise, and returns its delivery.
func notifyOnce(t *testing.T, cfg mockserver.Config, url string) (operation.Delivery, *logBuffer) {
	t.Helper()
	log := &logBuffer{}
	cfg.Logger = log.logger(slog.LevelDebug)
	cfg.Clock = mockserver.ClockConfig{Manual: true}
	cfg.Subscription = mockserver.Subscription{URL: url, Retry: mockserver.Retry{Attempts: 1, Timeout: cmp.Or(cfg.Subscription.Retry.Timeout, 500*time.Millisecond)}}
	mock, err := mockserver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest("GET", "http://erp.mock/v1/customerinvoice?pageSize=1", nil)
	req.Header.Set("erp-api-background", "subscription")
	w := httptest.NewRecorder()
	mock.ServeHTTP(w, req)
	if w.Code != http.StatusAccepted {
		t.Fatal(w.Code, w.Body)
	}
	if err := mock.Clock("1000001").Advance(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() { _ = mock.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("Close hangs")
	}
	return mock.Deliveries()[0], log
}

// What the notifier makes of each answer: only the status counts, no answer
// keeps it longer than the timeout of an attempt, and the log says why an
// attempt failed.
func TestAnswersToANotification(t *testing.T) {
	const delivered, dead = operation.DeliveryDelivered, operation.DeliveryDead
	for _, tt := range []struct {
		name, answer string
		state        operation.DeliveryState
		status       int
		reason       string // in the log
		said         string
	}{
		{"200", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", delivered, 200, "", ""},
		{"204", "HTTP/1.1 204 No Content\r\n\r\n", delivered, 204, "", ""},
		{"HTML", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<p>Welcome</p>", delivered, 200, "", ""},
		{"cut short", "HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nab", delivered, 202, "", ""},
		{"chunks without an end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", delivered, 200, "", ""},
		{"101", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", dead, 101, "101 Switching Protocols, which is no answer", ""},
		{"000", "HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n", dead, 0, "the status 000, which is none", ""},
		{"999", "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", dead, 999, "the status 999, which is none", ""},
		{"redirect", "HTTP/1.1 307 X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", dead, 307, "307 Temporary Redirect: redirects are not followed", ""},
		{"304", "HTTP/1.1 304 Not Modified\r\n\r\n", dead, 304, "304 Not Modified", ""},
		{"redirect to nothing", "HTTP/1.1 301 X\r\nLocation: ://%\r\nContent-Length: 0\r\n\r\n", dead, 0, "failed to parse Location header", ""},
		{"401", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 24\r\n\r\nthe signature\r\n is wrong", dead, 401, "401 Unauthorized", "the signature is wrong"},
		{"410", "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", dead, 410, "410 Gone", ""},
		{"503", "HTTP/1.1 503 X\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n", dead, 503, "503 Service Unavailable", ""},
		{"nothing", "", dead, 0, "no answer within 500ms", ""},
		{"half a header", "HTTP/1.1 200 OK\r\nContent-Le", dead, 0, "no answer within 500ms", ""},
		{"no HTTP", "SSH-2.0-x\r\n\r\n", dead, 0, "malformed HTTP", ""},
		{"103 without an end", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 3), dead, 0, "no answer within 500ms", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, log := notifyOnce(t, mockserver.Config{}, answering(t, tt.answer).URL+"/hook")
			if d.State != tt.state || len(d.Attempts) != 1 || d.Attempts[0].StatusCode != tt.status {
				t.Errorf("got %s, %+v; want %s with status %d", d.State, d.Attempts, tt.state, tt.status)
			}
			if none := tt.status < 200 || tt.status > 599; none != (d.Attempts[0].Error != "") {
				t.Errorf("the attempt has the error %q", d.Attempts[0].Error)
			}
			failed, ended := log.line("notification not delivered"), log.line("operation ended")
			if !strings.Contains(ended, d.OperationID) || !strings.Contains(ended, "status=200") {
				t.Errorf("the log says of the operation's end %q", ended)
			}
			if tt.reason == "" {
				if failed != "" || log.line("notification delivered") == "" {
					t.Errorf("the log says\n%s", log)
				}
				return
			}
			for _, want := range []string{d.OperationID, tt.reason, tt.said} {
				if !strings.Contains(failed, want) {
					t.Errorf("the log says %q, want %q in it", failed, want)
				}
			}
			if given := log.line("notification given up"); !strings.Contains(given, tt.reason) {
				t.Errorf("the log says %q, want %q in it", given, tt.reason)
			}
		})
	}
}

// brokenAnswer is a RoundTripper that breaks its promises.
type brokenAnswer func(*http.Request) (*http.Response, error)

func (f brokenAnswer) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What a Config.NotifyClient of one's own can come up with.
func TestAnswersOfABrokenNotifyClient(t *testing.T) {
	for name, tt := range map[string]struct {
		answer brokenAnswer
		reason string
	}{
		"no status": {func(r *http.Request) (*http.Response, error) {
			return &http.Response{Body: http.NoBody, Request: r}, nil
		}, "the status 000, which is none"},
		"no answer": {func(*http.Request) (*http.Response, error) { return nil, errors.New("the cable is cut") }, "the cable is cut"},
	} {
		t.Run(name, func(t *testing.T) {
			d, log := notifyOnce(t, mockserver.Config{NotifyClient: &http.Client{Transport: tt.answer}}, "http://hook.test/")
			if line := log.line("notification not delivered"); d.State != operation.DeliveryDead || !strings.Contains(line, tt.reason) {
				t.Errorf("got %s, %q", d.State, line)
			}
		})
	}
}

// A target that is refused, or not trusted, is told at the first attempt; what
// is refused by us without being asked.
func TestTheLogSaysWhyATargetIsNotReached(t *testing.T) {
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	for name, tt := range map[string]struct{ url, level, reason string }{
		"public":    {"http://192.0.2.1/hook", "level=WARN", "192.0.2.1:80 is neither loopback nor private (see Config.AllowPublicTargets, --allow-public-targets)"},
		"untrusted": {untrusted.URL, "level=INFO", "x509: "},
		"closed":    {"http://127.0.0.1:1/", "level=INFO", "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			_, log := notifyOnce(t, mockserver.Config{}, tt.url)
			line := log.line("notification not delivered")
			if !strings.Contains(line, tt.level) || !strings.Contains(line, tt.reason) || !strings.Contains(line, "attempt=1") {
				t.Errorf("the log says %q, want %q and %q in it", line, tt.level, tt.reason)
			}
		})
	}
}

// A header that is refused, or not understood, is told with its reason.
func TestTheLogSaysWhyAHeaderIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		profile       profile.Profile
		value, reason string
	}{
		"http":    {profile.Profile{RequireHTTPSWebhooks: true}, "http://hook.test/", "webhook URLs must start with https://"},
		"URL":     {profile.Profile{RefuseURL: true}, "https://hook.test/", "a webhook URL is not supported any more"},
		"word":    {profile.Profile{}, "yes", "unknown value"},
		"as none": {profile.Profile{UnknownHeaderAsNone: true}, "yes", "nobody will be notified"},
	} {
		t.Run(name, func(t *testing.T) {
			log := &logBuffer{}
			h := start(t, mockserver.Config{Profile: tt.profile, Logger: log.logger(slog.LevelInfo)})
			h.do("GET", "/v1/customerinvoice", "", "erp-api-background", tt.value)
			if got := log.String(); !strings.Contains(got, tt.reason) || !strings.Contains(got, tt.value) {
				t.Errorf("the log says %q, want %q in it", got, tt.reason)
			}
		})
	}
}

// Attempts that Close or a reset cuts off did not fail: nobody is told.
func TestTheLogIsSilentAboutAttemptsThatAreCutOff(t *testing.T) {
	log := &logBuffer{}
	arrived := make(chan struct{}, 1)
	hook := brokenAnswer(func(r *http.Request) (*http.Response, error) {
		arrived <- struct{}{}
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	})
	h := start(t, mockserver.Config{NotifyClient: &http.Client{Transport: hook}, Logger: log.logger(slog.LevelInfo)})
	h.submit("http://hook.test/", "GET", "/v1/customerinvoice", "")
	<-arrived
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if log.String() != "" {
		t.Errorf("the log says %s", log)
	}
}
