package rows

import (
	"testing"
	"time"

	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
)

// What the plant takes are notifications that the store matches with its
// operations: not unknown ones, not duplicates, and as long as those of the
// alternatives.
func TestNoticesAreMatched(t *testing.T) {
	p, err := newPlant(t.Context(), t.TempDir(), 40)
	if err != nil {
		t.Fatal(err)
	}
	defer p.st.Close()
	seen := make(map[string]bool)
	for n := range 40 {
		if err := p.take(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		rec, err := p.st.Get(t.Context(), sample.Tenant, sample.Ref(n))
		if err != nil {
			t.Fatal(err)
		}
		if rec.Phase != store.Accepted || rec.Notifications != 1 || rec.Conflicts != 0 || len(rec.Notification.Body) != sample.Bytes {
			t.Errorf("%d: %+v", n, rec)
		}
		seen[sample.Ref(n)] = true
	}
	if len(seen) != 40 {
		t.Errorf("%d different refs of 40", len(seen))
	}
	ref := sample.Ref(1)
	if _, err := (receivertest.Sender{URL: "https://hooks.test", Secret: "a secret of more than 16 bytes"}).Request(t.Context(), receivertest.Notice{Ref: ref, SentAt: time.Now()}); err != nil {
		t.Errorf("%s is no ref: %v", ref, err)
	}
}

func TestTheLogGroups(t *testing.T) {
	l, err := openLog(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := l.append([]byte("abc")); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
}
