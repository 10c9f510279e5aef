package mockserver

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// TimeFormat is a notation for times.
type TimeFormat string

// Notations for times; the fraction has up to three digits, zeros trimmed.
const (
	TimeOffset TimeFormat = ""       // 2022-11-10T10:20:53.75+01:00
	TimeUTC    TimeFormat = "utc"    // 2022-11-10T09:20:53.75Z
	TimeNoZone TimeFormat = "nozone" // 2022-11-10T10:20:53.75
)

// UnsetTime is the look of a time that has not come yet.
type UnsetTime string

// Looks of a time that has not come yet.
const (
	UnsetNull    UnsetTime = ""        // null
	UnsetZero    UnsetTime = "zero"    // 0001-01-01T00:00:00
	UnsetOmitted UnsetTime = "omitted" // the field is left out
)

// NotificationShape is the look of a notification's body.
type NotificationShape string

// Looks of a notification's body.
const (
	NotificationCamel  NotificationShape = ""       // {"id":…,"statusCode":…,"stateLocation":…,"contentLocation":…}
	NotificationPascal NotificationShape = "pascal" // the same with Id, StatusCode, …
	NotificationState  NotificationShape = "state"  // the whole state document
)

// ContentLocationRule says when there is a contentLocation.
type ContentLocationRule string

// Rules for contentLocation.
const (
	ContentLocationNull    ContentLocationRule = ""        // null without content
	ContentLocationOmitted ContentLocationRule = "omitted" // left out without content
	ContentLocationNever   ContentLocationRule = "never"   // always left out
	ContentLocationAlways  ContentLocationRule = "always"  // there without content too
)

// PairRules are what is not known of the grammar of the header value
// "subscription:name=value,...". The zero value trims blanks around names and
// values, takes every other character of a value as it is, sends empty values
// and all values of a repeated name, and refuses reserved names.
type PairRules struct {
	// Percent decodes %2C and the like in values.
	Percent bool
	// KeepBlanks leaves blanks around a value where they are.
	KeepBlanks bool
	// RefuseEmpty refuses a pair without a value.
	RefuseEmpty bool
	// DropReserved ignores a pair with a reserved name instead of refusing it.
	DropReserved bool
	// Repeated is what becomes of a name that comes twice.
	Repeated RepeatedPair
}

// RepeatedPair is what becomes of a name that comes twice.
type RepeatedPair string

// Ways to treat a name that comes twice.
const (
	RepeatedAll    RepeatedPair = ""       // each value is a header line of its own
	RepeatedFirst  RepeatedPair = "first"  // the first value counts
	RepeatedLast   RepeatedPair = "last"   // the last value counts
	RepeatedRefuse RepeatedPair = "refuse" // the request is refused
)

func (p Profile) withDefaults() Profile {
	p.QueuedStatus = cmp.Or(p.QueuedStatus, "Started")
	p.RunningStatus = cmp.Or(p.RunningStatus, "Started")
	p.FinishedStatus = cmp.Or(p.FinishedStatus, "Finished")
	p.MalformedIDStatus = cmp.Or(p.MalformedIDStatus, http.StatusNotFound)
	p.IDField = cmp.Or(p.IDField, "id")
	p.InvalidClientStatus = cmp.Or(p.InvalidClientStatus, http.StatusUnauthorized)
	p.BackgroundActionResult = cmp.Or(p.BackgroundActionResult, "Done")
	p.UnfinishedContentStatus = cmp.Or(p.UnfinishedContentStatus, http.StatusNotFound)
	p.NotificationContentType = cmp.Or(p.NotificationContentType, "application/json; charset=utf-8")
	p.PageBeyondEndStatus = cmp.Or(p.PageBeyondEndStatus, http.StatusOK)
	p.CreditNoteType = cmp.Or(p.CreditNoteType, "CreditNote")
	p.OriginalURIBase = cmp.Or(p.OriginalURIBase, "https://finance.visma.net")
	p.SubscriptionAddress = cmp.Or(p.SubscriptionAddress, "subscription")
	if p.ResponseHeaders == nil {
		p.ResponseHeaders = []string{"Location", "ETag", "Content-Type"}
	}
	p.ExpiredStateStatus = cmp.Or(p.ExpiredStateStatus, http.StatusNotFound)
	p.EventID = cmp.Or(p.EventID, "BACKGROUND_API_RESPONSE")
	p.HeaderPrefix = cmp.Or(p.HeaderPrefix, "x-vwd-")
	p.UserAgent = cmp.Or(p.UserAgent, "erpmock")
	p.RateLimitBody = cmp.Or(p.RateLimitBody,
		`{"statusCode":429,"message":"Rate limit is exceeded. Try again in {seconds} seconds."}`)
	p.ForegroundActionResult = cmp.Or(p.ForegroundActionResult, "Queued")
	p.MaxPageSize = cmp.Or(p.MaxPageSize, 1000)
	return p
}

