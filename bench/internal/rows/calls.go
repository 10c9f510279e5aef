package rows

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/simulate"
)

// Seed is that of the first round of simulations; each round has the next one.
var Seed uint64 = 1001

// Limits are those that are simulated, in calls per hour.
var Limits = []int{0, 15_000, 5_000, 2_000}

// Names of the figures of simulations.
const (
	CallsEach   = "calls"
	DelayP50    = "p50 s"
	DelayP95    = "p95 s"
	DelayP99    = "p99 s"
	DelayMean   = "mean s"
	Refused     = "429s"
	refusedHour = "429s in the worst hour"
	Aborted     = "aborted"
	Lost        = "lost"
	twice       = "twice"
	hours       = "hours"
	late        = "late"
	allCalls    = "all calls"
)

// Optimum is the contender that knows how long operations take.
const Optimum = "least mean delay for the calls of the client, polling"

// Calls are the rows of how many calls contenders make, and how late they know
// of an end. They run in virtual time; a round is a seed.
func Calls() (all []compare.Row) {
	for _, w := range simulate.Workloads {
		for _, limit := range Limits {
			all = append(all, calls(w, limit))
		}
	}
	return append(all, callsAlone())
}

// CallsName is the name of a row of [Calls].
func CallsName(workload string, limit int) string {
	return fmt.Sprintf("client/calls/%s/%s", workload, limitWord(limit))
}

func limitWord(limit int) string {
	if limit == 0 {
		return "no limit"
	}
	return fmt.Sprintf("%d an hour", limit)
}

func calls(w simulate.Workload, limit int) compare.Row {
	row := compare.Row{Name: CallsName(w.Name, limit), What: simulationWhat(w, limit)}
	names := []string{simulate.Azcore30, simulate.Google, simulate.Polling, simulate.Notified, simulate.Polling3, simulate.Notified3}
	if w.Median() <= 20 { // it would make tens of thousands of calls for the others
		names = slices.Insert(names, 1, simulate.Azcore1)
	}
	for _, name := range names {
		row.Contenders = append(row.Contenders, simulated(w.Name, name, limit))
	}
	if limit == 0 {
		row.Contenders = append(row.Contenders, compare.Contender{Name: Optimum, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			out, err := outcome(ctx, t, simulate.Cell{Workload: w.Name, Contender: simulate.Polling})
			if err != nil {
				return nil, err
			}
			p50, p95, p99, mean := w.Optimum(out.Calls)
			return compare.Figures{
				{Name: CallsEach, Value: out.Calls},
				{Name: DelayP50, Value: p50},
				{Name: DelayP95, Value: p95},
				{Name: DelayP99, Value: p99},
				{Name: DelayMean, Value: mean},
			}, nil
		}})
	}
	row.Goals = callsGoals(w, limit)
	return row
}

func simulationWhat(w simulate.Workload, limit int) string {
	var routes []string
	for _, r := range w.Routes {
		routes = append(routes, fmt.Sprintf("%g s and σ %g", r.Median, r.Sigma))
	}
	return fmt.Sprintf("1 000 operations in virtual time, one submit each 600 ms; log-normal durations with a median of %s; calls: %s.",
		strings.Join(routes, ", "), limitWord(limit))
}

// callsGoals are those of the design. Short runs have few operations, of which little
// is learned before the last ones are submitted: their bounds have room for that.
func callsGoals(w simulate.Workload, limit int) (goals []compare.Goal) {
	polling, notified := []string{simulate.Polling, simulate.Polling3}, []string{simulate.Notified, simulate.Notified3}
	if limit > 0 {
		for _, name := range slices.Concat(polling, notified) {
			goals = append(
				goals,
				compare.Goal{Of: name, Figure: Aborted, Zero: true},
				compare.Goal{Of: name, Figure: Lost, Zero: true},
				compare.Goal{Of: name, Figure: refusedHour, AtMost: 1, Smoke: 1},
			)
			if limit == 5_000 && (w.Name == "20 s" || w.Name == "60 s") {
				goals = append(goals, compare.Goal{Of: name, Figure: DelayP95, AtMost: 180, Smoke: 180})
			}
			if limit == 2_000 {
				goals = append(goals, compare.Goal{Of: name, Figure: late, AtMost: 0.5, Smoke: 0.5}) // all is known in the second hour
			}
		}
		return goals
	}
	short := 3.4
	if w.Median() > 20 {
		short = 5.5
	}
	for _, name := range notified {
		goals = append(
			goals,
			compare.Goal{Of: name, Figure: CallsEach, AtMost: 3.2, Smoke: short},
			compare.Goal{Of: name, Figure: DelayP50, AtMost: 0.25, Smoke: 0.25},
			compare.Goal{Of: name, Figure: DelayP99, AtMost: max(100, 4*w.Median())},
		)
	}
	for _, name := range polling {
		switch {
		case w.Name == "mixed":
		case w.Median() <= 20:
			goals = append(
				goals,
				compare.Goal{Of: name, To: simulate.Azcore30, Figure: CallsEach, AtMost: 1.01, Smoke: 1.2},
				compare.Goal{Of: name, To: simulate.Azcore30, Figure: DelayP50, AtMost: 0.45, Smoke: 1},
			)
		default:
			goals = append(
				goals,
				compare.Goal{Of: name, To: simulate.Azcore30, Figure: CallsEach, AtMost: 0.6, Smoke: 0.9},
				compare.Goal{Of: name, Figure: DelayP95, AtMost: 60, Smoke: 100},
			)
		}
	}
	return goals
}

