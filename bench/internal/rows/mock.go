package rows

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/proc"
)

const invoicePath = "/v1/customerinvoice/003501"

// Mock are the rows of the mock server, as the program erpmock.
func Mock() []compare.Row {
	return []compare.Row{mockStart(), mockLoop(), mockDays()}
}

func mockDays() compare.Row {
	const ours = "mockserver under synctest"
	return compare.Row{
		Name:       "mock/two days",
		What:       "Two virtual days in which an operation is polled 2 880 times: while it runs, while its result is kept, and after that.",
		Contenders: []compare.Contender{{Name: ours, Run: twoDays}},
		Goals:      []compare.Goal{{Of: ours, Figure: "real s", AtMost: 0.5}},
	}
}

var realTime = regexp.MustCompile(`real time: (\d+) µs`)

// twoDays runs the test that package virtual holds.
func twoDays(ctx context.Context, _ compare.Try) (compare.Figures, error) {
	program, err := Build(ctx, "github.com/vismanet-go/background/bench/internal/virtual", "test", "-c")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "-test.v", "-test.run", "^TestTwoDays$")
	out, err := cmd.CombinedOutput()
	took := realTime.FindSubmatch(out)
	if err != nil || took == nil {
		return nil, fmt.Errorf("TestTwoDays: %w: %s", err, out)
	}
	micros, err := strconv.ParseFloat(string(took[1]), 64)
	use := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return compare.Figures{{Name: "real s", Value: micros / 1e6}, {Name: "CPU s of the process", Value: use.Seconds()}}, err
}

// Names of figures of programs.
const (
	startFigure = "start ms"
	rssFigure   = "idle RSS MiB"
	cpuFigure   = "server CPU µs/op"
)

// A server is how a program is started.
type server struct {
	pkg  string // to be built
	path string // what is asked for when it is
	args func(dir string) []string
}

var (
	naiveServer = server{naive, invoicePath, func(string) []string { return []string{"ADDRESS"} }}
	mockServer  = server{erpmock, invoicePath, func(string) []string { return mockArgs() }}
	dataServer  = server{erpmock, invoicePath, func(dir string) []string {
		return append(mockArgs(), "--data", filepath.Join(dir, "data"))
	}}
)

func mockArgs() []string {
	return []string{"--quiet", "--listen", "ADDRESS", "--rate-limit", "1000000000", "--exec-time", "1ns"}
}

func (s server) launch(ctx context.Context, dir string) (*Program, error) {
	program, err := Build(ctx, s.pkg)
	if err != nil {
		return nil, err
	}
	return Launch(ctx, dir, s.path, program, s.args(dir)...)
}

func mockStart() compare.Row {
	const ours = "erpmock"
	return compare.Row{
		Name:       "mock/start",
		What:       "From the start of the process to the first 200 of an invoice, median of five starts in each round; memory one second later.",
		Contenders: []compare.Contender{{Name: ours, Run: starts(mockServer)}, {Name: "erpmock --data", Run: starts(dataServer)}, {Name: "naive Go loop", Run: starts(naiveServer)}},
		Goals: []compare.Goal{
			{Of: ours, Figure: startFigure, AtMost: 30},
			{Of: ours, Figure: rssFigure, AtMost: 20, Smoke: 60},
		},
	}
}

