package mockserver

import "time"

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
