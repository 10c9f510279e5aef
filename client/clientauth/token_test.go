package clientauth_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/internal/testkit"
)

func TestATokenIsRenewedBeforeItsEnd(t *testing.T) {
	tests := []struct {
		name   string
		life   time.Duration
		before time.Duration // RefreshBefore
		soon   time.Duration // first renewal
	}{
		{"an hour, five minutes before", time.Hour, 0, 55 * time.Minute},
		{"an hour, as configured", time.Hour, time.Minute, 59 * time.Minute},
		{"a short life, a fifth before", 100 * time.Second, 0, 80 * time.Second},
		{"RefreshBefore longer than the life", 10 * time.Minute, time.Hour, 8 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &endpoint{life: tt.life}
				cfg := config(e)
				cfg.RefreshBefore = tt.before
				s := mustNew(t, cfg)
				want(t, s, "token-1")
				time.Sleep(tt.soon - time.Second)
				want(t, s, "token-1")
				time.Sleep(time.Second)
				want(t, s, "token-2")
				if n := e.calls(); n != 2 {
					t.Errorf("%d calls, want 2", n)
				}
			})
		})
	}
}

func TestATokenWithoutAnEndIsKept(t *testing.T) {
	e := &endpoint{answer: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		say(w, 200, `{"access_token":"for-ever"}`)
		return true
	}}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		for range 3 {
			want(t, s, "for-ever")
			time.Sleep(1000 * time.Hour)
		}
		if n := e.calls(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

func TestOneCallServesAllWhoWait(t *testing.T) {
	e := &endpoint{delay: time.Second}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		for round := 1; round <= 3; round++ {
			var wg sync.WaitGroup
			for range 200 {
				wg.Go(func() {
					if _, err := s.Token(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if n := e.calls(); n != round {
				t.Fatalf("round %d: %d calls", round, n)
			}
			time.Sleep(2 * time.Hour)
		}
	})
}

func TestWhileOneRenewsTheOthersUseTheOldToken(t *testing.T) {
	e := &endpoint{}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		want(t, s, "token-1")
		time.Sleep(56 * time.Minute)
		e.delay = time.Second
		start := time.Now()
		var wg sync.WaitGroup
		var waited atomic.Int64
		for range 50 {
			wg.Go(func() {
				if _, err := s.Token(t.Context()); err != nil {
					t.Error(err)
				}
				if time.Since(start) > 0 {
					waited.Add(1)
				}
			})
		}
		wg.Wait()
		want(t, s, "token-2")
		if e.calls() != 2 || waited.Load() != 1 {
			t.Errorf("%d calls and %d waited, want 2 and 1", e.calls(), waited.Load())
		}
	})
}

func TestOneWhoStopsWaitingDoesNotEndItForTheOthers(t *testing.T) {
	e := &endpoint{delay: 10 * time.Second}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		var wg sync.WaitGroup
		wg.Go(func() { // the first, who started it
			_, err := s.Token(testkit.Within(t, time.Second))
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the context's error", err)
			}
		})
		synctest.Wait()
		wg.Go(func() { want(t, s, "token-1") })
		wg.Wait()
		if e.calls() != 1 {
			t.Errorf("%d calls, want 1", e.calls())
		}
	})
}

func TestWhenTheLastOneStopsWaitingTheCallEnds(t *testing.T) {
	e := &endpoint{delay: 10 * time.Second}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() { _, _ = s.Token(testkit.Within(t, time.Duration(i+1)*time.Second)) })
		}
		wg.Wait()
		synctest.Wait()
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("took %v, want 5s", d)
		}
		// The bubble proves that no goroutine is left; the next one starts anew.
		want(t, s, "token-2")
	})
}

func TestAFailedRenewalLeavesTheOldTokenInUse(t *testing.T) {
	var down atomic.Bool
	e := &endpoint{answer: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		if down.Load() {
			say(w, 503, `{}`)
		}
		return down.Load()
	}}
	synctest.Test(t, func(t *testing.T) {
		cfg := config(e)
		log, text := logbook()
		cfg.Logger = log
		s := mustNew(t, cfg)
		want(t, s, "token-1")
		down.Store(true)
		start := time.Now()
		time.Sleep(55 * time.Minute)
		for time.Since(start) < 59*time.Minute+50*time.Second {
			want(t, s, "token-1")
			time.Sleep(100 * time.Millisecond)
		}
		// One try each 30 s of the last five minutes, not one each call.
		if n := e.calls(); n < 9 || n > 12 {
			t.Errorf("%d calls", n)
		}
		if !strings.Contains(text.String(), "the old one is still valid") {
			t.Errorf("log: %s", text)
		}
		time.Sleep(5 * time.Second) // too late to be sent, but for the lack of another
		if _, err := s.Token(testkit.Within(t, 3*time.Second)); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Second)
		_, err := s.Token(testkit.Within(t, 3*time.Second))
		if e, ok := errors.AsType[*clientauth.TokenError](err); !ok || e.StatusCode != 503 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's end and the last answer", err)
		}
		down.Store(false)
		if _, err := s.Token(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAnEndpointThatHangsCostsACallWithAValidTokenLittle(t *testing.T) {
	e := &endpoint{}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		want(t, s, "token-1")
		time.Sleep(56 * time.Minute)
		e.delay = time.Hour
		start := time.Now()
		ctx := testkit.Within(t, 4*time.Second)
		if token, err := s.Token(ctx); err != nil || token.AccessToken != "token-1" {
			t.Fatalf("got %v, %v", token, err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("a call with 4 s left waited %v, want a quarter", d)
		}
		for range 100 { // and only one call in a while
			want(t, s, "token-1")
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("waited %v in all", d)
		}
		time.Sleep(30 * time.Second)
		start = time.Now()
		want(t, s, "token-1")
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("a call without an end waited %v, want 2s", d)
		}
	})
}

