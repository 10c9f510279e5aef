// Package profile holds what is not known for certain of the real system: one
// switch for each such thing, and for each that the sources disagree about.
//
// The zero [Profile], [Current], is the best guess; [Legacy2022] and [Strict]
// turn some of the switches. These are all of them, each with its default and
// what that rests on:
//
// State document:
//
//	TimeFormat               +01:00, as Norway has it         captured 2022; sample in the OpenAPI document: Z
//	Zone                     Norwegian time                   captured 2022
//	UnsetTime                null                             unknown, see below
//	QueuedStatus             Started                          no other word is documented
//	RunningStatus            Started                          OpenAPI; "Running" in third-party code only
//	FinishedStatus           Finished                         OpenAPI; "Completed" in third-party code only
//	FailedWithoutStatusCode  500                              unknown
//	OriginalURIBase          https://finance.visma.net        captured 2022
//	SubscriptionAddress      subscription                     unknown
//	ResponseHeaders          Location, ETag, Content-Type     which ones: unknown; null when captured in 2022
//	StateContentLocation     null without content             unknown
//	MalformedIDStatus        404                              unknown
//
// 202:
//
//	ContentLocationIn202     off                              one reading of the article of 2022
//	NoLocationOn202          a Location header                weakly attested
//	NoBodyOnAction202        the same body for all            the pages say so, the OpenAPI document not
//	IDField                  id                               OpenAPI; the pages say jobId
//
// The header erp-api-background:
//
//	UnknownHeaderAsNone      400                              unknown
//	RefuseURL                taken                            announced to end in April 2025, still documented
//	RefuseSubscription       taken                            OpenAPI; not in the article of 2022
//	RequireHTTPSWebhooks     http is taken                    https demanded since April 2025
//	AcceptUnknownRoutes      404 at once                      unknown
//	Pairs.Percent            values as they are               unknown
//	Pairs.KeepBlanks         blanks are trimmed               unknown
//	Pairs.RefuseEmpty        empty values are sent            unknown
//	Pairs.DropReserved       400 for reserved names           unknown
//	Pairs.Repeated           each value is sent               unknown
//
// Requests:
//
//	RequireToken             as Auth.Mode says                401 was observed
//	RequireIPPHeaders        optional                         demanded in 2022, needless in 2026
//	RequireContentType       any                              declared: application/json or text/json
//	RequirePaging            optional                         called mandatory, observed not to be
//	ExactQueryNames          in any case                      unknown; so does ASP.NET
//	EndSlashMatters          /v1/x/ is /v1/x                  unknown; so does ASP.NET
//	CheckIfMatchEarly        when it runs                     unknown
//	InvalidClientStatus      401                              unknown
//	AnyScope                 by method                        unknown
//
// Execution:
//
//	ReportAccepted           an action ends when it is done   OpenAPI; at once in the article of 2022
//	ForegroundActionResult   Queued                           OpenAPI: Queued or InProcess
//	BackgroundActionResult   Done                             unknown
//
// Retention and content:
//
//	RetainFromReceived       from finishedUtc                 unknown
//	ExpiredStateStatus       404                              unknown
//	GoneFor                  410 as long as remembered        unknown
//	ContentCarriesStatus     200                              OpenAPI, not observed
//	UnfinishedContentStatus  404                              unknown
//	ContentType              the endpoint's                   unknown for prints
//
// Notifications:
//
//	Notification             id, statusCode, two locations    described in prose only
//	ContentLocation          null without content             unknown
//	NotifyOnlyWithContent    always                           the event catalogue can be read so
//	NoNotifyOnFailed         sent                             unknown
//	NeverNotify              as the header says               one sentence can be read as never
//	Envelope                 none                             as with a sister product
//	NotificationContentType  application/json; charset=utf-8  unknown
//	EventID                  BACKGROUND_API_RESPONSE          also called "Response Ready"
//	HeaderPrefix             x-vwd-                           seen with a sister product
//	HeaderNames              prefix and part                  seen with a sister product
//	UserAgent                erpmock                          unknown
//	SignURL                  no headers in URL mode           none is documented
//	OnlyStatus200            any 2xx                          unknown
//	NewIDPerAttempt          one id                           unknown
//	FixedWebhookTimestamp    of the attempt                   unknown
//
// Answers in general:
//
//	RateLimitBody            the gateway product's            unknown
//	RetryAfterDate           seconds                          documented
//	PollsAreFree             polls count                      unknown
//	RateLimitResetEpoch      seconds left                     documented; Unix time in 2021
//	UnquotedETags            quoted                           unknown
//	MaxPageSize              1000                             observed
//	PageBeyondEndStatus      200 and an empty list            unknown
//	EmptyErrors              a message                        not declared
//
// Invoices:
//
//	NullKeeps                null clears a field              likely, not documented
//	CreditNoteType           CreditNote                       OpenAPI; "Credit Note" in one reader
//	LineTypeCodes            a word                           observed; OpenAPI: codes
//	SwapCurrencies           InCurrency is the document's     observed; OpenAPI: the other way round
//
// # Times that have not come yet
//
// Nobody has shown a state document of an operation that had not ended, so that
// UnsetTime is a choice. For the zero time of .NET, 0001-01-01T00:00:00, speak a
// client of 2022, which was written against the real system, polls from the start
// and cannot read null in these fields, and statusCode, which is documented to be
// 0 until the end, so that what has no value yet need not be null. For null speaks
// that the same API writes null wherever else a value is missing, against its own
// OpenAPI document, which marks no field as nullable; but all of those that were
// captured are texts and objects, which in .NET can be null where a time cannot.
// That a field is left out nothing speaks for.
//
// So [Legacy2022] has the zero time, as the client of that year needs it, and
// [Current] has null, which a client that was written by the OpenAPI document is
// least prepared for. A test that passes with UnsetNull, UnsetZero and UnsetOmitted
// does not depend on the answer.
package profile
