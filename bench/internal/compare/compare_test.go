package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
)

// slow is half as fast as quick within every round, whatever the round is like.
func contenders(ran *[]string) []Contender {
	weather := []float64{1, 10, 3, 0.5, 7}
	make := func(name string, speed float64) Contender {
		return Contender{Name: name, Run: func(_ context.Context, t Try) (Figures, error) {
			*ran = append(*ran, name)
			return Figures{{"ops/s", speed * weather[t.Round]}}, nil
		}}
	}
	return []Contender{make("quick", 200), make("slow", 100)}
}

func TestRatiosAreThoseWithinTheRounds(t *testing.T) {
	var ran []string
	row := Row{Name: "r", Contenders: contenders(&ran), Goals: []Goal{
		{Of: "quick", To: "slow", Figure: "ops/s", AtLeast: 2},
		{Of: "quick", To: "slow", Figure: "ops/s", AtLeast: 2.1},
		{Of: "slow", To: "quick", Figure: "ops/s", AtMost: 0.5},
		{Of: "slow", Figure: "ops/s", AtMost: 299},
		{Of: "slow", Figure: "ops/s", AtMost: 300},
		{Of: "slow", Figure: "missing", AtMost: 1},
		{Of: "slow", Figure: "ops/s", Zero: true},
	}}
	rep, err := Run(t.Context(), []Row{row}, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	got := rep.Rows[0]
	for i, want := range []bool{true, false, true, false, true, false, false} {
		if got.Goals[i].Met != want {
			t.Errorf("%s: got met = %v", got.Goals[i].Goal, got.Goals[i].Met)
		}
	}
	if v := got.Goals[0].Value; v != (Spread{Median: 2, Min: 2, Max: 2}) {
		t.Errorf("got %+v, want 2 in every round", v)
	}
	if s := got.Contenders[1].Figures[0]; s.Median != 300 || s.Min != 50 || s.Max != 1000 {
		t.Errorf("got %+v, want 300 (50 – 1000)", s)
	}
	if r, m, x := got.Ratio("quick", "slow", "ops/s"), got.Median("slow", "ops/s"), got.Max("slow", "ops/s"); r != 2 || m != 300 || x != 1000 {
		t.Errorf("the ratio is %v, the median %v and the greatest %v, want 2, 300 and 1000", r, m, x)
	}
	if !math.IsNaN(got.Median("slow", "missing")) || !math.IsNaN(got.Ratio("slow", "nobody", "ops/s")) {
		t.Errorf("what was not measured has a median of %v and a ratio of %v", got.Median("slow", "missing"), got.Ratio("slow", "nobody", "ops/s"))
	}
	if !got.Goals[5].NotMeasured {
		t.Error("a goal without its figure counts as measured")
	}
	first := 0
	for i := 0; i < len(ran); i += 2 {
		if ran[i] == ran[i+1] {
			t.Fatalf("not interleaved: %v", ran)
		}
		if ran[i] == "quick" {
			first++
		}
	}
	if len(ran) != 10 || first == 0 || first == 5 {
		t.Errorf("want five rounds in changing order, got %v", ran)
	}
}

func TestARowMayWantFewerRounds(t *testing.T) {
	var ran []string
	row := Row{Name: "r", Contenders: contenders(&ran), Rounds: 2}
	for _, tt := range []struct{ asked, want int }{{5, 4}, {1, 2}} {
		ran = nil
		if _, err := Run(t.Context(), []Row{row}, Options{Rounds: tt.asked}); err != nil || len(ran) != tt.want {
			t.Errorf("of %d rounds that were asked for, %d runs of two contenders: %v, want %d", tt.asked, len(ran), err, tt.want)
		}
	}
}

func TestWhoIsLeftOutAndWhatBreaksStandsInTheReport(t *testing.T) {
	fine := Contender{Name: "fine", Run: func(context.Context, Try) (Figures, error) { return Figures{{"p50 ms", 1}}, nil }}
	gone := Contender{Name: "gone", Run: func(context.Context, Try) (Figures, error) { return nil, &ErrLeftOut{Why: "no engine"} }}
	bad := Contender{Name: "bad", Run: func(context.Context, Try) (Figures, error) { return nil, errors.New("it broke") }}
	goal := func(other string) []Goal { return []Goal{{Of: "fine", To: other, Figure: "p50 ms", AtMost: 1}} }
	rep, err := Run(t.Context(), []Row{
		{Name: "a", Contenders: []Contender{fine, gone}, Goals: goal("gone")},
		{Name: "b", Contenders: []Contender{fine, bad}, Goals: goal("bad")},
	}, Options{Rounds: 2})
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := rep.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"left out: no engine", "Broken off: round 1: bad: it broke", "| not measured |", "| fine | 1 |"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, table.String())
		}
	}
	if strings.Contains(table.String(), "| met |") {
		t.Errorf("a goal without its contender is met:\n%s", table.String())
	}
	var doc bytes.Buffer
	if err := rep.WriteJSON(&doc); err != nil || !json.Valid(doc.Bytes()) {
		t.Errorf("%v: %s", err, doc.Bytes())
	}
}

