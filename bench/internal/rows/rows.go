// Package rows holds what is measured: each row of the table, its contenders
// and its goals. A new row is a function that returns compare.Rows and stands
// in [All]. Those of PostgreSQL are in package pgrows.
package rows

import (
	"slices"

	"github.com/vismanet-go/background/bench/internal/child"
	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/pgrows"
)

// All are the rows that need nothing but Go, and those of PostgreSQL, which leave
// everybody out where it is not installed.
func All() []compare.Row {
	return slices.Concat(SQLite(), Growth(), Kept(), Run(), Dispatch(), Web(), Idle(), Mock(), Documents(false), Client(), Calls(), pgrows.All())
}

// Roles are the processes that rows start.
func Roles() map[string]child.Role {
	return map[string]child.Role{"web": web, "idle-ours": idleOurs, "idle-river": idleRiver, "lives": lifeAfterLife, "pending": pending}
}
