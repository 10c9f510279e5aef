package mockserver

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Profile holds one switch for each thing that is not known for certain of the
// real system, or that differs between its versions. The zero value is the
// profile "current": the vendor's OpenAPI document where it speaks, observed
// data where it does not.
type Profile struct {
	// State document.

	// TimeFormat is the notation of its times. Observed: [TimeOffset].
	TimeFormat TimeFormat
	// Zone is where TimeOffset and TimeNoZone read the clock. Default:
	// Norwegian time. Observed: Norwegian time, despite the fields' names.
	Zone *time.Location
	// UnsetTime is how a time that has not come yet looks. Not observed.
	UnsetTime UnsetTime
	// QueuedStatus is the status before a worker picks the operation up.
	// Default: "Started", as no other word is documented.
	QueuedStatus string
	// FailedWithoutStatusCode leaves statusCode 0 when the machinery fails.
	// Default: 500. Not observed.
	FailedWithoutStatusCode bool
	// OriginalURIBase is the internal root in originalUri, which is followed
	// by the company as ten digits. Default, as observed:
	// "https://finance.visma.net".
	OriginalURIBase string
	// SubscriptionAddress is webhookAddress in subscription mode. Default:
	// "subscription". Not observed.
	SubscriptionAddress string
	// ResponseHeaders are the endpoint's headers that are kept. Nil: Location,
	// ETag and Content-Type. Empty: none, and the field is null, as observed
	// in 2022.
	ResponseHeaders []string

	// The 202.

	// ContentLocationIn202 adds contentLocation to its body; one reading of
	// the vendor's article of 2022.
	ContentLocationIn202 bool
	// NoLocationOn202 leaves out its Location header, which is weakly
	// attested.
	NoLocationOn202 bool
	// UnknownHeaderAsNone queues a request whose header value is not
	// understood. Default: 400. Not observed.
	UnknownHeaderAsNone bool
	// RequireHTTPSWebhooks refuses http:// in the header with 400, as
	// announced for 30 April 2025. Default: off, receivers in tests speak
	// plain HTTP.
	RequireHTTPSWebhooks bool

	// Execution.

	// ReportAccepted ends an operation when its endpoint flushes an answer 202,
	// while the endpoint goes on; how that ends is not visible. So actions were
	// in 2022, and so the built-in ones are then: they answer "Queued", and end
	// half a second later (with a shared Queue at once). Default: an operation
	// ends when its endpoint has returned, with what it answered.
	ReportAccepted bool

	// Retention.

	// RetainFromReceived counts from receivedUtc. Default: from finishedUtc.
	// Documented is only the length.
	RetainFromReceived bool
	// ExpiredStateStatus answers for a state document after retention, 404
	// or 410. Default: 404; 410 is documented for the content only.
	ExpiredStateStatus int

	// Notifications.

	// Notification is the shape of the body. Only its content is documented,
	// in prose. Default: [NotificationCamel].
	Notification NotificationShape
	// ContentLocation is when a notification has that field. Default:
	// [ContentLocationNull].
	ContentLocation ContentLocationRule
	// NotifyOnlyWithContent sends nothing for an operation without a body, as
	// the event catalogue can be read. Default: always.
	NotifyOnlyWithContent bool
	// NoNotifyOnFailed sends nothing when the machinery fails. Default: sent.
	NoNotifyOnFailed bool
	// EventID is x-vwd-event-id. Default: "BACKGROUND_API_RESPONSE".
	EventID string
	// HeaderPrefix begins the dispatcher's header names. Default: "x-vwd-",
	// as seen with a sister product.
	HeaderPrefix string
	// UserAgent of notifications. Default: "erpmock". Not observed.
	UserAgent string

	// Answers in general.

	// RateLimitBody is the body of a 429; "{seconds}" is replaced. Default:
	// the stock text of the vendor's gateway product.
	RateLimitBody string
	// RetryAfterDate tells the Retry-After of a 429 as a date. Documented:
	// seconds.
	RetryAfterDate bool
	// PollsAreFree does not count looks at states and contents against the
	// rate limit. Not documented.
	PollsAreFree bool
	// RateLimitResetEpoch shows X-RateLimit-Reset as Unix time, as the old
	// gateway did. Default: seconds left.
	RateLimitResetEpoch bool
	// ForegroundActionResult is what an action answers when it is not
	// backgrounded. Default: "Queued".
	ForegroundActionResult string
	// UnquotedETags leaves out the quotes in ETag headers. Not observed.
	UnquotedETags bool
	// MaxPageSize is what larger page sizes are silently cut to. Default:
	// 1000.
	MaxPageSize int
}

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

// ContentLocationRule says when a notification has contentLocation.
type ContentLocationRule string

// Rules for contentLocation in notifications.
const (
	ContentLocationNull    ContentLocationRule = ""        // null without content
	ContentLocationOmitted ContentLocationRule = "omitted" // left out without content
	ContentLocationNever   ContentLocationRule = "never"   // always left out
)

func (p Profile) withDefaults() Profile {
	p.QueuedStatus = cmp.Or(p.QueuedStatus, "Started")
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

func (p Profile) validate() error {
	var errs []error
	oneOf := func(field string, ok bool, v any) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %#v is not one of its values", "Profile."+field, v))
		}
	}
	oneOf("TimeFormat", p.TimeFormat == TimeOffset || p.TimeFormat == TimeUTC || p.TimeFormat == TimeNoZone, p.TimeFormat)
	oneOf("UnsetTime", p.UnsetTime == UnsetNull || p.UnsetTime == UnsetZero || p.UnsetTime == UnsetOmitted, p.UnsetTime)
	oneOf("Notification", p.Notification == NotificationCamel || p.Notification == NotificationPascal ||
		p.Notification == NotificationState, p.Notification)
	oneOf("ContentLocation", p.ContentLocation == ContentLocationNull || p.ContentLocation == ContentLocationOmitted ||
		p.ContentLocation == ContentLocationNever, p.ContentLocation)
	oneOf("ExpiredStateStatus", p.ExpiredStateStatus == 0 || p.ExpiredStateStatus == http.StatusNotFound ||
		p.ExpiredStateStatus == http.StatusGone, p.ExpiredStateStatus)
	return errors.Join(append(errs, notNegative("Profile.MaxPageSize", p.MaxPageSize))...)
}

// local is t on the company's clock.
func (p Profile) local(t time.Time) time.Time {
	if p.Zone != nil {
		return t.In(p.Zone)
	}
	return norway(t)
}

// formatTime writes t for the state document.
func (p Profile) formatTime(t time.Time) string {
	switch p.TimeFormat {
	case TimeUTC:
		return t.UTC().Format("2006-01-02T15:04:05.999Z")
	case TimeNoZone:
		return p.local(t).Format("2006-01-02T15:04:05.999")
	}
	return p.local(t).Format("2006-01-02T15:04:05.999-07:00")
}
