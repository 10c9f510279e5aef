package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

// enqueue puts an invoice of a reference into the outbox.
func enqueue(t *testing.T, c *client.Client, reference string, opts client.SubmitOptions) *client.Operation {
	t.Helper()
	op, err := c.Enqueue(t.Context(), request("POST", "/v2/customerinvoice", fmt.Sprintf(`{"customerRefNumber":{"value":%q}}`, reference)), opts)
	if err != nil {
		t.Fatalf("enqueue %s: %v", reference, err)
	}
	return op
}

// taken is what an ERP in memory has taken, in order, by a part of its body.
type taken struct {
	mu   sync.Mutex
	list []string
}

func (l *taken) add(body string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, body)
	return len(l.list)
}

func (l *taken) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// referenceIn returns the reference of an invoice.
func referenceIn(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	_, rest, _ := strings.Cut(string(body), `"value":"`)
	reference, _, _ := strings.Cut(rest, `"`)
	return reference
}

// taking is an ERP that takes what refuse does not answer, and whose operations end
// with a status code at once: that of ends, or 201.
func taking(list *taken, refuse func(w http.ResponseWriter, reference string) bool, ends func(reference string) int) http.HandlerFunc {
	var mu sync.Mutex
	references := make(map[string]string)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Erp-Api-Background") != "" {
			reference := referenceIn(r)
			if refuse != nil && refuse(w, reference) {
				return
			}
			id := fmt.Sprintf("2f6f0a57-3c43-4d0e-9d0b-%012d", list.add(reference))
			mu.Lock()
			references[id] = reference
			mu.Unlock()
			write(202, `{"id":"`+id+`"}`)(w, r)
			return
		}
		id := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		mu.Lock()
		code := 201
		if ends != nil {
			code = ends(references[id])
		}
		mu.Unlock()
		write(200, fmt.Sprintf(`{"id":%q,"status":"Finished","statusCode":%d,"hasResponseContent":false}`, id, code))(w, r)
	}
}

// outcomes collects what handlers are told, by metadata "reference".
type outcomes struct {
	mu   sync.Mutex
	errs map[string]error
}

func (o *outcomes) handler(_ context.Context, done client.Completion) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.errs == nil {
		o.errs = make(map[string]error)
	}
	o.errs[done.Metadata["reference"]] = done.Err
	return nil
}

func (o *outcomes) of(reference string) (error, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	err, ok := o.errs[reference]
	return err, ok
}

func named(reference string) client.SubmitOptions {
	return client.SubmitOptions{Kind: "invoice", Key: reference, Metadata: map[string]string{"reference": reference}}
}

func TestTheOutboxSendsOnceAndForgetsTheBody(t *testing.T) {
	var list taken
	var done outcomes
	st := store.NewMemory(store.MemoryConfig{})
	cc := client.Config{Store: st, Tenant: "fjord", OnComplete: map[string]client.Handler{"invoice": done.handler}}
	bubble(t, cc, taking(&list, nil, nil), func(t *testing.T, c *client.Client, n *hits) {
		first := enqueue(t, c, "a", named("a"))
		if again := enqueue(t, c, "a", named("a")); again.Ref() != first.Ref() {
			t.Errorf("the same key and request gave operation %s, want the first one, %s", again.Ref(), first.Ref())
		}
		if _, err := c.Enqueue(t.Context(), request("POST", "/v2/customerinvoice", `{}`), named("a")); !errors.Is(err, client.ErrKeyReused) {
			t.Errorf("another request under the key: got %v, want ErrKeyReused", err)
		}
		enqueue(t, c, "b", named("b"))
		time.Sleep(time.Hour)
		if n.of("POST") != 0 {
			t.Errorf("%d requests were sent without Run, want none", n.of("POST"))
		}
		if _, err := st.GetBody(t.Context(), "fjord", first.Ref()); err != nil {
			t.Errorf("the body of what waits: %v", err)
		}
		stop := start(t, c)
		time.Sleep(time.Minute)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := list.all(); len(got) != 2 || n.of("POST") != 2 {
			t.Errorf("the ERP took %v in %d requests, want a and b, once each", got, n.of("POST"))
		}
		for _, reference := range []string{"a", "b"} {
			if err, told := done.of(reference); err != nil || !told {
				t.Errorf("%s: the handler was told: %v, of %v", reference, told, err)
			}
		}
		if _, err := st.GetBody(t.Context(), "fjord", first.Ref()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the body of what is acknowledged: got %v, want none", err)
		}
	})
}

