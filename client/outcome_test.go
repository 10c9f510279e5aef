package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// logTo returns a logger and what it wrote.
func logTo() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, nil)), &b
}

// acceptingMany answers each submit with an id of its own, and succeeds.
func acceptingMany() http.HandlerFunc {
	var n atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Erp-Api-Background") != "" {
			write(202, fmt.Sprintf(`{"id":"2f6f0a57-3c43-4d0e-9d0b-%012d"}`, n.Add(1)))(w, r)
			return
		}
		write(200, `{"status":"Finished","statusCode":200,"hasResponseContent":false}`)(w, r)
	}
}

// bubble runs f in virtual time, with a client whose ERP is the handler.
func bubble(t *testing.T, cc client.Config, h http.HandlerFunc, f func(*testing.T, *client.Client, *hits)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, n := serving(t, cc, h)
		defer c.Close()
		f(t, c, n)
	})
}

// TestWaitsForWhatIsUncertainEnd has every way to wait meet an operation of
// which nothing will tell, and one of which a notification may.
func TestWaitsForWhatIsUncertainEnd(t *testing.T) {
	waits := map[string]func(context.Context, *client.Operation) error{
		"Wait": func(ctx context.Context, op *client.Operation) error { _, err := op.Wait(ctx); return err },
		"Watch": func(ctx context.Context, op *client.Operation) (err error) {
			for _, err = range op.Watch(ctx) {
			}
			return err
		},
		"AsCompleted": func(ctx context.Context, op *client.Operation) (err error) {
			for _, err = range client.AsCompleted(ctx, op) {
			}
			return err
		},
		"WaitAll": func(ctx context.Context, op *client.Operation) error { _, err := client.WaitAll(ctx, op); return err },
	}
	for name, wait := range waits {
		for mode, after := range map[string]time.Duration{"none": 30 * time.Second, "subscription": 15 * time.Minute, "url": 15 * time.Minute} {
			t.Run(name+" "+mode, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					st := store.NewMemory(store.MemoryConfig{})
					defer st.Close()
					c, _ := serving(t, client.Config{Store: st}, write(500, ""))
					defer c.Close()
					rec, err := st.Create(t.Context(), store.Record{
						Tenant: "default", Ref: "r1", Phase: store.Sending, Method: "POST", Path: "/v1/x", Key: "k", Notify: mode, Origin: base,
					}, "killed", 30*time.Second)
					if err != nil {
						t.Fatal(err)
					}
					op, err := c.OperationByKey(t.Context(), rec.Key)
					if err != nil {
						t.Fatal(err)
					}
					for _, want := range []time.Duration{after, 0} { // the lease first; then nothing is hoped for any more
						begun := time.Now()
						err = wait(testkit.Within(t, 48*time.Hour), op)
						if _, ok := errors.AsType[*client.UncertainError](err); !ok || time.Since(begun) != want {
							t.Errorf("after %v: %v, want *UncertainError after %v", time.Since(begun), err, want)
						}
					}
					if !strings.Contains(err.Error(), "second invoice") || !strings.Contains(err.Error(), "Resolve") {
						t.Errorf("got %q, want the remedy and what it may cost", err)
					}
				})
			})
		}
	}
}

func TestRunTellsOfWhatIsUncertainOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		defer st.Close()
		sending := func(ref string, d time.Duration) {
			if _, err := st.Create(t.Context(), store.Record{
				Tenant: "default", Ref: ref, Phase: store.Sending, Method: "POST", Path: "/v1/x", Notify: "none", Origin: base,
			}, "killed", d); err != nil {
				t.Fatal(err)
			}
		}
		sending("before-1", time.Second)
		sending("before-2", time.Second)
		time.Sleep(time.Minute)
		log, lines := logTo()
		d := &diary{}
		c, _ := serving(t, client.Config{Store: st, Logger: log, Observer: d}, write(500, ""))
		defer c.Close()
		stop := start(t, c)
		time.Sleep(time.Minute)
		sending("later", 30*time.Second)
		time.Sleep(48 * time.Hour)
		if err := stop(); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"uncertain=2", "before-1", "before-2", "ref=later", "Operation.Resolve", "Client.Uncertain"} {
			if !strings.Contains(lines.String(), want) {
				t.Errorf("the log lacks %q:\n%s", want, lines)
			}
		}
		if n := strings.Count(lines.String(), "level=ERROR"); n != 2 {
			t.Errorf("%d lines at level Error, want 2: the count at the start, and the later one\n%s", n, lines)
		}
		if got := d.about("attention"); len(got) != 3 {
			t.Errorf("the observer was told %q, want each of the three", got)
		}
	})
}

