// Package plot writes small charts as SVG: bars beside each other, lines, steps
// and points. The colours are readable on white and on black, and the ground is
// transparent.
package plot

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
)

// A Panel is one pair of axes with its series. Several of them stand in one
// picture, two in a row.
type Panel struct {
	Title      string
	X, Y       string   // what the axes show, with the unit
	Names      []string // of the places 0, 1, 2 … of the x axis, in place of numbers
	XLog, YLog bool     // logarithmic; values of 0 and less are drawn at the least one above 0
	Series     []Series
}

// A Series is a line of the legend. Bars without X stand at the places of
// [Panel.Names], beside those of the other series.
type Series struct {
	Name  string
	Style Style
	X, Y  []float64
	High  []float64 // of bars: a whisker reaches up to it
}

// Style says how a series is drawn.
type Style int

const (
	Line   Style = iota // from point to point
	Steps               // each value holds until the next
	Points              // dots
	Bars                // from the axis
)

const (
	width, height            = 430.0, 300.0 // of a panel
	left, right, top, bottom = 58.0, 12.0, 44.0, 44.0
	grey                     = "#808890"
)

var colours = []string{"#3b82d6", "#dd7a1f", "#2f9e55", "#b45bc8", "#c9485b", "#8a7a3a", "#4f9fa8"}

// Write writes the panels as one SVG document.
func Write(w io.Writer, panels ...Panel) error {
	rows := (len(panels) + 1) / 2
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="11" role="img">`+"\n",
		width*float64(min(2, len(panels))), height*float64(rows))
	for i, p := range panels {
		fmt.Fprintf(&b, `<g transform="translate(%g %g)" fill="%s">`+"\n", width*float64(i%2), height*float64(i/2), grey)
		p.write(&b)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// An axis maps values to places between from and to.
type axis struct {
	low, high, from, to float64
	log                 bool
}

func (a axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		v, low, high = math.Log10(max(v, low)), math.Log10(low), math.Log10(high)
	}
	return a.from + (v-low)/(high-low)*(a.to-a.from)
}

// newAxis covers the values with round ends.
func newAxis(values []float64, log bool, from, to float64) axis {
	a := axis{low: math.Inf(1), high: math.Inf(-1), from: from, to: to, log: log}
	for _, v := range values {
		if !log || v > 0 {
			a.low, a.high = min(a.low, v), max(a.high, v)
		}
	}
	switch {
	case a.low > a.high:
		a.low, a.high = 1, 10
	case log:
		a.low, a.high = math.Pow(10, math.Floor(math.Log10(a.low))), math.Pow(10, math.Ceil(math.Log10(a.high*1.0001)))
	default:
		step := a.step()
		a.low, a.high = min(0, math.Floor(a.low/step)*step), math.Ceil(a.high/step)*step
	}
	if a.low == a.high {
		a.high++
	}
	return a
}

// step is a round distance of ticks.
func (a axis) step() float64 {
	rough := max(a.high-min(0, a.low), 1e-9) / 5
	unit := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, m := range []float64{1, 2, 5} {
		if m*unit >= rough {
			return m * unit
		}
	}
	return 10 * unit
}

func (a axis) ticks() (at []float64) {
	if a.log {
		for v := a.low; v <= a.high*1.0001; v *= 10 {
			at = append(at, v)
		}
		return at
	}
	for i, step := math.Ceil(a.low/a.step()), a.step(); i*step <= a.high*1.0001; i++ {
		at = append(at, i*step)
	}
	return at
}

func (p Panel) write(b *strings.Builder) {
	text := func(x, y float64, anchor, more, s string) {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>`+"\n", x, y, anchor, more, html.EscapeString(s))
	}
	line := func(x1, y1, x2, y2 float64, more string) {
		fmt.Fprintf(b, `<path d="M%.1f %.1fL%.1f %.1f" stroke="%s"%s/>`+"\n", x1, y1, x2, y2, grey, more)
	}
	var xs, ys []float64
	bars := 0
	for _, s := range p.Series {
		xs, ys = append(xs, s.X...), append(append(ys, s.Y...), s.High...)
		if s.Style == Bars {
			bars++
		}
	}
	x, y := newAxis(xs, p.XLog, left, width-right), newAxis(ys, p.YLog, height-bottom, top)
	if p.Names != nil {
		x = axis{low: -0.5, high: float64(len(p.Names)) - 0.5, from: left, to: width - right}
		for i, name := range p.Names {
			text(x.at(float64(i)), y.from+15, "middle", "", name)
		}
	} else {
		for _, v := range x.ticks() {
			text(x.at(v), y.from+15, "middle", "", fmt.Sprintf("%.6g", v))
			line(x.at(v), y.from, x.at(v), y.from+4, "")
		}
	}
	for _, v := range y.ticks() {
		text(left-6, y.at(v)+4, "end", "", fmt.Sprintf("%.6g", v))
		line(left, y.at(v), width-right, y.at(v), ` opacity=".25"`)
	}
	line(left, y.from, width-right, y.from, "")
	text(left, 14, "start", ` font-weight="bold"`, p.Title)
	text((left+width-right)/2, height-10, "middle", "", p.X)
	text(0, 0, "middle", fmt.Sprintf(` transform="translate(12 %.1f) rotate(-90)"`, (y.from+top)/2), p.Y)
	place, bar := left, 0
	for i, s := range p.Series {
		colour := colours[i%len(colours)]
		fmt.Fprintf(b, `<rect x="%.1f" y="24" width="9" height="9" fill="%s"/>`+"\n", place, colour)
		text(place+13, 32, "start", "", s.Name)
		place += 24 + 6.2*float64(len([]rune(s.Name)))
		s.write(b, x, y, colour, bar, bars)
		if s.Style == Bars {
			bar++
		}
	}
}

func (s Series) write(b *strings.Builder, x, y axis, colour string, bar, bars int) {
	if s.Style == Bars {
		wide := 0.8 / float64(bars)
		for i, v := range s.Y {
			at := float64(i) - 0.4 + wide*float64(bar)
			x1, x2, y1 := x.at(at), x.at(at+wide*0.9), y.at(v)
			fmt.Fprintf(b, `<path d="M%.1f %.1fV%.1fH%.1fV%.1fz" fill="%s"/>`+"\n", x1, y.from, y1, x2, y.from, colour)
			if i < len(s.High) {
				fmt.Fprintf(b, `<path d="M%.1f %.1fV%.1fm-3 0h6" stroke="%s" fill="none"/>`+"\n", (x1+x2)/2, y1, y.at(s.High[i]), colour)
			}
		}
		return
	}
	var d strings.Builder
	for i, v := range s.Y {
		px, py := x.at(s.X[i]), y.at(v)
		switch {
		case s.Style == Points:
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>`+"\n", px, py, colour)
		case i == 0:
			fmt.Fprintf(&d, "M%.1f %.1f", px, py)
		case s.Style == Steps:
			fmt.Fprintf(&d, "H%.1fV%.1f", px, py)
		default:
			fmt.Fprintf(&d, "L%.1f %.1f", px, py)
		}
	}
	if d.Len() > 0 {
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="1.6"/>`+"\n", &d, colour)
	}
}
