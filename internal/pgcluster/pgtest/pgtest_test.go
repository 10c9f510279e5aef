package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/internal/pgcluster/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestEveryTestHasASchemaOfItsOwnThatIsRemoved(t *testing.T) {
	dsn, mine := pgtest.DSN(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	count := func(schema string) (n int) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_namespace WHERE nspname = $1", schema).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(mine); n != 0 {
		t.Errorf("the schema is there before the test has made it")
	}
	var other string
	t.Run("other", func(t *testing.T) {
		var dsn2 string
		if dsn2, other = pgtest.DSN(t); dsn2 != dsn || other == mine {
			t.Errorf("the second test got schema %s at %s, want another one than %s at %s", other, dsn2, mine, dsn)
		}
		if _, err := conn.Exec(t.Context(), "CREATE SCHEMA "+other+" CREATE TABLE rows (n int)"); err != nil {
			t.Fatal(err)
		}
	})
	if n := count(other); n != 0 {
		t.Errorf("the schema of a test that has ended is still there")
	}
}
