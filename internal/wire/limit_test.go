package wire

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestAppendLimits(t *testing.T) {
	now := time.Unix(1_700_000_000, 0).UTC()
	x := func(limit, remaining, reset string) http.Header {
		return http.Header{"X-Ratelimit-Limit": {limit}, "X-Ratelimit-Remaining": {remaining}, "X-Ratelimit-Reset": {reset}, "X-Ratelimit-Policy": {"4-fixed-window"}}
	}
	four := func(limit, remaining int, reset time.Duration) Limit {
		return Limit{Policy: "4-fixed-window", Limit: limit, Remaining: remaining, Reset: reset}
	}
	date := x("500", "17", "1700000645")
	date["Date"] = []string{now.Add(10 * time.Minute).Format(http.TimeFormat)}
	both := x("500", "17", "60")
	both["Ratelimit"] = []string{`"hour";r=17;t=60, "day";r=40;t=7200`}
	both["Ratelimit-Policy"] = []string{`"hour";q=500;w=3600, "day";q=9000;w=86400`}
	for name, tt := range map[string]struct {
		header http.Header
		want   []Limit
	}{
		"none":                       {http.Header{}, nil},
		"the vendor's":               {x("500", "17", "1800"), []Limit{four(500, 17, 30*time.Minute)}},
		"with spaces":                {x(" 500 ", " 17", "1800 "), []Limit{four(500, 17, 30*time.Minute)}},
		"an end as Unix time":        {x("500", "17", "1700000045"), []Limit{four(500, 17, 45*time.Second)}},
		"an end by the answer's":     {date, []Limit{four(500, 17, 45*time.Second)}},
		"an end of 0":                {x("500", "17", "0"), []Limit{four(500, 17, time.Second)}},
		"an end that is far":         {x("500", "17", "1e8"), []Limit{four(500, 17, time.Hour)}},
		"no end":                     {x("500", "17", ""), []Limit{four(500, 17, 0)}},
		"an end that is garbage":     {x("500", "17", "NaN"), []Limit{four(500, 17, 0)}},
		"no limit":                   {x("", "17", "60"), []Limit{four(0, 17, time.Minute)}},
		"a limit of nothing":         {x("0", "17", "60"), []Limit{four(0, 17, time.Minute)}},
		"more than the limit":        {x("500", "501", "60"), []Limit{four(500, 500, time.Minute)}},
		"a remainder below 0":        {x("500", "-1", "60"), nil},
		"a remainder that is no one": {x("500", "NaN", "60"), nil},
		"an absurd remainder":        {x("500", "1e12", "60"), nil},
		"an infinite limit":          {x("Inf", "17", "60"), []Limit{four(0, 17, time.Minute)}},
		"two in one field": {
			http.Header{"X-Ratelimit-Limit": {"5, 500"}, "X-Ratelimit-Remaining": {"4", "17"}, "X-Ratelimit-Reset": {"60,1800"}, "X-Ratelimit-Policy": {"a, b"}},
			[]Limit{{Policy: "a", Limit: 5, Remaining: 4, Reset: time.Minute}, {Policy: "b", Limit: 500, Remaining: 17, Reset: 30 * time.Minute}},
		},
		"an early draft": {
			http.Header{"Ratelimit-Limit": {"100, 100;w=60"}, "Ratelimit-Remaining": {"50"}, "Ratelimit-Reset": {"30"}},
			[]Limit{{Limit: 100, Remaining: 50, Reset: 30 * time.Second}},
		},
		"the seventh draft": {http.Header{"Ratelimit": {"limit=100, remaining=50, reset=30"}}, []Limit{{Limit: 100, Remaining: 50, Reset: 30 * time.Second}}},
		"a later draft": {
			http.Header{"Ratelimit": {`"a;b,c";r=50;t=30`}, "Ratelimit-Policy": {`"x";q=1, "a;b,c";q=100;w=60;pk=:cHA=:`}},
			[]Limit{{Policy: "a;b,c", Limit: 100, Remaining: 50, Reset: 30 * time.Second, Window: time.Minute}},
		},
		"a draft without a policy":       {http.Header{"Ratelimit": {`default;r=50`}}, []Limit{{Policy: "default", Remaining: 50}}},
		"a draft without a remainder":    {http.Header{"Ratelimit": {`"default";t=50`}}, nil},
		"a draft that never ends":        {http.Header{"Ratelimit": {`"default;r=50;t=1`}}, nil},
		"the vendor's beside a draft's":  {both, []Limit{four(500, 17, time.Minute), {Policy: "day", Limit: 9000, Remaining: 40, Reset: time.Hour, Window: time.Hour}}},
		"a name that no other one knows": {http.Header{"X-Rate-Limit": {"5"}}, nil},
	} {
		if got := AppendLimits(nil, tt.header, now); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", tt.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
}

func FuzzAppendLimits(f *testing.F) {
	f.Add("500", "17", "1800", "4-fixed-window", `"a";r=5;t=3, b;r=1`, `"a";q=9;w=60`)
	f.Add("5, 6", "NaN", "-1", `"`, `limit=1, remaining=2, reset=3`, `\"\`)
	f.Add("", "1e400", ",,,", ";;", `"a\";r=1`, "")
	f.Fuzz(func(t *testing.T, limit, remaining, reset, policy, draft, policies string) {
		h := http.Header{
			"X-Ratelimit-Limit": {limit}, "X-Ratelimit-Remaining": {remaining}, "X-Ratelimit-Reset": {reset}, "X-Ratelimit-Policy": {policy},
			"Ratelimit-Remaining": {remaining, reset}, "Ratelimit": {draft}, "Ratelimit-Policy": {policies},
		}
		got := AppendLimits(nil, h, time.Unix(1_700_000_000, 0))
		if len(got) > 3*maxLimits {
			t.Errorf("read %d limits, want %d at most", len(got), 3*maxLimits)
		}
		for _, l := range got {
			if l.Limit < 0 || l.Remaining < 0 || l.Limit > maxCalls || l.Remaining > maxCalls || l.Limit > 0 && l.Remaining > l.Limit ||
				l.Reset != 0 && (l.Reset < MinWait || l.Reset > MaxWait) || l.Window < 0 || l.Window > MaxWait {
				t.Errorf("read %+v of %q", l, h)
			}
		}
	})
}
