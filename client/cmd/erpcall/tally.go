package main

import (
	"fmt"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/vismanet-go/background/internal/cli"
)

// A tally counts what became of the rows of a batch, and shows it: by a bar on a
// terminal, else by a line every ten seconds.
type tally struct {
	app   *app
	total int
	kept  int // rows that an earlier run did
	done  int
	began time.Time
	told  time.Time
	count map[string]int
	doubt []result // uncertain ones, to be listed at the end

	bars *mpb.Progress
	bar  *mpb.Bar
}

func newTally(a *app, total int, kept map[string]int) *tally {
	now := time.Now()
	t := &tally{app: a, total: total, began: now, told: now, count: make(map[string]int)}
	for outcome, n := range kept {
		t.count[outcome] = n
		t.kept += n
	}
	t.done = t.kept
	if t.kept > 0 && !a.quiet {
		fmt.Fprintf(a.Stderr, "%d of %d rows were done before\n", t.kept, total)
	}
	if !a.quiet && isTerminal(a.Stderr) && !a.verbose {
		t.bars = mpb.New(mpb.WithOutput(a.Stderr), mpb.WithWidth(40), mpb.WithRefreshRate(200*time.Millisecond))
		t.bar = t.bars.AddBar(int64(total),
			mpb.PrependDecorators(decor.CountersNoUnit("%d/%d rows")),
			mpb.AppendDecorators(decor.Any(t.rate), decor.Percentage(decor.WC{W: 6})))
		t.bar.SetCurrent(int64(t.done))
	}
	return t
}

// rate is how fast it goes, and how long it will take. It is asked while the bar is
// drawn, and reads nothing but what the bar knows.
func (t *tally) rate(s decor.Statistics) string {
	run, now := s.Current-int64(t.kept), time.Since(t.began)
	if run <= 0 || now < time.Second {
		return ""
	}
	each := now / time.Duration(run)
	return fmt.Sprintf(" %.1f/s, %s left", float64(run)/now.Seconds(), span(time.Duration(s.Total-s.Current)*each))
}

// add counts a row whose line is written.
func (t *tally) add(r result) {
	if r.line != nil { // counted by what it said
		r.Outcome = outcomeOfLine(r.line)
	}
	t.count[r.Outcome]++
	t.done++
	if r.Outcome == uncertain || r.Outcome == unclear || r.Outcome == expired {
		t.doubt = append(t.doubt, result{Row: r.Row, Key: r.Key, Ref: r.Ref, Outcome: r.Outcome})
	}
	switch now := time.Now(); {
	case t.bar != nil:
		t.bar.SetCurrent(int64(t.done))
	case !t.app.quiet && now.Sub(t.told) > 10*time.Second:
		t.told = now
		fmt.Fprintf(t.app.Stderr, "%d/%d rows, %.1f/s\n", t.done, t.total, float64(t.done-t.kept)/now.Sub(t.began).Seconds())
	}
}

// end prints the table, and what needs a person. Rows without a line are pending, as
// those are whose line says so.
func (t *tally) end() {
	if t.bar != nil {
		t.bar.Abort(false)
		t.bars.Wait()
	}
	t.count[pending] += t.total - t.done
	if t.app.quiet {
		return
	}
	took := time.Since(t.began)
	fmt.Fprintf(t.app.Stderr, "\n%d rows in %s\n", t.total, span(took))
	for _, line := range []struct{ outcome, means string }{
		{succeeded, ""},
		{failed, "the ERP did not do them"},
		{refused, "nothing was done; they stand in the file .refused.jsonl"},
		{uncertain, "see below"},
		{unclear, "see below"},
		{expired, "see below"},
		{purged, "done or failed long ago, and not sent again; their answers were removed"},
		{skipped, "not sent: the same request is open or uncertain (--again sends them)"},
		{pending, "the same command goes on with them"},
	} {
		if n := t.count[line.outcome]; n > 0 {
			fmt.Fprintf(t.app.Stderr, "%8d %-10s %s\n", n, line.outcome, line.means)
		}
	}
	const most = 50
	for i, r := range t.doubt {
		if i == most {
			fmt.Fprintf(t.app.Stderr, "and %d more: erpcall uncertain lists them\n", len(t.doubt)-most)
			break
		}
		fmt.Fprintf(t.app.Stderr, "row %d (%s) is %s: look in the ERP, then tell by\n  erpcall resolve %s --ended-with 201 | --not-accepted | --accepted-as ID, with --reason\n", r.Row, plain(r.Key), r.Outcome, r.Ref)
	}
}

// status is what the program ends with.
func (t *tally) status() error {
	for _, outcome := range []string{uncertain, unclear, expired, purged, failed, refused, skipped, pending} {
		if t.count[outcome] > 0 {
			return &cli.Status{Code: exitOf(outcome)}
		}
	}
	return nil
}
