package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

// TestContentThatFailsDoesNotHideTheOutcome has the state say that it has
// ended, while the answer cannot be had, for ever.
func TestContentThatFailsDoesNotHideTheOutcome(t *testing.T) {
	tests := []struct {
		name     string
		content  http.HandlerFunc
		finished string
	}{
		{"500", write(500, ``), ""},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `[{"half":`)
			panic(http.ErrAbortHandler)
		}, ""},
		{"a redirect", write(302, ``, "Location", "https://blobs.example/"), ""},
		{"404, finished in the year 9999", write(404, ``), `,"finishedUtc":"9999-12-31T23:59:59"`},
		{"404, finished long ago", write(404, ``), `,"finishedUtc":"2001-01-01T00:00:00"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			erp := accepting(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/content") {
					tt.content(w, r)
					return
				}
				write(200, `{"status":"Finished","statusCode":201,"hasResponseContent":true`+tt.finished+`}`)(w, r)
			})
			withERP(t, client.Config{}, erp, func(t *testing.T, c *client.Client, _ *faultstore.Store, n *hits) {
				start := time.Now()
				res, err := post(t, c).Wait(testkit.Within(t, time.Hour))
				if err != nil || res.StatusCode != 201 || !res.HasContent() {
					t.Fatalf("got %+v, %v, want the outcome", res, err)
				}
				if took := time.Since(start); took < time.Minute || took > 15*time.Minute || n.of("GET") > 60 {
					t.Errorf("it took %v and %d calls, want it to be tried for minutes, now and then", took, n.of("GET"))
				}
			})
		})
	}
}

func TestContentThatIsThereNoMoreIsAskedForOnce(t *testing.T) {
	for code, has := range map[int]bool{http.StatusGone: true, http.StatusNoContent: false} {
		withERP(t, client.Config{}, withContent(write(code, ``)), func(t *testing.T, c *client.Client, _ *faultstore.Store, n *hits) {
			op := post(t, c)
			res, err := op.Wait(testkit.Within(t, time.Hour))
			if err != nil || n.of("GET") != 2 {
				t.Fatalf("%d: got %v after %d calls, want the outcome after 2", code, err, n.of("GET"))
			}
			if res.HasContent() != has {
				t.Errorf("%d: HasContent: got %v, want %v", code, res.HasContent(), has)
			}
		})
	}
}

func TestCallTimeoutBoundsEachCall(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Hour):
		}
	}
	for name, h := range map[string]http.HandlerFunc{"state": accepting(hang), "content": withContent(hang)} {
		t.Run(name, func(t *testing.T) {
			withERP(t, client.Config{CallTimeout: 5 * time.Second}, h, func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
				op := post(t, c)
				start := time.Now()
				_, err := op.Poll(t.Context())
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
					t.Errorf("got %v after %v, want the end of a deadline of 5 s", err, time.Since(start))
				}
			})
		})
	}
}

func TestRefusedCredentialsEndAWaitForManyAsForOne(t *testing.T) {
	withERP(t, client.Config{}, accepting(write(403, ``)), func(t *testing.T, c *client.Client, _ *faultstore.Store, n *hits) {
		_, err := client.WaitAll(testkit.Within(t, time.Hour), post(t, c))
		if refused, ok := errors.AsType[*client.ResponseError](err); !ok || refused.StatusCode != 403 || n.of("GET") != 3 {
			t.Errorf("got %v after %d polls, want a 403 after 3", err, n.of("GET"))
		}
	})
}

func TestRefusedPollsEndAWaitOnlyInARow(t *testing.T) {
	var polls atomic.Int32
	answers := []http.HandlerFunc{
		write(403, ``), write(403, ``), write(200, started),
		write(401, ``), write(403, ``), write(500, ``),
		write(403, ``), write(403, ``), write(200, ended("201")),
	}
	withERP(t, client.Config{}, accepting(func(w http.ResponseWriter, r *http.Request) {
		answers[min(int(polls.Add(1)), len(answers))-1](w, r)
	}), func(t *testing.T, c *client.Client, _ *faultstore.Store, n *hits) {
		if _, err := post(t, c).Wait(testkit.Within(t, time.Hour)); err != nil || n.of("GET") != len(answers) {
			t.Errorf("got %v after %d polls, want the outcome after %d", err, n.of("GET"), len(answers))
		}
	})
}

func TestFloodOfNotificationsDoesNotReachTheERP(t *testing.T) {
	cc := client.Config{Notify: client.Subscription()}
	var over atomic.Bool
	withERP(t, cc, accepting(func(w http.ResponseWriter, r *http.Request) {
		if over.Load() {
			write(200, ended("201"))(w, r)
			return
		}
		write(200, started)(w, r)
	}), func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits) {
		op := post(t, c)
		done := make(chan error, 1)
		go func() {
			_, err := op.Wait(testkit.Within(t, time.Hour))
			done <- err
		}()
		for i := range 20 {
			_, err := st.Notify(t.Context(), store.Notification{Ref: op.Ref(), ID: id1, Body: []byte(strconv.Itoa(i))})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		if n.of("GET") < 1 || n.of("GET") > 2 {
			t.Errorf("20 notifications in 100 ms led to %d polls, want 1 or 2", n.of("GET"))
		}
		over.Store(true)
		if err := <-done; err != nil {
			t.Errorf("wait: %v", err)
		}
	})
}

// TestLongerLimitStands answers two calls that are under way with a 429, the
// later one with the shorter wait.
func TestLongerLimitStands(t *testing.T) {
	var arrived, early atomic.Int32
	var start time.Time
	withERP(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
		switch n := arrived.Add(1); n {
		case 1:
			write(429, ``, "Retry-After", "600")(w, r)
		case 2:
			time.Sleep(time.Second)
			write(429, ``, "Retry-After", "5")(w, r)
		default:
			if time.Since(start) < 10*time.Minute {
				early.Add(1)
			}
			write(202, `{"id":"id-`+strconv.Itoa(int(n))+`"}`)(w, r)
		}
	}, func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
		start = time.Now()
		reqs := []*http.Request{
			request("POST", "/v1/a", invoice), request("POST", "/v1/b", invoice), request("POST", "/v1/c", invoice),
		}
		for item, err := range c.SubmitAll(t.Context(), items(reqs...), 2) {
			if err != nil {
				t.Errorf("item %d: %v", item.Index, err)
			}
		}
		if early.Load() > 0 || time.Since(start) > 11*time.Minute {
			t.Errorf("%d calls in the ten minutes that the ERP asked for, done after %v", early.Load(), time.Since(start))
		}
	})
}

func TestStateDocumentOfAMegabyteIsTheLargest(t *testing.T) {
	doc := ended("201")
	for size, tooLarge := range map[int]bool{1 << 20: false, 1<<20 + 1: true} {
		body := doc + strings.Repeat(" ", size-len(doc))
		withERP(t, client.Config{}, accepting(write(200, body)), func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
			s, err := post(t, c).Poll(t.Context())
			if errors.Is(err, client.ErrTooLarge) != tooLarge || !tooLarge && (err != nil || s.Phase != store.Settled) {
				t.Errorf("%d bytes: got %s, %v, want ErrTooLarge: %v", size, s.Phase, err, tooLarge)
			}
		})
	}
}

// TestWatchYieldsNoStateTwice wakes a watch by what is no part of a State.
func TestWatchYieldsNoStateTwice(t *testing.T) {
	var over atomic.Bool
	withERP(t, client.Config{}, accepting(func(w http.ResponseWriter, r *http.Request) {
		if over.Load() {
			write(200, ended("201"))(w, r)
			return
		}
		write(200, started)(w, r)
	}), func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
		op := post(t, c)
		go func() {
			for i := range 5 {
				time.Sleep(100 * time.Millisecond)
				l, _, err := st.Acquire(t.Context(), "fjord", op.Ref(), "another replica", store.ToPoll, time.Minute)
				if err == nil {
					err = st.Release(t.Context(), l)
				}
				if err != nil {
					t.Error(err)
				}
				second := store.AcceptedFact{ID: "id-" + strconv.Itoa(i), Source: store.FromUser}
				if _, err := st.Report(t.Context(), "fjord", op.Ref(), second); err == nil {
					t.Error("a second id was bound")
				}
			}
			over.Store(true)
		}()
		var seen []client.State
		for s, err := range op.Watch(testkit.Within(t, time.Hour)) {
			if err != nil {
				t.Fatal(err)
			}
			if len(seen) > 0 && seen[len(seen)-1] == s {
				t.Errorf("yielded twice: %+v", s)
			}
			seen = append(seen, s)
		}
		if len(seen) < 2 || seen[len(seen)-1].Phase != store.Settled {
			t.Errorf("got %d states, want some, and settled at last: %+v", len(seen), seen)
		}
	})
}

func TestStateDocumentMayBeginWithAMark(t *testing.T) {
	withERP(t, client.Config{}, accepting(write(200, "\xef\xbb\xbf"+ended("201"))), func(t *testing.T, c *client.Client, _ *faultstore.Store, n *hits) {
		if res, err := post(t, c).Wait(testkit.Within(t, time.Minute)); err != nil || res.StatusCode != 201 || n.of("GET") != 1 {
			t.Errorf("got %+v, %v after %d polls, want the outcome after 1", res, err, n.of("GET"))
		}
	})
}

func TestStatusCodeThatIsNoneIsZero(t *testing.T) {
	for _, code := range []string{"99", "1000", "-200", "1e9", `"20x"`, "null", "{}"} {
		withERP(t, client.Config{}, accepting(write(200, ended(code))), func(t *testing.T, c *client.Client, _ *faultstore.Store, _ *hits) {
			res, err := post(t, c).Wait(testkit.Within(t, time.Hour))
			unclear, ok := errors.AsType[*client.UnclearError](err)
			if !ok || unclear.StatusCode != 0 || unclear.Status != "Finished" || res == nil || res.StatusCode != 0 {
				t.Fatalf("%s: got %+v, %v, want it unclear with the status code 0: it may have succeeded", code, res, err)
			}
			if _, err := res.Response(t.Context()); err == nil {
				t.Errorf("%s: it made a response", code)
			}
		})
	}
}
