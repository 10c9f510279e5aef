package receiver_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

func TestEveryRequestHasItsStatus(t *testing.T) {
	onlyKeys := func(c *receiver.Config) { c.CapabilitySecrets = nil }
	onlySecrets := func(c *receiver.Config) { c.SigningKeys = nil }
	open := func(c *receiver.Config) { c.SigningKeys, c.CapabilitySecrets, c.Unauthenticated = nil, nil, true }
	small := func(c *receiver.Config) { c.MaxBodyBytes = int64(len(body)) - 1 }
	exact := func(c *receiver.Config) { c.MaxBodyBytes = int64(len(body)) }

	expired := hook.NewCapability(secret, ref, time.Now().AddDate(0, 0, -3))
	forged := hook.NewCapability("another-secret-of-somebody", ref, time.Now())
	withSignature := func(r *http.Request, value string) *http.Request {
		r.Header.Set("x-vwd-signature-v1", value)
		return r
	}
	chunked := func(r *http.Request) *http.Request {
		r.ContentLength = -1
		return r
	}
	tests := []struct {
		name   string
		change func(*receiver.Config)
		req    *http.Request
		want   int
	}{
		{"signed", nil, signed(body), 200},
		{"signed, with a slash at the end", nil, withSignature(post(path+"/", body), sign(key, body)), 200},
		{"signed, chunked", exact, chunked(signed(body)), 200},
		{"not signed", nil, post(path, body), 401},
		{"not base64", nil, withSignature(post(path, body), "§"), 401},
		{"another key", nil, withSignature(post(path, body), sign(oldKey, body)), 401},
		{"another body", nil, withSignature(post(path, body+" "), sign(key, body)), 401},
		{"a signature cut off", nil, withSignature(post(path, body), sign(key, body)[:40]), 401},
		{"signed below the path", nil, withSignature(post(path+"/x", body), sign(key, body)), 404},
		{"signed, without subscription mode", onlySecrets, signed(body), 404},
		{"a signed body that is too large", small, signed(body), 413},
		{"a signed chunked body that is too large", small, chunked(signed(body)), 413},

		{"capability", nil, post(path+"/"+capability(), body), 200},
		{"capability, with a slash at the end", nil, post(path+"/"+capability()+"/", body), 200},
		{"capability deeper below", nil, post(path+"/a/b/"+capability(), body), 200},
		{"capability and a wrong signature", nil, withSignature(post(path+"/"+capability(), body), sign(oldKey, body)), 200},
		{"expired capability", nil, post(path+"/"+expired, body), 404},
		{"expired capability, signed", nil, withSignature(post(path+"/"+expired, body), sign(key, body)), 404},
		{"forged capability", nil, post(path+"/"+forged, body), 404},
		{"no capability below the path", nil, post(path+"/x", body), 404},
		{"capability without URL mode", onlyKeys, post(path+"/"+capability(), body), 404},
		{"a body that is too large", small, post(path+"/"+capability(), body), 413},
		{"a forged capability with a body that is too large", small, post(path+"/"+forged, body), 404},
		{"outside the path", nil, post("/webhooks", body), 404},

		{"unauthenticated", open, post(path, body), 200},
		{"unauthenticated, below the path", open, post(path+"/"+forged, body), 200},
		{"unauthenticated, too large", func(c *receiver.Config) { open(c); small(c) }, post(path, body), 413},

		{"GET", nil, httptest.NewRequest(http.MethodGet, path, nil), 405},
		{"HEAD", nil, httptest.NewRequest(http.MethodHead, path+"/", nil), 405},
		{"OPTIONS", nil, httptest.NewRequest(http.MethodOptions, path+"/"+capability(), nil), 405},
		{"PUT with a capability", nil, httptest.NewRequest(http.MethodPut, path+"/"+capability(), nil), 405},
		{"GET with a forged capability", nil, httptest.NewRequest(http.MethodGet, path+"/"+forged, nil), 405},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rcv, st := setup(t, tt.change)
			res := serve(mounted(rcv), tt.req)
			wantStatus(t, res, tt.want)
			if stored := st.count(); (stored == 1) != (tt.want == 200) {
				t.Errorf("%d notifications stored with status %d", stored, res.StatusCode)
			}
			if allow := res.Header.Get("Allow"); (allow == "POST") != (tt.want == 405) {
				t.Errorf("got Allow %q with status %d", allow, res.StatusCode)
			}
		})
	}
}

// Without Register the receiver knows no path; what looks like a capability
// is one, and anything else is subscription mode.
func TestServeHTTPWorksUnderAnyPath(t *testing.T) {
	rcv, _ := setup(t)
	for _, prefix := range []string{"", "/x", "/tenants/7/hooks"} {
		r := signed(body)
		r.URL.Path = cmp.Or(prefix, "/")
		wantStatus(t, serve(rcv, r), 200)
		wantStatus(t, serve(rcv, post(prefix+"/"+capability(), body)), 200)
		wantStatus(t, serve(rcv, post(prefix+"/"+strings.ToUpper(capability()), body)), 404)
		wantStatus(t, serve(rcv, post(prefix+"/x", body)), 401)
	}
	r := signed(body)
	r.URL.Path = ""
	wantStatus(t, serve(rcv, r), 200)
}

