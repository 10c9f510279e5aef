package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
)

// diary writes down what an observer is told.
type diary struct {
	mu    sync.Mutex
	lines []string
	link  string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

type marked struct{}

func (d *diary) Submit(ctx context.Context, s client.Submission) (context.Context, string, func(client.Submitted)) {
	d.note("submit %s %s %s %s", s.Method, s.Route, s.Notify, s.Kind)
	return context.WithValue(ctx, marked{}, true), d.link, func(e client.Submitted) {
		d.note("submitted %s id=%v attempts=%d err=%v", e.Verdict, e.ID != "", e.Attempts, e.Err != nil)
	}
}

func (d *diary) Wait(ctx context.Context, w client.Waiting) (context.Context, func(client.Waited)) {
	d.note("wait %s %s link=%.10s", w.Method, w.Route, w.Link)
	return ctx, func(e client.Waited) {
		d.note("waited %s %d polls=%d notified=%v ran=%v err=%v", e.Phase, e.StatusCode, e.Polls, e.Notified, e.Ran, e.Err != nil)
	}
}

func (d *diary) Call(ctx context.Context, c client.Call) {
	d.note("call %s %s %d marked=%v err=%v", c.Kind, c.Method, c.StatusCode, ctx.Value(marked{}) != nil, c.Err != nil)
}

func (d *diary) Settled(_ context.Context, s client.Settled) {
	d.note("settled %s %s %q %s %d by=%s late=%v polls=%d after=%v ran=%v link=%.10s", s.Method, s.Route, s.Kind, s.Outcome, s.StatusCode, s.By, s.Late, s.Polls,
		s.Duration.Round(time.Second), s.Ran, s.Link)
}

func (d *diary) Handle(ctx context.Context, h client.Handling) (context.Context, func(client.Handled)) {
	d.note("handle %s %s %q attempt=%d late=%v", h.Method, h.Route, h.Kind, h.Attempt, h.Delay.Round(10*time.Second))
	return context.WithValue(ctx, marked{}, true), func(e client.Handled) {
		d.note("%s err=%v after=%v", e.Outcome, e.Err, e.Duration.Round(time.Second))
	}
}

// about returns the lines that begin with one of the words.
func (d *diary) about(words ...string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(d.lines), func(line string) bool {
		first, _, _ := strings.Cut(line, " ")
		return !slices.Contains(words, first)
	})
}

func TestObserverIsToldOfEverything(t *testing.T) {
	d := &diary{link: strings.Repeat("l", 1000)}
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(10 * time.Second)}, client.Config{Observer: d, Notify: client.Subscription()}, func(w *world) {
		op := w.submit(request("POST", "/v1/customerinvoice/003547/action/release?x=hush", ""), client.SubmitOptions{Kind: "release"})
		w.wait(op)
		if rec, _ := w.store.Get(w.Context(), "default", op.Ref()); len(rec.Link) != 512 {
			t.Errorf("a link of %d bytes is kept", len(rec.Link))
		}
		want := []string{
			"submit POST /v1/customerinvoice/{}/action/release subscription release",
			"call submit POST 202 marked=true err=false",
			"submitted accepted id=true attempts=1 err=false",
			"wait POST /v1/customerinvoice/{}/action/release link=llllllllll",
			"call state GET 200 marked=false err=false",
			"call content GET 200 marked=false err=false",
			`settled POST /v1/customerinvoice/{}/action/release "release" succeeded 200 by=notification late=false polls=1 after=10s ran=10s link=llllllllll`,
			"waited settled 200 polls=1 notified=true ran=10s err=false",
		}
		if !slices.Equal(d.lines, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(d.lines, "\n"), strings.Join(want, "\n"))
		}
		d.lines = nil
		_, _ = w.client.Submit(w.Context(), request("GET", "/v1/b64(Oi8)/x", ""), client.SubmitOptions{}) // the mock has no such route
		if !strings.HasPrefix(d.lines[0], "submit GET /v1/{}/x subscription") {
			t.Errorf("got %s", d.lines[0])
		}
	})
}

