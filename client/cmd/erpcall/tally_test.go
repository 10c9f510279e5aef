package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/cli"
)

// What has not ended is told, whether or not its row has a line: a batch never ends
// with status 0 while something is open.
func TestRowsThatHaveNotEndedAreTold(t *testing.T) {
	for _, tt := range []struct {
		name           string
		total, written int // rows, and lines that say that theirs is pending
		want           string
		status         int
	}{
		{"all have a line", 3, 2, "2 pending", exitPending},
		{"none has one", 3, 0, "2 pending", exitPending},
		{"some have one", 5, 2, "4 pending", exitPending},
		{"all have ended", 1, 0, "", 0},
	} {
		var errs bytes.Buffer
		a := newApp(nil, nil, &errs, nil)
		y := newTally(a, tt.total, nil)
		y.add(result{Outcome: succeeded})
		for range tt.written {
			y.add(result{Outcome: pending})
		}
		y.end()
		status := 0
		if s, ok := errors.AsType[*cli.Status](y.status()); ok {
			status = s.Code
		}
		if status != tt.status || !strings.Contains(errs.String(), tt.want) || tt.want == "" && strings.Contains(errs.String(), "pending") {
			t.Errorf("%s: got status %d and\n%s\nwant %d and %q", tt.name, status, errs.String(), tt.status, tt.want)
		}
	}
}
