package mockserver

import (
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/profile"
)

func TestValidateReportsEveryFault(t *testing.T) {
	_, err := New(Config{
		ExternalURL: "erp.mock", Invoices: -1, Workers: -1, ExecTime: Fixed(-1), Companies: map[string]string{"": "1"},
		Subscription: Subscription{URL: "/hook", Retry: Retry{Attempts: -1}},
		Profile:      profile.Profile{TimeFormat: "sundial", ExpiredStateStatus: 500},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, field := range []string{
		"ExternalURL", "Invoices", "Workers", "ExecTime", "Companies", "Subscription.URL", "Subscription.Retry.Attempts",
		"Profile.TimeFormat", "Profile.ExpiredStateStatus",
	} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named in:\n%v", field, err)
		}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) < 6 {
		t.Errorf("want the faults joined, got %T", err)
	}
}

func TestRetriesHaveDefaults(t *testing.T) {
	want := Retry{Attempts: 5, Interval: 5 * time.Second, MaxInterval: 10 * time.Minute, Timeout: 10 * time.Second}
	if got := (Retry{}).withDefaults(5); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