func TestObserverIsToldOfFailures(t *testing.T) {
	for want, h := range map[string]http.HandlerFunc{
		"submitted rejected id=false attempts=1 err=true":    write(400, ``),
		"submitted rejected id=false attempts=2 err=true":    write(401, ``),
		"submitted uncertain id=false attempts=1 err=true":   drop,
		"submitted foreground id=false attempts=1 err=false": write(200, ``),
	} {
		d := &diary{}
		c, _ := serving(t, client.Config{Observer: d}, h)
		_, _ = c.Submit(t.Context(), request("POST", "/v1/x", "{}"), client.SubmitOptions{})
		if last := d.lines[len(d.lines)-1]; last != want {
			t.Errorf("got %s, want %s", last, want)
		}
		c.Close()
	}
	d := &diary{}
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Hour)}, client.Config{Observer: d}, func(w *world) {
		op := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "k"})
		w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "k"})
		if last := d.lines[len(d.lines)-1]; last != "submitted known id=true attempts=0 err=false" {
			t.Errorf("got %s", last)
		}
		_, err := op.Wait(testkit.Within(w.T, time.Second))
		if _, ok := errors.AsType[*client.PendingError](err); !ok {
			t.Error(err)
		}
		if last := d.lines[len(d.lines)-1]; last != "waited "+string(store.Accepted)+" 0 polls=0 notified=false ran=0s err=true" {
			t.Errorf("got %s", last)
		}
	})
}

func (d *diary) Attention(_ context.Context, a client.Attention) {
	d.note("attention %s %s %s %q", a.Need, a.Method, a.Route, a.Kind)
}

// TestSettledTellsOfItsTimes has operations that wait for the one worker of an ERP, and are
// polled.
func TestSettledTellsOfItsTimes(t *testing.T) {
	d := &ends{}
	mc := mockserver.Config{ExecTime: mockserver.Fixed(10 * time.Second), Workers: 1}
	play(t, mc, client.Config{Observer: d}, func(w *world) {
		first := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		second := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		w.wait(first)
		w.wait(second)
		for i, s := range d.settled {
			if want := time.Duration(i) * 10 * time.Second; s.QueueTime != want || s.RunTime != 10*time.Second || s.Ran != s.QueueTime+s.RunTime {
				w.Errorf("operation %d: in the queue for %v, run for %v, both %v, want %v and 10s", i, s.QueueTime, s.RunTime, s.Ran, want)
			}
			if s.DetectionDelay <= 0 || s.DetectionDelay != s.Duration-s.Ran || s.DetectionDelay > 20*time.Second {
				w.Errorf("operation %d: found %v after its end, %v after it was accepted, want the difference to what it ran, %v", i, s.DetectionDelay, s.Duration, s.Ran)
			}
		}
		if len(d.settled) != 2 {
			w.Errorf("%d have settled, want 2", len(d.settled))
		}
	})
}

// TestTimesThatCannotBeAreZero has an ERP whose times contradict ours.
func TestTimesThatCannotBeAreZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, times := range map[string]string{
			"none":          ``,
			"ran too long":  `,"receivedUtc":"2022-11-10T10:20:53Z","startedUtc":"2022-11-10T10:20:54Z","finishedUtc":"2022-11-10T12:20:53Z"`,
			"ended before":  `,"receivedUtc":"2022-11-10T10:20:53Z","startedUtc":"2022-11-10T10:20:52Z","finishedUtc":"2022-11-10T10:20:50Z"`,
			"never started": `,"startedUtc":"0001-01-01T00:00:00","finishedUtc":"2022-11-10T10:20:50Z"`,
		} {
			d := &ends{}
			c, _ := serving(t, client.Config{Observer: d}, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Erp-Api-Background") != "" {
					write(202, `{"id":"`+id1+`"}`)(w, r)
					return
				}
				write(200, `{"id":"`+id1+`","status":"Finished","statusCode":200,"hasResponseContent":false`+times+`}`)(w, r)
			})
			if _, err := post(t, c).Wait(t.Context()); err != nil {
				t.Error(err)
			}
			c.Close()
			if s := d.settled[0]; s.DetectionDelay != 0 || name != "ran too long" && s.QueueTime+s.RunTime != 0 {
				t.Errorf("%s: %+v, want no times", name, s)
			}
		}
	})
}

// ends keeps what has settled.
type ends struct {
	client.NopObserver
	settled []client.Settled
}

func (d *ends) Settled(_ context.Context, s client.Settled) { d.settled = append(d.settled, s) }
