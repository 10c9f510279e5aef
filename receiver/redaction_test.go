package receiver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

// buffer collects what is logged from several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// macOf is the part of a capability that makes it one.
func macOf(capability string) string { return capability[strings.LastIndexByte(capability, '.')+1:] }

// Everything that can go wrong goes wrong here, over a real server whose
// logs, and those of an access log around it, are captured.
func TestNeitherCapabilityNorBodyNorSignatureIsLogged(t *testing.T) {
	var logs buffer
	rcv, st := setup(t, func(c *receiver.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
		var asked atomic.Int64
		c.Tenant = func(string) (string, bool) { return "", asked.Add(1)%2 == 0 }
		c.MaxBodyBytes = 1000
	})
	mux := mounted(rcv)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r)
		dump, _ := httputil.DumpRequest(r, false)
		fmt.Fprintf(&logs, "access: %s %s %s %+v\n", r.URL, r.RequestURI, dump, r.URL)
		if r.Header.Get("x-panic") != "" {
			panic("a middleware of the user after the receiver")
		}
	}))
	srv.Config.ErrorLog = log.New(&logs, "server: ", 0)
	srv.Start()
	defer srv.Close()

	good := capability()
	capabilities := []string{
		good,
		hook.NewCapability(secret, ref, time.Now().AddDate(0, 0, -10)),
		hook.NewCapability("another-secret-of-somebody", ref, time.Now()),
	}
	bodies := []string{body, `{"note":"PERSONAL"}`, "PERSONAL", strings.Repeat("PERSONAL", 1000)}
	send(t, srv.URL+path+"/"+good, `{"webhookAddress":"`+srv.URL+path+"/"+good+`"}`, nil)
	failures := []notify{
		nil,
		func(context.Context, store.Notification) (store.Receipt, error) {
			return store.Receipt{}, errors.New("disk full")
		},
		func(context.Context, store.Notification) (store.Receipt, error) { panic("a bug") },
	}
	var signatures []string
	for i, c := range capabilities {
		for _, b := range bodies {
			for _, failure := range failures {
				st.answer(failure)
				send(t, srv.URL+path+"/"+c+strings.Repeat("/", i%2), b, nil)
				signature := sign([]string{key, oldKey}[i%2], b)
				signatures = append(signatures, signature)
				send(t, srv.URL+path, b, http.Header{
					"X-Vwd-Signature-V1": {signature}, "X-Vwd-Tenant-Id": {"t"}, hook.RefHeader: {"?"}, "X-Panic": {"1"},
				})
			}
		}
	}
	out := logs.String()
	for _, secret := range append([]string{"PERSONAL", body, key, oldKey, secret}, capabilities...) {
		if strings.Contains(out, secret) || strings.Contains(out, macOf(secret)) {
			t.Errorf("the logs hold %q", secret)
		}
	}
	for _, s := range signatures {
		// The dump of the request that this test makes holds its headers.
		if strings.Contains(strings.ReplaceAll(out, "X-Vwd-Signature-V1: "+s, ""), s) {
			t.Errorf("the logs hold the signature %q", s)
		}
	}
	for _, want := range []string{"not understood", "not stored", "panicked", "webhook refused", "unknown capability", "ref of a notification ignored", "is not known to Config.Tenant", "access: ", "server: ", hook.Redacted} {
		if !strings.Contains(out, want) {
			t.Errorf("the logs lack %q, so this test proves less than it says", want)
		}
	}
	for _, n := range st.got {
		if text := fmt.Sprintf("%+v %s", n, n.Body); strings.Contains(text, macOf(good)) {
			t.Errorf("stored with its capability: %s", text)
		}
	}
}

func send(t *testing.T, url, body string, header http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	res, err := http.DefaultClient.Do(r)
	if err == nil { // a panic ends the connection
		res.Body.Close()
	}
}

