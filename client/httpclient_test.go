package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/memhttp"
)

// TestCookiesOfTheHTTPClientAreKept has a load balancer pin its callers by a
// cookie.
func TestCookiesOfTheHTTPClientAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		var pinned []string
		erp := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				http.SetCookie(w, &http.Cookie{Name: "node", Value: "a"})
				w.WriteHeader(http.StatusAccepted)
				_, _ = w.Write([]byte(`{"id":"` + id1 + `"}`))
				return
			}
			pinned = append(pinned, r.Header.Get("Cookie"))
			_, _ = w.Write([]byte(ended("204")))
		})
		c, err := client.New(client.Config{BaseURL: base, HTTPClient: &http.Client{Transport: &memhttp.Transport{Default: erp}, Jar: jar}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		op, err := c.Submit(t.Context(), request("POST", "/v1/x", "{}"), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := op.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(pinned) != 1 || pinned[0] != "node=a" {
			t.Errorf("the poll: got cookies %q, want that of the 202", pinned)
		}
	})
}

// TestTheTimeoutOfTheHTTPClientBoundsEachCall has an ERP that never answers.
func TestTheTimeoutOfTheHTTPClientBoundsEachCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		c, err := client.New(client.Config{BaseURL: base, HTTPClient: &http.Client{Transport: &memhttp.Transport{Default: erp}, Timeout: 7 * time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		begun := time.Now()
		_, err = c.Submit(t.Context(), request("POST", "/v1/x", "{}"), client.SubmitOptions{})
		if _, unclear := errors.AsType[*client.UncertainError](err); !unclear || time.Since(begun) != 7*time.Second {
			t.Errorf("submit: got %v after %v, want an uncertain one after 7s", err, time.Since(begun))
		}
		op, err := c.Operation(t.Context(), id1)
		if err != nil {
			t.Fatal(err)
		}
		begun = time.Now()
		if _, err := op.Poll(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 7*time.Second {
			t.Errorf("poll: got %v after %v, want the deadline after 7s", err, time.Since(begun))
		}
	})
}
