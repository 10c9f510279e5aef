package mockserver_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

// mixOfFaults is every kind of fault, each with a small chance. Not among them
// is a terminal state without statusCode or hasResponseContent: the client
// takes such a document at its word. Nor is QueueFault.Twice, with which it is
// the ERP that repeats.
func mixOfFaults() []fault.Rule {
	var rules []fault.Rule
	add := func(on fault.Point, p float64, does ...fault.Effect) {
		for i, do := range does {
			rules = append(rules, fault.Rule{Name: fmt.Sprintf("%s-%T-%d", on, do, i), On: on, Probability: p, Do: do})
		}
	}
	year1 := "0001-01-01T00:00:00"
	add(fault.OnToken, 0.1,
		fault.Answer{Status: 503}, fault.Answer{Drop: true}, fault.Answer{Delay: 3 * time.Second})
	add(fault.OnAuth, 0.01, fault.Answer{Status: 401}, fault.Answer{Status: 403})
	add(fault.OnIntake, 0.03,
		fault.Answer{Status: 429, RetryAfter: 20 * time.Second},
		fault.Answer{Status: 429, RetryAfter: 20 * time.Second, RetryAfterDate: true},
		fault.Answer{Status: 403},
		fault.Answer{Status: 500},
		fault.Answer{Status: 502, Body: "<html>Bad Gateway</html>"},
		fault.Answer{Status: 503, Process: true},
		fault.Answer{Drop: true},
		fault.Answer{Drop: true, Process: true},
		fault.Answer{Delay: 5 * time.Second},
		fault.Answer{Omit: []string{"id", "stateLocation"}, Header: http.Header{"Location": nil}},
		fault.Answer{CutAfter: 5, Header: http.Header{"Location": nil}},
		fault.Answer{Status: 202, Process: true, Body: "{"},
		fault.Answer{Links: "https://elsewhere.test"},
		fault.Answer{Foreground: true},
	)
	add(fault.OnQueue, 0.05,
		fault.Queue{Hold: time.Minute}, fault.Queue{Deaths: 1},
		fault.Queue{Fail: "disk full"}, fault.Queue{Fail: "disk full", Late: true})
	add(fault.OnState, 0.03,
		fault.Answer{Lag: time.Minute}, fault.Answer{Stuck: true}, fault.Answer{Status: 404},
		fault.Answer{Status: 429, RetryAfter: time.Minute}, fault.Answer{Status: 500}, fault.Answer{Drop: true},
		fault.Answer{Set: map[string]any{"status": "Paused"}}, fault.Answer{Set: map[string]any{"status": nil}},
		fault.Answer{Omit: []string{"status"}}, fault.Answer{Status: 200, Body: `{"status":`},
		fault.Answer{CutAfter: 40}, fault.Answer{Links: "https://elsewhere.test"},
		fault.Answer{Set: map[string]any{"receivedUtc": year1, "startedUtc": year1, "finishedUtc": year1}},
		fault.Answer{Omit: []string{"originalUri", "webhookAddress", "contentLocation", "responseHeaders", "receivedUtc"}},
	)
	add(fault.OnContent, 0.05,
		fault.Answer{CutAfter: 3}, fault.Answer{Stall: 2 * time.Second}, fault.Answer{Status: 503}, fault.Answer{Drop: true},
		fault.Answer{Status: 404}, fault.Answer{Status: 410}, fault.Answer{Stuck: true}, fault.Answer{Header: http.Header{"Content-Type": {"text/html"}}})
	add(fault.OnNotification, 0.06,
		fault.Notify{Drop: true}, fault.Notify{Duplicates: 2}, fault.Notify{Delay: time.Hour},
		fault.Notify{Reorder: true}, fault.Notify{Early: true}, fault.Notify{Forge: true},
		fault.Notify{Replay: true}, fault.Notify{Body: []byte("not JSON")},
		fault.Notify{Set: map[string]any{"id": "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"}},
		fault.Notify{Omit: []string{"id", "stateLocation"}},
		fault.Notify{Header: http.Header{"Background-Ref": {"aaaaaaaaaaaaaaaaaaaaaaaaaa"}}})
	return rules
}

// orders is an endpoint that counts how often each order was executed.
type orders struct {
	mu  sync.Mutex // guards run
	run map[string]int
}

func (o *orders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := r.PathValue("n")
	body, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	o.run[n]++
	o.mu.Unlock()
	if strings.HasSuffix(n, "7") {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"message":"Order %s is refused."}`, n)
		return
	}
	w.Header().Set("Location", "https://erp.mock/v1/order/"+n)
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"order":%q,"got":%s}`, n, body)
}

func (o *orders) runs(n int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.run[strconv.Itoa(n)]
}

