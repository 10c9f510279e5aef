package wire

import (
	"time"

	"github.com/vismanet-go/background/mockserver/profile"
)

// Times is how the ERP writes times.
type Times struct {
	Format profile.TimeFormat
	Unset  profile.UnsetTime
	Zone   *time.Location // where a time is read that is not UTC; nil: Norway
}

// TimesOf is how a profile has them written.
func TimesOf(p profile.Profile) Times { return Times{p.TimeFormat, p.UnsetTime, p.Zone} }

// Local is t where the ERP is.
func (f Times) Local(t time.Time) time.Time {
	if f.Zone != nil {
		return t.In(f.Zone)
	}
	return norway(t)
}

// format writes a time that has come.
func (f Times) format(t time.Time) string {
	switch f.Format {
	case profile.TimeUTC:
		return t.UTC().Format("2006-01-02T15:04:05.999Z")
	case profile.TimeNoZone:
		return f.Local(t).Format("2006-01-02T15:04:05.999")
	}
	return f.Local(t).Format("2006-01-02T15:04:05.999-07:00")
}

// Text is the JSON text for a time; one that is zero has not come yet.
func (f Times) Text(t time.Time) Text {
	switch {
	case !t.IsZero():
		return Text(`"` + f.format(t) + `"`)
	case f.Unset == profile.UnsetOmitted:
		return ""
	case f.Unset == profile.UnsetZero:
		return `"0001-01-01T00:00:00"`
	}
	return "null"
}

// The ERP shows times in Norwegian local time. The rule is computed here, so
// that users need neither a zone database on the machine nor 450 kB of one in
// their binary: UTC+1, and UTC+2 from the last Sunday of March to the last
// Sunday of October, changing at 01:00 UTC.
func norway(t time.Time) time.Time {
	t = t.UTC()
	summer := !t.Before(lastSunday(t.Year(), time.March)) && t.Before(lastSunday(t.Year(), time.October))
	if summer {
		return t.In(time.FixedZone("CEST", 2*60*60))
	}
	return t.In(time.FixedZone("CET", 60*60))
}

// lastSunday is 01:00 UTC on the last Sunday of a month with 31 days.
func lastSunday(year int, month time.Month) time.Time {
	last := time.Date(year, month, 31, 1, 0, 0, 0, time.UTC)
	return last.AddDate(0, 0, -int(last.Weekday()))
}
