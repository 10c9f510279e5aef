package compare

import (
	"slices"
	"strings"
)

// A question is something that is not known of the real system, and where its answer
// shows.
type question struct {
	check, place string // what they begin with; empty: any
	switches     []string
}

// questions are looked through in their order; the first that fits names the
// switches.
var questions = []question{
	{"202", "header Location", []string{"NoLocationOn202"}},
	{"202", "body.contentLocation", []string{"ContentLocationIn202"}},
	{"202", "body.id", []string{"IDField"}},
	{"202", "body.jobId", []string{"IDField"}},
	{"state, waiting", "body.status", []string{"QueuedStatus"}},
	{"state, running", "body.status", []string{"RunningStatus"}},
	{"state, ended", "body.status", []string{"FinishedStatus"}},
	{"state, ", "body.originalUri", []string{"OriginalURIBase"}},
	{"state, ", "body.contentLocation", []string{"StateContentLocation"}},
	{"state, ", "body.responseHeaders", []string{"ResponseHeaders"}},
	{"content before the end", "status", []string{"UnfinishedContentStatus"}},
	{"refusal in the background, content", "status", []string{"ContentCarriesStatus"}},
	{"", "header X-RateLimit-Reset", []string{"RateLimitResetEpoch"}},
	{"", "header Retry-After", []string{"RetryAfterDate"}},
	{"", "header ETag", []string{"UnquotedETags"}},
	{"list in the background, content", "header Content-Type", []string{"ContentType"}},
	{"refusal in the background, content", "header Content-Type", []string{"ContentType"}},
	{"list without paging", "status", []string{"RequirePaging"}},
	{"page beyond the end", "status", []string{"PageBeyondEndStatus"}},
	{"slash at the end", "status", []string{"EndSlashMatters"}},
	{"paging in capitals", "", []string{"ExactQueryNames"}},
	{"no such path in the background", "status", []string{"AcceptUnknownRoutes"}},
	{"unknown value of the header", "status", []string{"UnknownHeaderAsNone"}},
	{"state of an id that is no GUID", "status", []string{"MalformedIDStatus"}},
	{"no ipp- headers", "status", []string{"RequireIPPHeaders"}},
	{"no token", "status", []string{"RequireToken"}},
	{polls, "polls", []string{"PollsAreFree"}},
	{"", "body[].invoiceLines[].lineType", []string{"LineTypeCodes"}},
	{"", "body.invoiceLines[].lineType", []string{"LineTypeCodes"}},
}

// settles names the switches that a difference is about.
func settles(check, place string, left, right []string) []string {
	if strings.HasPrefix(check, "state, ") && strings.HasSuffix(place, "Utc") {
		for _, unset := range []string{kindNull, kindAbsent, kindZero} {
			if slices.Contains(left, unset) || slices.Contains(right, unset) {
				return []string{"UnsetTime"}
			}
		}
		return []string{"TimeFormat"}
	}
	isEmpty := slices.Contains(left, kindNoBody) || slices.Contains(right, kindNoBody)
	noType := slices.Contains(left, kindAbsent) || slices.Contains(right, kindAbsent)
	if place == "body" && isEmpty || place == "header Content-Type" && noType {
		return []string{"EmptyErrors"}
	}
	for _, q := range questions {
		if strings.HasPrefix(check, q.check) && strings.HasPrefix(place, q.place) {
			return q.switches
		}
	}
	return nil
}
