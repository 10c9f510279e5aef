package clientauth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/internal/testkit"
)

// counted counts the calls of a transport that changes.
type counted struct {
	next  http.RoundTripper
	calls int
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls++
	return c.next.RoundTrip(r)
}

// hanging answers nothing.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// breaking is a body that breaks off.
type breaking struct{}

func (breaking) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"acc`), failing{})), ContentLength: -1, Request: r}, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// However an endpoint fails for good, and however many ask for a token, it is
// called some dozens of times in an hour, and a token is there some minutes
// after it is mended.
func TestAnEndpointThatFailsForGoodIsNotStormed(t *testing.T) {
	after := func(value string) http.Header { return http.Header{"Retry-After": {value}} }
	good := canned{status: 200, body: `{"access_token":"abc","expires_in":3600}`}
	tests := map[string]http.RoundTripper{
		"a page":                  canned{status: 200, body: "<html>maintenance</html>"},
		"an empty token":          canned{status: 200, body: `{"access_token":""}`},
		"another type":            canned{status: 200, body: `{"access_token":"a","token_type":"mac"}`},
		"cut off":                 canned{status: 200, body: `{"acc`},
		"nothing":                 canned{status: 204},
		"a redirect":              canned{status: 302},
		"a wrong secret":          canned{status: 400, body: `{"error":"invalid_client"}`},
		"blocked":                 canned{status: 403, body: "<html>blocked</html>"},
		"not there":               canned{status: 404},
		"switched":                canned{status: 101, nobody: true},
		"no status":               canned{},
		"408":                     canned{status: 408},
		"429 that says at once":   canned{status: 429, header: after("0")},
		"429 that says no number": canned{status: 429, header: after("NaN")},
		"500":                     canned{status: 500},
		"502 in HTML":             canned{status: 502, body: "<html>Bad gateway"},
		"503 that says a second":  canned{status: 503, header: after("1")},
		"no connection":           canned{err: errors.New("connection refused")},
		"an answer that breaks":   breaking{},
		"no answer":               hanging{},
	}
	for name, rt := range tests {
		for _, patience := range []time.Duration{0, 900 * time.Millisecond} {
			t.Run(name+", "+patience.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := &counted{next: rt}
					s := sourceOf(t, c)
					var wg sync.WaitGroup
					for range 10 {
						wg.Go(func() {
							for begun := time.Now(); time.Since(begun) < time.Hour; time.Sleep(time.Second) {
								ctx, cancel := t.Context(), context.CancelFunc(func() {})
								if patience > 0 {
									ctx, cancel = context.WithTimeout(ctx, patience)
								}
								_, err := s.Token(ctx)
								cancel()
								if e, ok := errors.AsType[*clientauth.TokenError](err); !ok || !e.NotSent() {
									t.Errorf("got %v, want an error that says that nothing was sent", err)
									return
								}
							}
						})
					}
					wg.Wait()
					if c.calls > 99 || c.calls < 10 {
						t.Errorf("got %d calls in an hour, want fewer than 100", c.calls)
					}
					c.next = good
					for begun := time.Now(); ; time.Sleep(time.Second) {
						if token, err := s.Token(t.Context()); err == nil && token.AccessToken == "abc" {
							break
						}
						if time.Since(begun) > 6*time.Minute {
							t.Fatal("got no token 6 minutes after it was mended")
						}
					}
				})
			})
		}
	}
}

func TestATokenSourceThatFailsForGoodIsNotStormed(t *testing.T) {
	for name, fail := range map[string]sourceFunc{
		"an error": func() (*oauth2.Token, error) { return nil, errors.New("logged out") },
		"a panic":  func() (*oauth2.Token, error) { panic("oh") },
		"nothing":  func() (*oauth2.Token, error) { return nil, nil },
		"the end of its goroutine": func() (*oauth2.Token, error) {
			runtime.Goexit()
			return nil, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked, well := 0, false
				cfg := clientauth.Config{BaseURLs: []string{erpBase}, TokenSource: sourceFunc(func() (*oauth2.Token, error) {
					asked++
					if well {
						return &oauth2.Token{AccessToken: "abc"}, nil
					}
					return fail()
				})}
				s := mustNew(t, cfg)
				for range 3600 {
					if _, err := s.Token(testkit.Within(t, time.Minute)); err == nil || errors.Is(err, context.DeadlineExceeded) {
						t.Fatalf("got %v, want the source's failure", err)
					}
					time.Sleep(time.Second)
				}
				if asked > 99 {
					t.Errorf("asked %d times in an hour, want fewer than 100", asked)
				}
				well = true
				time.Sleep(time.Minute) // a login is not noticed later than that
				want(t, s, "abc")
			})
		})
	}
}

