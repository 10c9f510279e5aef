package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"

	"github.com/gin-gonic/gin"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
)

func init() { gin.SetMode(gin.TestMode) } // as main does, for all that run in parallel

func TestTheWalkThroughCompletesFourCalls(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), config{}, &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	text := out.String()
	t.Log(text)

	steps := regexp.MustCompile(`(?m)^ .* (submitted|queued|running|finished|notified|fetched)\b`).FindAllStringSubmatch(text, -1)
	var got []string
	for _, step := range steps {
		got = append(got, step[1])
	}
	notified := "submitted queued running finished notified fetched"
	polled := "submitted queued running finished fetched"
	if want := strings.Join([]string{notified, notified, polled, notified}, " "); strings.Join(got, " ") != want {
		t.Errorf("steps %v, want %s", got, want)
	}

	lines := strings.Split(strings.TrimSpace(text), "\n")
	if got, want := lines[len(lines)-1], "4 of 4 background calls completed"; got != want {
		t.Errorf("the last line is %q, want %q", got, want)
	}
	for _, row := range []string{
		`(?m)^GET     /v1/customerinvoice  +url  +200  +notification  +1  +\d`,
		`(?m)^POST    /v2/customerinvoice  +subscription  +201  +notification  +1  +\d`,
		`(?m)^PUT     /v1/customerinvoice/003549  +none  +204  +poll  +\d+  +\d`,
		`(?m)^POST    /v1/customerinvoice/003549/action/release  +subscription  +200  +notification  +1  +\d`,
		`→ 48 invoices\n`,
		`→ invoice 003549 is Open`,
	} {
		if !regexp.MustCompile(row).MatchString(text) {
			t.Errorf("nothing matches %s", row)
		}
	}
}

func TestTheWalkThroughEndsWhenInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	// The first line that tells an id is the moment at which one would press
	// Ctrl-C.
	err := run(ctx, config{}, &trigger{Writer: &out, at: "queued", then: cancel})
	id := regexp.MustCompile(`queued +as (\S+)`).FindStringSubmatch(out.String())
	if id == nil {
		t.Fatalf("no id in\n%s", &out)
	}
	if want := "call 1 of 4: operation " + id[1] + " is pending: context canceled"; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

// tenant starts a mock that is asked for its tokens, and returns the
// configuration to call it with.
func tenant(t *testing.T, mc mockserver.Config) (*mockserver.Server, config) {
	mc.Auth.Mode, mc.Companies = mockserver.AuthAny, map[string]string{"good-token": "1234567"}
	mock, err := mockserver.New(mc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mock.Close() })
	srv := httptest.NewServer(mock)
	t.Cleanup(srv.Close)
	return mock, config{baseURL: srv.URL, credentials: credentials{token: "good-token"}}
}

func TestOneCallToATenant(t *testing.T) {
	t.Parallel()
	mock, cfg := tenant(t, mockserver.Config{})
	cfg.company = "7654321"
	var out bytes.Buffer
	if err := run(t.Context(), cfg, &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, want := range []string{
		"erp-api-background: none\n", "→ invoice 003501, one of 48\n", "\n1 of 1 background calls completed\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	requests := mock.Journal().Requests("")
	for _, r := range requests {
		if got := r.Header.Get("ipp-company-id") + ", " + r.Header.Get("ipp-application-type"); got != "7654321, Visma.net Financials" {
			t.Errorf("%s %s for %q", r.Method, r.Path, got)
		}
		if r.Method != http.MethodGet {
			t.Errorf("a %s was sent to a real tenant", r.Method)
		}
	}
}

func TestAWrongTokenIsSaidSo(t *testing.T) {
	t.Parallel()
	_, cfg := tenant(t, mockserver.Config{})
	cfg.token = "stale-token"
	err := run(t.Context(), cfg, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "401 Unauthorized") || strings.Contains(err.Error(), "stale") {
		t.Errorf("got error %v, want the 401 without the token", err)
	}
}

func TestAnInterruptedCallTellsWhereItsResultWillBe(t *testing.T) {
	t.Parallel()
	mock, cfg := tenant(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Hour)})
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	err := run(ctx, cfg, &trigger{Writer: &out, at: "queued", then: cancel})
	if len(mock.Operations()) != 1 {
		t.Fatalf("operations %v, want one; error %v", mock.Operations(), err)
	}
	id := mock.Operations()[0].ID
	if err == nil || !strings.Contains(err.Error(), id) {
		t.Errorf("got error %v, want one with the id %s", err, id)
	}
	if want := cfg.baseURL + "/v1/background/" + id; !strings.Contains(out.String(), want) {
		t.Errorf("no %s in\n%s", want, &out)
	}
}