func TestAPassingFailureIsRepeated(t *testing.T) {
	tests := []struct {
		name string
		fail func(w http.ResponseWriter)
	}{
		{"503", func(w http.ResponseWriter) { say(w, 503, `{}`) }},
		{"429", func(w http.ResponseWriter) { say(w, 429, `{}`) }},
		{"408", func(w http.ResponseWriter) { say(w, 408, `{}`) }},
		{"502 in HTML", func(w http.ResponseWriter) {
			w.WriteHeader(502)
			_, _ = w.Write([]byte("<html>Bad gateway"))
		}},
		{"a reset", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }},
		{"an answer that breaks off", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"access_token":"tok`))
			panic(http.ErrAbortHandler)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &endpoint{answer: func(w http.ResponseWriter, _ *http.Request, n int) bool {
				if n < 4 {
					tt.fail(w)
				}
				return n < 4
			}}
			play(t, e, func(t *testing.T, s *clientauth.Source) {
				start := time.Now()
				want(t, s, "token-4")
				// Half a second, one, two, each up to a half more or less.
				if d := time.Since(start); d < 1750*time.Millisecond || d > 5250*time.Millisecond {
					t.Errorf("took %v", d)
				}
			})
		})
	}
}

func TestRetryAfterIsObeyedIfThereIsTimeForIt(t *testing.T) {
	after := "20"
	e := &endpoint{answer: func(w http.ResponseWriter, _ *http.Request, n int) bool {
		w.Header().Set("Retry-After", after)
		if n%2 == 1 {
			say(w, 429, `{}`)
		}
		return n%2 == 1
	}}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		start := time.Now()
		want(t, s, "token-2")
		if d := time.Since(start); d != 20*time.Second {
			t.Errorf("took %v, want 20s", d)
		}
		time.Sleep(2 * time.Hour)
		after = "3600"
		start = time.Now()
		_, err := s.Token(t.Context())
		if te, ok := errors.AsType[*clientauth.TokenError](err); !ok || te.StatusCode != 429 || !te.Temporary() {
			t.Errorf("got %v, want the 429", err)
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("waited %v for nothing", d)
		}
	})
}

func TestRetryForEndsTheRepeating(t *testing.T) {
	e := &endpoint{answer: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		say(w, 500, `{}`)
		return true
	}}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		start := time.Now()
		_, err := s.Token(t.Context())
		if te, ok := errors.AsType[*clientauth.TokenError](err); !ok || te.StatusCode != 500 || te.Err != nil {
			t.Errorf("got %v, want the 500", err)
		}
		if d := time.Since(start); d < 10*time.Second || d > time.Minute {
			t.Errorf("gave up after %v, want up to a minute", d)
		}
	})
}

func TestACallThatHangsIsMadeAgain(t *testing.T) {
	e := &endpoint{answer: func(_ http.ResponseWriter, r *http.Request, n int) bool {
		if n == 1 {
			<-r.Context().Done()
		}
		return n == 1
	}}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		start := time.Now()
		want(t, s, "token-2")
		if d := time.Since(start); d < 15*time.Second || d > 16*time.Second {
			t.Errorf("took %v, want CallTimeout and a little", d)
		}
	})
}

func TestTheLastAnswerSaysMoreThanThatTheTimeIsUp(t *testing.T) {
	e := &endpoint{answer: func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n == 1 {
			say(w, 500, `{}`)
		} else {
			<-r.Context().Done()
		}
		return true
	}}
	synctest.Test(t, func(t *testing.T) {
		cfg := config(e)
		cfg.RetryFor = 10 * time.Second
		start := time.Now()
		_, err := mustNew(t, cfg).Token(t.Context())
		if te, ok := errors.AsType[*clientauth.TokenError](err); !ok || te.StatusCode != 500 {
			t.Errorf("got %v, want the 500", err)
		}
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("took %v, want RetryFor", d)
		}
	})
}

// TestWhoNeedsATokenJoinsARenewalAndHasItRepeated refuses the old token while
// it is renewed: the renewal, which would be given up at its first failure,
// goes on.
func TestWhoNeedsATokenJoinsARenewalAndHasItRepeated(t *testing.T) {
	e := &endpoint{answer: func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n == 2 {
			say(w, 503, `{}`)
		}
		return n == 2
	}}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		want(t, s, "token-1")
		time.Sleep(56 * time.Minute)
		e.delay = time.Second
		var wg sync.WaitGroup
		wg.Go(func() { want(t, s, "token-3") }) // renews, and cannot fall back on the old one
		synctest.Wait()
		if err := s.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
		wg.Wait()
		want(t, s, "token-3")
		if n := e.calls(); n != 3 {
			t.Errorf("%d calls, want 3", n)
		}
	})
}
