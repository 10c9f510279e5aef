package sqlitefile

import "testing"

func TestVersionsAreComparedByNumber(t *testing.T) {
	for v, want := range map[string]bool{
		"3.51.3": true, "3.51.2": false, "3.53.0": true, "3.100.0": true, "3.9.9": false, "4.0": true, "4": true, "3.51": false, "": false,
	} {
		if got := AtLeast(v, MinVersion); got != want {
			t.Errorf("%q at least %s: got %v", v, MinVersion, got)
		}
	}
}
