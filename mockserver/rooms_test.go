package mockserver_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The rooms of the mock, from the ground up: each imports rooms of lower floors
// only, so that where something belongs can be told from what it needs.
var floors = [][]string{
	{"internal/call", "internal/chance", "internal/check", "internal/match", "internal/route", "internal/vtime", "operation"},
	{"profile"},
	{"internal/erp", "internal/wire"},
	{"fault", "internal/gate", "internal/request"},
	{"internal/answer", "journal", "queue"},
	{"internal/background", "queue/queuetest", "queue/sqlitequeue"},
	{"internal/notify", "internal/run"},
	{""}, // the server itself
	{"internal/wanted", "openapidoc/internal/paths", "openapidoc/internal/prefer", "openapidoc/internal/resources", "openapidoc/internal/schema"},
	{
		"admin/client", "admin/internal/api", "compare", "conformance", "dashboard", "mockservertest", "openapidoc/internal/fit", "openapidoc/internal/structure",
		"openapidoc/internal/synth", "scenario", "upstream/cassette",
	},
	{"admin", "openapidoc/internal/compiled", "openapidoc/internal/params", "upstream"},
	{"openapidoc/internal/media"},
	{"openapidoc"},
	{"cmd/erpmock"},
}

const module = "github.com/vismanet-go/background/"

// What the rooms below the server import besides each other. The others are made
// of the standard library.
var imported = map[string][]string{
	"profile":           {module + "internal/spell"},
	"fault":             {module + "internal/spell"},
	"internal/erp":      {module + "openapi", module + "openapi/server"},
	"internal/wire":     {"github.com/google/uuid"},
	"internal/notify":   {module + "internal/httpx"},
	"queue/sqlitequeue": {module + "internal/lockfile", module + "internal/sqlitefile"},
}

func TestRoomsImportDownwardsOnly(t *testing.T) {
	floor := make(map[string]int)
	for i, rooms := range floors {
		for _, room := range rooms {
			floor[room] = i + 1
		}
	}
	server := floor[""]
	seen := 0
	for line := range strings.Lines(goList(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")) {
		paths := strings.Fields(line)
		room := roomOf(paths[0])
		if floor[room] == 0 {
			t.Errorf("%s has no floor: put it where what it imports is below it", room)
			continue
		}
		seen++
		for _, path := range paths[1:] {
			first, _, _ := strings.Cut(path, "/")
			switch {
			case strings.HasPrefix(path+"/", module+"mockserver/"):
				if floor[roomOf(path)] >= floor[room] {
					t.Errorf("%q imports %q, which is not below it", room, roomOf(path))
				}
			case floor[room] < server && strings.Contains(first, ".") && !slices.Contains(imported[room], path):
				t.Errorf("%s imports %s, which no room below the server needs so far", room, path)
			}
		}
	}
	if seen != len(floor) {
		t.Errorf("%d packages are there, want the %d that have a floor", seen, len(floor))
	}
}

// A user's test binary is not to grow by a document's parser or a database.
func TestTheServerLinksNoDocumentsAndNoDatabase(t *testing.T) {
	for _, path := range strings.Fields(goList(t, "-deps", ".")) {
		if path == "database/sql" {
			t.Error("database/sql is linked") // its driver's part is, by uuid
		}
		for _, not := range []string{"kin-openapi", "sqlite", "/background/client", "/background/receiver", "/background/store"} {
			if strings.Contains(path, not) {
				t.Errorf("%s is linked", path)
			}
		}
	}
}

// roomOf is the path of a package below the server's.
func roomOf(path string) string {
	_, room, _ := strings.Cut(path, "/mockserver")
	return strings.TrimPrefix(room, "/")
}

func goList(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
