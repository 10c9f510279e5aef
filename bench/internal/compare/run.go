package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"time"
)

// Options say how rows are run.
type Options struct {
	Rounds int    // of each row; default 5
	Short  bool   // see [Try]
	Dir    string // where contenders get their directories; default: that of the system
	Seed   uint64 // of the order of contenders
	Log    io.Writer
}

// A Report is what came of a run.
type Report struct {
	Begun  time.Time
	Took   time.Duration
	Host   Host
	Rounds int
	Short  bool `json:",omitempty"`
	Rows   []Result
}

// A Result is what came of a row.
type Result struct {
	Row        string
	What       string
	Load       [2]float64 // the machine's load average before and after
	Contenders []Standing
	Goals      []Verdict
	Error      string `json:",omitempty"` // that ended the row

	rounds []map[string]Figures
}

// Median is that of a figure of a contender, NaN if there is none.
func (r Result) Median(of, figure string) float64 {
	return r.Ratio(of, "", figure)
}

// Max is the greatest of a figure of a contender.
func (r Result) Max(of, figure string) float64 {
	highest := math.Inf(-1)
	for _, round := range r.rounds {
		highest = max(highest, round[of].At(figure))
	}
	return highest
}

// Ratio is the median of the ratios, within the rounds, of a figure of one
// contender to that of another. NaN stands for one that was not measured.
func (r Result) Ratio(of, to, figure string) float64 {
	var values []float64
	for _, round := range r.rounds {
		values = append(values, Goal{Of: of, To: to, Figure: figure}.value(round))
	}
	if len(values) == 0 || slices.ContainsFunc(values, math.IsNaN) {
		return math.NaN()
	}
	return spread(values).Median
}

// A Standing is what a contender reached.
type Standing struct {
	Name    string
	LeftOut string `json:",omitempty"`
	Figures []Spread
}

// A Spread is a number of several rounds.
type Spread struct {
	Name   string `json:",omitempty"`
	Median float64
	Min    float64
	Max    float64
}

// A Verdict is what came of a goal.
type Verdict struct {
	Goal  string
	Value Spread
	Met   bool
	// NotMeasured says that a contender was left out or the row broke off.
	NotMeasured bool `json:",omitempty"`
	// Asserted says that the bound counts: always, but in short runs.
	Asserted bool
}

// Run measures the rows one after the other. Its error is of the context or
// of a row that was written wrongly; what goes wrong in a row stands in the
// report.
func Run(ctx context.Context, rows []Row, o Options) (*Report, error) {
	if o.Rounds <= 0 {
		o.Rounds = 5
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	rep := &Report{Begun: time.Now(), Host: readHost(), Rounds: o.Rounds, Short: o.Short}
	for _, row := range rows {
		if err := row.validate(); err != nil {
			return nil, err
		}
	}
	for _, row := range rows {
		rep.Rows = append(rep.Rows, runRow(ctx, row, o))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	rep.Took = time.Since(rep.Begun)
	return rep, nil
}

func runRow(ctx context.Context, row Row, o Options) Result {
	res := Result{Row: row.Name, What: row.What}
	res.Load[0] = loadAverage()
	if row.Rounds > 0 {
		o.Rounds = min(o.Rounds, row.Rounds)
	}
	rounds := make([]map[string]Figures, 0, o.Rounds)
	leftOut := make(map[string]string)
	order := rand.New(rand.NewPCG(o.Seed, uint64(len(row.Name))))
	for n := range o.Rounds {
		round := make(map[string]Figures)
		for _, i := range order.Perm(len(row.Contenders)) {
			c := row.Contenders[i]
			if leftOut[c.Name] != "" {
				continue
			}
			figures, err := runOnce(ctx, c, Try{Short: o.Short, Round: n}, o.Dir)
			var out *ErrLeftOut
			switch {
			case errors.As(err, &out):
				leftOut[c.Name] = out.Why
				fmt.Fprintf(o.Log, "%s: %s: %v\n", row.Name, c.Name, err)
			case err != nil:
				res.Error = fmt.Sprintf("round %d: %s: %v", n+1, c.Name, err)
				fmt.Fprintf(o.Log, "%s: %s\n", row.Name, res.Error)
			default:
				fmt.Fprintf(o.Log, "%s: round %d: %s: %s\n", row.Name, n+1, c.Name, figures)
			}
			if res.Error != "" {
				break
			}
			round[c.Name] = figures
		}
		if res.Error != "" {
			break
		}
		rounds = append(rounds, round)
	}
	res.Load[1] = loadAverage()
	res.rounds = rounds
	for _, c := range row.Contenders {
		res.Contenders = append(res.Contenders, standing(c.Name, rounds, leftOut[c.Name]))
	}
	for _, g := range row.Goals {
		res.Goals = append(res.Goals, verdict(g, rounds, o.Short, res.Error != ""))
	}
	return res
}

// runOnce runs a contender in a directory of its own, after the garbage of the
// one before it is gone.
func runOnce(ctx context.Context, c Contender, t Try, dir string) (Figures, error) {
	dir, err := os.MkdirTemp(dir, "bench-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	t.Dir = dir
	runtime.GC()
	return c.Run(ctx, t)
}

func standing(name string, rounds []map[string]Figures, leftOut string) Standing {
	s := Standing{Name: name, LeftOut: leftOut}
	if len(rounds) == 0 {
		return s
	}
	for _, f := range rounds[0][name] {
		var values []float64
		for _, r := range rounds {
			if v := r[name].At(f.Name); !math.IsNaN(v) {
				values = append(values, v)
			}
		}
		x := spread(values)
		x.Name = f.Name
		s.Figures = append(s.Figures, x)
	}
	return s
}

func verdict(g Goal, rounds []map[string]Figures, short, broken bool) Verdict {
	v := Verdict{Goal: g.String(), Asserted: !short || g.Smoke > 0 || g.Zero}
	var values []float64
	for _, r := range rounds {
		values = append(values, g.value(r))
	}
	if broken || len(values) == 0 || slices.ContainsFunc(values, math.IsNaN) {
		v.NotMeasured = true
		return v
	}
	v.Value = spread(values)
	v.Met = g.met(v.Value.Median, short)
	return v
}

func spread(values []float64) Spread {
	values = slices.Sorted(slices.Values(values))
	n := len(values)
	return Spread{Median: (values[(n-1)/2] + values[n/2]) / 2, Min: values[0], Max: values[n-1]}
}
