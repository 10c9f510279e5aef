package profile

import (
	"fmt"
	"strings"
)

// Current is the vendor's OpenAPI document of 2026 where it speaks, and
// observed data where it does not. It is the zero [Profile].
func Current() Profile { return Profile{} }

// Legacy2022 is the API as the vendor's article of March 2022 and a state
// document captured in November 2022 show it, behind the old gateway: actions
// are reported when they have begun, whatever becomes of them, unless they are
// refused at once; no response headers are kept; the 202 names the
// contentLocation too; the ipp- headers are demanded; there are no
// subscriptions; X-RateLimit-Reset is a Unix time; times that have not come yet
// are the zero time of .NET, as a client of that year needs it.
func Legacy2022() Profile {
	return Profile{
		ReportAccepted:       true,
		ResponseHeaders:      []string{},
		ContentLocationIn202: true,
		RequireIPPHeaders:    true,
		RefuseSubscription:   true,
		RateLimitResetEpoch:  true,
		UnsetTime:            UnsetZero,
	}
}

// Strict answers as [Current] does, and refuses whatever a careful client would
// not send: calls without a token or, with a body, without a Content-Type;
// lists without paging; webhooks that are not https; pairs that are empty or
// come twice. It does not demand the ipp- headers, which the vendor's present
// document does not have. No profile demands tokens that expire, or scopes:
// mockserver.Auth does.
func Strict() Profile {
	return Profile{
		RequireToken:         true,
		RequireContentType:   true,
		RequirePaging:        true,
		RequireHTTPSWebhooks: true,
		Pairs:                PairRules{RefuseEmpty: true, Repeated: RepeatedRefuse},
	}
}

// Named returns a profile by its name, for programs that are told one:
// "current", "legacy-2022" or "strict". The error lists them.
func Named(name string) (Profile, error) {
	switch name {
	case "current":
		return Current(), nil
	case "legacy-2022":
		return Legacy2022(), nil
	case "strict":
		return Strict(), nil
	}
	return Profile{}, fmt.Errorf("profile %q: want one of %s", name, strings.Join(Names(), ", "))
}

// Names lists the names that [Named] knows.
func Names() []string { return []string{"current", "legacy-2022", "strict"} }
