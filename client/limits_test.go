package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/internal/testkit"
)

// TestPollsKeepTheLimitOnEqualRequests counts the polls of one operation in any
// minute, and on the old host those that fail in any five.
func TestPollsKeepTheLimitOnEqualRequests(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"running": write(200, `{"status":"Started"}`), "missing": write(404, ``), "failing": write(500, ``), "refused": write(400, ``), "no answer": drop,
	}
	for _, host := range []string{"https://integration.visma.net/API/controller/api", base} {
		for name, answer := range answers {
			t.Run(host+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var mu sync.Mutex // guards asked: polls run side by side
					asked := map[string][]time.Time{}
					n := 0
					rt := &memhttp.Transport{Default: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.Method == http.MethodPost {
							n++
							write(202, fmt.Sprintf(`{"id":"2f6f0a57-3c43-4d0e-9d0b-%012d"}`, n))(w, r)
							return
						}
						mu.Lock()
						asked[r.URL.Path] = append(asked[r.URL.Path], time.Now())
						mu.Unlock()
						answer(w, r)
					})}
					c, err := client.New(client.Config{BaseURL: host, HTTPClient: &http.Client{Transport: rt}})
					if err != nil {
						t.Fatal(err)
					}
					stop := start(t, c)
					for range 20 { // each has jitter of its own
						post(t, c)
					}
					time.Sleep(2 * time.Hour)
					if err := stop(); err != nil {
						t.Error(err)
					}
					c.Close()
					for path, times := range asked {
						within := func(n int, d time.Duration) {
							for i := n; i < len(times); i++ {
								if took := times[i].Sub(times[i-n]); took < d {
									t.Errorf("%s: %d polls within %v", path, n+1, took)
									return
								}
							}
						}
						within(5, time.Minute)
						if strings.Contains(host, "integration") && name != "running" && name != "no answer" {
							within(2, 5*time.Minute)
						}
					}
				})
			})
		}
	}
}

// TestExpiryNeedsSeveral404s has an operation be missing, from different times
// on and for different times.
func TestExpiryNeedsSeveral404s(t *testing.T) {
	const day = 24 * time.Hour
	tests := map[string]struct {
		missing func(at time.Duration, n int) bool // n polls came after a day
		expires time.Duration                      // 0 for never; at the earliest
	}{
		"one after a day":         {func(at time.Duration, n int) bool { return at > 25*time.Hour && n%2 == 0 }, 0},
		"for five minutes":        {func(at time.Duration, _ int) bool { return at > 25*time.Hour && at < 25*time.Hour+5*time.Minute }, 0},
		"for ever, after a day":   {func(at time.Duration, _ int) bool { return at > 25*time.Hour }, 26 * time.Hour},
		"for ever, from the 23 h": {func(at time.Duration, _ int) bool { return at > 23*time.Hour }, day},
		"from the start":          {func(time.Duration, int) bool { return true }, day},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun, n := time.Now(), 0
				c, _ := serving(t, client.Config{}, accepting(func(w http.ResponseWriter, r *http.Request) {
					at := time.Since(begun)
					if at > day {
						n++
					}
					if tt.missing(at, n) {
						write(404, ``)(w, r)
						return
					}
					write(200, `{"status":"Started"}`)(w, r)
				}))
				defer c.Close()
				_, err := post(t, c).Wait(testkit.Within(t, 40*time.Hour))
				took := time.Since(begun)
				if tt.expires == 0 && errors.Is(err, client.ErrExpired) || tt.expires > 0 && (!errors.Is(err, client.ErrExpired) || took < tt.expires-10*time.Minute || took > tt.expires+time.Hour) {
					t.Errorf("after %v: %v, want it to expire after %v (0 for never)", took, err, tt.expires)
				}
			})
		})
	}
}
