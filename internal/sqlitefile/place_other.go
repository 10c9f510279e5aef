//go:build !linux && !darwin && !windows

package sqlitefile

// kindOf cannot tell on this system.
func kindOf(string) string { return "" }
