package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/admin/internal/api"
)

// cookie is the name of the one that stands for the token.
const cookie = "erpmock-session"

// open are the paths that tell nothing of the mock's state, and are asked by
// those who have no token: probes of containers, generators of clients, and
// whoever is about to show it.
var open = []string{base + "/version", base + "/ready", base + "/openapi.yaml", base + "/openapi.json", base + "/docs", base + "/session"}

// guard lets through whoever may control the mock.
func (a *Admin) guard(next http.Handler) http.Handler {
	pages := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case !a.isOurHost(r):
			refuse(w, http.StatusForbidden, api.Problem{
				Error: "the host " + shortened(r.Host) + " is not known to be the mock's: a page elsewhere could have its name lead here", Field: "Host",
				Remedy: "call it by localhost, 127.0.0.1 or its own address, or have it know the name (--admin-host, Config.Hosts)",
			})
		case pages.Check(r) != nil:
			refuse(w, http.StatusForbidden, api.Problem{
				Error: "the request comes from a page of another origin", Field: "Origin",
				Remedy: "pages of other origins may call the ERP (--cors-origin), but not control the mock: do that from your test's own process",
			})
		case !slices.Contains(open, r.URL.Path) && !a.mayControl(r):
			w.Header().Set("WWW-Authenticate", `Bearer realm="erpmock"`)
			refuse(w, http.StatusUnauthorized, api.Problem{
				Error: "the call does not come over loopback, and does not show the token", Field: "Authorization",
				Remedy: "send the token that erpmock printed when it started, as \"Authorization: Bearer ...\" and not in the URL",
			})
		case hasBody(r) && !isJSON(r.Header.Get("Content-Type")):
			refuse(w, http.StatusUnsupportedMediaType, api.Problem{
				Error: "the body does not say that it is JSON", Field: "Content-Type", Remedy: "send \"Content-Type: application/json\"",
			})
		default:
			r.Body = http.MaxBytesReader(w, r.Body, a.cfg.MaxBody)
			next.ServeHTTP(w, r)
		}
	})
}

func hasBody(r *http.Request) bool {
	return r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0
}

func isJSON(contentType string) bool {
	kind, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	return err == nil && kind == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// local is the address at which a request came, and whether it came over a socket
// at all: if not, this process made it.
func local(r *http.Request) (addr net.Addr, overSocket bool) {
	addr, overSocket = r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return addr, overSocket
}

// ipOf is the IP address of a connection's end, invalid if it has none.
func ipOf(addr net.Addr) netip.Addr {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}

// isOurHost reports whether the name by which a request calls the mock cannot be
// one that a page has chosen. An address cannot: the page would be the mock's
// own.
func (a *Admin) isOurHost(r *http.Request) bool {
	addr, overSocket := local(r)
	if !overSocket {
		return true
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback() || ip.Unmap().WithZone("") == ipOf(addr) || slices.Contains(a.cfg.Hosts, host)
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		slices.ContainsFunc(a.cfg.Hosts, func(known string) bool { return strings.EqualFold(known, host) })
}

// mayControl reports whether a request needs no token, or shows it.
func (a *Admin) mayControl(r *http.Request) bool {
	return a.isLocal(r) || a.isToken(bearer(r)) || a.isToken(session(r))
}

// isLocal reports whether a request came from this process, or over loopback
// without having been forwarded from elsewhere.
func (a *Admin) isLocal(r *http.Request) bool {
	addr, overSocket := local(r)
	if !overSocket {
		return true
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if len(r.Header.Values(name)) > 0 {
			return false
		}
	}
	_, isUnix := addr.(*net.UnixAddr)
	return isUnix || ipOf(addr).IsLoopback()
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func session(r *http.Request) string {
	c, err := r.Cookie(cookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// isToken compares in a time that does not depend on how much of it is right.
func (a *Admin) isToken(shown string) bool {
	got, want := sha256.Sum256([]byte(shown)), sha256.Sum256([]byte(a.token))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// OpenSession sets the cookie that stands for the token. It names no path: to the
// browser that is where the control is, below whatever prefix of a proxy.
func (a *Admin) OpenSession(w http.ResponseWriter, r *http.Request) {
	body, ok := decode[api.Session](w, r, "token")
	if !ok {
		return
	}
	if !a.isToken(body.Token) {
		refuse(w, http.StatusUnauthorized, api.Problem{
			Error: "this is not the token", Field: "token", Remedy: "use the one that erpmock printed when it started",
		})
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookie, Value: a.token, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
	w.WriteHeader(http.StatusNoContent)
}

// CloseSession takes the cookie back.
func (a *Admin) CloseSession(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{
		Name: cookie, MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
	w.WriteHeader(http.StatusNoContent)
}
