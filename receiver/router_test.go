package receiver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vismanet-go/background/receiver"
)

// Whatever routes the request: a mux with prefixes, nested muxes, a mux that
// strips, a router that only knows http.Handler.
func TestAnyRouterWorks(t *testing.T) {
	routers := map[string]func(*receiver.Receiver) http.Handler{
		"a mux": func(rcv *receiver.Receiver) http.Handler { return mounted(rcv) },
		"a mux with methods": func(rcv *receiver.Receiver) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("POST "+path, rcv)
			mux.HandleFunc("POST "+path+"/", rcv.ServeCapability)
			return mux
		},
		"a subtree": func(rcv *receiver.Receiver) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/webhooks/", rcv) // as chi's Mount and gorilla's PathPrefix do
			mux.Handle("/", http.NotFoundHandler())
			return mux
		},
		"a stripped prefix": func(rcv *receiver.Receiver) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/webhooks/", http.StripPrefix("/webhooks", rcv))
			return mux
		},
		"a nested mux": func(rcv *receiver.Receiver) http.Handler {
			inner, outer := http.NewServeMux(), http.NewServeMux()
			rcv.Register(inner, "/erp")
			outer.Handle("/webhooks/", http.StripPrefix("/webhooks", inner))
			return outer
		},
		"a wildcard": func(rcv *receiver.Receiver) http.Handler {
			mux := http.NewServeMux()
			rcv.Register(mux, "/{kind}/erp")
			return mux
		},
		"a router of one's own": func(rcv *receiver.Receiver) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch rest, ok := strings.CutPrefix(r.URL.Path, path); {
				case !ok:
					http.NotFound(w, r)
				case strings.Trim(rest, "/") == "":
					rcv.ServeHTTP(w, r)
				default:
					rcv.ServeCapability(w, r)
				}
			})
		},
		"middleware that conceals": func(rcv *receiver.Receiver) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r = receiver.Conceal(r)
				if strings.Contains(r.URL.String(), macOf(capability())) {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				mounted(rcv).ServeHTTP(w, r)
			})
		},
	}
	for name, route := range routers {
		t.Run(name, func(t *testing.T) {
			rcv, st := setup(t)
			h := route(rcv)
			wantStatus(t, serve(h, signed(body)), 200)
			wantStatus(t, serve(h, post(path+"/"+capability(), body)), 200)
			wantStatus(t, serve(h, post(path, body)), 401)
			if got := serve(h, post(path+"/"+strings.ToUpper(capability()), body)).StatusCode; got != 404 && got != 401 {
				t.Errorf("a mangled capability: got %d", got)
			}
			if got := serve(h, post("/elsewhere", body)).StatusCode; got != 404 {
				t.Errorf("elsewhere: got %d", got)
			}
			if st.count() != 2 {
				t.Errorf("%d stored, want 2", st.count())
			}
		})
	}
}