// validate names every switch that has a value which is not one of its own.
func (p Profile) validate() error {
	errs := []error{
		oneOf("TimeFormat", p.TimeFormat, TimeOffset, TimeUTC, TimeNoZone),
		oneOf("UnsetTime", p.UnsetTime, UnsetNull, UnsetZero, UnsetOmitted),
		oneOf("Notification", p.Notification, NotificationCamel, NotificationPascal, NotificationState),
		oneOf("ContentLocation", p.ContentLocation, contentLocationRules...),
		oneOf("StateContentLocation", p.StateContentLocation, contentLocationRules...),
		oneOf("Pairs.Repeated", p.Pairs.Repeated, RepeatedAll, RepeatedFirst, RepeatedLast, RepeatedRefuse),
		oneOf("ExpiredStateStatus", p.ExpiredStateStatus, 0, http.StatusNotFound, http.StatusGone),
		oneOf("MalformedIDStatus", p.MalformedIDStatus, 0, http.StatusNotFound, http.StatusBadRequest),
		oneOf("InvalidClientStatus", p.InvalidClientStatus, 0, http.StatusUnauthorized, http.StatusBadRequest),
		oneOf("UnfinishedContentStatus", p.UnfinishedContentStatus, 0, http.StatusNotFound, http.StatusNoContent,
			http.StatusAccepted, http.StatusConflict, http.StatusTooEarly),
		oneOf("PageBeyondEndStatus", p.PageBeyondEndStatus, 0, http.StatusOK, http.StatusNotFound, http.StatusBadRequest),
		notNegative("Profile.GoneFor", p.GoneFor),
		notNegative("Profile.MaxPageSize", p.MaxPageSize),
	}
	for _, f := range []struct{ field, value string }{{"IDField", p.IDField}, {"Envelope", p.Envelope}} {
		if f.value != "" && !wire.IsToken(f.value) {
			errs = append(errs, fmt.Errorf("%s: %q is not a plain name", "Profile."+f.field, f.value))
		}
	}
	const field = "Profile.HeaderNames"
	known := p.dispatcherHeaders()
	for _, part := range slices.Sorted(maps.Keys(p.HeaderNames)) {
		name := p.HeaderNames[part]
		switch {
		case !slices.Contains(known, part):
			errs = append(errs, fmt.Errorf("%s[%q]: want one of %s", field, part, strings.Join(known, ", ")))
		case !wire.IsToken(name):
			errs = append(errs, fmt.Errorf("%s[%q]: %q is not a header name", field, part, name))
		}
	}
	return errors.Join(errs...)
}

var contentLocationRules = []ContentLocationRule{
	ContentLocationNull, ContentLocationOmitted, ContentLocationNever, ContentLocationAlways,
}

func oneOf[T comparable](field string, v T, values ...T) error {
	if slices.Contains(values, v) {
		return nil
	}
	return fmt.Errorf("%s: %#v is not one of its values", "Profile."+field, v)
}

// dispatcherHeaders are the dispatcher's header names without their prefix.
func (Profile) dispatcherHeaders() []string {
	return []string{
		"application-id", "application-version", "event-id", "group-id", "notification-id", "notification-timestamp",
		"signature-v1", "subscription-id", "tenant-id", "webhook-timestamp",
	}
}

// headerName is the whole name of one of the dispatcher's headers.
func (p Profile) headerName(part string) string {
	return cmp.Or(p.HeaderNames[part], p.HeaderPrefix+part)
}

// times is how times are shown.
func (p Profile) times() wire.Times {
	return wire.Times{Format: wire.TimeFormat(p.TimeFormat), Unset: wire.UnsetTime(p.UnsetTime), Zone: p.Zone}
}

// rules are what the header is read by.
func (r PairRules) rules() wire.PairRules {
	return wire.PairRules{
		Percent: r.Percent, KeepBlanks: r.KeepBlanks, RefuseEmpty: r.RefuseEmpty, DropReserved: r.DropReserved, Repeated: wire.Repeated(r.Repeated),
	}
}