func TestShortRunsAssertNothingWithoutASmokeBound(t *testing.T) {
	var ran []string
	row := Row{Name: "r", Contenders: contenders(&ran), Goals: []Goal{
		{Of: "quick", To: "slow", Figure: "ops/s", AtLeast: 8, Smoke: 1.5},
		{Of: "quick", To: "slow", Figure: "ops/s", AtLeast: 8},
		{Of: "quick", To: "slow", Figure: "ops/s", AtLeast: 8, Smoke: 2.5},
	}}
	rep, err := Run(t.Context(), []Row{row}, Options{Rounds: 1, Short: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"plausible", "not asserted", "**not met**"} {
		if got := rep.Rows[0].Goals[i].word(true); got != want {
			t.Errorf("goal %d: got %s, want %s", i, got, want)
		}
	}
}

func TestOnlySomeContenders(t *testing.T) {
	var ran []string
	row := Row{Name: "r", Contenders: contenders(&ran), Goals: []Goal{
		{Of: "quick", To: "slow", Figure: "ops/s", AtLeast: 8},
		{Of: "quick", Figure: "ops/s", AtLeast: 8},
		{Of: "slow", Figure: "ops/s", AtLeast: 8},
	}}
	rep, err := Run(t.Context(), []Row{row.Only(func(name string) bool { return name == "quick" })}, Options{Rounds: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got := rep.Rows[0]; len(ran) != 2 || len(got.Contenders) != 1 || len(got.Goals) != 1 || got.Goals[0].Goal != row.Goals[1].String() {
		t.Errorf("of one contender: %v ran, %+v", ran, got)
	}
	if len(row.Contenders) != 2 || len(row.Goals) != 3 {
		t.Errorf("the row itself has changed: %+v", row)
	}
}

func TestRowsWrittenWronglyAreRefused(t *testing.T) {
	var ran []string
	for _, g := range []Goal{
		{Of: "quick", Figure: "ops/s"},
		{Of: "quick", Figure: "ops/s", AtMost: 1, AtLeast: 1},
		{Of: "nobody", Figure: "ops/s", AtMost: 1},
		{Of: "quick", To: "nobody", Figure: "ops/s", AtMost: 1},
	} {
		if _, err := Run(t.Context(), []Row{{Name: "r", Contenders: contenders(&ran), Goals: []Goal{g}}}, Options{}); err == nil {
			t.Errorf("%+v: no error", g)
		}
	}
	if len(ran) > 0 {
		t.Error("something ran")
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.0405: "0.041", 0.5: "0.5", 1.234: "1.23", 2: "2", 23.45: "23.4", 512.4: "512", 23790: "23 790", 1234567: "1 234 567", math.Inf(1): "–",
	} {
		if got := Number(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

func TestParagraphsAreWrapped(t *testing.T) {
	long := strings.Repeat("×", 119) // bytes are not columns
	for text, want := range map[string]string{
		"":                           "",
		"a b":                        "a b",
		long + " b":                  long + "\nb",
		long[2:] + " b c":            long[2:] + " b\nc",
		long + long + " " + long:     long + long + "\n" + long,
		"a " + long + long + " b  c": "a\n" + long + long + "\nb c",
	} {
		if got := Wrap(text); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