// What is dead when Run begins is named in its log, and not counted only.
func TestRunNamesWhatIsDeadWhenItBegins(t *testing.T) {
	log, lines := logTo()
	cc := client.Config{Logger: log, OnComplete: map[string]client.Handler{
		"bad": func(context.Context, client.Completion) error { return client.Discard(errors.New("no")) },
	}}
	bubble(t, cc, accepting(write(200, stateDoc(`"Finished"`, anEnd))), func(t *testing.T, c *client.Client, _ *hits) {
		op, err := c.Submit(t.Context(), request("POST", "/v1/x", `{}`), client.SubmitOptions{Kind: "bad"})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			stop := start(t, c)
			time.Sleep(time.Hour)
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
		if want := "dead=1 refs=[" + op.Ref() + "]"; strings.Count(lines.String(), want) != 1 {
			t.Errorf("the log lacks %q:\n%s", want, lines)
		}
	})
}

// stateOf is a state document with a word.
func stateDoc(word, more string) string { return `{"id":"` + id1 + `","status":` + word + more + `}` }

const anEnd = `,"statusCode":201,"finishedUtc":"2026-09-01T10:20:55.788+02:00","responseHeaders":{"Location":"https://erp.mock/v1/customerinvoice/300142"}`

func TestAnEndWithAnUnknownWordIsUnclear(t *testing.T) {
	for _, word := range []string{`"Completed"`, `"Cancelled"`, `7`, `""`, `null`, `["Finished"]`, `true`} {
		t.Run(word, func(t *testing.T) {
			log, lines := logTo()
			ran := atomic.Int32{}
			cc := client.Config{Logger: log, OnComplete: map[string]client.Handler{"": func(context.Context, client.Completion) error { ran.Add(1); return nil }}}
			bubble(t, cc, accepting(write(200, stateDoc(word, anEnd))), func(t *testing.T, c *client.Client, n *hits) {
				op, err := c.Submit(t.Context(), request("POST", "/v1/x", `{}`), client.SubmitOptions{Key: "k"})
				if err != nil {
					t.Fatal(err)
				}
				stop := start(t, c)
				begun := time.Now()
				res, err := op.Wait(testkit.Within(t, 48*time.Hour))
				unclear, ok := errors.AsType[*client.UnclearError](err)
				if took := time.Since(begun); !ok || took < 10*time.Minute || took > 12*time.Minute {
					t.Fatalf("after %v: %v, want *UnclearError after 10 minutes", took, err)
				}
				if unclear.StatusCode != 201 || !strings.HasSuffix(unclear.Header.Get("Location"), "300142") || !strings.Contains(err.Error(), "300142") || res == nil || res.StatusCode != 201 {
					t.Errorf("got %v and %+v, want the status code and the Location", err, res)
				}
				if n := strings.Count(lines.String(), "level=WARN"); n != 1 {
					t.Errorf("%d warnings, want one for the word:\n%s", n, lines)
				}
				// It holds its key and is listed; a person ends it.
				if _, err := c.Submit(t.Context(), request("POST", "/v1/x", `{}`), client.SubmitOptions{Key: "k", Supersede: op.Ref()}); err == nil {
					t.Error("it could be superseded")
				}
				listed := 0
				for op, err := range c.Uncertain(t.Context()) {
					if listed++; err != nil || op.Resolve(t.Context(), client.EndedWith(client.Answer{StatusCode: 201}, "seen in the ERP")) != nil {
						t.Errorf("not resolved: %v", err)
					}
				}
				if res, err := op.Wait(t.Context()); listed != 1 || err != nil || res.Told != "seen in the ERP" {
					t.Errorf("listed %d times; got %+v, %v", listed, res, err)
				}
				time.Sleep(time.Minute)
				if err := stop(); err != nil || ran.Load() != 1 {
					t.Errorf("%v; the handler ran %d times, want once, after the person told", err, ran.Load())
				}
			})
		})
	}
}

func TestTheLastStateIsNamedWhenItExpires(t *testing.T) {
	var began time.Time
	log, lines := logTo()
	bubble(t, client.Config{Logger: log}, accepting(func(w http.ResponseWriter, r *http.Request) {
		if time.Since(began) > 24*time.Hour {
			write(404, ``)(w, r)
			return
		}
		write(200, stateDoc(`"Paused"`, `,"responseHeaders":{"Location":"/v1/x/7"}`))(w, r)
	}), func(t *testing.T, c *client.Client, n *hits) {
		began = time.Now()
		op := post(t, c)
		_, err := op.Wait(t.Context())
		if !errors.Is(err, client.ErrExpired) || !strings.Contains(err.Error(), "Paused") || !strings.Contains(err.Error(), "/v1/x/7") {
			t.Errorf("got %v, want ErrExpired that names the last word and Location", err)
		}
		if took := time.Since(began); took < 25*time.Hour-10*time.Minute || took > 26*time.Hour {
			t.Errorf("it expired after %v, want an hour after it was seen last", took)
		}
		if strings.Count(lines.String(), "Paused") < 1 || strings.Count(lines.String(), "is not known") != 1 {
			t.Errorf("want one warning about the word, got:\n%s", lines)
		}
	})
}