func TestRegisterAcceptsEveryFormOfPath(t *testing.T) {
	for _, p := range []string{"/", "/a/b", "/a/b/", "hooks.example/a", "hooks.example/", "/t/{tenant}"} {
		t.Run(p, func(t *testing.T) {
			rcv, _ := setup(t)
			mux := http.NewServeMux()
			rcv.Register(mux, p)
			base := "http://hooks.example" + strings.TrimSuffix(strings.Replace(strings.TrimPrefix(p, "hooks.example"), "{tenant}", "7", 1), "/")
			wantStatus(t, serve(mux, post(base+"/"+capability(), body)), 200)
			wantStatus(t, serve(mux, post(base+"/x", body)), 404)
			wantStatus(t, serve(mux, post(base+"/", body)), 401)
			if p != "/" && p != "hooks.example/" {
				wantStatus(t, serve(mux, post(base, body)), 401)
			}
		})
	}
}

func TestRegisterRefusesWhatNoRequestMatches(t *testing.T) {
	for p, want := range map[string]string{
		"":                          `"/" for the root`,
		"webhooks":                  `want "/webhooks"`,
		"webhooks/":                 `want "/webhooks"`,
		"webhooks/erp":              `want "/webhooks/erp"`,
		"hooks.example":             `want "/hooks.example"`,
		"hooks.example:8080/erp":    "without a port",
		"{tenant}/erp":              `want "/{tenant}/erp"`,
		"./erp":                     `want "/erp"`,
		"../erp":                    `want "/erp"`,
		"v1.0/erp":                  `want "/v1.0/erp"`,
		"1.2.3/erp":                 `want "/1.2.3/erp"`,
		"POST /erp":                 "without a method",
		" /erp":                     "white space",
		"/erp\n":                    "white space",
		"https://hooks.example/erp": "is a URL",
		"/erp?tenant=7":             "query",
		"/erp#x":                    "fragment",
		"//erp":                     `want "/erp"`,
		"/webhooks/../erp":          `want "/erp"`,
		"hooks.example/a//b":        `want "hooks.example/a/b"`,
		"/erp/{$}":                  "without {$}",
		"/erp/{rest...}":            "without a wildcard for the rest",
	} {
		t.Run(p, func(t *testing.T) {
			rcv, _ := setup(t)
			defer func() {
				text, _ := recover().(string)
				if !strings.HasPrefix(text, "receiver: Register: the path ") || !strings.Contains(text, want) {
					t.Errorf("got the panic %q, want one with %s", text, want)
				}
			}()
			rcv.Register(http.NewServeMux(), p)
		})
	}
}

func TestUnknownCapabilityLooksLikeAnUnknownRoute(t *testing.T) {
	rcv, _ := setup(t)
	mux := mounted(rcv)
	unknown := serve(mux, post("/nothing/here", body))
	wantBody, _ := io.ReadAll(unknown.Body)
	for _, p := range []string{
		path + "/x",
		path + "/" + hook.NewCapability("another-secret-of-somebody", ref, time.Now()),
		path + "/" + hook.NewCapability(secret, ref, time.Now().AddDate(0, 0, 5)),
	} {
		res := serve(mux, post(p, body))
		got, _ := io.ReadAll(res.Body)
		if res.StatusCode != unknown.StatusCode || string(got) != string(wantBody) || !maps.EqualFunc(res.Header, unknown.Header, slices.Equal) {
			t.Errorf("%s: got %d %q %v, want %d %q %v", hook.Redact(p), res.StatusCode, got, res.Header, unknown.StatusCode, wantBody, unknown.Header)
		}
	}
}

func TestTroubleOfTheStoreIsAnswered503(t *testing.T) {
	tests := []struct {
		name    string
		instead notify
		retry   string
	}{
		{"it fails", func(context.Context, store.Notification) (store.Receipt, error) {
			return store.Receipt{}, errors.New("disk full")
		}, "5"},
		{"it is full", func(context.Context, store.Notification) (store.Receipt, error) {
			return store.Receipt{}, store.ErrFull
		}, "60"},
		{"it is closed", func(context.Context, store.Notification) (store.Receipt, error) {
			return store.Receipt{}, store.ErrClosed
		}, "5"},
		{"it panics", func(context.Context, store.Notification) (store.Receipt, error) { panic("a nil map") }, "5"},
		{"it aborts", func(context.Context, store.Notification) (store.Receipt, error) { panic(http.ErrAbortHandler) }, "5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rcv, st := setup(t)
			st.answer(tt.instead)
			for _, r := range []*http.Request{signed(body), post(path+"/"+capability(), body)} {
				res := serve(mounted(rcv), r)
				wantStatus(t, res, 503)
				if got := res.Header.Get("Retry-After"); got != tt.retry {
					t.Errorf("got Retry-After %q, want %q", got, tt.retry)
				}
				if text, _ := io.ReadAll(res.Body); string(text) != "not stored\n" {
					t.Errorf("the answer tells %q", text)
				}
			}
			st.answer(nil) // the sender comes again
			wantStatus(t, serve(mounted(rcv), signed(body)), 200)
		})
	}
}

func TestAPanicInTheUsersTenantFunctionIsAnswered503(t *testing.T) {
	rcv, st := setup(t, func(c *receiver.Config) { c.Tenant = func(string) (string, bool) { panic("no such tenant") } })
	r := signed(body)
	r.Header.Set("x-vwd-tenant-id", "t")
	wantStatus(t, serve(rcv, r), 503)
	if st.count() != 0 {
		t.Error("something was stored")
	}
}
