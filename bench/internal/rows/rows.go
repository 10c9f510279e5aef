// Package rows holds what is measured: each row of the table, its contenders
// and its goals. A new row is a function that returns compare.Rows and stands
// in [All].
package rows

import (
	"slices"

	"github.com/vismanet-go/background/bench/internal/child"
	"github.com/vismanet-go/background/bench/internal/compare"
)

// All are the rows that need nothing but Go.
func All() []compare.Row {
	return slices.Concat(SQLite(), Growth(), Kept(), Run(), Dispatch(), Web(), Idle(), Mock(), Client(), Calls())
}

// Roles are the processes that rows start.
func Roles() map[string]child.Role {
	return map[string]child.Role{"web": web, "idle-ours": idleOurs, "idle-river": idleRiver, "lives": lifeAfterLife, "pending": pending}
}
