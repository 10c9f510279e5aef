package sqlitestore_test

import (
	"testing"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// survey checks that every record has come at least as far as was
// acknowledged, and that the file is sound.
func survey(t *testing.T, path string, last map[string]int) {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for ref, stage := range last {
		rec, err := s.Get(t.Context(), "fjord", ref)
		if err != nil {
			t.Errorf("%s: acknowledged as %s, and yet %v", ref, stages[stage-1], err)
			continue
		}
		if got := reached(t, s, rec); got < stage {
			t.Errorf("%s: acknowledged as %s, found %+v", ref, stages[stage-1], rec)
		}
	}
}

// reached returns how many stages a record has behind it.
func reached(t *testing.T, s *sqlitestore.Store, rec store.Record) int {
	switch rec.Phase {
	case store.Sending, store.Uncertain: // its sender was killed
		if _, err := s.GetByID(t.Context(), store.AnyTenant, "id-"+rec.Ref); err == nil {
			return 2
		}
		return 1
	case store.Accepted:
		if rec.Notification == nil {
			return 0
		}
		return 3
	case store.Settled:
		if string(rec.Outcome.Content) != "content of "+rec.Ref {
			return 0
		}
		return 4
	case store.Acknowledged:
		return 5
	}
	return 0
}
