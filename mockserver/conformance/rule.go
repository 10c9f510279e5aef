package conformance

// A Rule is one thing that every client, or every receiver, has to hold to.
type Rule struct {
	ID       string `json:"id"`
	Sentence string `json:"sentence"`
}

// The ids of the rules.
const (
	// Of clients.
	ruleHeader      = "background-header"
	ruleSentOnce    = "sent-once"
	ruleCredentials = "credentials-stay"
	ruleUncertain   = "uncertain-is-told"
	ruleRefused     = "refused-is-told"
	ruleForeground  = "foreground-is-an-outcome"
	ruleAccepted    = "accepted-in-any-form"
	ruleWaits       = "waits-go-on"
	ruleRetryAfter  = "retry-after-is-obeyed"
	rulePace        = "pace"
	ruleSuccess     = "success-is-finished-and-2xx"
	ruleUnclear     = "unknown-ends-are-no-outcome"
	ruleTexts       = "wire-texts-are-read-tolerantly"
	ruleContent     = "content-is-whole"
	ruleHint        = "notification-is-a-hint"
	ruleWakes       = "notification-wakes"
	rulePolls       = "lost-notification-is-made-up"
	ruleExpired     = "expiry-is-told"
	ruleKeys        = "same-key-same-work"
	ruleResume      = "work-outlives-the-process"
	ruleTokens      = "tokens-are-renewed"
	ruleClaims      = "claims"
	ruleProtocol    = "protocol"

	// Of receivers.
	ruleAuthentic = "only-authentic"
	ruleStored    = "stored-before-2xx"
	ruleOnce      = "duplicates-are-one"
	ruleShapes    = "notifications-are-read-tolerantly"
	ruleSurvives  = "receiver-survives"
)

// Rules lists what is held against candidates.
func Rules() []Rule {
	return []Rule{
		{ruleHeader, "A request that is to run in the background carries erp-api-background with the value that was asked for, and is otherwise sent as it was given."},
		{ruleSentOnce, "A request that is not a GET is not sent again, and no redirect followed with it, once it may have been accepted."},
		{ruleCredentials, "Tokens go to the origin of the configured address only, in the header Authorization; addresses in answers do not move them elsewhere, and nothing that another host says is believed."},
		{ruleUncertain, "If no answer tells whether a request was accepted, the caller is told so; it is neither a success nor a refusal."},
		{ruleRefused, "If the ERP certainly did not take a request, the caller is told so, with its status code."},
		{ruleForeground, "An answer at once is an outcome as well: no state is waited for."},
		{ruleAccepted, "A 202 is read in every form in which it names its operation: by its body or by Location."},
		{ruleWaits, "A poll or a fetch of content that fails does not end a wait."},
		{ruleRetryAfter, "Retry-After is waited out, in seconds or as a date by the clock of the answer: after a 429 or 503 by every call, after a 202 or a state by that operation's next poll."},
		{rulePace, "Polls come no faster than they were told to."},
		{ruleSuccess, "Success is Finished with a 2xx and nothing else: neither Finished with another status code, nor Failed, nor an action that says that it failed."},
		{ruleUnclear, "A status that nobody knows is neither success nor failure, whatever else the state says; nor is Finished without a status code."},
		{ruleTexts, "States are read whatever the case of names and words, the notation of times, the type of content and the fields that are missing, null or new."},
		{ruleContent, "Content arrives as it was stored: every byte of it, and of a number every digit; what broke off or is not there yet is fetched again."},
		{ruleHint, "A notification is a hint: what counts is the state that the client reads itself, and one that comes early, late, twice, for another operation or with other claims does no harm."},
		{ruleWakes, "A notification wakes the wait for its operation."},
		{rulePolls, "An end is found by polling if its notification does not come."},
		{ruleExpired, "An operation counts as expired when the ERP has forgotten it after its retention, and not because it is missing for a while before that."},
		{ruleKeys, "Two submits with the same key are the same work, which is sent once."},
		{ruleResume, "What was submitted, or was being submitted, is known to the next process: it is waited for, and never sent again."},
		{ruleTokens, "A token is used for many calls, and got anew when the ERP no longer takes it; neither ends a wait."},
		{ruleClaims, "An end is told only after the ERP told it."},
		{ruleProtocol, "The candidate does what docs/conformance.md says."},

		{ruleAuthentic, "Only notifications with a valid signature over their raw bytes, by one of the keys, are taken."},
		{ruleStored, "A notification is stored before it is acknowledged with a 2xx; what cannot be stored is not acknowledged."},
		{ruleOnce, "However often a notification of an operation comes, it is acknowledged, and is one."},
		{ruleShapes, "The operation's id is found in every form of notification that is known."},
		{ruleSurvives, "Nothing that a stranger or the dispatcher sends keeps the next notification from being taken."},
	}
}

// ruleByID is the rule with an id, which there must be.
func ruleByID(id string) Rule {
	for _, r := range Rules() {
		if r.ID == id {
			return r
		}
	}
	panic("conformance: no rule " + id)
}