// TestRefusalsThatNoRepetitionChanges holds every status code that a poll may
// be answered with, for a wait of two days.
func TestRefusalsThatNoRepetitionChanges(t *testing.T) {
	for code := 100; code < 600; code++ {
		passing := code == 404 || code == 410 || code == 408 || code == 425 || code == 429 || code >= 500
		switch {
		case code < 200 && code != 101, http.StatusText(code) == "" && code%100 > 3, code >= 200 && code < 204 || code > 206 && code < 300:
			continue // no final answer; unassigned; a state may stand in it
		case code == 101:
			continue // no handler can write it
		case code == 401 || code == 403:
			continue // three in a row, see TestDeniedPolls
		}
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			log, lines := logTo()
			answer := write(code, ``)
			if code >= 300 && code < 400 {
				answer = write(code, ``, "Location", "https://elsewhere.example/login")
			}
			bubble(t, client.Config{Logger: log}, accepting(answer), func(t *testing.T, c *client.Client, n *hits) {
				op := post(t, c)
				stop := start(t, c)
				begun := time.Now()
				_, err := op.Wait(testkit.Within(t, 23*time.Hour))
				refused, ok := errors.AsType[*client.ResponseError](err)
				took := time.Since(begun)
				if passing {
					if _, pending := errors.AsType[*client.PendingError](err); !pending {
						t.Errorf("after %v: %v, want it to go on", took, err)
					}
				} else if !ok || refused.StatusCode != code || took < 10*time.Minute || took > 13*time.Minute {
					t.Errorf("after %v: %v, want *ResponseError after 10 minutes", took, err)
				}
				time.Sleep(2 * time.Hour)
				if !passing {
					asked := n.of("GET")
					begun = time.Now()
					_, err = op.Wait(testkit.Within(t, time.Hour)) // a new wait asks once, and ends
					if refused, ok := errors.AsType[*client.ResponseError](err); !ok || refused.StatusCode != code || time.Since(begun) > time.Minute {
						t.Errorf("again: after %v: %v, want *ResponseError at once", time.Since(begun), err)
					}
					if asked > 40 || n.of("GET") > asked+1 {
						t.Errorf("%d polls in two hours and %d for a new wait, want few and one", asked, n.of("GET")-asked)
					}
				}
				if err := stop(); err != nil {
					t.Error(err)
				}
				if lines := strings.Count(lines.String(), "level=ERROR"); lines > 1 || !passing && lines != 1 {
					t.Errorf("%d lines at level Error, want 1", lines)
				}
			})
		})
	}
}

func TestRedirectsOfPollsStayBelowTheBase(t *testing.T) {
	tests := map[string]struct {
		to   string
		code int
		want bool
	}{
		"the same path with a slash": {"/API/v1/background/" + id1 + "/", 308, true},
		"an absolute one":            {"https://erp.mock/API/v1/background/" + id1 + "/", 301, true},
		"a relative one":             {id1 + "/", 302, true},
		"303":                        {"/API/v1/background/" + id1 + "/", 303, true},
		"307":                        {"/API/v1/background/" + id1 + "/", 307, true},
		"another host":               {"https://elsewhere.example/API/v1/background/" + id1 + "/", 308, false},
		"another scheme":             {"http://erp.mock/API/v1/background/" + id1 + "/", 308, false},
		"above the base":             {"/v1/background/" + id1 + "/", 308, false},
		"climbing":                   {"/API/../v1/background/" + id1 + "/", 308, false},
		"a name in it":               {"https://user@erp.mock/API/v1/background/" + id1 + "/", 308, false},
		"nowhere":                    {"", 308, false},
		"to itself":                  {"/API/v1/background/" + id1, 308, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			play := accepting(func(w http.ResponseWriter, r *http.Request) {
				if r.Host != "erp.mock" || !strings.HasPrefix(r.URL.Path, "/API/v1/") {
					t.Errorf("asked %s%s", r.Host, r.URL)
				}
				if strings.HasSuffix(r.URL.Path, "/") {
					write(200, ended("200"))(w, r)
					return
				}
				write(tt.code, ``, "Location", tt.to)(w, r)
			})
			synctest.Test(t, func(t *testing.T) {
				c, err := client.New(client.Config{BaseURL: base + "/API", HTTPClient: &http.Client{Transport: &memhttp.Transport{Default: play}}})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				_, err = post(t, c).Wait(testkit.Within(t, time.Hour))
				if refused, ok := errors.AsType[*client.ResponseError](err); tt.want != (err == nil) || !tt.want && (!ok || refused.StatusCode != tt.code) {
					t.Errorf("got %v, want it followed: %v", err, tt.want)
				}
			})
		})
	}
}
