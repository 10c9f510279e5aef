package openapi_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/openapi"
)

func TestParseTimeReadsEveryFormThatWasSeen(t *testing.T) {
	cet := time.FixedZone("", 3600)
	tests := []struct {
		in   string
		want time.Time
	}{
		{"2022-11-10T10:20:53.75+01:00", time.Date(2022, 11, 10, 10, 20, 53, 750e6, cet)},
		{"2022-11-10T10:20:54.393+01:00", time.Date(2022, 11, 10, 10, 20, 54, 393e6, cet)},
		{"2022-11-10T10:20:54+01:00", time.Date(2022, 11, 10, 10, 20, 54, 0, cet)},
		{"2022-11-10T09:34:05.215Z", time.Date(2022, 11, 10, 9, 34, 5, 215e6, time.UTC)},
		{"2026-03-20T06:35:22.153", time.Date(2026, 3, 20, 6, 35, 22, 153e6, time.UTC)},
		{"2024-12-02T14:14:59.7", time.Date(2024, 12, 2, 14, 14, 59, 700e6, time.UTC)},
		{"2026-03-17T00:00:00", time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC)},
		{"2026-03-17 08:09:10.123", time.Date(2026, 3, 17, 8, 9, 10, 123e6, time.UTC)},
		{"2026-03-17", time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC)},
		{"2026-03-17T08:09:10.1234567+02:00", time.Date(2026, 3, 17, 6, 9, 10, 123456700, time.UTC)},
		{"2026-03-17T08:09:10.123456789Z", time.Date(2026, 3, 17, 8, 9, 10, 123456789, time.UTC)},
		{"0001-01-01T00:00:00", time.Time{}},
		{"0001-01-01T00:00:00Z", time.Time{}},
		{"0001-01-01T00:00:00+01:00", time.Time{}},
		{"0001-01-01", time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := openapi.ParseTime(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Equal(tt.want) || got.IsZero() != tt.want.IsZero() {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
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
		"", "null", "now", "2026", "2026-13-01", "2026-02-30", "2026-09-01T", "2026-09-01T10:00", "2026-09-01T25:00:00",
		"2026-09-01T10:00:00.", "2026-09-01T10:00:00,5", "2026-09-01T10:00:00.1234567890", "2026-09-01T10:00:00+1",
		"2026-09-01T10:00:00 UTC", "2026-09-01T10:00:00Zx", "2026-09-01T10:00:00.5.5", "2026/09/01T10:00:00",
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

func TestTimeTakesNullAndNothingForNotYet(t *testing.T) {
	for _, in := range []string{`null`, `""`, `"0001-01-01T00:00:00"`} {
		at := openapi.Time{Time: time.Unix(1, 0)}
		if err := json.Unmarshal([]byte(in), &at); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if !at.IsZero() {
			t.Errorf("%s: got %v, want zero", in, at)
		}
	}
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
