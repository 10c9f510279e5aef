package mockserver

import (
	"errors"
	"reflect"
	"testing"
)

func TestParseBackground(t *testing.T) {
	tests := []struct {
		value string
		want  background
		bad   bool
	}{
		{value: "none", want: background{mode: notifyNone}},
		{value: " None ", want: background{mode: notifyNone}},
		{value: "https://hooks.example.com/erp?x=1,2", want: background{mode: notifyURL, url: "https://hooks.example.com/erp?x=1,2"}},
		{value: "HTTP://127.0.0.1:80/", want: background{mode: notifyURL, url: "HTTP://127.0.0.1:80/"}},
		{value: "subscription", want: background{mode: notifySubscription}},
		{value: "Subscription:", want: background{mode: notifySubscription}},
		{value: "subscription:order=4711,src=shop", want: background{
			mode: notifySubscription, pairs: []pair{{"order", "4711"}, {"src", "shop"}},
		}},
		{value: " subscription : a = 1 ,, b=c=d, e=", want: background{
			mode: notifySubscription, pairs: []pair{{"a", "1"}, {"b", "c=d"}, {"e", ""}},
		}},
		{value: "subscription:u=https://x:1/", want: background{
			mode: notifySubscription, pairs: []pair{{"u", "https://x:1/"}},
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
		got, err := parseBackground(tt.value, PairRules{})
		if (err != nil) != tt.bad || tt.bad && !errors.Is(err, errHeaderValue) {
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
		rules PairRules
		value string
		want  []pair
		bad   bool
	}{
		{"percent", PairRules{Percent: true}, "subscription:a=x%2Cy%3D1,b=%20", []pair{{"a", "x,y=1"}, {"b", " "}}, false},
		{"percent that is none", PairRules{Percent: true}, "subscription:a=100%", nil, true},
		{"percent of what may not be sent", PairRules{Percent: true}, "subscription:a=x%0Ay", nil, true},
		{"no percent", PairRules{}, "subscription:a=x%2Cy", []pair{{"a", "x%2Cy"}}, false},
		{"blanks", PairRules{KeepBlanks: true}, "subscription: a = 1 ,b=2", []pair{{"a", " 1 "}, {"b", "2"}}, false},
		{"empty", PairRules{RefuseEmpty: true}, "subscription:a=", nil, true},
		{"reserved", PairRules{DropReserved: true}, "subscription:Host=evil,x-vwd-a=1,b=2", []pair{{"b", "2"}}, false},
		{"reserved names only", PairRules{DropReserved: true}, "subscription:or der=1", nil, true},
		{"all", PairRules{}, "subscription:a=1,A=2", []pair{{"a", "1"}, {"A", "2"}}, false},
		{"first", PairRules{Repeated: RepeatedFirst}, "subscription:a=1,b=3,A=2", []pair{{"a", "1"}, {"b", "3"}}, false},
		{"last", PairRules{Repeated: RepeatedLast}, "subscription:a=1,b=3,A=2", []pair{{"A", "2"}, {"b", "3"}}, false},
		{"once", PairRules{Repeated: RepeatedRefuse}, "subscription:a=1,A=2", nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseBackground(tt.value, tt.rules)
			if (err != nil) != tt.bad || tt.bad && !errors.Is(err, errHeaderValue) {
				t.Fatalf("error %v, want one: %v", err, tt.bad)
			}
			if !tt.bad && !reflect.DeepEqual(got.pairs, tt.want) {
				t.Errorf("got %+v, want %+v", got.pairs, tt.want)
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
		got, err := parseBackground(value, PairRules{Percent: percent, KeepBlanks: blanks})
		if err != nil {
			return
		}
		// Whatever parses must survive a round trip.
		again, err := readBackground(got.String())
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("round trip of %q by %q: %+v, %v", value, got.String(), again, err)
		}
		for _, p := range got.pairs {
			if p.check() != nil {
				t.Fatalf("%q gave the pair %+v", value, p)
			}
		}
	})
}
