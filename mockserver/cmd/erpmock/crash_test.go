//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
)

func fromJSON(data []byte, v any) error { return json.Unmarshal(data, v) }

// amount is how much a crash test does. CRASH_ERPMOCK=full is the amount that
// the project promises to have tried; `make crash-full` sets it.
func amount(quick, full int) int {
	if os.Getenv("CRASH_ERPMOCK") == "full" {
		return full
	}
	return quick
}

// stateDoc is what the tests look at in a state document.
type stateDoc struct {
	ID                 string
	Status             string
	StatusCode         int
	ErrorMessage       *string
	HasResponseContent bool
	ResponseHeaders    map[string]string
}

func (d stateDoc) ended() bool { return d.Status == "Finished" || d.Status == "Failed" }

// A task is one operation of the load.
type task struct {
	company, mark string
	creates       bool
	id            string // empty: nobody knows whether it was accepted
}

const companies = 8

// submit sends the n-th request of the load to any process.
func (f *fleet) submit(n int, hook string) (task, bool) {
	k := task{company: strconv.Itoa(101 + n%companies), mark: "mark-" + strconv.Itoa(n)}
	method, path, body := "POST", "/v2/customerinvoice", newInvoice(k.mark)
	switch n % 5 {
	case 3:
		method, path, body = "PUT", fmt.Sprintf("/v1/customerinvoice/%06d", 3541+n%4*2), fmt.Sprintf(`{"note":{"value":%q}}`, k.mark)
	case 4:
		method, path, body = "GET", "/v1/customerinvoice?pageNumber=1&pageSize=40", ""
	default:
		k.creates = true
	}
	a, err := f.any().call(method, path, body, "ipp-company-id", k.company, "erp-api-background", hook)
	var accepted struct{ ID string }
	if err != nil || a.status != 202 || fromJSON(a.body, &accepted) != nil {
		return k, err == nil && a.status == 503 // refused: it was not stored
	}
	k.id = accepted.ID
	return k, false
}

// Three processes on one directory, one of which is killed again and again
// while sixteen clients send requests.
func TestKilledProcessesLoseNothing(t *testing.T) {
	t.Parallel()
	total, kills := amount(600, 5000), amount(5, 20)
	hook := newCounter(t)
	f := launch(t, 3, "--exec-time", "2ms", "--lease", "1s", "--max-running", "16")
	var accepted, sent atomic.Int64
	var mu sync.Mutex
	var tasks []task
	var refused int
	firsts := newSightings(f)
	var load sync.WaitGroup
	for range 16 {
		load.Go(func() {
			for accepted.Load() < int64(total) {
				k, no := f.submit(int(sent.Add(1)), hook.URL)
				mu.Lock()
				if no {
					refused++
				} else {
					tasks = append(tasks, k)
				}
				mu.Unlock()
				if k.id != "" {
					accepted.Add(1)
					firsts.look(k)
				}
			}
		})
	}
	dice := rand.New(rand.NewPCG(1, 2))
	for n := range kills {
		at := int64((n + 1) * total / (kills + 1))
		testkit.Eventually(t, "the load goes on", func() bool { return accepted.Load() >= at })
		time.Sleep(time.Duration(dice.IntN(20)) * time.Millisecond)
		f.kill(dice.IntN(3))
	}
	load.Wait()
	began := time.Now()
	unsure, failed := 0, 0
	for _, k := range tasks {
		if k.id == "" {
			unsure++
			continue
		}
		if firsts.end(k).Status == "Failed" {
			failed++
		}
		testkit.Eventually(t, "the notification of "+k.id, func() bool { return hook.of(k.id) > 0 })
	}
	t.Logf("%d accepted, %d refused, %d unsure, %d failed, %d kills; settled %v after the load",
		accepted.Load(), refused, unsure, failed, kills, time.Since(began).Round(time.Millisecond))
	firsts.verify(tasks)
	f.verifyInvoices(tasks, firsts)
	f.verifyStore(int(accepted.Load()), unsure)
}

