package main

import (
	"os"
	"strings"
	"testing"
)

func TestThePageHasTheseNumbers(t *testing.T) {
	page, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	write(&b)
	for _, table := range strings.Split(strings.TrimSpace(b.String()), "\n\n") {
		if !strings.Contains(string(page), table) {
			t.Errorf("docs/operating.md lacks this table:\n%s", table)
		}
	}
}

func TestNothingCarriesMoreThanItsDatabases(t *testing.T) {
	for _, k := range databases {
		shares := shares(1000, func(int) float64 { return 1 })
		if got := 1 / byLoad(shares, k)[0]; got < 0.99*float64(k) || got > 1.01*float64(k) {
			t.Errorf("%d databases with a thousand tenants alike carry %.2f, want %d", k, got, k)
		}
	}
	if got := perCommit(0.001, 3); got < 0.99 || got > 1.01 {
		t.Errorf("%.2f changes go in a commit where hardly any come, want 1", got)
	}
}