// An undertaking is one of the operations of the test.
type undertaking struct {
	n       int
	op      *client.Operation
	refused int // times that it was certainly not accepted
	res     *client.Result
	content string
	err     error
}

func (u *undertaking) isOrder() bool { return u.n%4 != 0 }

func (u *undertaking) path() string {
	if u.isOrder() {
		return "/v1/order/" + strconv.Itoa(u.n)
	}
	return fmt.Sprintf("/v1/customerinvoice/%06d", 3501+u.n%40)
}

func (u *undertaking) request() *http.Request {
	var req *http.Request
	if u.isOrder() {
		req, _ = http.NewRequest("POST", u.path(), strings.NewReader(strconv.Itoa(u.n)))
	} else {
		req, _ = http.NewRequest("GET", u.path(), nil)
	}
	return req
}

// submit sends it until it is not certain that it was not accepted.
func (u *undertaking) submit(ctx context.Context, c *client.Client) error {
	notify := client.Subscription()
	if u.n%3 == 0 {
		notify = client.WebhookURL("https://hook.test/erp", capability)
	}
	for {
		op, err := c.Submit(ctx, u.request(), client.SubmitOptions{Key: "order-" + strconv.Itoa(u.n), Notify: notify})
		var refused *client.ResponseError
		switch {
		case op != nil:
			u.op = op
			return nil
		case errors.As(err, &refused) && refused.StatusCode == http.StatusBadRequest:
			u.err = err // it ran in the foreground
			return nil
		}
		if u.refused++; u.refused > 30 {
			return fmt.Errorf("given up: %w", err)
		}
		time.Sleep(10 * time.Second)
	}
}

// wait takes the result, again and again until ctx ends. A content that was
// not found is asked for again too: it may be a fault.
func (u *undertaking) wait(ctx context.Context) {
	for ctx.Err() == nil {
		if u.res, u.err = u.op.Wait(ctx); u.res != nil {
			break
		}
		time.Sleep(time.Minute)
	}
	for u.res != nil && ctx.Err() == nil {
		body, err := u.res.Bytes(ctx)
		if u.content = string(body); err == nil {
			break
		}
		time.Sleep(time.Minute)
	}
}

const (
	capability = "a secret of more than 16 bytes"
	signingKey = "a key of more than 16 bytes"
)

// The client and the receiver against a mock where everything goes wrong, in
// some hours of virtual time: whatever happens, each operation ends with its
// right result or is reported as uncertain, no order is executed twice, and no
// id that was answered is lost.
func TestTheClientSurvivesEveryFault(t *testing.T) {
	for seed := range uint64(*faultSeeds) {
		t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { survive(t, seed+1) })
		})
	}
}

var faultSeeds = flag.Int("fault-seeds", 2, "runs of TestTheClientSurvivesEveryFault, each with a seed of its own")

