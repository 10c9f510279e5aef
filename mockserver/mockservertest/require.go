package mockservertest

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vismanet-go/background/mockserver"
)

// RequireRequest waits for a request to the mock and returns it.
func RequireRequest(t testing.TB, s *Server, want Request) mockserver.Request {
	t.Helper()
	got, _ := require(t, s, want, want.Within).(mockserver.Request)
	return got
}

// RequireOperation waits for an operation and returns it.
func RequireOperation(t testing.TB, s *Server, want Operation) mockserver.Operation {
	t.Helper()
	got, _ := require(t, s, want, want.Within).(mockserver.Operation)
	return got
}

// RequireDelivered waits for a notification that was delivered, or is in the
// wanted state, and returns it.
func RequireDelivered(t testing.TB, s *Server, want Delivery) mockserver.Delivery {
	t.Helper()
	want.State = cmp.Or(want.State, mockserver.DeliveryDelivered)
	got, _ := require(t, s, want, want.Within).(mockserver.Delivery)
	return got
}

// RequireNoMore fails the test if there is anything that fits one of the
// matchers, and was not returned by one of the other functions. It does not
// wait.
func RequireNoMore(t testing.TB, s *Server, none ...Matcher) {
	t.Helper()
	var more []string
	for _, m := range none {
		for _, c := range m.found(s) {
			if len(c.misses) == 0 && !s.isTaken(c.key) {
				more = append(more, "\n\t"+m.kind()+" "+shortened(c.title))
			}
		}
	}
	if n := len(more); n > maxMisses {
		more = append(more[:maxMisses], fmt.Sprintf("\n\tand %d more", n-maxMisses))
	}
	if len(more) > 0 {
		t.Fatalf("mockserver: there is more than was required:%s", strings.Join(more, ""))
	}
}

// require waits for something that fits, and takes it.
func require(t testing.TB, s *Server, want Matcher, within time.Duration) any {
	t.Helper()
	var all []candidate
	var hit *candidate
	within = cmp.Or(within, 10*time.Second)
	await(t.Context(), within, func() bool {
		all = want.found(s)
		hit = s.take(all)
		return hit != nil
	})
	if hit == nil {
		t.Fatalf("mockserver: no %s fits %s within %v\n%s", want.kind(), describe(want), within, s.explain(want.kind(), all))
		return nil
	}
	return hit.value
}

// await looks until ok, ctx ends or the time is over.
func await(ctx context.Context, within time.Duration, ok func() bool) {
	begin := time.Now()
	for !ok() {
		passed := time.Since(begin)
		if passed >= within || ctx.Err() != nil {
			return
		}
		select {
		case <-time.After(min(max(time.Millisecond, passed/50), within-passed)):
		case <-ctx.Done():
		}
	}
}

// take returns the first candidate that fits and is not taken, and takes it.
func (s *Server) take(all []candidate) *candidate {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range all {
		if c := &all[i]; len(c.misses) == 0 && !s.taken[c.key] {
			s.taken[c.key] = true
			return c
		}
	}
	return nil
}

func (s *Server) isTaken(key taken) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken[key]
}

// maxMisses is how many differences a message lists.
const maxMisses = 30

// explain tells what came closest.
func (s *Server) explain(kind string, all []candidate) string {
	var before int
	var open []candidate
	for _, c := range all {
		if s.isTaken(c.key) {
			before++
			continue
		}
		open = append(open, c)
	}
	var lines []string
	switch {
	case len(open) > 0:
		best := slices.MinFunc(open, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.distance(), b.distance()), cmp.Compare(len(a.misses), len(b.misses)))
		})
		lines = append(lines, fmt.Sprintf("closest of %s: %s", plural(len(open), kind), best.title))
		for i, m := range best.misses {
			if i == maxMisses {
				lines = append(lines, fmt.Sprintf("\tand %d more", len(best.misses)-i))
				break
			}
			lines = append(lines, "\t"+m.text)
		}
	case before == 0:
		lines = append(lines, "there was no "+kind+" at all")
	}
	if before > 0 {
		lines = append(lines, plural(before, kind)+" required before and not counted again")
	}
	return strings.Join(lines, "\n")
}

func (c candidate) distance() (sum int) {
	for _, m := range c.misses {
		sum += m.weight
	}
	return sum
}

// describe writes the fields that are set.
func describe(m Matcher) string {
	v := reflect.ValueOf(m)
	var parts []string
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		if field.IsZero() || name == "Within" {
			continue
		}
		text := fmt.Sprint(field.Interface())
		switch name {
		case "Body":
			text = compact(plainJSON(field.Interface()))
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				text = quoted(text) // it is binary
			}
			text = shortened(text)
		case "Header", "Query":
			text = strings.TrimPrefix(text, "map")
		}
		parts = append(parts, name+": "+text)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
