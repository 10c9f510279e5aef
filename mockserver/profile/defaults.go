package profile

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/check"
)

// WithDefaults returns p with the default of every switch that has one.
func (p Profile) WithDefaults() Profile {
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

// Validate names every switch that has a value which it does not know; field is
// the name of p in the error.
func (p Profile) Validate(field string) error {
	errs := []error{
		check.Root(field+".OriginalURIBase", p.OriginalURIBase),
		check.OneOf(field+".TimeFormat", p.TimeFormat, TimeOffset, TimeUTC, TimeNoZone),
		check.OneOf(field+".UnsetTime", p.UnsetTime, UnsetNull, UnsetZero, UnsetOmitted),
		check.OneOf(field+".Notification", p.Notification, NotificationCamel, NotificationPascal, NotificationState),
		check.OneOf(field+".ContentLocation", p.ContentLocation, contentLocationRules...),
		check.OneOf(field+".StateContentLocation", p.StateContentLocation, contentLocationRules...),
		check.OneOf(field+".Pairs.Repeated", p.Pairs.Repeated, RepeatedAll, RepeatedFirst, RepeatedLast, RepeatedRefuse),
		check.OneOf(field+".ExpiredStateStatus", p.ExpiredStateStatus, 0, http.StatusNotFound, http.StatusGone),
		check.OneOf(field+".MalformedIDStatus", p.MalformedIDStatus, 0, http.StatusNotFound, http.StatusBadRequest),
		check.OneOf(field+".InvalidClientStatus", p.InvalidClientStatus, 0, http.StatusUnauthorized, http.StatusBadRequest),
		check.OneOf(field+".UnfinishedContentStatus", p.UnfinishedContentStatus, 0, http.StatusNotFound, http.StatusNoContent,
			http.StatusAccepted, http.StatusConflict, http.StatusTooEarly),
		check.OneOf(field+".PageBeyondEndStatus", p.PageBeyondEndStatus, 0, http.StatusOK, http.StatusNotFound, http.StatusBadRequest),
		check.NotNegative(field+".GoneFor", p.GoneFor),
		check.NotNegative(field+".MaxPageSize", p.MaxPageSize),
	}
	for _, f := range []struct{ name, value string }{{"IDField", p.IDField}, {"Envelope", p.Envelope}} {
		if f.value != "" && !check.IsToken(f.value) {
			errs = append(errs, fmt.Errorf("%s: %q is not a plain name", field+"."+f.name, f.value))
		}
	}
	known := p.dispatcherHeaders()
	for _, part := range slices.Sorted(maps.Keys(p.HeaderNames)) {
		name := p.HeaderNames[part]
		switch {
		case !slices.Contains(known, part):
			errs = append(errs, fmt.Errorf("%s.HeaderNames[%q]: want one of %s", field, part, strings.Join(known, ", ")))
		case !check.IsToken(name):
			errs = append(errs, fmt.Errorf("%s.HeaderNames[%q]: %q is not a header name", field, part, name))
		}
	}
	return errors.Join(errs...)
}

var contentLocationRules = []ContentLocationRule{
	ContentLocationNull, ContentLocationOmitted, ContentLocationNever, ContentLocationAlways,
}

// dispatcherHeaders are the dispatcher's header names without their prefix.
func (Profile) dispatcherHeaders() []string {
	return []string{
		"application-id", "application-version", "event-id", "group-id", "notification-id", "notification-timestamp",
		"signature-v1", "subscription-id", "tenant-id", "webhook-timestamp",
	}
}
