package compare_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/compare"
	"github.com/vismanet-go/background/mockserver/profile"
)

// server starts a mock in memory, as one side.
func server(t *testing.T, cfg mockserver.Config) (*mockserver.Server, compare.Target) {
	t.Helper()
	if cfg.ExecTime == nil {
		cfg.ExecTime = mockserver.Fixed(5300 * time.Millisecond) // which no poll falls together with
	}
	srv, err := mockserver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv, compare.Target{URL: mockserver.BaseURL, Token: "company:1000001", HTTPClient: srv.Client()}
}

func run(t *testing.T, left, right compare.Target) compare.Report {
	t.Helper()
	r, err := compare.Run(t.Context(), compare.Options{Left: left, Right: right})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func text(t *testing.T, r compare.Report) string {
	t.Helper()
	var b strings.Builder
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAServerDoesNotDifferFromItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left, a := server(t, mockserver.Config{Seed: 1})
		_, b := server(t, mockserver.Config{Seed: 2})
		r := run(t, a, b)
		if len(r.Differences) > 0 || len(r.Outside) > 0 || len(r.Missed) > 0 || len(r.Compared) < 20 {
			t.Errorf("got\n%s", text(t, r))
		}
		for _, q := range left.Journal().Requests("") {
			if q.Method != "GET" || q.Background != "" && q.Background != "none" && q.Background != "compare" {
				t.Errorf("called %s %s with %q", q.Method, q.Path, q.Background)
			}
		}
		if n := len(left.Journal().Requests("")); n != r.LeftCalls || n > 60 {
			t.Errorf("%d calls, of which the report tells %d", n, r.LeftCalls)
		}
	})
}

// What differs is named, with the switch that it settles, and nothing else.
func TestWhatDiffersIsNamed(t *testing.T) {
	var all strings.Builder
	for _, tt := range []struct {
		settles string // the switches, and the only ones
		profile profile.Profile
	}{
		{"UnsetTime", profile.Profile{UnsetTime: profile.UnsetZero}},
		{"UnsetTime", profile.Profile{UnsetTime: profile.UnsetOmitted}},
		{"TimeFormat", profile.Profile{TimeFormat: profile.TimeUTC}},
		{"TimeFormat", profile.Profile{TimeFormat: profile.TimeNoZone}},
		{"QueuedStatus", profile.Profile{QueuedStatus: "Queued"}},
		{"RunningStatus", profile.Profile{RunningStatus: "Running"}},
		{"FinishedStatus", profile.Profile{FinishedStatus: "Completed"}},
		{"OriginalURIBase", profile.Profile{OriginalURIBase: mockserver.BaseURL}},
		{"ResponseHeaders", profile.Profile{ResponseHeaders: []string{}}},
		{"StateContentLocation", profile.Profile{StateContentLocation: profile.ContentLocationAlways}},
		{"StateContentLocation", profile.Profile{StateContentLocation: profile.ContentLocationOmitted}},
		{"StateContentLocation", profile.Profile{StateContentLocation: profile.ContentLocationNever}},
		{"MalformedIDStatus", profile.Profile{MalformedIDStatus: 400}},
		{"ContentLocationIn202", profile.Profile{ContentLocationIn202: true}},
		{"NoLocationOn202", profile.Profile{NoLocationOn202: true}},
		{"IDField", profile.Profile{IDField: "jobId"}},
		{"UnknownHeaderAsNone", profile.Profile{UnknownHeaderAsNone: true}},
		{"AcceptUnknownRoutes", profile.Profile{AcceptUnknownRoutes: true}},
		{"RequireToken", profile.Profile{RequireToken: true}},
		{"RequireIPPHeaders", profile.Profile{RequireIPPHeaders: true}},
		{"RequirePaging", profile.Profile{RequirePaging: true}},
		{"ExactQueryNames", profile.Profile{ExactQueryNames: true}},
		{"EndSlashMatters", profile.Profile{EndSlashMatters: true}},
		{"ContentCarriesStatus", profile.Profile{ContentCarriesStatus: true}},
		{"UnfinishedContentStatus", profile.Profile{UnfinishedContentStatus: 409}},
		{"ContentType", profile.Profile{ContentType: "text/plain"}},
		{"PollsAreFree", profile.Profile{PollsAreFree: true}},
		{"RateLimitResetEpoch", profile.Profile{RateLimitResetEpoch: true}},
		{"UnquotedETags", profile.Profile{UnquotedETags: true}},
		{"PageBeyondEndStatus", profile.Profile{PageBeyondEndStatus: 404}},
		{"LineTypeCodes", profile.Profile{LineTypeCodes: true}},
		// Without its body a refusal has no content, and what that has is gone too.
		{"ContentCarriesStatus EmptyErrors ResponseHeaders StateContentLocation", profile.Profile{EmptyErrors: true}},
		{"ContentLocationIn202 RateLimitResetEpoch RequireIPPHeaders ResponseHeaders UnsetTime", profile.Legacy2022()},
		{"RequirePaging RequireToken", profile.Strict()},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, a := server(t, mockserver.Config{})
			_, b := server(t, mockserver.Config{Profile: tt.profile})
			for _, target := range []*compare.Target{&a, &b} {
				target.Header = http.Header{"Ipp-Company-Id": {"1000001"}, "Ipp-Application-Type": {"Visma.net Financials"}}
			}
			r := run(t, a, b)
			var settled []string
			for _, d := range r.Differences {
				if len(d.Settles) == 0 && !strings.HasPrefix(tt.settles, "Content") {
					t.Errorf("%s: %+v settles nothing", tt.settles, d)
				}
				settled = append(settled, d.Settles...)
			}
			slices.Sort(settled)
			if got := strings.Join(slices.Compact(settled), " "); got != tt.settles || len(r.Missed) > 0 {
				t.Errorf("settled %q, want %q; not compared: %+v", got, tt.settles, r.Missed)
			}
			fmt.Fprintf(&all, "=== %s\n%s", tt.settles, text(t, r))
		})
	}
	testkit.Golden(t, "testdata/differences.golden", all.String())
}
