package plot

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
)

func TestWriteIsWellFormedAndDrawsEverySeries(t *testing.T) {
	var b strings.Builder
	err := Write(&b,
		Panel{
			Title: "a < b & c", X: "workload", Y: "seconds", Names: []string{"2 s", "5 s"}, YLog: true,
			Series: []Series{
				{Name: "ours", Style: Bars, Y: []float64{0.2, 3}, High: []float64{2, 30}},
				{Name: "theirs", Style: Bars, Y: []float64{28, 0}, High: []float64{30, 31}},
			},
		},
		Panel{X: "minutes", Y: "calls", Series: []Series{
			{Name: "left", Style: Steps, X: []float64{0, 10, 60}, Y: []float64{5000, 4000, 100}},
			{Name: "line", X: []float64{0, 60}, Y: []float64{5000, 0}},
			{Name: "dots", Style: Points, X: []float64{1, 2}, Y: []float64{1, 2}},
		}},
	)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]int)
	for dec := xml.NewDecoder(strings.NewReader(b.String())); ; {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, &b)
		}
		if e, ok := tok.(xml.StartElement); ok {
			got[e.Name.Local]++
		}
	}
	if got["rect"] != 5 || got["circle"] != 2 || got["g"] != 2 {
		t.Errorf("drew %v, want 5 lines of legends, 2 circles and 2 panels", got)
	}
	if s := b.String(); strings.Contains(s, "NaN") || strings.Contains(s, "Inf") || !strings.Contains(s, "a &lt; b &amp; c") {
		t.Errorf("wrote a place that is no number, or a title that is not escaped:\n%s", s)
	}
}

func TestAxisCoversItsValuesWithRoundEnds(t *testing.T) {
	tests := []struct {
		name      string
		values    []float64
		log       bool
		low, high float64
		ticks     int
	}{
		{"linear", []float64{0, 4870}, false, 0, 5000, 6},
		{"all zero", []float64{0, 0}, false, 0, 1, 6},
		{"nothing", nil, false, 1, 10, 5},
		{"logarithmic", []float64{0.2, 300, 0}, true, 0.1, 1000, 5},
		{"logarithmic, one value", []float64{10}, true, 10, 100, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAxis(tt.values, tt.log, 0, 100)
			if math.Abs(a.low-tt.low) > 1e-9 || math.Abs(a.high-tt.high) > 1e-9 || len(a.ticks()) != tt.ticks {
				t.Errorf("the axis reaches from %g to %g with ticks %v, want %g to %g with %d", a.low, a.high, a.ticks(), tt.low, tt.high, tt.ticks)
			}
			if at := a.at(tt.high); math.Abs(at-100) > 1e-9 {
				t.Errorf("the highest value stands at %g, want 100", at)
			}
		})
	}
}