// verifyInvoices makes sure that no request had its effect twice, and each that
// is told to have created an invoice created that one.
func (f *fleet) verifyInvoices(tasks []task, ends *sightings) {
	f.t.Helper()
	found := make(map[string][]string) // numbers by company and mark
	for c := range companies {
		company := strconv.Itoa(101 + c)
		for page := 1; ; page++ {
			a := f.read(fmt.Sprintf("/v1/customerinvoice?pageNumber=%d&pageSize=1000", page), company)
			var rows []struct{ ReferenceNumber, ExternalReference string }
			if err := fromJSON(a.body, &rows); err != nil {
				f.t.Fatal(err)
			}
			for _, r := range rows {
				key := company + " " + r.ExternalReference
				found[key] = append(found[key], r.ReferenceNumber)
			}
			if len(rows) < 1000 {
				break
			}
		}
	}
	created := 0
	for _, k := range tasks {
		if !k.creates {
			continue
		}
		numbers := found[k.company+" "+k.mark]
		if len(numbers) > 1 {
			f.t.Errorf("%s of %s exists %d times: %v", k.mark, k.company, len(numbers), numbers)
		}
		if k.id == "" {
			continue
		}
		switch end := ends.end(k); {
		case end.StatusCode != 201:
			if end.Status != "Failed" {
				f.t.Errorf("%s: %+v", k.mark, end)
			}
		case len(numbers) != 1 || end.ResponseHeaders["Location"] != "http://erp.test/v1/customerinvoice/"+numbers[0]:
			f.t.Errorf("%s is said to be %v, and is %v", k.mark, end.ResponseHeaders["Location"], numbers)
		default:
			created++
		}
	}
	f.t.Logf("%d invoices created", created)
}

// verifyStore looks into the directory once all processes have ended well.
func (f *fleet) verifyStore(accepted, unsure int) {
	f.t.Helper()
	for i := range f.ships {
		s := f.ship(i)
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			f.t.Fatal(err)
		}
		testkit.Eventually(f.t, "the end of a process", func() bool { return s.cmd.Process.Signal(syscall.Signal(0)) != nil })
	}
	q, err := sqlitequeue.Open(f.t.Context(), sqlitequeue.Config{Dir: f.dir})
	if err != nil {
		f.t.Fatal(err)
	}
	defer q.Close()
	jobs, err := q.List(f.t.Context(), func(string) time.Time { return time.Now() })
	if err != nil {
		f.t.Fatal(err)
	}
	again := 0
	for _, j := range jobs {
		if j.State != operation.Finished && j.State != operation.Failed {
			f.t.Errorf("%s is %s", j.ID, j.State)
		}
		if j.Attempts > 1 {
			again++
		}
	}
	if len(jobs) < accepted || len(jobs) > accepted+unsure {
		f.t.Errorf("%d operations are stored; %d were accepted, %d perhaps", len(jobs), accepted, unsure)
	}
	files, err := os.ReadDir(filepath.Join(f.dir, "bodies"))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Logf("%d operations stored, %d were run again, %d files", len(jobs), again, len(files))
}

// sightings remembers the first end of each operation that anybody saw.
type sightings struct {
	f            *fleet
	mu           sync.Mutex // guards all below
	doc, content map[string][]byte
}

func newSightings(f *fleet) *sightings {
	return &sightings{f: f, doc: make(map[string][]byte), content: make(map[string][]byte)}
}

