package rows

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/plot"
	"github.com/vismanet-go/background/bench/internal/simulate"
)

// WritePage writes the page of what the client costs, measured.md with its
// pictures, into the folder of the documentation. It reports false, and writes
// nothing, if the report lacks a row of [Client] or [Calls].
func WritePage(rep *compare.Report, docs string) (bool, error) {
	p := page{rep: rep, rows: make(map[string]compare.Result)}
	for _, r := range rep.Rows {
		p.rows[r.Row] = r
	}
	for _, all := range [][]compare.Row{Client(), Calls()} {
		for _, r := range all {
			if got, ok := p.rows[r.Name]; !ok || got.Error != "" {
				return false, nil
			}
		}
	}
	img := filepath.Join(docs, "img")
	if err := os.MkdirAll(img, 0o755); err != nil {
		return false, err
	}
	for name, panels := range map[string][]plot.Panel{"calls.svg": p.callsPanels(), "budget.svg": p.budgetPanels()} {
		var b strings.Builder
		if err := plot.Write(&b, panels...); err != nil {
			return false, err
		}
		if err := os.WriteFile(filepath.Join(img, name), []byte(b.String()), 0o644); err != nil {
			return false, err
		}
	}
	p.write()
	return true, os.WriteFile(filepath.Join(docs, "measured.md"), []byte(p.String()), 0o644)
}

// A page is being written.
type page struct {
	strings.Builder
	rep  *compare.Report
	rows map[string]compare.Result
}

func (p *page) para(format string, args ...any) {
	p.WriteString(compare.Wrap(fmt.Sprintf(format, args...)) + "\n\n")
}

// table writes a table whose first column is names.
func (p *page) table(head ...string) {
	p.line(head)
	p.WriteString("|" + strings.Repeat("---|", len(head)) + "\n")
}

func (p *page) line(cells []string) { p.WriteString("| " + strings.Join(cells, " | ") + " |\n") }

func (p *page) write() {
	low, high := math.Inf(1), 0.0
	for _, r := range p.rows {
		if strings.HasPrefix(r.Row, "client/") {
			low, high = min(low, r.Load[0], r.Load[1]), max(high, r.Load[0], r.Load[1])
		}
	}
	host := p.rep.Host
	p.WriteString("<!-- Written by make bench. -->\n\n# What the client costs, measured\n\n")
	p.para("Calls of the hourly limit, time until the answer is in hand, memory: beside the pollers of Azure's and Google's SDKs. `make bench` measures it and writes this page; "+
		"the [benchmarks](../bench/README.md) have the other numbers and the goals. Seen on %s, rounds: %d; %d × %s, %s, %s; load average %.1f to %.1f. "+
		"Calls, delays, allocations and bytes do not depend on the machine, times do.",
		p.rep.Begun.UTC().Format("2 January 2006, 15:04 MST"), p.rep.Rounds, host.Cores, host.CPU, host.System, host.Go, low, high)
	p.para("azcore %s, longrunning %s, retryablehttp %s, each with its defaults.", host.Modules["github.com/Azure/azure-sdk-for-go/sdk/azcore"],
		host.Modules["cloud.google.com/go/longrunning"], host.Modules["github.com/hashicorp/go-retryablehttp"])
	p.writeCalls()
	p.writeLimits()
	p.writeOverhead()
	p.writeMemory()
}

// shown are the contenders of tables and pictures of calls.
var shown = []struct{ head, name string }{
	{"azcore", simulate.Azcore30},
	{"google", simulate.Google},
	{"client, polling", simulate.Polling},
	{"client, notified", simulate.Notified},
}

func heads() (names []string) {
	for _, s := range shown {
		names = append(names, s.head)
	}
	return names
}

func (p *page) writeCalls() {
	p.WriteString("## Calls and delay\n\n")
	p.para("1 000 operations in virtual time, one submit each 600 ms, durations log-normal around a median; *mixed* are three routes with medians of 3, 45 and 400 s. " +
		"A notification comes 200 ms after the end; 2 %% are lost. Calls are per operation, the submit and the content among them. The delay is from the end at the ERP until the answer is decoded; " +
		"p50 / p95 / p99 in seconds, medians over the seeds. The client begins each simulation without having learned anything.")
	p.WriteString("![Delay and calls by workload](img/calls.svg)\n\n")
	p.table(append(append([]string{"median"}, heads()...), "least mean delay for the polling client's calls, and its own")...)
	for _, w := range simulate.Workloads {
		r := p.rows[CallsName(w.Name, 0)]
		cells := []string{w.Name}
		for _, s := range shown {
			cells = append(cells, fmt.Sprintf("%s; %s / %s / %s", p.at(r, s.name, CallsEach), p.at(r, s.name, DelayP50), p.at(r, s.name, DelayP95), p.at(r, s.name, DelayP99)))
		}
		p.line(append(cells, fmt.Sprintf("%s; %s", p.at(r, Optimum, DelayMean), p.at(r, simulate.Polling, DelayMean))))
	}
	p.WriteString("\n")
	p.para("The last column is for one who knows how long the operations of each route take, but not this one: no schedule of as many polls has a lower mean delay.")
}

