//go:build race

package sqlitestore_test

// histories is how many random histories TestModel runs unless told with
// -rapid.checks: the race detector makes SQLite about thirty times as slow.
const histories = "2"