// callsAlone is the row of processes that share a limit and no store.
func callsAlone() compare.Row {
	const name, limit, workload = simulate.PollingAlone2, 2_000, "60 s"
	w, _ := simulate.Find(workload)
	return compare.Row{
		Name:       "client/calls/alone",
		What:       "Two processes share a limit without a common store. " + simulationWhat(w, limit),
		Contenders: []compare.Contender{simulated(workload, name, limit)},
		Goals: []compare.Goal{
			{Of: name, Figure: Aborted, Zero: true},
			{Of: name, Figure: Lost, Zero: true},
			{Of: name, Figure: Refused, ToFigure: allCalls, To: name, AtMost: 0.02, Smoke: 0.02},
		},
	}
}

func simulated(workload, name string, limit int) compare.Contender {
	return compare.Contender{Name: name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
		out, err := outcome(ctx, t, simulate.Cell{Workload: workload, Contender: name, Limit: limit})
		return figures(out, t), err
	}}
}

func figures(out simulate.Outcome, t compare.Try) compare.Figures {
	return compare.Figures{
		{Name: CallsEach, Value: out.Calls},
		{Name: DelayP50, Value: out.P50},
		{Name: DelayP95, Value: out.P95},
		{Name: DelayP99, Value: out.P99},
		{Name: DelayMean, Value: out.Mean},
		{Name: Aborted, Value: float64(out.Aborted)},
		{Name: Lost, Value: float64(out.Lost)},
		{Name: twice, Value: float64(out.Twice)},
		{Name: Refused, Value: float64(out.Refused)},
		{Name: refusedHour, Value: float64(out.RefusedHour)},
		{Name: hours, Value: float64(out.Hours)},
		{Name: late, Value: float64(out.Late)},
		{Name: allCalls, Value: out.Calls*float64(operations(t)) + float64(out.Refused)},
	}
}

func operations(t compare.Try) int { return compare.Pick(t, 1000, 60) }

// done are the outcomes of cells that were simulated: each is the same again.
var done struct {
	sync.Mutex
	outcomes map[simulate.Cell]simulate.Outcome
}

var outcomeLine = regexp.MustCompile(`outcome: (\{.*\})`)

// outcome simulates a cell in the test that has bubbles of virtual time.
func outcome(ctx context.Context, t compare.Try, c simulate.Cell) (out simulate.Outcome, err error) {
	c.Seed, c.Operations = Seed+uint64(t.Round), operations(t)
	c.Limit = c.Limit * c.Operations / 1000 // scarce in a short run too
	done.Lock()
	defer done.Unlock()
	if out, ok := done.outcomes[c]; ok {
		return out, nil
	}
	program, err := Build(ctx, "github.com/vismanet-go/background/bench/internal/simulate", "test", "-c")
	if err != nil {
		return out, err
	}
	args, err := json.Marshal(c)
	if err != nil {
		return out, err
	}
	text, err := exec.CommandContext(ctx, program, "-test.v", "-test.run", "^TestCell$", "-cell", string(args)).CombinedOutput()
	line := outcomeLine.FindSubmatch(text)
	if err != nil || line == nil {
		return out, fmt.Errorf("TestCell: %w: %s", err, text[max(0, len(text)-2000):])
	}
	if err := json.Unmarshal(line[1], &out); err != nil {
		return out, err
	}
	if done.outcomes == nil {
		done.outcomes = make(map[simulate.Cell]simulate.Outcome)
	}
	done.outcomes[c] = out
	return out, nil
}

// leftOver is how many calls of 5 000 in an hour were left, each minute, in the
// first round of a workload.
func leftOver(workload, contender string) []int {
	done.Lock()
	defer done.Unlock()
	return done.outcomes[simulate.Cell{Workload: workload, Contender: contender, Limit: 5_000, Seed: Seed, Operations: 1000}].Left
}
