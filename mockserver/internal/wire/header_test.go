package wire

import (
	"errors"
	"reflect"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver/profile"
)

func TestVectorsOfHeaders(t *testing.T) {
	type want struct {
		Mode, URL string
		Pairs     [][2]string
		Refused   bool
	}
	for _, v := range testkit.Vectors[string, want](t, "header-parse") {
		got, err := ParseBackground(v.Input, profile.PairRules{})
		if v.Want.Refused {
			if !errors.Is(err, ErrHeaderValue) {
				t.Errorf("%s: %s\n%q: got %+v, %v, want it refused", v.Name, v.Why, v.Input, got, err)
			}
			continue
		}
		want := Background{Mode: Mode(v.Want.Mode), URL: v.Want.URL}
		for _, p := range v.Want.Pairs {
			want.Pairs = append(want.Pairs, Pair{p[0], p[1]})
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s\n%q: got %+v, %v, want %+v", v.Name, v.Why, v.Input, got, err, want)
		}
	}
}

// What a client of ours writes a server reads, and it is what was asked for.
func TestWhatClientsWriteIsRead(t *testing.T) {
	type input struct {
		Mode, URL string
		Pairs     [][2]string
	}
	type want struct {
		Header  string
		Refused bool
	}
	for _, v := range testkit.Vectors[input, want](t, "header-build") {
		if v.Want.Refused {
			continue
		}
		want := Background{Mode: Mode(v.Input.Mode), URL: v.Input.URL}
		for _, p := range v.Input.Pairs {
			want.Pairs = append(want.Pairs, Pair{p[0], p[1]})
		}
		if got, err := ParseBackground(v.Want.Header, profile.PairRules{}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q is read as %+v, %v, want %+v", v.Name, v.Want.Header, got, err, want)
		}
	}
}

func TestPairRules(t *testing.T) {
	tests := []struct {
		name  string
		rules profile.PairRules
		value string
		want  []Pair
		bad   bool
	}{
		{"percent", profile.PairRules{Percent: true}, "subscription:a=x%2Cy%3D1,b=%20", []Pair{{"a", "x,y=1"}, {"b", " "}}, false},
		{"percent that is none", profile.PairRules{Percent: true}, "subscription:a=100%", nil, true},
		{"percent of what may not be sent", profile.PairRules{Percent: true}, "subscription:a=x%0Ay", nil, true},
		{"no percent", profile.PairRules{}, "subscription:a=x%2Cy", []Pair{{"a", "x%2Cy"}}, false},
		{"blanks", profile.PairRules{KeepBlanks: true}, "subscription: a = 1 ,b=2", []Pair{{"a", " 1 "}, {"b", "2"}}, false},
		{"empty", profile.PairRules{RefuseEmpty: true}, "subscription:a=", nil, true},
		{"reserved", profile.PairRules{DropReserved: true}, "subscription:Host=evil,x-vwd-a=1,b=2", []Pair{{"b", "2"}}, false},
		{"reserved names only", profile.PairRules{DropReserved: true}, "subscription:or der=1", nil, true},
		{"all", profile.PairRules{}, "subscription:a=1,A=2", []Pair{{"a", "1"}, {"A", "2"}}, false},
		{"first", profile.PairRules{Repeated: profile.RepeatedFirst}, "subscription:a=1,b=3,A=2", []Pair{{"a", "1"}, {"b", "3"}}, false},
		{"last", profile.PairRules{Repeated: profile.RepeatedLast}, "subscription:a=1,b=3,A=2", []Pair{{"A", "2"}, {"b", "3"}}, false},
		{"once", profile.PairRules{Repeated: profile.RepeatedRefuse}, "subscription:a=1,A=2", nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseBackground(tt.value, tt.rules)
			if (err != nil) != tt.bad || tt.bad && !errors.Is(err, ErrHeaderValue) {
				t.Fatalf("error %v, want one: %v", err, tt.bad)
			}
			if !tt.bad && !reflect.DeepEqual(got.Pairs, tt.want) {
				t.Errorf("got %+v, want %+v", got.Pairs, tt.want)
			}
		})
	}
}

func FuzzParseBackground(f *testing.F) {
	for _, seed := range []string{
		"none", "https://hooks.example.com/erp", "subscription", "subscription:order=4711,src=shop", "subscription: a = b=c ,,", "x:y",
		"subscription:a= 50%25 ,a=%2C",
	} {
		f.Add(seed, false, false)
		f.Add(seed, true, true)
	}
	f.Fuzz(func(t *testing.T, value string, percent, blanks bool) {
		got, err := ParseBackground(value, profile.PairRules{Percent: percent, KeepBlanks: blanks})
		if err != nil {
			return
		}
		// Whatever parses must survive a round trip.
		again, err := ReadBackground(got.String())
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("round trip of %q by %q: %+v, %v", value, got.String(), again, err)
		}
		for _, p := range got.Pairs {
			if p.check() != nil {
				t.Fatalf("%q gave the pair %+v", value, p)
			}
		}
	})
}
