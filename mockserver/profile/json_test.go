package profile_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/profile"
)

func TestEverySwitchIsShownWithWhatIsSaidOfIt(t *testing.T) {
	p := profile.Profile{MaxPageSize: 7, Pairs: profile.PairRules{Percent: true}, GoneFor: 90 * time.Minute}
	shown := make(map[string]profile.Switch)
	for _, s := range p.Switches() {
		shown[s.Name] = s
		if len(s.Doc) < 20 || strings.ContainsAny(s.Doc, "[]") {
			t.Errorf("what is said of %s: %q", s.Name, s.Doc)
		}
	}
	for name, want := range map[string][2]any{
		"MaxPageSize": {7, 1000}, "Pairs.Percent": {true, false}, "GoneFor": {"1h30m0s", "0s"},
		"Zone": {"Europe/Oslo", "Europe/Oslo"}, "QueuedStatus": {"Started", "Started"},
	} {
		if s := shown[name]; s.Value != want[0] || s.Default != want[1] {
			t.Errorf("%s is %v, by default %v; want %v and %v", name, s.Value, s.Default, want[0], want[1])
		}
	}
	if got, want := len(shown), reflect.TypeFor[profile.Profile]().NumField()-1+reflect.TypeFor[profile.PairRules]().NumField(); got != want {
		t.Errorf("%d switches are shown, want %d", got, want)
	}
	if got := shown["FinishedStatus"].Doc; !strings.Contains(got, "FinishedStatus the one after") {
		t.Errorf("a field that shares a comment has %q", got)
	}
}

// What is shown of any profile turns another one into the same.
func TestWhatIsShownCanBeSet(t *testing.T) {
	for _, name := range profile.Names() {
		p, _ := profile.Named(name)
		p = p.WithDefaults()
		object := make(map[string]any)
		for _, s := range p.Switches() {
			object[s.Name] = s.Value
		}
		data, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		got := profile.Profile{ReportAccepted: true, IDField: "jobId"}
		if err := got.Set(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got.HeaderNames = nil // is empty now
		if !reflect.DeepEqual(got, p) {
			t.Errorf("%s: got  %+v\nwant %+v", name, got, p)
		}
	}
}

func TestSet(t *testing.T) {
	p := profile.Profile{FinishedStatus: "Completed", ReportAccepted: true, ResponseHeaders: []string{}}
	err := p.Set([]byte(`{"finishedstatus": null, "IDField": "jobId", "Pairs": {"refuseEmpty": true}, "Pairs.Percent": true, "Zone": "UTC", "GoneFor": "2h", "ResponseHeaders": ["ETag"]}`))
	want := profile.Profile{
		ReportAccepted: true, IDField: "jobId", Pairs: profile.PairRules{RefuseEmpty: true, Percent: true}, Zone: time.UTC,
		GoneFor: 2 * time.Hour, ResponseHeaders: []string{"ETag"},
	}
	if err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v, %v; want %+v", p, err, want)
	}
}

func TestSetNamesWhatIsWrong(t *testing.T) {
	for data, want := range map[string]string{
		``:                                "an object of switches",
		`[]`:                              "an object of switches",
		`null`:                            "an object of switches",
		`{"FinishStatus": "x"}`:           "FinishStatus: there is no such switch; did you mean FinishedStatus?",
		`{"Pairs.Percnt": true}`:          "did you mean Pairs.Percent?",
		`{"Pairs": 1}`:                    "the profile Pairs: want an object",
		`{"MaxPageSize": "x"}`:            `MaxPageSize: want a whole number, not "x"`,
		`{"MaxPageSize": -1}`:             "MaxPageSize: must not be negative",
		`{"GoneFor": 5}`:                  "GoneFor: want a duration",
		`{"Zone": "Mars/Base"}`:           "Zone: want the name of a time zone",
		`{"TimeFormat": "sundial"}`:       "TimeFormat: ",
		`{"SignURL": 1, "Nothing": 2}`:    "SignURL: want true or false",
		`{"SignURL": true, "signurl": 1}`: "SignURL: is there twice",
		`{"SignURL": true} {}`:            "there is more after",
		`{"SignURL": true`:                "the profile: ",
	} {
		p := profile.Profile{IDField: "kept"}
		err := p.Set([]byte(data))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", data, err, want)
		}
		if p.IDField != "kept" || p.SignURL {
			t.Errorf("%s: changed the profile to %+v", data, p)
		}
	}
}

func FuzzSet(f *testing.F) {
	for _, seed := range []string{`{"SignURL":true}`, `{"Pairs":{"Percent":true}}`, `{"HeaderNames":{"signature-v1":"x"}}`, `{"Zone":"UTC","GoneFor":"1h"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p profile.Profile
		if p.Set(data) != nil {
			return
		}
		if err := p.Validate("Profile"); err != nil {
			t.Errorf("%s was taken, and is wrong: %v", data, err)
		}
		names := make([]string, 0, 70)
		for _, s := range p.Switches() {
			names = append(names, s.Name)
		}
		if slices.Contains(names, "") {
			t.Errorf("a switch has no name: %v", names)
		}
	})
}
