package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/pgcluster"
)

// TestTheCountsAreRight runs the program, which fails if a count is wrong.
func TestTheCountsAreRight(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), os.Getenv("DATABASE_URL"), &out)
	if errors.Is(err, pgcluster.ErrNotInstalled) && os.Getenv("STRICT") != "1" {
		t.Skipf("skipped for want of PostgreSQL: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Log("\n" + out.String())
	for _, want := range []string{
		"5 orders are taken", "order 1006 is rolled back", "order 1002: its handler ends before", "order 1004: its handler ends after",
		"5 orders, 5 calls that the ERP took, 5 invoices, 5 marks\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it printed no %q:\n%s", want, &out)
		}
	}
}
