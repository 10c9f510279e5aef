package pgrows

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/pgqueue"
	"github.com/vismanet-go/background/internal/pgcluster"
)

func TestMain(m *testing.M) {
	code := m.Run()
	Clean()
	os.Exit(code)
}

// installed skips a test where no server can be started, or fails it if the
// environment says that nothing may be left out.
func installed(t *testing.T) {
	t.Helper()
	_, err := pgcluster.Find()
	switch {
	case err == nil:
	case os.Getenv("STRICT") == "1":
		t.Fatalf("%v; STRICT=1 has no test skipped", err)
	default:
		t.Skipf("the rows of PostgreSQL are not run: %v", err)
	}
}

// twice matches contenders, by the beginning of their row's name, whose code is
// that of another one in the same row or run by another row.
var twice = map[string]*regexp.Regexp{
	"postgres/life":     regexp.MustCompile(`poll 10 ms`),
	"postgres/cost":     regexp.MustCompile(`poll 10 ms|DBOS|watermill`),
	"postgres/wake":     regexp.MustCompile(`poll 10 ms`),
	"postgres/pinned":   regexp.MustCompile(`(River|watermill).*(nothing|readers)`),
	"postgres/recovery": regexp.MustCompile(`River`),
	// Some wait for the end of a lease, which takes minutes.
	"postgres/recovery/fail-over": regexp.MustCompile(`client`),
}

// TestEveryRowRuns runs each row once, with as little work as shows anything,
// as the test of the other rows does.
func TestEveryRowRuns(t *testing.T) {
	installed(t)
	for _, row := range All() {
		row = row.Only(func(name string) bool {
			for prefix, again := range twice {
				if strings.HasPrefix(row.Name, prefix) && again.MatchString(name) {
					return false
				}
			}
			return true
		})
		t.Run(row.Name, func(t *testing.T) {
			rep, err := compare.Run(t.Context(), []compare.Row{row}, compare.Options{Rounds: 1, Short: true, Dir: t.TempDir(), Log: t.Output()})
			if err != nil {
				t.Fatal(err)
			}
			got := rep.Rows[0]
			if got.Error != "" {
				t.Error(got.Error)
			}
			for _, c := range got.Contenders {
				if c.LeftOut != "" {
					t.Errorf("%s: left out: %s", c.Name, c.LeftOut)
				}
			}
			for _, g := range got.Goals {
				if g.NotMeasured || g.Asserted && !g.Met {
					t.Errorf("%s: got %v, far from it", g.Goal, g.Value)
				}
			}
		})
	}
}

// What a queue tells of itself is what the rows rely on: notices are left until
// they are handled, and each is handled.
func TestQueuesHandleWhatIsLeft(t *testing.T) {
	installed(t)
	for _, kind := range []pgqueue.Kind{pgqueue.River(), pgqueue.EagerRiver(), pgqueue.DBOSQueue(), pgqueue.Watermill(), pgqueue.EagerWatermill()} {
		t.Run(kind.Name, func(t *testing.T) {
			_, err := onDatabase(t.Context(), compare.Try{Short: true}, "", func(dsn string) (compare.Figures, error) {
				const n = 5
				q, err := kind.Open(t.Context(), dsn, nil)
				if err != nil {
					return nil, err
				}
				for i := range n {
					err = errors.Join(err, q.Accept(t.Context(), i))
				}
				left, cause := q.Left(t.Context())
				if err := errors.Join(err, cause, q.Close()); err != nil || left != n {
					return nil, fmt.Errorf("%d of %d are left: %w", left, n, err)
				}
				h := newHandled(n)
				if q, err = kind.Open(t.Context(), dsn, h.mark); err != nil {
					return nil, err
				}
				err = h.until(t.Context(), n)
				return nil, errors.Join(err, recorded(t.Context(), q, err), q.Close())
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
