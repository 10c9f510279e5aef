package receiver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

// Whatever is sent: no panic, a status that is documented, a 2xx exactly if
// the store was told, told only if authenticated, and no capability left.
func FuzzServeHTTP(f *testing.F) {
	good := capability()
	f.Add("POST", path, body, sign(key, body), ref, "tenant", 0, "10.0.0.1:9", "203.0.113.9, 192.0.2.1")
	f.Add("POST", path+"/"+good, body, "", "", "", 0, "192.0.2.1:1", "")
	f.Add("POST", path+"/"+strings.ToUpper(good)+"/", "{", "x", "?", "\x00", -1, "[::ffff:192.0.2.7%x]:1", ",[::1]:x,,")
	f.Add("GET", "/", "", sign(key, ""), "", "", 1<<30, "@", "x")
	allowed := map[int]bool{200: true, 400: true, 401: true, 403: true, 404: true, 405: true, 413: true}
	f.Fuzz(func(t *testing.T, method, target, body, signature, ref, tenant string, length int, remote, forwarded string) {
		rcv, st := setup(t, func(c *receiver.Config) {
			c.MaxBodyBytes = 4096
			c.Tenant = func(id string) (string, bool) { return id, id != "" }
			c.AllowFrom, c.TrustedProxies = prefixes("192.0.2.0/24"), prefixes("10.0.0.0/8")
		})
		rcv.Handle(func(context.Context, receiver.Notification) error { return nil })
		r := post("/", body)
		r.Method, r.URL = method, &url.URL{Path: target, RawPath: target}
		r.RequestURI = target
		r.RemoteAddr = remote
		if length != 0 {
			r.ContentLength = int64(length)
		}
		r.Header = http.Header{
			"X-Vwd-Signature-V1": {signature}, http.CanonicalHeaderKey(hook.RefHeader): {ref}, "X-Vwd-Tenant-Id": {tenant}, "X-Forwarded-For": {forwarded},
		}
		w := httptest.NewRecorder()
		rcv.ServeHTTP(w, r)

		if !allowed[w.Code] || (w.Code == 200) != (st.count() == 1) {
			t.Fatalf("status %d, %d stored", w.Code, st.count())
		}
		if strings.Contains(r.URL.Path+r.URL.RawPath+r.RequestURI, macOf(good)) && strings.Contains(target, good) {
			t.Fatalf("the capability is still in %q", r.URL)
		}
		if w.Code != 200 {
			return
		}
		if !strings.Contains(remote+forwarded, "192.0.2.") && !strings.Contains(strings.ToLower(remote+forwarded), "c000:") {
			t.Fatalf("let in from %q, %q", remote, forwarded)
		}
		if got := left(t, st, store.Delivery); got != 1 {
			t.Fatalf("%d deliveries after a 2xx", got)
		}
		n := st.last(t)
		switch n.Mode {
		case "url":
			if !strings.Contains(target, n.Ref) || !hook.ValidRef(n.Ref) {
				t.Fatalf("ref %q from %q", n.Ref, target)
			}
		case "subscription":
			if strings.TrimSpace(signature) != sign(key, body) || n.Ref != "" && !hook.ValidRef(n.Ref) {
				t.Fatalf("stored with signature %q, ref %q", signature, n.Ref)
			}
		default:
			t.Fatalf("mode %q", n.Mode)
		}
		if records, err := st.Notify(t.Context(), n); err != nil || records.Verdict == "unknown" {
			t.Fatalf("after a 2xx the store does not know it: %+v, %v", records, err)
		}
	})
}
