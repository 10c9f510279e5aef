package wire

import (
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/profile"
)

func TestNorwegianTimeFollowsTheZoneDatabase(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Skip("this machine has no zone database")
	}
	for at := time.Date(1997, 1, 1, 0, 30, 0, 0, time.UTC); at.Year() < 2040; at = at.Add(7 * time.Hour) {
		if got, want := norway(at).Format(time.RFC3339), at.In(oslo).Format(time.RFC3339); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	for _, edge := range []string{"2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z"} {
		at, _ := time.Parse(time.RFC3339, edge)
		if got, want := norway(at).Format(time.RFC3339), at.In(oslo).Format(time.RFC3339); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTimeNotations(t *testing.T) {
	at := time.Date(2022, 11, 10, 9, 20, 53, 750_000_000, time.UTC)
	for _, tt := range []struct {
		f    Times
		want string
	}{
		{Times{}, "2022-11-10T10:20:53.75+01:00"},
		{Times{Format: profile.TimeUTC}, "2022-11-10T09:20:53.75Z"},
		{Times{Format: profile.TimeNoZone}, "2022-11-10T10:20:53.75"},
		{Times{Zone: time.FixedZone("", -3600)}, "2022-11-10T08:20:53.75-01:00"},
	} {
		if got := tt.f.format(at); got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.f.Format, got, tt.want)
		}
	}
	if got := (Times{}).format(at.Truncate(time.Second)); got != "2022-11-10T10:20:53+01:00" {
		t.Errorf("whole second: got %s", got)
	}
}
