package pgstore

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheQueriesForOperatorsRun runs those of docs/operating.md.
func TestTheQueriesForOperatorsRun(t *testing.T) {
	page, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, config(t))
	list := regexp.MustCompile("(?ms)^```sql\n(.*?)^```").FindAllStringSubmatch(string(page), -1)
	if len(list) < 5 {
		t.Fatalf("docs/operating.md has %d queries, want at least 5", len(list))
	}
	for _, m := range list {
		sql := strings.NewReplacer("background.", s.schema+".", "'background'", "'"+s.cfg.Schema+"'").Replace(m[1])
		if _, err := s.pool.Exec(t.Context(), sql); err != nil {
			t.Errorf("%v:\n%s", err, sql)
		}
	}
}