func survive(t *testing.T, seed uint64) {
	const company, tenant = "1000001", "default"
	st := store.NewMemory(store.MemoryConfig{})
	rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{signingKey}, CapabilitySecrets: []string{capability}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	rcv.Register(mux, "/erp")
	srv, err := mockserver.New(mockserver.Config{
		Seed: seed, Workers: 8, ExecTime: mockserver.Fixed(2 * time.Second), Faults: mixOfFaults(),
		Subscription: mockserver.Subscription{URL: "https://hook.test/erp", SigningKey: signingKey},
		Auth: mockserver.Auth{
			Mode: mockserver.AuthStrict, TokenLife: 10 * time.Minute,
			Clients: map[string]mockserver.AuthClient{"app": {Secret: "s3cret"}}, Tenants: map[string]string{"t-1": company},
		},
		NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"hook.test": mux}),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	erp := &orders{run: make(map[string]int)}
	srv.Handle("POST /v1/order/{n}", erp)
	auth, err := clientauth.New(clientauth.Config{
		BaseURLs: []string{mockserver.BaseURL}, ClientID: "app", ClientSecret: "s3cret", TenantID: "t-1",
		HTTPClient: srv.Client(), Transport: srv.Client().Transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{
		BaseURL: mockserver.BaseURL, HTTPClient: auth.HTTPClient(), Refresh: auth.Refresh, Store: st,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
	defer cancel()
	all := make([]*undertaking, 200)
	var wg sync.WaitGroup
	for n := range all {
		u := &undertaking{n: n}
		all[n] = u
		wg.Go(func() {
			time.Sleep(time.Duration(n/4) * time.Second)
			if err := u.submit(ctx, c); err != nil {
				t.Errorf("%d: %v", n, err)
				return
			}
			if u.op != nil {
				u.wait(ctx)
			}
		})
	}
	wg.Wait()

	uncertain := make(map[string]bool)
	for op, err := range c.Uncertain(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		uncertain[op.Ref()] = true
	}
	byPath := make(map[string][]operation.Operation)
	for _, op := range srv.Operations() {
		byPath[op.Path] = append(byPath[op.Path], op)
	}
	done := 0
	for _, u := range all {
		switch {
		case u.op == nil:
			if u.n%10 != 7 || !u.isOrder() || erp.runs(u.n) != 1 {
				t.Errorf("%d: ran %d times, %v", u.n, erp.runs(u.n), u.err)
			}
		case isUnclear(u):
			checkUnclear(t, srv, u)
		case uncertain[u.op.Ref()]:
			checkUncertain(t, srv, u)
		default:
			done++
			checkDone(t, srv, u)
		}
		if u.isOrder() && (erp.runs(u.n) > 1 || len(byPath[u.path()]) > 1) {
			t.Errorf("%d: executed %d times, accepted %d times", u.n, erp.runs(u.n), len(byPath[u.path()]))
		}
	}
	checkIDs(t, srv, st, tenant)
	var never []string
	for _, r := range srv.Faults().List() {
		if r.Hits == 0 {
			never = append(never, r.Name)
		}
	}
	if len(never) > 10 { // a few are rare
		t.Errorf("rules that never hit: %v", never)
	}
	t.Logf("%d done, %d uncertain, %d faults", done, len(uncertain), len(srv.Faults().Hits("")))
}

// checkUncertain wants nothing to have been there that could have told the
// client: an uncertain operation was not accepted, its notification never
// arrived undisturbed, or the state that was to prove it was disturbed.
func checkUncertain(t *testing.T, srv *mockserver.Server, u *undertaking) {
	t.Helper()
	if u.res != nil {
		t.Errorf("%d: uncertain, with a result", u.n)
	}
	if !u.isOrder() {
		return // its path tells nothing
	}
	for _, d := range srv.Deliveries() {
		told := d.Path == u.path() && d.State == operation.DeliveryDelivered && d.Fault == ""
		if told && !disturbed(srv, d.OperationID) {
			t.Errorf("%d: uncertain, though it was told of %s", u.n, d.OperationID)
		}
	}
}

// disturbed reports whether any poll of an operation was.
func disturbed(srv *mockserver.Server, id string) bool {
	return slices.ContainsFunc(srv.Faults().Hits(""), func(h fault.Hit) bool {
		return (h.Point == fault.OnState || h.Point == fault.OnAuth) && h.OperationID == id
	})
}

// checkDone compares the result with what the ERP knows of the operation.
func checkDone(t *testing.T, srv *mockserver.Server, u *undertaking) {
	t.Helper()
	if u.res == nil {
		t.Errorf("%d: neither done nor uncertain: %v", u.n, u.err)
		return
	}
	status := checkResult(t, srv, u)
	if _, failed := errors.AsType[*client.OperationError](u.err); failed != (status >= 300) {
		t.Errorf("%d: error %v with status %d", u.n, u.err, status)
	}
}

// checkResult holds a result against what the operation must have ended with,
// and returns the status of that.
func checkResult(t *testing.T, srv *mockserver.Server, u *undertaking) int {
	t.Helper()
	status, content := 200, fmt.Sprintf(`"referenceNumber":"%06d"`, 3501+u.n%40)
	switch {
	case u.isOrder() && u.n%10 == 7:
		status, content = 400, fmt.Sprintf(`{"message":"Order %d is refused."}`, u.n)
	case u.isOrder():
		status, content = 201, fmt.Sprintf(`{"order":"%d","got":%d}`, u.n, u.n)
	}
	if !u.res.Foreground {
		op, ok := srv.Operation(u.res.ID)
		if !ok || op.Path != u.path() {
			t.Errorf("%d: has the operation %+v", u.n, op)
		}
		if op.State == operation.Failed {
			status, content = 500, ""
		}
	}
	if u.res.StatusCode != status || !strings.Contains(u.content, content) {
		t.Errorf("%d: got %d %.80s, want %d %s", u.n, u.res.StatusCode, u.content, status, content)
	}
	return status
}

// checkIDs looks for every id that the client was answered in the store.
func checkIDs(t *testing.T, srv *mockserver.Server, st store.Store, tenant string) {
	t.Helper()
	requests, forgotten := srv.Journal().Requests(""), srv.Journal().Forgotten()
	if forgotten > 0 {
		t.Fatal("the journal forgot something")
	}
	for _, r := range requests {
		if r.OperationID == "" || r.Fault != "" {
			continue // a fault may have hidden the id
		}
		rec, err := st.GetByID(t.Context(), tenant, r.OperationID)
		if err != nil || rec.Path != r.Path {
			t.Errorf("%s, answered for %s: the store has %q, %v", r.OperationID, r.Path, rec.Path, err)
		}
	}
}
