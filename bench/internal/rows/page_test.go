package rows

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vismanet-go/background/bench/internal/compare"
)

// TestThePageHasEveryNumber writes the page of a report in which every figure
// is there.
func TestThePageHasEveryNumber(t *testing.T) {
	var all []compare.Row
	for _, row := range append(Client(), Calls()...) {
		for i := range row.Contenders {
			row.Contenders[i].Run = func(context.Context, compare.Try) (figures compare.Figures, err error) {
				for _, name := range []string{
					allocs, bytes, micros, cpuMicros, moreAllocs, moreBytes, syncsEach, bytesEach, goroutinesEach, wakeP50, wakeP99,
					CallsEach, DelayP50, DelayP95, DelayP99, DelayMean, Refused, refusedHour, Aborted, Lost, hours, late, allCalls,
				} {
					figures = append(figures, compare.Figure{Name: name, Value: 7})
				}
				return figures, nil
			}
		}
		all = append(all, row)
	}
	dir := t.TempDir()
	rep, err := compare.Run(t.Context(), all, compare.Options{Rounds: 2, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := WritePage(rep, dir); err != nil || !ok {
		t.Fatalf("the page was written: %v, %v", ok, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "measured.md"))
	if err != nil {
		t.Fatal(err)
	}
	if s := string(text); strings.Contains(s, "–") || strings.Contains(s, "%!") || strings.Count(s, "\n| ") < 40 {
		t.Errorf("a number is missing, or a line:\n%s", s)
	}
	for _, name := range []string{"calls.svg", "budget.svg"} {
		info, err := os.Stat(filepath.Join(dir, "img", name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() < 1000 || info.Size() > 60_000 || !strings.Contains(string(text), "img/"+name) {
			t.Errorf("%s has %d bytes, want at most 60 000, and a place in the page", name, info.Size())
		}
	}
	rep.Rows = rep.Rows[1:]
	empty := t.TempDir()
	if ok, err := WritePage(rep, empty); ok || err != nil {
		t.Errorf("without a row the page was written: %v, %v", ok, err)
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) != 0 {
		t.Errorf("without a row there is %v, %v", left, err)
	}
}
