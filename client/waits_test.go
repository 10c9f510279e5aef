package client_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

// TestWhoWaitsForRetryAfter tells the two kinds apart: a 429, and a 503 that says
// for how long, pause the client; on any other answer the header is about one
// operation.
func TestWhoWaitsForRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		name, on string // which call is answered so
		odd      reply
		own      time.Duration // at the least, until the operation is polled next
		others   bool          // a submit waits as well
	}{
		{"202", "submit", says(202, "", `{"id":"`+id1+`"}`, "Retry-After", "40"), 40 * time.Second, false},
		{"200", "state", says(200, "", started, "Retry-After", "40"), 40 * time.Second, false},
		{"502", "state", says(502, "", "", "Retry-After", "40"), 40 * time.Second, false},
		{"503", "state", says(503, "", "", "Retry-After", "40"), 40 * time.Second, true},
		{"503 without one", "state", says(503, "", ""), time.Second, false},
		{"503 with garbage", "state", says(503, "", "", "Retry-After", "NaN"), time.Second, false},
		{"429", "state", says(429, "", "", "Retry-After", "40"), 40 * time.Second, true},
		{"429 with garbage", "state", says(429, "", "", "X-RateLimit-Reset", "NaN"), time.Minute, true},
		{"503 to content", "content", says(503, "", "", "Retry-After", "40"), 40 * time.Second, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var odd, next time.Time
				submits := 0
				trip := roundTripper(func(r *http.Request) (*http.Response, error) {
					kind := "state"
					switch {
					case r.Header.Get("Erp-Api-Background") != "":
						if kind = "submit"; submits > 0 {
							return says(202, "", `{"id":"`+id2+`"}`)(r)
						}
						submits++
					case strings.HasSuffix(r.URL.Path, "/content"):
						kind = "content"
					}
					if kind != "submit" && (r.Header.Get("Cache-Control") != "no-cache" || r.Header.Get("Pragma") != "no-cache") {
						t.Errorf("%s: got %v, want it to ask for no cached answer", kind, r.Header)
					}
					switch {
					case odd.IsZero() && kind == tt.on:
						odd = time.Now()
						return tt.odd(r)
					case !odd.IsZero() && next.IsZero():
						next = time.Now()
					}
					switch kind {
					case "submit":
						return says(202, "", `{"id":"`+id1+`"}`)(r)
					case "state":
						return says(200, "", finishedState)(r)
					}
					return says(200, "", `[1]`)(r)
				})
				c, err := client.New(client.Config{BaseURL: base, HTTPClient: &http.Client{Transport: trip}})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				op := post(t, c)
				if tt.on != "submit" {
					for odd.IsZero() {
						_, _ = op.Poll(t.Context())
					}
					began := time.Now()
					post(t, c)
					if waited := time.Since(began) >= 30*time.Second; waited != tt.others {
						t.Errorf("another submit waited: %v, want %v", waited, tt.others)
					}
				}
				if _, err := op.Wait(testkit.Within(t, time.Hour)); err != nil {
					t.Fatal(err)
				}
				if got := next.Sub(odd); got < tt.own || got > tt.own+time.Minute {
					t.Errorf("polled again after %v, want %v", got, tt.own)
				}
			})
		})
	}
}

// TestStateOfAnotherOperation is read by a poll and by the search for the id of
// an uncertain one: neither believes it.
func TestStateOfAnotherOperation(t *testing.T) {
	for _, id := range []string{id2, "{" + strings.ToUpper(id2) + "}", "x y"} {
		withERP(t, client.Config{}, accepting(write(200, strings.Replace(ended("201"), id1, id, 1))), func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
			op := post(t, c)
			if s, err := op.Poll(t.Context()); err == nil || !strings.Contains(err.Error(), "another operation") || s.Phase != store.Accepted {
				t.Errorf("%s: got %+v, %v, want a failed poll", id, s, err)
			}
		})
	}
	for _, id := range []string{"", "{" + strings.ToUpper(id1) + "}", strings.ReplaceAll(id1, "-", "")} {
		withERP(t, client.Config{}, accepting(write(200, strings.Replace(ended("201"), id1, id, 1))), func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
			if _, err := post(t, c).Wait(testkit.Within(t, time.Hour)); err != nil {
				t.Errorf("%q: got %v, want it to be taken for ours", id, err)
			}
		})
	}
}

// TestAClosedStoreIsNamed tells it apart from a closed client; ErrClosed matches
// both.
func TestAClosedStoreIsNamed(t *testing.T) {
	st := store.NewMemory(store.MemoryConfig{})
	c, err := client.New(client.Config{BaseURL: base, Store: st})
	if err != nil {
		t.Fatal(err)
	}
	st.Close()
	_, err = c.Submit(context.Background(), request("POST", "/v1/x", ""), client.SubmitOptions{})
	if !errors.Is(err, client.ErrClosed) || !errors.Is(err, store.ErrClosed) || !strings.Contains(err.Error(), "the store is closed") {
		t.Errorf("store: got %v", err)
	}
	c.Close()
	_, err = c.Submit(context.Background(), request("POST", "/v1/x", ""), client.SubmitOptions{})
	if !errors.Is(err, client.ErrClosed) || !strings.Contains(err.Error(), "the client is closed") {
		t.Errorf("client: got %v", err)
	}
}

// TestAnActionWhoseAnswerCannotBeReadIsUnconfirmed, for it may have said that it
// failed.
func TestAnActionWhoseAnswerCannotBeReadIsUnconfirmed(t *testing.T) {
	for path, want := range map[string]bool{"/v1/customerinvoice/1/Action/release": true, "/v1/customerinvoice": false} {
		withERP(t, client.Config{}, accepting(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/content") {
				write(410, "")(w, r)
				return
			}
			write(200, finishedState)(w, r)
		}), func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
			op, err := c.Submit(t.Context(), request("POST", path, "{}"), client.SubmitOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if res, err := op.Wait(testkit.Within(t, time.Hour)); err != nil || res.Unconfirmed() != want {
				t.Errorf("%s: got %+v, %v, want unconfirmed: %v", path, res, err, want)
			}
		})
	}
}

func TestNotificationsWithoutASharedStoreAreWarnedOf(t *testing.T) {
	for _, shared := range []bool{false, true} {
		var log strings.Builder
		cfg := client.Config{BaseURL: base, Notify: client.Subscription(), Logger: slog.New(slog.NewTextHandler(&log, nil))}
		if shared {
			cfg.Store = store.NewMemory(store.MemoryConfig{})
		}
		c, err := client.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if warned := strings.Contains(log.String(), "Config.Store"); warned == shared {
			t.Errorf("shared %v: logged %q", shared, log.String())
		}
	}
}