// Calls that do not go through our transport are refused unseen.
func TestRefreshesWithoutARefusalThatIsSeenAreNoStorm(t *testing.T) {
	e := &endpoint{}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		for range 3600 {
			if err := s.Refresh(t.Context()); err != nil && !errors.Is(err, clientauth.ErrRefused) {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if n := e.calls(); n < 10 || n > 99 {
			t.Errorf("got %d calls in an hour, want fewer than 100", n)
		}
	})
}

// Retry-After is a time by the endpoint's clock.
func TestRetryAfterIsReadByTheClockOfTheAnswer(t *testing.T) {
	for _, skew := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute} {
		for _, status := range []int{429, 503} {
			e := &endpoint{answer: func(w http.ResponseWriter, _ *http.Request, n int) bool {
				if n > 1 {
					return false
				}
				now := time.Now().Add(skew).UTC()
				w.Header().Set("Date", now.Format(http.TimeFormat))
				w.Header().Set("Retry-After", now.Add(20*time.Second).Format(http.TimeFormat))
				say(w, status, `{}`)
				return true
			}}
			play(t, e, func(t *testing.T, s *clientauth.Source) {
				start := time.Now()
				want(t, s, "token-2")
				if d := time.Since(start); d != 20*time.Second {
					t.Errorf("%d, clock off by %v: took %v, want 20s", status, skew, d)
				}
			})
		}
	}
}

// Whose context has not ended gets no error of a context, whatever became of
// those who asked before.
func TestTheImpatienceOfOthersIsNotOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sourceOf(t, hanging{})
		for range 20 {
			if _, err := s.Token(testkit.Within(t, time.Second)); err == nil {
				t.Fatal("got a token")
			}
		}
		for range 20 {
			_, err := s.Token(t.Context())
			if _, ok := errors.AsType[*clientauth.TokenError](err); !ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer came") {
				t.Errorf("got %v, want that no answer came", err)
			}
			time.Sleep(10 * time.Second)
		}
	})
}

// A pause that is longer than anybody waits is kept without a call.
func TestALongRetryAfterIsKept(t *testing.T) {
	e := &endpoint{answer: func(w http.ResponseWriter, _ *http.Request, n int) bool {
		w.Header().Set("Retry-After", "1800")
		if n == 1 {
			say(w, 503, `{}`)
		}
		return n == 1
	}}
	play(t, e, func(t *testing.T, s *clientauth.Source) {
		start := time.Now()
		for time.Since(start) < 28*time.Minute {
			if _, err := s.Token(t.Context()); err == nil {
				t.Fatal("got a token")
			}
			time.Sleep(time.Second)
		}
		if n := e.calls(); n != 1 {
			t.Errorf("got %d calls, want 1", n)
		}
		time.Sleep(2 * time.Minute)
		want(t, s, "token-2")
	})
}

func TestWhatAPersonHasToMendIsLoggedAsAnError(t *testing.T) {
	for body, level := range map[string]string{`{"error":"invalid_client"}`: "ERROR", `{}`: "WARN"} {
		synctest.Test(t, func(t *testing.T) {
			log, text := logbook()
			status := 401
			if level == "WARN" {
				status = 503
			}
			cfg := config(&endpoint{answer: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
				say(w, status, body)
				return true
			}})
			cfg.Logger = log
			s := mustNew(t, cfg)
			for range 100 {
				_, _ = s.Token(t.Context())
			}
			synctest.Wait() // the callers are told before the log is
			if got := text.String(); !strings.Contains(got, "level="+level) || level == "ERROR" && strings.Count(got, "\n") != 1 {
				t.Errorf("got the log %s want %s, once for each call", got, level)
			}
		})
	}
}
