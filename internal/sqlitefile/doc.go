// Package sqlitefile is a SQLite file that the processes of one machine share,
// as sqlitestore and sqlitequeue need it: opened with settings that are read
// back, migrated, written to by one goroutine that puts what waits into one
// transaction, and read by a few connections beside it.
//
// # Numbers
//
// Connections are those of zombiezen.com/go/sqlite. To insert a record, read it
// by its ref and update it, in groups of 64, takes 0.53 of the CPU time and 10
// instead of 33 allocations of the driver of modernc.org/sqlite when that is
// called directly, and the driver below database/sql takes 1.07 of that and 49
// (medians of 12 rounds of 3 840 records, all three in one run). All of them
// run the same SQLite. In sqlitestore the life of an operation, at 64 at a time,
// takes 296 allocations instead of 415 with the driver, and in sqlitequeue a
// request's way to its notification 665 instead of 856.
//
// The statements of a group are prepared once, what waits goes together, and a
// caller waits for one sync: 64 senders need that for the goal that an accept on
// SQLite costs an eighth of what River's insert costs.
package sqlitefile
