package clientauth_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/internal/testkit"
	"golang.org/x/oauth2"
)

// choosy is an ERP that takes one token.
type choosy struct{ token atomic.Value }

func (c *choosy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+c.token.Load().(string) {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// get calls the ERP and returns the status.
func get(t *testing.T, hc *http.Client) int {
	t.Helper()
	resp, err := hc.Get(erpBase + "/v1/x")
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// playERP is play with an ERP that takes one token, named by the test.
func playERP(t *testing.T, e *endpoint, change func(*clientauth.Config), f func(*testing.T, *clientauth.Source, *choosy)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		erp := &choosy{}
		erp.token.Store("token-1")
		cfg := config(e)
		cfg.Transport = hosts(e, map[string]http.Handler{"erp.mock": erp})
		if change != nil {
			change(&cfg)
		}
		f(t, mustNew(t, cfg), erp)
	})
}

func TestCallersThatWereRefusedTogetherGetOneNewToken(t *testing.T) {
	e := &endpoint{delay: 100 * time.Millisecond}
	playERP(t, e, nil, func(t *testing.T, s *clientauth.Source, erp *choosy) {
		hc := s.HTTPClient()
		for round := 1; round <= 3; round++ {
			if got := get(t, hc); round == 1 && got != 200 {
				t.Fatalf("status %d", got)
			}
			erp.token.Store("token-" + string(rune('1'+round)))
			var wg sync.WaitGroup
			for i := range 100 {
				wg.Go(func() {
					if got := get(t, hc); got != 401 {
						t.Errorf("status %d, want 401", got)
					}
					// Some come to refresh long after the others have.
					time.Sleep(time.Duration(i+1) * 10 * time.Millisecond)
					if err := s.Refresh(t.Context()); err != nil {
						t.Error(err)
					}
					if got := get(t, hc); got != 200 {
						t.Errorf("after the refresh: status %d", got)
					}
				})
			}
			wg.Wait()
			if n := e.calls(); n != round+1 {
				t.Fatalf("round %d: %d tokens were asked for, want %d", round, n, round+1)
			}
		}
	})
}

func TestARefreshWithoutARefusalReplacesTheToken(t *testing.T) {
	e := &endpoint{}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, s, "token-1")
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, s, "token-2")
	})
}

func TestARefusedTokenIsNotUsedAgainWhenTheEndpointIsDown(t *testing.T) {
	e := &endpoint{answer: func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n > 1 {
			say(w, 503, `{}`)
		}
		return n > 1
	}}
	playERP(t, e, nil, func(t *testing.T, s *clientauth.Source, erp *choosy) {
		erp.token.Store("another")
		get(t, s.HTTPClient())
		if err := s.Refresh(testkit.Within(t, time.Second)); err == nil {
			t.Error("a refresh without a new token succeeded")
		}
		if _, err := s.Token(testkit.Within(t, time.Second)); err == nil {
			t.Error("the refused token was given again")
		}
	})
}

func TestAnERPThatTakesNoTokenDoesNotCostOneForEachCall(t *testing.T) {
	e := &endpoint{}
	playERP(t, e, nil, func(t *testing.T, s *clientauth.Source, erp *choosy) {
		erp.token.Store("another")
		hc := s.HTTPClient()
		refused := 0
		for range 60 { // one each second
			if got := get(t, hc); got != 401 {
				t.Fatalf("status %d", got)
			}
			if err := s.Refresh(t.Context()); errors.Is(err, clientauth.ErrRefused) {
				refused++
			} else if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if e.calls() != 2 || refused != 59 {
			t.Errorf("%d tokens and %d refusals, want 2 and 59", e.calls(), refused)
		}
		time.Sleep(time.Minute) // later it is tried again, and works
		erp.token.Store("token-3")
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := get(t, hc); got != 200 {
			t.Errorf("status %d", got)
		}
	})
}

// sourceFunc is a TokenSource.
type sourceFunc func() (*oauth2.Token, error)

func (f sourceFunc) Token() (*oauth2.Token, error) { return f() }

func withSource(src oauth2.TokenSource) func(*clientauth.Config) {
	return func(c *clientauth.Config) {
		c.ClientID, c.ClientSecret, c.TenantID, c.TokenSource = "", "", "", src
	}
}

func TestATokenSourceTakesThePlaceOfTheSecret(t *testing.T) {
	n := 0
	src := sourceFunc(func() (*oauth2.Token, error) {
		n++
		return &oauth2.Token{AccessToken: "token-" + string(rune('0'+n)), Expiry: time.Now().Add(time.Hour)}, nil
	})
	playERP(t, &endpoint{}, withSource(src), func(t *testing.T, s *clientauth.Source, erp *choosy) {
		hc := s.HTTPClient()
		if got := get(t, hc); got != 200 {
			t.Errorf("status %d", got)
		}
		erp.token.Store("token-2")
		if got := get(t, hc); got != 401 {
			t.Errorf("status %d", got)
		}
		if err := s.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
		if got := get(t, hc); got != 200 {
			t.Errorf("status %d", got)
		}
		time.Sleep(55 * time.Minute)
		want(t, s, "token-3")
	})
}

func TestATokenSourceThatKeepsItsTokenIsToldApart(t *testing.T) {
	asked := 0
	end := time.Now().Add(time.Hour)
	src := sourceFunc(func() (*oauth2.Token, error) {
		asked++
		return &oauth2.Token{AccessToken: "kept", Expiry: end}, nil
	})
	playERP(t, &endpoint{}, withSource(src), func(t *testing.T, s *clientauth.Source, erp *choosy) {
		erp.token.Store("another")
		end = time.Now().Add(time.Hour)
		hc := s.HTTPClient()
		get(t, hc)
		err := s.Refresh(t.Context())
		if !errors.Is(err, clientauth.ErrRefused) || !strings.Contains(err.Error(), "issued again") {
			t.Errorf("got %v", err)
		}
		erp.token.Store("kept") // the refusal was a passing one
		if got := get(t, hc); got != 200 {
			t.Errorf("status %d", got)
		}
		time.Sleep(56 * time.Minute)
		asked = 0
		for range 100 {
			want(t, s, "kept")
		}
		if asked != 1 {
			t.Errorf("asked %d times, want 1: it will not change", asked)
		}
	})
}

func TestATokenSourceThatHangsHoldsNobodyBeyondItsContext(t *testing.T) {
	release := make(chan struct{})
	synctest.Test(t, func(t *testing.T) {
		release = make(chan struct{})
		asked := 0
		cfg := clientauth.Config{BaseURLs: []string{erpBase}, TokenSource: sourceFunc(func() (*oauth2.Token, error) {
			asked++
			<-release
			return &oauth2.Token{AccessToken: "late"}, nil
		})}
		s := mustNew(t, cfg)
		for range 3 {
			if _, err := s.Token(testkit.Within(t, time.Second)); err == nil {
				t.Fatal("no error")
			}
		}
		close(release)
		want(t, s, "late")
		if asked != 1 {
			t.Errorf("asked %d times, want 1", asked)
		}
	})
}
