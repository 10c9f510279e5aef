package wire

import (
	"errors"
	"reflect"
	"testing"

	"github.com/vismanet-go/background/mockserver/profile"
)

func TestParseBackground(t *testing.T) {
	tests := []struct {
		value string
		want  Background
		bad   bool
	}{
		{value: "none", want: Background{Mode: NotifyNone}},
		{value: " None ", want: Background{Mode: NotifyNone}},
		{value: "https://hooks.example.com/erp?x=1,2", want: Background{Mode: NotifyURL, URL: "https://hooks.example.com/erp?x=1,2"}},
		{value: "HTTP://127.0.0.1:80/", want: Background{Mode: NotifyURL, URL: "HTTP://127.0.0.1:80/"}},
		{value: "subscription", want: Background{Mode: NotifySubscription}},
		{value: "Subscription:", want: Background{Mode: NotifySubscription}},
		{value: "subscription:order=4711,src=shop", want: Background{
			Mode: NotifySubscription, Pairs: []Pair{{"order", "4711"}, {"src", "shop"}},
		}},
		{value: " subscription : a = 1 ,, b=c=d, e=", want: Background{
			Mode: NotifySubscription, Pairs: []Pair{{"a", "1"}, {"b", "c=d"}, {"e", ""}},
		}},
		{value: "subscription:u=https://x:1/", want: Background{
			Mode: NotifySubscription, Pairs: []Pair{{"u", "https://x:1/"}},
		}},
		{value: "", bad: true},
		{value: "true", bad: true},
		{value: "none,none", bad: true},
		{value: "subscriptions", bad: true},
		{value: "/relative", bad: true},
		{value: "https://", bad: true},
		{value: "ftp://host/", bad: true},
		{value: "subscription:order", bad: true},
		{value: "subscription:=4711", bad: true},
		{value: "subscription:or der=4711", bad: true},
		{value: "subscription:a=blåbær", bad: true},
		{value: "subscription:x-vwd-tenant-id=1", bad: true},
		{value: "subscription:Content-Type=text/plain", bad: true},
		{value: "subscription:Host=evil", bad: true},
		{value: "subscription:transfer-encoding=chunked", bad: true},
	}
	for _, tt := range tests {
		got, err := ParseBackground(tt.value, profile.PairRules{})
		if (err != nil) != tt.bad || tt.bad && !errors.Is(err, ErrHeaderValue) {
			t.Errorf("%q: error %v, want one: %v", tt.value, err, tt.bad)
		}
		if !tt.bad && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: got %+v, want %+v", tt.value, got, tt.want)
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