// TestEnqueueAgainReturnsWhatIsUncertain has an application hand its work over once more
// that does not know how far it came: that one of it waits for a person is no error of
// the others.
func TestEnqueueAgainReturnsWhatIsUncertain(t *testing.T) {
	var list taken
	lose := func(_ http.ResponseWriter, reference string) bool {
		list.add(reference)
		panic(http.ErrAbortHandler)
	}
	bubble(t, client.Config{}, taking(&list, lose, nil), func(t *testing.T, c *client.Client, n *hits) {
		first := enqueue(t, c, "a", named("a"))
		stop := start(t, c)
		time.Sleep(time.Minute)
		if state, err := first.State(t.Context()); err != nil || state.Phase != store.Uncertain {
			t.Fatalf("it is %s, %v, want uncertain", state.Phase, err)
		}
		if again := enqueue(t, c, "a", named("a")); again.Ref() != first.Ref() {
			t.Errorf("enqueued again it is %s, want %s", again.Ref(), first.Ref())
		}
		time.Sleep(time.Hour)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if n.of("POST") != 1 {
			t.Errorf("%d requests were sent, want 1", n.of("POST"))
		}
	})
}

// TestARefusalIsAnOutcome has the ERP refuse one of three: its handler is told, and
// nobody else waits for it.
func TestARefusalIsAnOutcome(t *testing.T) {
	var list taken
	var done outcomes
	refuse := func(w http.ResponseWriter, reference string) bool {
		if reference != "b" {
			return false
		}
		w.WriteHeader(422)
		_, _ = io.WriteString(w, `{"message":"the customer is on hold"}`)
		return true
	}
	cc := client.Config{OnComplete: map[string]client.Handler{"invoice": done.handler}}
	bubble(t, cc, taking(&list, refuse, nil), func(t *testing.T, c *client.Client, n *hits) {
		for _, reference := range []string{"a", "b", "c"} {
			enqueue(t, c, reference, named(reference))
		}
		stop := start(t, c)
		time.Sleep(time.Hour)
		if err := stop(); err != nil {
			t.Error(err)
		}
		err, told := done.of("b")
		failed, ok := errors.AsType[*client.OperationError](err)
		if !told || !ok || failed.StatusCode != 422 || !strings.Contains(failed.Error(), "on hold") {
			t.Errorf("the refused one: the handler was told %v, of %v, want a 422 with its message", told, err)
		}
		if got := list.all(); len(got) != 2 || n.of("POST") != 3 {
			t.Errorf("the ERP took %v in %d requests, want two in three", got, n.of("POST"))
		}
	})
}

// TestAWrongSecretLosesNothing has the ERP refuse the credentials for an hour.
func TestAWrongSecretLosesNothing(t *testing.T) {
	var list taken
	var done outcomes
	log, lines := logTo()
	cc := client.Config{Logger: log, OnComplete: map[string]client.Handler{"invoice": done.handler}}
	var mended time.Time
	refuse := func(w http.ResponseWriter, _ string) bool {
		if time.Now().After(mended) {
			return false
		}
		w.WriteHeader(401)
		return true
	}
	bubble(t, cc, taking(&list, refuse, nil), func(t *testing.T, c *client.Client, n *hits) {
		mended = time.Now().Add(time.Hour)
		for i := range 50 {
			enqueue(t, c, fmt.Sprint(i), named(fmt.Sprint(i)))
		}
		stop := start(t, c)
		time.Sleep(59 * time.Minute)
		synctest.Wait()
		if tried := n.of("POST"); tried > 30 || len(list.all()) != 0 {
			t.Errorf("%d requests were sent in the hour of the wrong secret, and %d taken, want a few tries and none", tried, len(list.all()))
		}
		if s, err := c.Stats(t.Context()); err != nil || s.Outbox.PausedUntil.IsZero() || s.Pending.Queued != 50 {
			t.Errorf("its stats are %+v, %v, want it paused with all that waits", s, err)
		}
		time.Sleep(time.Hour)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if told := strings.Count(lines.String(), "refuses the credentials: nothing of the outbox"); told != 1 {
			t.Errorf("a person was told %d times, want once", told)
		}
		got := list.all()
		slices.Sort(got)
		if len(got) != 50 || len(slices.Compact(got)) != 50 {
			t.Errorf("the ERP took %d invoices, want 50, once each", len(got))
		}
	})
}

