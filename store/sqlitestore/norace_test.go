//go:build !race

package sqlitestore_test

// histories is how many random histories TestModel runs unless told with
// -rapid.checks.
const histories = "10"
