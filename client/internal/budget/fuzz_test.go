package budget

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/store"
)

// FuzzDocument reads what anybody may have written: the books that come of it must be
// such that calls go on in the end, and that they can be written again.
func FuzzDocument(f *testing.F) {
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	f.Add([]byte(fmt.Sprintf(`{"v":1,"pause":{"until":%d,"times":2},"probe":{"owner":"b","until":%d},"windows":[{"policy":"4","limit":500,"left":3,"end":%d,"length":3600000,"users":63,"submits":4,"slices":{"a":{"calls":5,"at":1,"until":2},"b":{"calls":9,"at":%d,"until":%d}}}],"replicas":{"b":{"pending":7,"expected":8,"at":%d}}}`,
		now+1000, now+9000, now+5000, now, now+60000, now)))
	f.Add([]byte(`{"v":1,"windows":[{"policy":"4","limit":1,"left":1,"end":-9223372036854775808}]}`))
	f.Add([]byte(`{"v":99}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		synctest.Test(t, func(t *testing.T) {
			now := time.Now()
			b := New(Config{Store: store.NewMemory(store.MemoryConfig{}), Tenant: "t", Owner: "a", Life: t.Context()})
			defer b.cfg.Store.Close()
			defer b.Close()
			b.mu.Lock()
			b.takeOver(store.Document{Body: body, Version: 1, Now: now}, now)
			if again := b.write(now, true); !b.newer && again == nil {
				t.Error("nothing is written when it closes, want a document")
			} else if _, err := decode(again); err != nil {
				t.Errorf("it wrote %s, which is read with %v", again, err)
			}
			b.restore()
			b.scarcityOfAll(now)
			b.mu.Unlock()
			if _, err := b.cfg.Store.PutDocument(t.Context(), store.Document{Tenant: "t", Name: b.name, Body: append([]byte{}, body...)}); err != nil {
				return // too long for a store
			}
			for c := range numClasses {
				if err := b.Take(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				b.Answered(c, 200, nil)
			}
			if took := time.Since(now); took > 2*time.Hour {
				t.Errorf("six calls took %v, want no more than what such a document may ask for", took)
			}
		})
	})
}