// TestASequenceGoesInOrder sends two sequences and others beside them, in which one
// operation fails, is retried, skipped and superseded.
func TestASequenceGoesInOrder(t *testing.T) {
	var list taken
	var mu sync.Mutex
	broken := map[string]bool{"x3": true, "x5": true, "x7": true}
	log, lines := logTo()
	cc := client.Config{Logger: log, Store: store.NewMemory(store.MemoryConfig{}), Tenant: "fjord"}
	ends := func(reference string) int {
		mu.Lock()
		defer mu.Unlock()
		if broken[reference] {
			return 400
		}
		return 201
	}
	bubble(t, cc, taking(&list, nil, ends), func(t *testing.T, c *client.Client, _ *hits) {
		ops := make(map[string]*client.Operation)
		for i := range 9 {
			for _, s := range []string{"x", "y"} {
				reference := fmt.Sprint(s, i+1)
				ops[reference] = enqueue(t, c, reference, client.SubmitOptions{Sequence: s, Key: reference})
			}
		}
		stop := start(t, c)
		stands := func(at string) client.Sequence {
			t.Helper()
			time.Sleep(10 * time.Minute)
			s, err := c.Sequence(t.Context(), "x")
			if err != nil || !s.Stopped || s.Head != ops[at].Ref() {
				t.Fatalf("the sequence is %+v, %v, want it stopped at %s", s, err, at)
			}
			if stats, err := c.Stats(t.Context()); err != nil || stats.Person.Sequences != 1 {
				t.Errorf("%d sequences need a person, %v, want 1", stats.Person.Sequences, err)
			}
			return s
		}
		stands("x3")
		if err := ops["x4"].ResumeSequence(t.Context(), client.Skip, "wrong one"); err == nil {
			t.Error("a sequence was resumed at an operation that does not stop it")
		}
		mu.Lock()
		broken["x3"] = false
		mu.Unlock()
		if err := ops["x3"].ResumeSequence(t.Context(), client.Retry, "the customer is there now"); err != nil {
			t.Fatal(err)
		}
		stands("x5")
		if err := ops["x5"].ResumeSequence(t.Context(), client.Skip, "done by hand"); err != nil {
			t.Fatal(err)
		}
		stands("x7")
		ops["z7"] = enqueue(t, c, "z7", client.SubmitOptions{Sequence: "x", Key: "x7", Supersede: ops["x7"].Ref()})
		time.Sleep(10 * time.Minute)
		if err := stop(); err != nil {
			t.Error(err)
		}
		var x, y []string
		for _, reference := range list.all() {
			if reference[0] == 'y' {
				y = append(y, reference)
			} else {
				x = append(x, reference)
			}
		}
		if got, want := strings.Join(x, " "), "x1 x2 x3 x3 x4 x5 x6 x7 z7 x8 x9"; got != want {
			t.Errorf("the ERP took %s, want %s", got, want)
		}
		if got, want := strings.Join(y, " "), "y1 y2 y3 y4 y5 y6 y7 y8 y9"; got != want {
			t.Errorf("the other sequence: the ERP took %s, want %s", got, want)
		}
		if told := strings.Count(lines.String(), "a sequence has stopped"); told != 3 {
			t.Errorf("a person was told %d times that a sequence has stopped, want 3", told)
		}
	})
}

