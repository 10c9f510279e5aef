// Command schedule draws when client.DefaultSchedule polls, for docs/schedule.md:
//
//	go run ./schedule > ../docs/img/schedule.svg
package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/vismanet-go/background/bench/internal/plot"
	"github.com/vismanet-go/background/client"
)

func main() {
	if err := draw(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "schedule:", err)
		os.Exit(1)
	}
}

// A route is one whose operations run log-normally, and of which all is known.
type route struct{ median, sigma float64 } // seconds; of the logarithm

func (route) Count() int { return 500 }

func (r route) Ended(age time.Duration) float64 {
	if age <= 0 {
		return 0
	}
	return math.Erfc(-math.Log(age.Seconds()/r.median)/r.sigma/math.Sqrt2) / 2
}

func (r route) Quantile(q float64) time.Duration {
	q = min(max(q, 0), 1-1e-9)
	return time.Duration(r.median * math.Exp(-r.sigma*math.Sqrt2*math.Erfcinv(2*q)) * float64(time.Second))
}

// polls returns the ages at which an operation is polled that does not end.
func polls(info client.PollInfo, until time.Duration) (ages []time.Duration) {
	for {
		info.Age += client.DefaultSchedule(info)
		info.Polls++
		if info.Age > until {
			return ages
		}
		ages = append(ages, info.Age)
	}
}

func draw(w io.Writer) error {
	var panels []plot.Panel
	for _, r := range []route{{5, 1.2}, {60, 1.2}, {300, 0.8}} {
		p := plot.Panel{Title: fmt.Sprintf("operations of about %g s", r.median), X: "age, s", Y: "share that has ended", XLog: true}
		until := r.Quantile(0.99)
		ended := plot.Series{Name: "ended", Style: plot.Line}
		for age := 1.0; age < until.Seconds(); age *= 1.05 {
			ended.X, ended.Y = append(ended.X, age), append(ended.Y, r.Ended(time.Duration(age*float64(time.Second))))
		}
		p.Series = append(p.Series, ended)
		add := func(name string, info client.PollInfo, height func(age time.Duration) float64) {
			s := plot.Series{Name: name, Style: plot.Points}
			for _, age := range polls(info, until) {
				s.X, s.Y = append(s.X, age.Seconds()), append(s.Y, height(age))
			}
			p.Series = append(p.Series, s)
		}
		add("polls", client.PollInfo{Learned: r}, r.Ended)
		add("polls of a new route", client.PollInfo{}, func(time.Duration) float64 { return 0.03 })
		add("fallback", client.PollInfo{Learned: r, Notify: true}, r.Ended)
		panels = append(panels, p)
	}
	scarce := plot.Panel{Title: "where calls are scarce", X: "scarcity", Y: "polls of an operation"}
	for _, r := range []route{{5, 1.2}, {60, 1.2}, {300, 0.8}} {
		s := plot.Series{Name: fmt.Sprintf("about %g s", r.median), Style: plot.Line}
		for scarcity := 0.0; scarcity < 1.005; scarcity += 0.02 {
			n := 1.0
			for _, age := range polls(client.PollInfo{Learned: r, Scarcity: scarcity}, r.Quantile(0.9999)) {
				n += 1 - r.Ended(age)
			}
			s.X, s.Y = append(s.X, scarcity), append(s.Y, n)
		}
		scarce.Series = append(scarce.Series, s)
	}
	return plot.Write(w, append(panels, scarce)...)
}