func TestClientCredentialsGetAToken(t *testing.T) {
	t.Parallel()
	_, cfg := tenant(t, mockserver.Config{})
	cfg.credentials = credentials{clientID: "app", clientSecret: "s3cret", tenantID: "company"}
	connect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const want = "client_id=app&client_secret=s3cret&grant_type=client_credentials&scope=vismanet_erp_service_api%3Aread&tenant_id=company"
		if _ = r.ParseForm(); r.Method != http.MethodPost || r.PostForm.Encode() != want {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"good-token","expires_in":3600,"token_type":"Bearer"}`)
	}))
	t.Cleanup(connect.Close)
	cfg.tokenURL = connect.URL
	if err := run(t.Context(), cfg, io.Discard); err != nil {
		t.Error(err)
	}

	cfg.clientSecret = "wrong"
	err := run(t.Context(), cfg, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "400 Bad Request: invalid_client") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("got error %v, want the refusal without the secret", err)
	}
}

func TestWhatIsMissingIsSaidSo(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  config
		want string
	}{
		{"credentials", config{baseURL: "https://erp.invalid"}, "set VISMANET_TOKEN"},
		{"base URL", config{company: "1"}, "-company goes with -base-url"},
		{"TLS", config{baseURL: "http://erp.invalid", credentials: credentials{token: "t"}}, "want https"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := run(t.Context(), tt.cfg, io.Discard); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %s", err, tt.want)
			}
		})
	}
}

// An answer that is lost is told; a notification brings the result all the same,
// and without one nobody waits.
func TestALostAnswerIsToldAndNotWaitedForInVain(t *testing.T) {
	t.Parallel()
	st := store.NewMemory(store.MemoryConfig{})
	defer st.Close()
	hooks, err := serveReceiver(st, "c2lnbi1rZXktZm9yLXRlc3Rz", "a-secret-of-the-tests")
	if err != nil {
		t.Fatal(err)
	}
	defer hooks.Close()
	webhook := "http://" + hooks.Addr + webhookPath
	mock, err := mockserver.New(mockserver.Config{
		Subscription: mockserver.Subscription{URL: webhook, SigningKey: "c2lnbi1rZXktZm9yLXRlc3Rz"},
		Faults:       []fault.Rule{{On: fault.OnIntake, Do: fault.Answer{Process: true, Drop: true}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer mock.Close()
	c, err := client.New(client.Config{BaseURL: mockserver.BaseURL, HTTPClient: mock.Client(), Store: st})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var out bytes.Buffer
	s := session{client: c, out: &out}
	for _, notify := range []client.Notify{client.Subscription(), client.NoNotification()} {
		req, err := http.NewRequest(http.MethodPost, "/v2/customerinvoice", strings.NewReader(`{"customerNumber":{"value":"10045"}}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		_, err = s.do(t.Context(), req, notify)
		_, lost := errors.AsType[*client.UncertainError](err)
		if want := notify.String() == "none"; lost != want {
			t.Errorf("%s: got error %v", notify, err)
		}
	}
	if got := strings.Count(out.String(), "uncertain"); got != 2 {
		t.Errorf("told %d times that it is uncertain, want twice:\n%s", got, &out)
	}
	if len(mock.Operations()) != 2 {
		t.Errorf("sent %d times", len(mock.Operations()))
	}
}

// trigger calls a function when a text is first written.
type trigger struct {
	io.Writer
	at   string
	then func()
	once sync.Once
}

func (w *trigger) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.at)) {
		w.once.Do(w.then)
	}
	return w.Writer.Write(p)
}