func TestWithdraw(t *testing.T) {
	var list taken
	bubble(t, client.Config{}, taking(&list, nil, nil), func(t *testing.T, c *client.Client, _ *hits) {
		a := enqueue(t, c, "a", client.SubmitOptions{Key: "a", Sequence: "s"})
		enqueue(t, c, "b", client.SubmitOptions{Key: "b", Sequence: "s"})
		if err := a.Withdraw(t.Context(), ""); err == nil {
			t.Error("it was withdrawn without a reason")
		}
		if err := a.Withdraw(t.Context(), "ordered twice"); err != nil {
			t.Fatal(err)
		}
		if s, err := a.State(t.Context()); err != nil || s.Phase != store.Rejected || !strings.Contains(s.Reason, "ordered twice") {
			t.Errorf("got %+v, %v, want it rejected with the reason", s, err)
		}
		stop := start(t, c)
		time.Sleep(time.Hour)
		if err := a.Withdraw(t.Context(), "again"); err == nil {
			t.Error("it was withdrawn twice")
		}
		again := enqueue(t, c, "a", client.SubmitOptions{Key: "a"}) // the key is free
		time.Sleep(time.Hour)
		if err := again.Withdraw(t.Context(), "too late"); err == nil {
			t.Error("what was sent was withdrawn")
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := strings.Join(list.all(), " "); got != "b a" {
			t.Errorf("the ERP took %q, want b, and a under its new operation", got)
		}
	})
}

// TestSealedBodies has a body that nobody can open for an hour: nothing is sent, and
// nothing is lost.
func TestSealedBodies(t *testing.T) {
	var list taken
	st := store.NewMemory(store.MemoryConfig{})
	var missing time.Time
	flip := func(about, data []byte) []byte {
		out := bytes.Clone(data)
		for i := range out {
			out[i] ^= 0x5a
		}
		return append(bytes.Clone(about), out...)
	}
	log, lines := logTo()
	cc := client.Config{
		Logger: log, Store: st, Tenant: "fjord",
		Seal: func(_ context.Context, about, data []byte) ([]byte, error) { return flip(about, data), nil },
		Open: func(_ context.Context, about, data []byte) ([]byte, error) {
			if time.Now().Before(missing) {
				return nil, errors.New("the key is not there")
			}
			sealed, ok := bytes.CutPrefix(data, about)
			if !ok {
				return nil, errors.New("it is of another record")
			}
			return flip(nil, sealed), nil
		},
	}
	bubble(t, cc, taking(&list, nil, nil), func(t *testing.T, c *client.Client, n *hits) {
		missing = time.Now().Add(time.Hour)
		op := enqueue(t, c, "secret-reference", client.SubmitOptions{})
		if body, err := st.GetBody(t.Context(), "fjord", op.Ref()); err != nil || bytes.Contains(body, []byte("secret-reference")) {
			t.Errorf("the body in the store: %v, %q, want it sealed", err, body)
		}
		stop := start(t, c)
		time.Sleep(50 * time.Minute)
		if s, err := op.State(t.Context()); err != nil || s.Phase != store.Queued || n.of("POST") != 0 {
			t.Errorf("without its key it is %s, %v, and %d requests were sent, want it queued", s.Phase, err, n.of("POST"))
		}
		time.Sleep(time.Hour)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if told := strings.Count(lines.String(), "level=ERROR"); told != 1 {
			t.Errorf("a person was told %d times, want once\n%s", told, lines.String())
		}
		if got := strings.Join(list.all(), " "); got != "secret-reference" {
			t.Errorf("the ERP took %q, want it once, when the key was there", got)
		}
	})
}

// TestSealedAnswers has the answer of an operation be kept sealed, and its key be away
// for an hour: the handler waits, no run counts, and nothing is a dead letter.
func TestSealedAnswers(t *testing.T) {
	st := store.NewMemory(store.MemoryConfig{})
	var missing time.Time
	xor := func(data []byte) []byte {
		out := bytes.Clone(data)
		for i := range out {
			out[i] ^= 0x5a
		}
		return out
	}
	var got taken
	cc := client.Config{
		Store: st, Tenant: "fjord", MaxAttempts: 2,
		Seal: func(_ context.Context, _, data []byte) ([]byte, error) { return xor(data), nil },
		Open: func(_ context.Context, _, data []byte) ([]byte, error) {
			if time.Now().Before(missing) {
				return nil, errors.New("the key is not there")
			}
			return xor(data), nil
		},
		OnComplete: map[string]client.Handler{"invoice": func(ctx context.Context, done client.Completion) error {
			body, err := done.Result.Bytes(ctx)
			got.add(fmt.Sprintf("%s %v %d", body, err, done.Attempt))
			return nil
		}},
	}
	erp := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Erp-Api-Background") != "":
			write(202, `{"id":"`+id1+`"}`)(w, r)
		case strings.HasSuffix(r.URL.Path, "/content"):
			write(200, `{"number":"secret-17"}`, "Content-Type", "application/json")(w, r)
		default:
			write(200, `{"id":"`+id1+`","status":"Finished","statusCode":200,"hasResponseContent":true}`)(w, r)
		}
	}
	bubble(t, cc, erp, func(t *testing.T, c *client.Client, _ *hits) {
		missing = time.Now().Add(time.Hour)
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Kind: "invoice"})
		if err != nil {
			t.Fatal(err)
		}
		stop := start(t, c)
		time.Sleep(50 * time.Minute)
		synctest.Wait()
		rec, err := st.Get(t.Context(), "fjord", op.Ref())
		if err != nil || rec.Phase != store.Settled || bytes.Contains(rec.Outcome.Content, []byte("secret-17")) || len(got.all()) != 0 {
			t.Errorf("without its key it is %s with %q, %v, and the handler had %q; want it settled, sealed, and no run", rec.Phase, rec.Outcome.Content, err, got.all())
		}
		time.Sleep(time.Hour)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if ran := got.all(); len(ran) != 1 || ran[0] != `{"number":"secret-17"} <nil> 1` {
			t.Errorf("the handler had %q, want the answer in its first run", ran)
		}
	})
}

