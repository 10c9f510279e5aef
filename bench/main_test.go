package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vismanet-go/background/bench/internal/child"
	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/rows"
)

func TestMain(m *testing.M) {
	child.Main(rows.Roles())
	code := m.Run()
	rows.Clean()
	os.Exit(code)
}

// TestEveryRowRuns runs each row once, with as little work as shows anything.
// It asserts counts, and ratios with bounds that hold on a machine that others
// use too; what the goals themselves ask for is for `make bench` to tell. Of the
// simulations, which are the same on every machine, those with two workloads are
// enough. Those of PostgreSQL have a test of their own.
func TestEveryRowRuns(t *testing.T) {
	all := slices.DeleteFunc(rows.All(), func(r compare.Row) bool {
		workload, simulated := strings.CutPrefix(r.Name, "client/calls/")
		return strings.HasPrefix(r.Name, "postgres/") || simulated && !strings.HasPrefix(workload, "20 s/") && !strings.HasPrefix(workload, "60 s/") && workload != "alone"
	})
	rep, err := compare.Run(t.Context(), all, compare.Options{Rounds: 1, Short: true, Dir: t.TempDir(), Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	goals := 0
	for _, row := range rep.Rows {
		if row.Error != "" {
			t.Errorf("%s: %s", row.Row, row.Error)
		}
		for _, g := range row.Goals {
			switch {
			case g.NotMeasured:
				t.Logf("%s: %s: not measured", row.Row, g.Goal)
			case g.Asserted && !g.Met:
				t.Errorf("%s: %s: got %v, far from it", row.Row, g.Goal, g.Value)
			case g.Asserted:
				goals++
			}
		}
	}
	if goals < 8 {
		t.Errorf("only %d goals were looked at", goals)
	}
}

func TestCommand(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"-run", "two days", "-rounds", "1", "-json"}, &out, &errs); code != 0 {
		t.Fatalf("exit status %d: %s", code, &errs)
	}
	var rep compare.Report
	if err := json.Unmarshal(out.Bytes(), &rep); err != nil || len(rep.Rows) != 1 || len(rep.Rows[0].Contenders[0].Figures) != 2 {
		t.Errorf("%v: %s", err, &out)
	}
	out.Reset()
	if code := run(t.Context(), []string{"-peers", "-peers-dir", t.TempDir(), "-short", "-rounds", "1", "-run", "start"}, &out, &errs); code != 0 {
		t.Fatalf("exit status %d: %s", code, &errs)
	}
	if !strings.Contains(out.String(), "| erpmock | ") || strings.Count(out.String(), "left out: ") != 3 {
		t.Errorf("without the peers:\n%s", &out)
	}
	for _, args := range [][]string{{"-run", "("}, {"-only", "("}, {"-rounds", "0"}, {"word"}, {"-what"}} {
		if code := run(t.Context(), args, &out, &errs); code != 2 {
			t.Errorf("%v: exit status %d, want 2", args, code)
		}
	}
}
