package wire

import (
	"regexp"
	"testing"
)

func TestGUIDs(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := make(map[string]bool)
	for _, src := range []*IDs{NewIDs(0), NewIDs(1), NewIDs(2)} {
		for _, company := range []string{"a", "b"} {
			for range 50 {
				id := src.GUID("operation", company)
				if !form.MatchString(id) || seen[id] {
					t.Fatalf("%q is not a new version 4 GUID", id)
				}
				seen[id] = true
			}
		}
	}
	one, two := NewIDs(7), NewIDs(7)
	one.GUID("operation", "other company")
	one.GUID("notification", "a")
	if a, b := one.GUID("operation", "a"), two.GUID("operation", "a"); a != b {
		t.Errorf("other companies and kinds shifted an id: %s, %s", a, b)
	}
}
