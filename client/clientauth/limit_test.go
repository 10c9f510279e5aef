package clientauth_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/store"
)

// limited is a host that allows so many calls an hour, whatever they ask for.
type limited struct {
	limit int
	next  http.Handler

	mu      sync.Mutex // guards the rest
	ends    time.Time
	used    int
	calls   int
	refused int
}

func (l *limited) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	if now := time.Now(); !now.Before(l.ends) {
		l.ends, l.used = now.Add(time.Hour), 0
	}
	over := l.used >= l.limit
	if l.calls++; over {
		l.refused++
	} else {
		l.used++
	}
	h := w.Header()
	h.Set("X-RateLimit-Limit", strconv.Itoa(l.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(l.limit-l.used))
	h.Set("X-RateLimit-Reset", strconv.Itoa(int(time.Until(l.ends).Seconds())+1))
	l.mu.Unlock()
	if over {
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	l.next.ServeHTTP(w, r)
}

// TestCallsForTokensCountWhereTheERPLimitsThem has a token endpoint on the host of the
// ERP, and tokens that end soon, or one on a host of its own.
func TestCallsForTokensCountWhereTheERPLimitsThem(t *testing.T) {
	for name, tt := range map[string]struct {
		tokenURL string
		shared   bool // by the budget, with other replicas
		counted  bool
	}{
		"on the host of the ERP":                {erpBase + "/connect/token", false, true},
		"on the host of the ERP, with replicas": {erpBase + "/connect/token", true, true},
		"elsewhere":                             {"", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &endpoint{life: 50 * time.Second}
				mux := http.NewServeMux()
				mux.Handle("/connect/token", e)
				mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { say(w, 200, `[]`) })
				erp := &limited{limit: 40, next: mux}
				net := &memhttp.Transport{Hosts: map[string]http.Handler{"erp.mock": erp, "connect.visma.com": e}}
				cfg := config(e)
				cfg.TokenURL, cfg.HTTPClient, cfg.Transport = tt.tokenURL, &http.Client{Transport: net}, net
				s := mustNew(t, cfg)
				cc := client.Config{BaseURL: erpBase, HTTPClient: s.HTTPClient(), Refresh: s.Refresh}
				if tt.shared {
					st := store.NewMemory(store.MemoryConfig{})
					defer st.Close()
					cc.Store = st
				}
				c, err := client.New(cc)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				for range 60 {
					req, _ := http.NewRequestWithContext(client.InForeground(t.Context()), http.MethodGet, "/v1/customerinvoice", nil)
					resp, err := c.Do(req)
					if err != nil {
						t.Fatal(err)
					}
					resp.Body.Close()
					if resp.StatusCode != http.StatusOK {
						t.Errorf("answered %d", resp.StatusCode)
					}
					time.Sleep(time.Minute)
				}
				stats, err := c.Stats(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				b, tokens := stats.Budget, e.calls()
				want := 60
				if tt.counted {
					want += tokens
				}
				if tokens < 50 || b.Calls != (client.CallCounts{Submit: want}) {
					t.Errorf("%+v calls are counted after 60 calls and %d for tokens, want %d", b.Calls, tokens, want)
				}
				if erp.refused != 0 || b.Limit != 40 || b.Left != erp.limit-erp.used {
					t.Errorf("%d calls were refused, and %d of %d are left by the client's count and %d by the ERP's, want none refused and the same", erp.refused, b.Left, b.Limit, erp.limit-erp.used)
				}
			})
		})
	}
}
