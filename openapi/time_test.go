package openapi_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/openapi"
)

// The forms that were seen, and their neighbours, are in vectors/times.json.
func TestVectorsOfTimes(t *testing.T) {
	type want struct {
		Time    time.Time // zero for null: not yet
		Refused bool
	}
	for _, v := range testkit.Vectors[json.RawMessage, want](t, "times") {
		at := openapi.Time{Time: time.Unix(1, 0)}
		err := json.Unmarshal(v.Input, &at)
		switch {
		case v.Want.Refused && err == nil:
			t.Errorf("%s: %s\n%s: got %v, want an error", v.Name, v.Why, v.Input, at)
		case !v.Want.Refused && (err != nil || !at.Equal(v.Want.Time) || at.IsZero() != v.Want.Time.IsZero()):
			t.Errorf("%s: %s\n%s: got %v, %v, want %v", v.Name, v.Why, v.Input, at, err, v.Want.Time)
		}
	}
}

func TestParseTimeKeepsTheOffset(t *testing.T) {
	got, err := openapi.ParseTime("2022-11-10T10:20:53.75+01:00")
	if err != nil {
		t.Fatal(err)
	}
	if _, offset := got.Zone(); offset != 3600 {
		t.Errorf("offset %d s, want 3600", offset)
	}
}

func TestParseTimeInUsesTheLocationOnlyWithoutAZone(t *testing.T) {
	oslo := time.FixedZone("Oslo", 2*3600)
	for in, want := range map[string]string{
		"2026-09-01T10:00:00":       "2026-09-01T08:00:00Z",
		"2026-09-01T10:00:00Z":      "2026-09-01T10:00:00Z",
		"2026-09-01T10:00:00+05:00": "2026-09-01T05:00:00Z",
		"0001-01-01T00:00:00":       "0001-01-01T00:00:00Z",
	} {
		got, err := openapi.ParseTimeIn(in, oslo)
		if err != nil {
			t.Fatal(err)
		}
		if s := got.UTC().Format(time.RFC3339Nano); s != want {
			t.Errorf("%s: got %s, want %s", in, s, want)
		}
	}
	if got, err := openapi.ParseTimeIn("2026-09-01", nil); err != nil || got.Location() != time.UTC {
		t.Errorf("nil location: got %v, %v, want UTC", got, err)
	}
}

func TestParseTimeRefusesTheRest(t *testing.T) {
	for _, in := range []string{
		"", "null", "2026", "2026-02-30", "2026-09-01T", "2026-09-01T10:00",
		"2026-09-01T10:00:00.", "2026-09-01T10:00:00,5", "2026-09-01T10:00:00.1234567890", "2026-09-01T10:00:00+1",
		"2026-09-01T10:00:00 UTC", "2026-09-01T10:00:00Zx", "2026-09-01T10:00:00.5.5",
		" 2026-09-01", "2026-09-01T10:00:00+25:00", "2026-09-01T10:00:00+24:00",
		"2026-09-01T1:00:00Z", "2026-09-01T1:00:000", strings.Repeat("9", 1<<16),
	} {
		got, err := openapi.ParseTime(in)
		if err == nil {
			t.Errorf("%.40q: got %v, want an error", in, got)
			continue
		}
		if len(err.Error()) > 400 {
			t.Errorf("%.40q: the error repeats all of it", in)
		}
	}
}

func TestATimeThatHasNotComeIsWrittenAsNull(t *testing.T) {
	got, err := json.Marshal(struct {
		A openapi.Time `json:"a"`
		B openapi.Time `json:"b,omitzero"`
	}{})
	if want := `{"a":null}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestTimeRefusesWhatIsNoTime(t *testing.T) {
	for _, in := range []string{`1`, `true`, `{}`, `"x"`, `"\ud800"`} {
		at := openapi.Time{Time: time.Unix(1, 0)}
		if err := json.Unmarshal([]byte(in), &at); err == nil {
			t.Errorf("%s: got %v, want an error", in, at)
		}
		if !at.Equal(time.Unix(1, 0)) {
			t.Errorf("%s: changed the value in spite of the error", in)
		}
	}
}

func TestTimeIsAMapKeyAndATextValue(t *testing.T) {
	at := openapi.Time{Time: time.Date(2026, 9, 1, 8, 0, 0, 5e8, time.UTC)}
	got, err := json.Marshal(map[openapi.Time]int{at: 1, {}: 2})
	if want := `{"":2,"2026-09-01T08:00:00.5Z":1}`; err != nil || string(got) != want {
		t.Fatalf("got %s, %v, want %s", got, err, want)
	}
	var back map[openapi.Time]int
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	for key, n := range back {
		if key.IsZero() != (n == 2) {
			t.Errorf("key %v belongs to %d", key, n)
		}
	}
}

// unread is what package time takes and ParseTime does not.
var unread = regexp.MustCompile(`,|\.[0-9]{10}|T[0-9]:|24:00$|:60$`)

// Whatever parses is an instant that survives being written and read again,
// and means the same to the reader of package time where that reads it too.
func FuzzParseTime(f *testing.F) {
	for _, s := range []string{
		"2022-11-10T10:20:53.75+01:00", "2022-11-10T09:34:05.215Z", "2026-03-20T06:35:22.153", "2026-03-17 08:09:10",
		"2026-03-17", "0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999999-12:00", "2024-02-29",
		"2026-09-01T10:00:00,5", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := openapi.ParseTime(s)
		if std, stdErr := time.Parse(time.RFC3339Nano, s); stdErr == nil && !unread.MatchString(s) {
			if err != nil {
				t.Fatalf("%q is RFC 3339: %v", s, err)
			}
			if !got.Equal(std) && !strings.HasPrefix(s, "0001-01-01T00:00:00") {
				t.Fatalf("%q: got %v, package time %v", s, got, std)
			}
		}
		if err != nil {
			if !got.IsZero() {
				t.Fatalf("%q: error %v with time %v", s, err, got)
			}
			return
		}
		data, err := json.Marshal(openapi.Time{Time: got})
		if err != nil {
			t.Fatalf("%q: cannot be written: %v", s, err)
		}
		var back openapi.Time
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatalf("%q: written as %s: %v", s, data, err)
		}
		if !back.Equal(got) || back.IsZero() != got.IsZero() {
			t.Fatalf("%q: written as %s, read as %v, want %v", s, data, back, got)
		}
	})
}
