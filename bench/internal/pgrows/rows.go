// Package pgrows are the rows of the table that need a PostgreSQL server. They
// start one by themselves, all contenders use the same, and each run has a
// database of its own. Where no server is installed every contender is left
// out.
package pgrows

import (
	"slices"

	"github.com/vismanet-go/background/bench/internal/compare"
)

// All are the rows.
func All() []compare.Row {
	return slices.Concat([]compare.Row{acceptRow(), lifeRow(), costRow(), wakeRow(), idleRow(), pinnedRow(), growthRow(), purgeRow()}, recoveryRows())
}
