package pgstore

import (
	"errors"
	"testing"

	"github.com/vismanet-go/background/store"
)

// A column that says something else than its document must not have a change ask for
// ever, for all others wait behind it.
func TestARecordThatIsFoundByAKeyThatItDoesNotHaveIsDamaged(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	rec := queued("order-1", "")
	_, err := s.Enqueue(t.Context(), rec, nil)
	must(t, err)
	exec(t, connect(t, cfg), s.text("UPDATE ~records SET key = 'order-2'"))
	if _, err := s.Enqueue(t.Context(), queued("order-2", ""), nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a key that the table has of a record without it: %v, want ErrCorrupt", err)
	}
	if _, err := s.Create(t.Context(), store.Record{Tenant: fjord, Ref: "another", Phase: store.Queued, Method: "POST", Path: "/x"}, "", 0); err != nil {
		t.Errorf("a record without that key: %v, want it made", err)
	}
}