func starts(s server) func(context.Context, compare.Try) (compare.Figures, error) {
	return func(ctx context.Context, t compare.Try) (compare.Figures, error) {
		var took []time.Duration
		var rss []int64
		for range compare.Pick(t, 5, 1) {
			p, err := s.launch(ctx, t.Dir)
			if err != nil {
				return nil, err
			}
			time.Sleep(compare.Pick(t, time.Second, 100*time.Millisecond))
			use, err := proc.Of(p.Pid)
			p.Kill()
			if err != nil {
				return nil, err
			}
			took, rss = append(took, p.Start), append(rss, use.RSS)
		}
		slices.Sort(took)
		slices.Sort(rss)
		return compare.Figures{
			{Name: startFigure, Value: load.Millis(took[len(took)/2])},
			{Name: rssFigure, Value: mib(rss[len(rss)/2])},
		}, nil
	}
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

func mockLoop() compare.Row {
	const (
		floor  = "naive Go loop"
		memory = "erpmock, POST of an invoice"
		data   = "erpmock --data, POST of an invoice"
	)
	return compare.Row{
		Name: "mock/loop/16",
		What: "POST → 202 → webhook received; 16 connections, for the mock a company each; webhooks received by the time of the last one.",
		Contenders: []compare.Contender{
			{Name: floor, Run: loop(naiveServer, newInvoice)},
			{Name: memory, Run: loop(mockServer, newInvoice)},
			{Name: data, Run: loop(dataServer, newInvoice)},
			{Name: "erpmock, PUT of a note", Run: loop(mockServer, newNote)},
			{Name: "erpmock --data, PUT of a note", Run: loop(dataServer, newNote)},
		},
		Goals: []compare.Goal{
			{Of: memory, To: floor, Figure: load.Rate, AtLeast: 0.5, Smoke: 0.05},
			{Of: data, Figure: load.Rate, AtLeast: 1000},
			{Of: data, To: floor, Figure: load.Rate, AtLeast: 0.1, Smoke: 0.01},
		},
	}
}

func newInvoice(n int) load.Call {
	return load.Call{Method: http.MethodPost, Path: "/v2/customerinvoice", Body: fmt.Appendf(nil,
		`{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},"externalReference":{"value":"bench-%d"},`+
			`"invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2}}]}`, n)}
}

func newNote(n int) load.Call {
	return load.Call{Method: http.MethodPut, Path: "/v1/customerinvoice/003547", Body: fmt.Appendf(nil, `{"note":{"value":"bench-%d"}}`, n)}
}

// loop sends what call makes, and waits until every webhook has come.
func loop(s server, call func(n int) load.Call) func(context.Context, compare.Try) (compare.Figures, error) {
	return func(ctx context.Context, t compare.Try) (compare.Figures, error) {
		p, err := s.launch(ctx, t.Dir)
		if err != nil {
			return nil, err
		}
		defer p.Kill()
		return roundTrips(ctx, t, p, func(sender, n int, hook string) load.Call {
			c := call(n)
			c.Header = "erp-api-background: " + hook + "\r\nipp-company-id: " + strconv.Itoa(1001+sender) + "\r\n"
			return c
		}, http.StatusAccepted)
	}
}

// roundTrips measures a server that answers calls with a status and then calls
// the hook.
func roundTrips(ctx context.Context, t compare.Try, p *Program, call func(sender, n int, hook string) load.Call, status int) (compare.Figures, error) {
	const senders = 16
	var told atomic.Int64
	var last atomic.Int64 // Unix nanoseconds
	hook, stop, err := serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		drain(r.Body)
		last.Store(time.Now().UnixNano())
		told.Add(1)
	}))
	if err != nil {
		return nil, err
	}
	defer func() { _ = stop() }()
	conns, hangUp, err := load.DialAll(ctx, p.Base, senders)
	if err != nil {
		return nil, err
	}
	defer hangUp()
	before, err := proc.Of(p.Pid)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	tally, err := load.Loop{Senders: senders, For: compare.Pick(t, 3*time.Second, 300*time.Millisecond)}.Run(ctx,
		func(_ context.Context, sender, n int) error {
			_, err := conns[sender].Want(status, call(sender, n, hook+"/hook"))
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, p.Output())
	}
	for end := time.Now().Add(time.Minute); int(told.Load()) < len(tally.Took); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return nil, fmt.Errorf("%d of %d webhooks came within a minute", told.Load(), len(tally.Took))
		}
	}
	after, err := proc.Of(p.Pid)
	if err != nil {
		return nil, err
	}
	n := float64(told.Load())
	return compare.Figures{
		{Name: load.Rate, Value: n / time.Unix(0, last.Load()).Sub(begun).Seconds()},
		{Name: "202 p50 ms", Value: load.Millis(load.Quantile(tally.Took, 0.5))},
		{Name: cpuFigure, Value: float64((after.CPU - before.CPU).Microseconds()) / n},
		{Name: "RSS after MiB", Value: mib(after.RSS)},
	}, nil
}
