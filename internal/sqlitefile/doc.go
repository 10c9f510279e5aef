// Package sqlitefile is a SQLite file that the processes of one machine share,
// as sqlitestore and sqlitequeue need it: opened with settings that are read
// back, migrated, written to by one goroutine that puts what waits into one
// transaction, and read by a few connections beside it.
//
// # Numbers
//
// Connections are those of zombiezen.com/go/sqlite. To insert a record, read it
// by its ref and update it, in groups of 64, takes 10 allocations with them, 33
// with the driver of modernc.org/sqlite called directly, and 49 with that
// driver below database/sql; bench/internal/connections holds the comparison.
// In a database in memory they take 0.9 of the driver's CPU time, and
// database/sql takes 1.2 of it; on a file the times differ more from run to run
// than between the ways. All of them run the same SQLite. In sqlitestore the
// life of an operation, at 64 at a time, takes 296 allocations instead of 415
// with the driver, and in sqlitequeue a request's way to its notification 665
// instead of 856.
//
// Changes that wait are written together and share a sync. With 64 senders only
// that meets the goal that an accept on SQLite costs an eighth of what River's
// insert costs.
package sqlitefile
