package mockserver_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/profile"
	"github.com/vismanet-go/background/openapi/spec"
)

// A notification has the headers and the fields that the callback of its call
// declares, and all of these headers: in both modes, for each operation, and
// whatever a profile makes of the body that keeps its names.
func TestNotificationsAreAsTheCallbacksDeclare(t *testing.T) {
	doc, err := spec.Background()
	if err != nil {
		t.Fatal(err)
	}
	profiles := map[string]profile.Profile{
		"without an address of content": {ContentLocation: profile.ContentLocationNever},
	}
	for _, name := range profile.Names() {
		if profiles[name], err = profile.Named(name); err != nil {
			t.Fatal(err)
		}
	}
	schema := doc.Components.Schemas["BackgroundNotification"].Value
	for name, p := range profiles {
		seen := make(map[string]bool)
		for _, call := range matrixCalls() {
			if seen[call.method+call.pattern] {
				continue
			}
			seen[call.method+call.pattern] = true
			callbacks := doc.Paths.Value(call.pattern).GetOperation(call.method).Callbacks
			for header, mode := range map[string]string{"https://hook.test/url": "url", "subscription:order=4711,src=shop": "subscription"} {
				synctest.Test(t, func(t *testing.T) {
					h := start(t, mockserver.Config{Profile: p, Subscription: mockserver.Subscription{URL: "http://hook.test/subscription", SigningKey: "a-key-of-tests"}})
					if a := h.call(call, []string{
						"Content-Type", "application/json", "Authorization", "Bearer x",
						"ipp-company-id", "1", "ipp-application-type", "Visma.net Financials", "erp-api-background", header,
					}); a.status != http.StatusAccepted {
						if mode == "url" || name != "legacy-2022" { // which knows no subscriptions
							t.Errorf("%s, %s %s, %s: got %d, want 202", name, call.method, call.pattern, mode, a.status)
						}
						return
					}
					time.Sleep(time.Minute)
					got := h.hook.all()
					if len(got) != 1 {
						t.Fatalf("%s, %s %s, %s: %d notifications, want 1", name, call.method, call.pattern, mode, len(got))
					}
					want := declaredHeaders(callbacks[mode].Value)
					if mode == "subscription" {
						want = append(want, "Order", "Src")
					}
					if sent := sentHeaders(got[0].header); !slices.Equal(sent, slices.Sorted(slices.Values(want))) {
						t.Errorf("%s, %s %s, %s: sent %v, declared are %v", name, call.method, call.pattern, mode, sent, want)
					}
					if err := spec.Validate(schema, []byte(got[0].body)); err != nil {
						t.Errorf("%s, %s: %v", name, mode, err)
					}
					if names := undeclared(schema, decode[any](t, got[0].body), ""); names != nil {
						t.Errorf("%s, %s: the fields %v are not declared", name, mode, names)
					}
				})
			}
		}
	}
}

// declaredHeaders names the headers of the request of a callback.
func declaredHeaders(callback *openapi3.Callback) (names []string) {
	for _, item := range callback.Map() {
		for _, p := range item.Post.Parameters {
			names = append(names, http.CanonicalHeaderKey(p.Value.Name))
		}
	}
	return names
}

// sentHeaders names, in order, the headers that were sent, but for those of HTTP.
func sentHeaders(header http.Header) (names []string) {
	for name := range header {
		if !slices.Contains([]string{"Accept-Encoding", "Content-Length", "Content-Type", "User-Agent"}, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