func (p *page) writeLimits() {
	p.WriteString("## When the ERP's limit is felt\n\n")
	p.para("The same with a limit, which the ERP tells on every answer: calls; p50 / p95 delay in seconds. *Aborted* are callers whose submit or wait ended in an error because of a 429; " +
		"in brackets those whose operation the ERP had accepted. With 3 replicas on one store another one waits than the one that submitted, and the ERP's clock is ahead of theirs by 0, 45 and 90 s. 3 000 calls are the least that 1 000 operations need, so that 2 000 an hour take two hours.")
	p.WriteString("![Calls left in the hour](img/budget.svg)\n\n")
	limited := append(shown[:len(shown):len(shown)], struct{ head, name string }{"polling, 3 replicas", simulate.Polling3}, struct{ head, name string }{"notified, 3 replicas", simulate.Notified3})
	head := []string{"median", "calls an hour"}
	for _, s := range limited {
		head = append(head, s.head)
	}
	p.table(append(head, "most 429s of a client, or of 3, in an hour")...)
	for _, w := range simulate.Workloads {
		for _, limit := range Limits[1:] {
			r := p.rows[CallsName(w.Name, limit)]
			cells := []string{w.Name, compare.Number(float64(limit))}
			most := 0.0
			for _, s := range limited {
				cell := fmt.Sprintf("%s; %s / %s", p.at(r, s.name, CallsEach), p.at(r, s.name, DelayP50), p.at(r, s.name, DelayP95))
				if n := r.Median(s.name, Aborted); n > 0 {
					cell = fmt.Sprintf("%.0f aborted (%.0f)", n, r.Median(s.name, Lost))
				}
				if cells = append(cells, cell); strings.HasPrefix(s.name, "client") {
					most = max(most, r.Max(s.name, refusedHour))
				}
			}
			p.line(append(cells, fmt.Sprintf("%.0f", most)))
		}
	}
	alone := p.rows[callsAlone().Name]
	p.WriteString("\n")
	p.para("Two processes that share 2 000 calls an hour and no store, median 60 s: %.0f aborted, %.0f lost, %.0f of %.0f calls answered 429.",
		alone.Median(simulate.PollingAlone2, Aborted), alone.Median(simulate.PollingAlone2, Lost), alone.Median(simulate.PollingAlone2, Refused), alone.Median(simulate.PollingAlone2, allCalls))
}

func (p *page) writeOverhead() {
	p.WriteString("## One call\n\n")
	p.para("One submit, one poll, the content and its decoding, against an ERP in memory, whose own part is in all figures; time as the ratio to net/http within each round. " +
		"The client records each step; with sqlitestore so that it survives the process.")
	r := p.rows[clientOverhead().Name]
	p.table("", "allocations", "bytes", "time ÷ net/http", "CPU time ÷ net/http", "each further poll: allocations", "bytes", "syncs")
	for _, c := range r.Contenders {
		p.line([]string{
			c.Name, p.at(r, c.Name, allocs), p.at(r, c.Name, bytes), compare.Number(r.Ratio(c.Name, byHand, micros)), compare.Number(r.Ratio(c.Name, byHand, cpuMicros)),
			p.at(r, c.Name, moreAllocs), p.at(r, c.Name, moreBytes), p.at(r, c.Name, syncsEach),
		})
	}
	p.WriteString("\n")
	wake := p.rows[clientWake().Name]
	p.para("From the moment when a notification is safe in the store until the client sends the call that reads the state: p50 %s µs, p99 %s µs (a goroutine that waits for a channel: %s and %s µs).",
		p.at(wake, wakeOne, wakeP50), p.at(wake, wakeOne, wakeP99), p.at(wake, wakeChannel, wakeP50), p.at(wake, wakeChannel, wakeP99))
}

func (p *page) writeMemory() {
	p.WriteString("## A hundred thousand that are pending\n\n")
	p.para("Heap and stacks in use after two collections, each in a process of its own, without what the ERP in memory keeps. Each was polled once where somebody waits.")
	r := p.rows[clientMemory().Name]
	p.table("", "bytes each", "goroutines each")
	for _, c := range r.Contenders {
		p.line([]string{c.Name, p.at(r, c.Name, bytesEach), p.at(r, c.Name, goroutinesEach)})
	}
}

// at is a figure as it is written.
func (p *page) at(r compare.Result, of, figure string) string {
	return compare.Number(r.Median(of, figure))
}

// callsPanels are delays and calls by workload, without a limit.
func (p *page) callsPanels() []plot.Panel {
	var names []string
	for _, w := range simulate.Workloads {
		names = append(names, w.Name)
	}
	delay := plot.Panel{Title: "From the end until the answer: p50, whisker p95", X: "median duration", Y: "seconds", Names: names, YLog: true}
	each := plot.Panel{Title: "Calls per operation", X: "median duration", Y: "calls", Names: names}
	for _, s := range shown {
		var p50, p95, n []float64
		for _, w := range simulate.Workloads {
			r := p.rows[CallsName(w.Name, 0)]
			p50, p95, n = append(p50, r.Median(s.name, DelayP50)), append(p95, r.Median(s.name, DelayP95)), append(n, r.Median(s.name, CallsEach))
		}
		delay.Series = append(delay.Series, plot.Series{Name: s.head, Style: plot.Bars, Y: p50, High: p95})
		each.Series = append(each.Series, plot.Series{Name: s.head, Style: plot.Bars, Y: n})
	}
	return []plot.Panel{delay, each}
}

// budgetPanels are the calls that are left of 5 000 an hour, over time.
func (p *page) budgetPanels() (panels []plot.Panel) {
	for _, workload := range []string{"60 s", "300 s"} {
		panel := plot.Panel{Title: "Calls left of 5 000 an hour, median " + workload, X: "minutes", Y: "calls"}
		for _, s := range shown {
			var x, y []float64
			for minute, n := range leftOver(workload, s.name) {
				x, y = append(x, float64(minute)), append(y, float64(n))
			}
			panel.Series = append(panel.Series, plot.Series{Name: s.head, X: x, Y: y})
		}
		panels = append(panels, panel)
	}
	return panels
}