// TestTheOutboxKeepsTheLimit sends more than a window allows, from three replicas, in
// the mock: each is executed once, and hardly a call is refused.
func TestTheOutboxKeepsTheLimit(t *testing.T) {
	mc := mockserver.Config{ExecTime: mockserver.Fixed(30 * time.Second), RateLimit: mockserver.RateLimit{Limit: 100, Window: time.Hour}}
	play(t, mc, client.Config{}, func(w *world) {
		t := w.T
		var done outcomes
		var stops []func() error
		for range 3 {
			c, err := client.New(client.Config{
				BaseURL: base, HTTPClient: w.mock.Client(), Store: w.store, OnComplete: map[string]client.Handler{"invoice": done.handler},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for range 40 {
				if _, err := c.Enqueue(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Kind: "invoice"}); err != nil {
					t.Fatal(err)
				}
			}
			stops = append(stops, start(t, c))
		}
		time.Sleep(8 * time.Hour)
		for _, stop := range stops {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
		n, err := w.store.Count(t.Context(), "default", store.Query{Phases: []store.Phase{store.Acknowledged}})
		if sent := w.calls("POST", "/v2/customerinvoice"); err != nil || n != 120 || sent > 120+refused(w) || refused(w) > 8 {
			t.Errorf("%d of 120 were acknowledged, %v, with %d requests and %d refused calls in 8 windows", n, err, sent, refused(w))
		}
	})
}

// TestWhatIsUncertainIsSentAgainByAPersonsWordOnly loses the answer to a request of the
// outbox.
func TestWhatIsUncertainIsSentAgainByAPersonsWordOnly(t *testing.T) {
	mc := mockserver.Config{ExecTime: mockserver.Fixed(time.Second), Faults: []fault.Rule{{On: fault.OnIntake, Times: 1, Do: fault.Answer{Drop: true}}}}
	play(t, mc, client.Config{}, func(w *world) {
		t := w.T
		op, err := w.client.Enqueue(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "a"})
		if err != nil {
			t.Fatal(err)
		}
		stop := start(t, w.client)
		time.Sleep(time.Hour)
		if s, err := op.State(t.Context()); err != nil || s.Phase != store.Uncertain {
			t.Fatalf("it is %s, %v, want uncertain", s.Phase, err)
		}
		if err := op.Resolve(t.Context(), client.NotAccepted("there is no such invoice")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if s, err := op.State(t.Context()); err != nil || s.Phase != store.Settled || s.StatusCode != http.StatusCreated {
			t.Errorf("after a person's word it is %s with %d, %v, want settled with 201", s.Phase, s.StatusCode, err)
		}
	})
}
