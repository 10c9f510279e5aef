package store_test

import (
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
)

// TestAnAdoptedRecordWithAnotherIDIsNotMerged: an adopted record keeps the
// ref that it was made under. When a 202 has since given it another id, the
// first id leads to a new record and must not take the adopted one away.
func TestAnAdoptedRecordWithAnotherIDIsNotMerged(t *testing.T) {
	s := store.NewMemory(store.MemoryConfig{})
	defer s.Close()
	ctx := t.Context()
	heard, err := s.Notify(ctx, store.Notification{ID: "id-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(ctx, store.Record{Tenant: "fjord", Ref: "r", Phase: store.Sending, Method: "POST", Path: "/"}, "me", time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		tenant, ref string
		fact        store.AcceptedFact
	}{
		{store.NoTenant, heard.Ref, store.AcceptedFact{ID: "id-1", Source: store.FromUser}},
		{store.NoTenant, heard.Ref, store.AcceptedFact{ID: "id-2", Source: store.FromAnswer}},
		{"fjord", "r", store.AcceptedFact{ID: "id-1", Source: store.FromAnswer}},
	} {
		if _, err := s.Report(ctx, f.tenant, f.ref, f.fact); err != nil {
			t.Fatal(err)
		}
	}
	if rec, err := s.GetByID(ctx, store.AnyTenant, "id-2"); err != nil || rec.Ref != heard.Ref {
		t.Errorf("the accepted id was lost: %+v, %v", rec, err)
	}
}
