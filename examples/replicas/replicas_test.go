package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/pgcluster"
)

// TestMain is the program as well: the test's binary is what is started as a replica.
func TestMain(m *testing.M) {
	if os.Getenv("REPLICA") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestNothingIsLostWithAProcess runs the program, which fails if a count is wrong.
func TestNothingIsLostWithAProcess(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), os.Getenv("DATABASE_URL"), os.Getenv("REPLICAS_HARD") == "1", &out)
	if errors.Is(err, pgcluster.ErrNotInstalled) && os.Getenv("STRICT") != "1" {
		t.Skipf("skipped for want of PostgreSQL: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Log("\n" + out.String())
	for _, want := range []string{"replica B is killed", "60 orders, 60 calls that the ERP took, 60 invoices, 60 effects\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it printed no %q:\n%s", want, &out)
		}
	}
}