func TestAllFormsOfThePathAreRedacted(t *testing.T) {
	rcv, st := setup(t, func(c *receiver.Config) { c.KeepHeaders = []string{"X-Original-Uri"} })
	c := capability()
	target := "/a%2Fb/" + c + "?again=" + c
	r := post(target, body)
	r.Header.Set("X-Original-Uri", target)
	wantStatus(t, serve(rcv, r), 200)
	for name, got := range map[string]string{
		"Path": r.URL.Path, "RawPath": r.URL.RawPath, "RawQuery": r.URL.RawQuery, "RequestURI": r.RequestURI,
		"String": r.URL.String(), "kept header": st.last(t).Header["x-original-uri"],
	} {
		if strings.Contains(got, macOf(c)) || !strings.Contains(got, "redacted") {
			t.Errorf("%s is %q", name, got)
		}
	}
}

func TestConcealHidesTheCapabilityFromEverythingButTheReceiver(t *testing.T) {
	rcv, st := setup(t)
	mux := mounted(rcv)
	var seen []string
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = receiver.Conceal(receiver.Conceal(r)) // twice does no harm
		dump, _ := httputil.DumpRequest(r, true)
		seen = append(seen, string(dump), r.URL.String(), fmt.Sprintf("%v %+v %#v", r.Context(), r.Context(), r.Context()))
		mux.ServeHTTP(w, r)
	})
	wantStatus(t, serve(h, post(path+"/"+capability(), body)), 200)
	if got := st.last(t).Ref; got != ref {
		t.Errorf("got ref %q, want %q", got, ref)
	}
	wantStatus(t, serve(h, post(path+"/"+hook.NewCapability("another-secret-of-somebody", ref, time.Now()), body)), 404)
	wantStatus(t, serve(h, signed(body)), 200)
	wantStatus(t, serve(h, post("/elsewhere", body)), 404)
	for _, s := range seen {
		if strings.Contains(s, macOf(capability())) {
			t.Errorf("visible: %s", s)
		}
	}
}

func TestWhatIsNotUnderstoodRaisesAnAlarm(t *testing.T) {
	var logs bytes.Buffer
	rcv, st := setup(t, func(c *receiver.Config) { c.Logger = slog.New(slog.NewJSONHandler(&logs, nil)) })
	sending(t, st, ref)
	wantStatus(t, serve(rcv, subscribed("<xml/>")), 200)
	if n := st.last(t); !n.Unparsed || string(n.Body) != "<xml/>" || n.Ref != ref {
		t.Errorf("stored as %+v", n)
	}
	if out := logs.String(); !strings.Contains(out, `"level":"ERROR"`) || !strings.Contains(out, ref) {
		t.Errorf("got log %s", out)
	}
}

// However the body is written that names its own address, neither copy of the
// capability is stored.
func TestABodyThatNamesItsCapabilityIsStoredWithoutIt(t *testing.T) {
	secret := capability()
	text := `{"id":"` + id + `","webhookAddress":"https://h/` + secret + `","copy":"` + secret + `"}`
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, sent := range map[string]string{"UTF-8": text, "with a mark": "\xef\xbb\xbf" + text, "UTF-16": string(wide)} {
		t.Run(name, func(t *testing.T) {
			rcv, st := setup(t)
			wantStatus(t, serve(mounted(rcv), post(path+"/"+secret, sent)), 200)
			got := st.last(t)
			narrow := strings.ReplaceAll(string(got.Body), "\x00", "")
			if strings.Contains(narrow, macOf(secret)) || strings.Count(narrow, hook.Redacted) != 2 || got.ID != id {
				t.Errorf("got id %q and the body %q, want id %s and [redacted] twice", got.ID, narrow, id)
			}
		})
	}
}

// TestNothingThatIsPrintedShowsAKey prints a configuration and a receiver in every
// way.
func TestNothingThatIsPrintedShowsAKey(t *testing.T) {
	var cfg receiver.Config
	rcv, _ := setup(t, func(c *receiver.Config) { cfg = *c })
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("made", "config", cfg, "receiver", rcv)
	shown := logged.String() + fmt.Sprintf("%v %+v %#v %s %v %+v %#v %s", cfg, cfg, cfg, cfg, rcv, rcv, rcv, rcv)
	if strings.Contains(shown, key) || strings.Contains(shown, secret) || !strings.Contains(shown, "receiver.Config(subscription, url)") {
		t.Errorf("shown are %s", shown)
	}
}