// look asks once; processes may be dead.
func (s *sightings) look(k task) bool {
	ship := s.f.any()
	a, err := ship.call("GET", "/v1/background/"+k.id, "", "ipp-company-id", k.company)
	if err != nil || a.status != 200 {
		return false
	}
	var d stateDoc
	if fromJSON(a.body, &d) != nil || !d.ended() {
		return false
	}
	content := answer{status: 404}
	if d.HasResponseContent {
		content, err = s.f.any().call("GET", "/v1/background/"+k.id+"/content", "", "ipp-company-id", k.company)
		if err != nil {
			return false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doc[k.id] != nil {
		return true
	}
	s.doc[k.id], s.content[k.id] = a.body, content.body
	if d.HasResponseContent && (content.status != 200 || len(content.body) == 0) {
		s.f.t.Errorf("%s is %s, and its content is missing: %d", k.id, d.Status, content.status)
	}
	return true
}

// end waits for an operation's end.
func (s *sightings) end(k task) stateDoc {
	s.f.t.Helper()
	var d stateDoc
	get := func() []byte {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.doc[k.id]
	}
	testkit.Eventually(s.f.t, "the end of "+k.id, func() bool { return get() != nil || s.look(k) })
	if err := fromJSON(get(), &d); err != nil {
		s.f.t.Fatal(err)
	}
	return d
}

// verify makes sure that what was seen first is what stands in the end.
func (s *sightings) verify(tasks []task) {
	s.f.t.Helper()
	for _, k := range tasks {
		if k.id == "" {
			continue
		}
		if now := s.f.read("/v1/background/"+k.id, k.company); !bytes.Equal(now.body, s.doc[k.id]) {
			s.f.t.Errorf("another state:\nfirst %s\nnow   %s", s.doc[k.id], now.body)
		}
		if s.content[k.id] == nil {
			continue
		}
		if now := s.f.read("/v1/background/"+k.id+"/content", k.company); !bytes.Equal(now.body, s.content[k.id]) {
			s.f.t.Errorf("%s: another content, %d and %d bytes", k.id, len(s.content[k.id]), len(now.body))
		}
	}
}

// A process that was stopped for longer than its lease finds its operation
// done by another one, and cannot change what came of it.
func TestAStoppedProcessComesTooLate(t *testing.T) {
	t.Parallel()
	hook := newCounter(t)
	f := launch(t, 1, "--exec-time", "1500ms", "--lease", "500ms")
	first := f.ship(0)
	a, err := first.call("POST", "/v2/customerinvoice", newInvoice("once"), "erp-api-background", hook.URL, "ipp-company-id", "7")
	var accepted struct{ ID string }
	if err != nil || a.status != 202 || fromJSON(a.body, &accepted) != nil {
		t.Fatalf("%d %s %v", a.status, a.body, err)
	}
	k := task{company: "7", id: accepted.ID}
	testkit.Eventually(t, "the operation runs", func() bool { return bytes.Contains(f.read("/v1/background/"+k.id, "7").body, []byte(`"startedUtc":"`)) })
	f.stop(first)
	second := f.start()
	f.mu.Lock()
	f.ships = []*ship{second, first}
	f.mu.Unlock()
	var doc []byte
	testkit.Eventually(t, "the other process ends it", func() bool {
		a, err := second.call("GET", "/v1/background/"+k.id, "", "ipp-company-id", "7")
		doc = a.body
		return err == nil && bytes.Contains(doc, []byte(`"statusCode":201`))
	})
	if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	// It is back once it answers; then it has had time to report.
	testkit.Eventually(t, "the first process is back", func() bool {
		a, err := first.call("GET", "/__mock/health", "")
		return err == nil && a.status == 200
	})
	time.Sleep(2 * time.Second)
	for _, s := range []*ship{first, second} {
		a, err := s.call("GET", "/v1/background/"+k.id, "", "ipp-company-id", "7")
		if err != nil || !bytes.Equal(a.body, doc) {
			t.Errorf("got %s %v\nwant %s", a.body, err, doc)
		}
		a, err = s.call("GET", "/v1/customerinvoice?pageSize=1000", "", "ipp-company-id", "7")
		if n := strings.Count(string(a.body), `"externalReference":"once"`); err != nil || n != 1 {
			t.Errorf("%d invoices, %v", n, err)
		}
	}
	testkit.Eventually(t, "the notification", func() bool { return hook.of(k.id) > 0 })
	// It works on, under a new lease.
	a, err = first.call("GET", "/v1/customerinvoice/003501", "", "erp-api-background", "none", "ipp-company-id", "8")
	if err != nil || a.status != 202 || fromJSON(a.body, &accepted) != nil {
		t.Fatalf("%d %s %v", a.status, a.body, err)
	}
	newSightings(f).end(task{company: "8", id: accepted.ID})
}
