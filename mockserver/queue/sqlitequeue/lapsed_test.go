package sqlitequeue

import (
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// A lease that was given by a clock that was ahead and was set right since is
// void; one of another length, or by a clock that is a little ahead, is not.
func TestALeaseFromTheFutureIsVoid(t *testing.T) {
	for _, tt := range []struct {
		name       string
		until, ttl time.Duration // from now on
		void       bool
	}{
		{"in force", 8 * time.Second, 10 * time.Second, false},
		{"over", -time.Second, 10 * time.Second, true},
		{"long", 3 * time.Hour, 3 * time.Hour, false},
		{"a clock 4 minutes ahead", 4*time.Minute + 10*time.Second, 10 * time.Second, false},
		{"a clock 6 minutes ahead", 6*time.Minute + 10*time.Second, 10 * time.Second, true},
		{"a clock 2 hours ahead", 2*time.Hour + 10*time.Second, 10 * time.Second, true},
		{"a clock 48 hours ahead", 48*time.Hour + 10*time.Second, 10 * time.Second, true},
		{"of an older version", 8 * time.Second, 0, false},
		{"of an older version, 2 hours ahead", 2 * time.Hour, 0, true},
		{"of an older version, years ahead", 30 * 365 * 24 * time.Hour, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q, err := Open(t.Context(), Config{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer q.Close()
			job := &queue.Job{Operation: operation.Operation{ID: "aa", Company: "1", Method: "POST", Received: time.Now()}}
			if err := q.Add(t.Context(), job); err != nil {
				t.Fatal(err)
			}
			now := func(string) time.Time { return time.Now() }
			if jobs, err := q.Take(t.Context(), now, queue.Limits{Max: 9, PerCompany: 9}); err != nil || len(jobs) != 1 {
				t.Fatalf("took %v, %v", jobs, err)
			}
			err = q.change(func(t *tx) error { // the job is that of a process that is gone
				err := t.Exec(`INSERT INTO workers (id, name, until, ttl) VALUES ('gone', '', ?, ?)`, nanos(time.Now().Add(tt.until)), int64(tt.ttl))
				if err == nil {
					err = t.Exec(`UPDATE jobs SET worker = 'gone' WHERE state = 1`)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			q.tick(now, func() {})
			jobs, err := q.Take(t.Context(), now, queue.Limits{Max: 9, PerCompany: 9})
			if err != nil || (len(jobs) == 1) != tt.void {
				t.Errorf("took %d jobs, %v; want it given to others: %v", len(jobs), err, tt.void)
			}
		})
	}
}
