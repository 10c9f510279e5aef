package hook_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/hook"
)

const (
	secret    = "the-secret-of-today-0001"
	oldSecret = "the-secret-of-before-001"
	ref       = "abcdefghijklmnopqrstuv2345"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func TestRefsAreValidAndDiffer(t *testing.T) {
	seen := make(map[string]bool)
	for range 1000 {
		r := hook.NewRef()
		if !hook.ValidRef(r) || seen[r] {
			t.Fatalf("NewRef returned %q: valid %v, seen before %v", r, hook.ValidRef(r), seen[r])
		}
		seen[r] = true
	}
}

// TestRefsBeginWithTheTime: those of one millisecond share what tells it.
func TestRefsBeginWithTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := hook.NewRef(), hook.NewRef()
		time.Sleep(time.Second)
		later := hook.NewRef()
		if a[:9] != b[:9] || a == b || later[:9] == a[:9] {
			t.Errorf("got %q and %q, and a second later %q", a, b, later)
		}
	})
}

func TestOnlyTheFormOfARefIsValid(t *testing.T) {
	for _, s := range []string{
		"", ref[1:], ref + "a", strings.ToUpper(ref), ref[:25] + "1", ref[:25] + ".", ref[:24] + "å",
		"heard:tenant:aaaaaaaaaaaaa",
	} {
		if hook.ValidRef(s) {
			t.Errorf("ValidRef(%q) is true, want false", s)
		}
	}
}

// The value is pinned so that capabilities made before an update of the
// module are still good after it. It was computed with other software.
func TestCapabilityIsPinned(t *testing.T) {
	got := hook.NewCapability(secret, ref, noon)
	if want := "abcdefghijklmnopqrstuv2345.20526.X-D0ocUb2Gamnq72t77FDQ"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCapabilityIsValidForTwoToThreeDays(t *testing.T) {
	midnight := time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC)
	lastSecond := midnight.Add(-time.Second)
	firstSecond := midnight.Add(-24 * time.Hour)
	tests := []struct {
		name    string
		made    time.Time
		checked time.Time
		want    bool
	}{
		{"at once", noon, noon, true},
		{"48 h after the last second of a day", lastSecond, lastSecond.Add(48 * time.Hour), true},
		{"a second later it is over", lastSecond, lastSecond.Add(48*time.Hour + time.Second), false},
		{"just below 72 h after the first second of a day", firstSecond, firstSecond.Add(72*time.Hour - time.Second), true},
		{"72 h are over", firstSecond, firstSecond.Add(72 * time.Hour), false},
		{"made by a clock that is ahead over midnight", midnight, lastSecond, true},
		{"made two days ahead", midnight.Add(24 * time.Hour), lastSecond, false},
		{"in another zone it is the same instant", noon.In(time.FixedZone("", 14*3600)), noon.In(time.FixedZone("", -12*3600)), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := hook.ParseCapability([]string{secret}, hook.NewCapability(secret, ref, tt.made), tt.checked)
			if ok != tt.want || (ok && got != ref) {
				t.Errorf("got %q, %v, want %v", got, ok, tt.want)
			}
		})
	}
}

func TestCapabilityOfAnySecretIsAcceptedWhileRotating(t *testing.T) {
	for _, made := range []string{secret, oldSecret} {
		c := hook.NewCapability(made, ref, noon)
		for _, secrets := range [][]string{{made}, {secret, oldSecret}, {oldSecret, secret}, {made, made}} {
			if got, ok := hook.ParseCapability(secrets, c, noon); !ok || got != ref {
				t.Errorf("secret %q among %q: got %q, %v", made, secrets, got, ok)
			}
		}
		if _, ok := hook.ParseCapability([]string{"another-secret-000"}, c, noon); ok {
			t.Errorf("secret %q: accepted after it was removed", made)
		}
	}
}

func TestForgedCapabilityIsRefused(t *testing.T) {
	good := hook.NewCapability(secret, ref, noon)
	parts := strings.Split(good, ".")
	bad := map[string]string{
		"empty":                    "",
		"no MAC":                   parts[0] + "." + parts[1],
		"empty MAC":                parts[0] + "." + parts[1] + ".",
		"another ref":              "b" + good[1:],
		"another day":              parts[0] + ".20527." + parts[2],
		"a day with a zero before": parts[0] + ".0" + parts[1] + "." + parts[2],
		"a day with a sign":        parts[0] + ".+" + parts[1] + "." + parts[2],
		"a MAC cut off":            good[:len(good)-1],
		"a MAC with padding":       good + "==",
		"a MAC of the same bits":   good[:len(good)-1] + "h", // the last 4 bits are not part of 16 bytes
		"capitals":                 strings.ToUpper(good),
		"a blank before":           " " + good,
		"a slash after":            good + "/",
		"made with no secret":      hook.NewCapability("", ref, noon),
	}
	for name, c := range bad {
		if got, ok := hook.ParseCapability([]string{secret, ""}, c, noon); ok {
			t.Errorf("%s: accepted with ref %q", name, got)
		}
	}
	if _, ok := hook.ParseCapability(nil, good, noon); ok {
		t.Error("accepted without any secret")
	}
}

func FuzzParseCapability(f *testing.F) {
	good := hook.NewCapability(secret, ref, noon)
	f.Add(good, secret, int64(0))
	f.Add(good, oldSecret, int64(86400))
	f.Add("x.y.z", "", int64(-1))
	f.Fuzz(func(t *testing.T, segment, key string, offset int64) {
		now := noon.Add(time.Duration(offset%(10*86400)) * time.Second)
		got, ok := hook.ParseCapability([]string{"some-other-secret", key}, segment, now)
		if ok {
			// Whatever is accepted is exactly what the holder of the key makes
			// on one of the days in question, letter by letter.
			made := false
			for days := -1; days <= 2; days++ {
				made = made || hook.NewCapability(key, got, now.AddDate(0, 0, -days)) == segment
			}
			if !made || key == "" || !hook.ValidRef(got) {
				t.Fatalf("accepted %q with key %q, ref %q", segment, key, got)
			}
			if hook.Redact("/hooks/"+segment) != "/hooks/"+hook.Redacted {
				t.Fatalf("accepted and not redacted: %q", segment)
			}
		}
		if key != "" {
			c := hook.NewCapability(key, ref, now)
			if back, ok := hook.ParseCapability([]string{key}, c, now); !ok || back != ref {
				t.Fatalf("round trip of %q: %q, %v", c, back, ok)
			}
		}
	})
}
