// Command partition tells what several databases carry between which the tenants are
// divided, each tenant in one of them, for docs/operating.md:
//
//	go run ./partition
//
// It is a simulation that counts, and measures nothing: a database carries one unit of
// load, whatever that is on a machine, and all of them carry as much as they do when the
// busiest has its unit.
package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
)

func main() { write(os.Stdout) }

// rounds is how often what is left to chance is drawn.
const rounds = 2000

// databases are the numbers of them that are compared.
var databases = []int{1, 2, 4, 8}

func write(w io.Writer) {
	fmt.Fprintln(w, "| tenants | 1 database | 2 | 4 | 8 |")
	fmt.Fprintln(w, "|---|---|---|---|---|")
	for _, tenants := range []int{8, 50, 1000} {
		for _, load := range []struct {
			name string
			of   func(rank int) float64
		}{
			{"alike", func(int) float64 { return 1 }},
			{"unlike", func(rank int) float64 { return 1 / float64(rank+1) }},
		} {
			shares := shares(tenants, load.of)
			row := func(how string, assign func(int, *rand.Rand) []float64) {
				fmt.Fprintf(w, "| %d, %s, %s |", tenants, load.name, how)
				for _, k := range databases {
					fmt.Fprintf(w, " %.1f |", carries(k, assign))
				}
				fmt.Fprintln(w)
			}
			row("by a hash", func(k int, rnd *rand.Rand) []float64 { return byHash(shares, k, rnd) })
			row("by load", func(k int, _ *rand.Rand) []float64 { return byLoad(shares, k) })
		}
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "| changes while one commit lasts | 1 database | 2 | 4 | 8 |")
	fmt.Fprintln(w, "|---|---|---|---|---|")
	for _, changes := range []float64{1, 8, 64, 512} {
		fmt.Fprintf(w, "| %g |", changes)
		for _, k := range databases {
			fmt.Fprintf(w, " %.1f |", perCommit(changes, k*processes))
		}
		fmt.Fprintln(w)
	}
}

// shares are parts of the load, the largest first.
func shares(tenants int, of func(rank int) float64) []float64 {
	out, sum := make([]float64, tenants), 0.0
	for i := range out {
		out[i] = of(i)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// byHash gives each tenant to any database.
func byHash(shares []float64, k int, rnd *rand.Rand) []float64 {
	loads := make([]float64, k)
	for _, s := range shares {
		loads[rnd.IntN(k)] += s
	}
	return loads
}

// byLoad gives each tenant, the largest first, to the database with the least load.
func byLoad(shares []float64, k int) []float64 {
	loads := make([]float64, k)
	for _, s := range shares {
		least := 0
		for i := range loads {
			if loads[i] < loads[least] {
				least = i
			}
		}
		loads[least] += s
	}
	return loads
}

// carries returns the median of how much k databases carry, in units of what one does.
func carries(k int, assign func(int, *rand.Rand) []float64) float64 {
	out := make([]float64, rounds)
	for seed := range out {
		out[seed] = 1 / slices.MaxFunc(assign(k, rand.New(rand.NewPCG(uint64(seed), 1))), cmp.Compare)
	}
	slices.Sort(out)
	return out[rounds/2]
}

// processes use each database, and each of them has one writer for it.
const processes = 3

// perCommit returns how many changes go in one commit where changes arrive at random
// while one lasts, each at any of the writers: one that has nothing commits nothing.
func perCommit(changes float64, writers int) float64 {
	busy := 1 - math.Exp(-changes/float64(writers))
	return changes / (float64(writers) * busy)
}
