package profile

import "time"

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
	// UnsetTime is how a time that has not come yet looks. Default: null. Not
	// observed; the package's documentation weighs what there is.
	UnsetTime UnsetTime
	// QueuedStatus is the status before a worker picks the operation up.
	// Default: "Started", as no other word is documented.
	QueuedStatus string
	// RunningStatus is the status while it runs, FinishedStatus the one after
	// its endpoint has answered. Default, as documented: "Started" and
	// "Finished". "Running" and "Completed" appear in generated guides only.
	RunningStatus  string
	FinishedStatus string
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
	// StateContentLocation is when the state document has contentLocation.
	// Default: [ContentLocationNull]. Not observed without content.
	StateContentLocation ContentLocationRule
	// MalformedIDStatus answers for an id that is no GUID, 404 or 400.
	// Default: 404. Not observed.
	MalformedIDStatus int

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
	// RefuseURL refuses a URL in the header with 400, as if the announced end
	// of that mode had come. Default: taken, as documented "for the time
	// being".
	RefuseURL bool
	// RefuseSubscription refuses the values "subscription" and
	// "subscription:...", which the article of 2022 does not know.
	RefuseSubscription bool
	// Pairs is the grammar of "subscription:name=value,...", of which only
	// the outline is documented.
	Pairs PairRules
	// IDField is the name of the id in the 202 and in notifications. Default:
	// "id", as in the vendor's OpenAPI document; its pages say "jobId".
	IDField string
	// NoBodyOnAction202 leaves the 202 of actions without a body, as the
	// OpenAPI document declares it. Default: the same body for all.
	NoBodyOnAction202 bool

	// AcceptUnknownRoutes queues what no endpoint below /v1/ and /v2/ answers
	// for; it ends with 404. Default: 404 at once. How much is checked before
	// a request is queued is not known.
	AcceptUnknownRoutes bool

	// What is demanded of requests.

	// RequireToken refuses calls without a bearer token with 401, where
	// Auth.Mode says nothing.
	RequireToken bool
	// RequireIPPHeaders refuses calls without ipp-company-id and
	// ipp-application-type with 400 and the old gateway's error 12002.
	// Default: optional, as observed in 2026.
	RequireIPPHeaders bool
	// RequireContentType refuses bodies that do not say that they are JSON
	// with 415.
	RequireContentType bool
	// RequirePaging refuses lists of invoices without pageNumber and pageSize,
	// which the vendor calls mandatory, with 400. Default, as observed:
	// optional.
	RequirePaging bool
	// ExactQueryNames takes the names of parameters in a query only as they are
	// documented. Default: in any case, as ASP.NET does, which the ERP is built
	// on. Not observed.
	ExactQueryNames bool
	// EndSlashMatters makes a path with a slash at its end another path. Default:
	// the slash does no harm, as with ASP.NET. Not observed.
	EndSlashMatters bool
	// CheckIfMatchEarly also checks If-Match before a request is queued, and
	// answers 412 instead of 202. Default: when it runs. Not observed.
	CheckIfMatchEarly bool
	// InvalidClientStatus is the status by which the token endpoint refuses an
	// unknown client, 401 or 400. Default: 401. Not observed.
	InvalidClientStatus int
	// AnyScope lets any scope do where Auth.Mode is AuthStrict. Which one guards
	// which call is not documented.
	AnyScope bool

	// Execution.

	// ReportAccepted ends an operation when its endpoint flushes an answer 202,
	// while the endpoint goes on; how that ends is not visible. So actions were
	// in 2022, and so the built-in ones are with it: what is not refused at once
	// answers "Queued", and ends half a second later (with a shared Queue at
	// once). Default: an operation ends when its endpoint has returned, with what
	// it answered.
	ReportAccepted bool
	// BackgroundActionResult is the actionResult of an action that went well
	// in the background. Default: "Done". Not observed.
	BackgroundActionResult string

	// Retention.

	// RetainFromReceived counts from receivedUtc. Default: from finishedUtc. Only
	// the length is documented.
	RetainFromReceived bool
	// ExpiredStateStatus answers for a state document after retention, 404
	// or 410. Default: 404; 410 is documented for the content only.
	ExpiredStateStatus int
	// GoneFor is how long a content is answered 410 after its retention;
	// then both state and content are 404. Default: as long as the mock
	// remembers. Not documented.
	GoneFor time.Duration

	// The stored content.

	// ContentCarriesStatus answers for a content with the status that the
	// operation ended with. Default: 200, as documented.
	ContentCarriesStatus bool
	// UnfinishedContentStatus answers for the content of an operation that
	// has not ended: 404, 204, 202, 409 or 425. Default: 404. Not observed.
	UnfinishedContentStatus int
	// ContentType is that of every stored content. Default: the endpoint's.
	// Not observed for prints and attachments.
	ContentType string

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
	// NeverNotify sends nothing at all, as one sentence of the vendor's pages can
	// be read. Default: the header decides.
	NeverNotify bool
	// Envelope is the name of an object around the body. Default: none, as
	// with a sister product.
	Envelope string
	// NotificationContentType is the Content-Type. Default:
	// "application/json; charset=utf-8". Not observed.
	NotificationContentType string
	// SignURL sends the dispatcher's headers in URL mode too, the signature
	// with the subscription's key. Default: none, as none is documented.
	SignURL bool
	// OnlyStatus200 takes nothing but 200 for a delivery. Default: any 2xx.
	// Not documented.
	OnlyStatus200 bool
	// NewIDPerAttempt gives each attempt a notification id of its own.
	// Default: one for all. Not documented.
	NewIDPerAttempt bool
	// FixedWebhookTimestamp leaves x-vwd-webhook-timestamp at the time of the
	// first attempt. Default: that of each attempt. Not documented.
	FixedWebhookTimestamp bool
	// EventID is x-vwd-event-id. Default: "BACKGROUND_API_RESPONSE".
	EventID string
	// HeaderPrefix begins the dispatcher's header names. Default: "x-vwd-",
	// as seen with a sister product.
	HeaderPrefix string
	// HeaderNames are whole names for some of them, by what follows the
	// prefix: {"signature-v1": "x-signature"}.
	HeaderNames map[string]string
	// UserAgent of notifications. Default: "erpmock". Not observed.
	UserAgent string

	// Answers in general.

	// RateLimitBody is the body of a 429; "{seconds}" is replaced. Default:
	// the stock text of the vendor's gateway product.
	RateLimitBody string
	// RetryAfterDate writes the Retry-After of a 429 as a date. Documented:
	// seconds.
	RetryAfterDate bool
	// PollsAreFree does not count polls of states and contents against the
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
	// PageBeyondEndStatus answers for a page after the last: 200 with an empty
	// list, 404 or 400. Default: 200. Not observed.
	PageBeyondEndStatus int
	// EmptyErrors leaves 401, 403, 404, 410 and 412 without a body, as the
	// OpenAPI document declares most of them. Default: {"message":...}.
	EmptyErrors bool

	// Invoices.

	// NullKeeps reads {"value":null} in a change as "leave it". Default: it
	// clears the field. Not observed.
	NullKeeps bool
	// CreditNoteType is the documentType of credit notes. Default:
	// "CreditNote", as documented; one reader has "Credit Note".
	CreditNoteType string
	// LineTypeCodes shows lineType as a code, GI or GN, as documented.
	// Default, as observed: a word such as GoodsForSales.
	LineTypeCodes bool
	// SwapCurrencies shows the company's amounts in the fields ...InCurrency and
	// the document's in the fields without that ending, as the text of the
	// OpenAPI document has it. Default, as observed: the other way round.
	SwapCurrencies bool
}
