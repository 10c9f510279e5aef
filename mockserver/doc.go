// Package mockserver is a Visma.net ERP with its Background API, for tests and
// for development without an account.
//
//	srv, err := mockserver.New(mockserver.Config{})
//	if err != nil { … }
//	defer srv.Close()
//	client := srv.Client() // reaches https://erp.mock without sockets
//
// Any request with the header erp-api-background is answered 202 with the id
// of an operation, queued, and run later by the same handler that answers it
// without the header: one of the built-in customer invoices, or one of yours
// ([Server.Handle], Config.Handler). The state document and the stored content
// can be read until the retention is over; a notification is sent if the
// header asks for one. A [Server] is an http.Handler: httptest.NewServer(srv)
// puts it on a socket, the command erpmock is a program around it, and package
// mockservertest has what a test needs besides.
//
// # Time
//
// By default time is package time's. In a testing/synctest bubble, with
// [Server.Client] and with [MemoryClient] as Config.NotifyClient, a day passes
// in microseconds, and a poll or a retry happens exactly when it should.
//
// Over sockets the same is done by Config.Clock and [Server.Clock]: each
// company has a clock, which runs, runs faster, or stands until it is moved.
//
//	clock := srv.Clock("1000001")
//	err := clock.Advance(ctx, 24*time.Hour) // runs, retries, retention: all of it, in its order
//	err = clock.Idle(ctx)                   // until nothing is under way at the present time
//	fmt.Println(clock.Busy(), clock.Planned())
//
// A clock moves everything that the server does by time: execution times and
// their timeout, holds, retention, delays and retries of notifications, rate
// limits, tokens, the times of rules, Fault.Delay and Fault.Stall, and the times
// in documents, headers and the journal. On real time stay: the timeout of one
// attempt to notify, as it is a matter of the network, and of a shared queue
// the leases, the looks for the work of others, and the sweeping of files.
//
// While a clock stands, one thing happens at a time: what is due begins when
// nothing is under way, in the order of its time, then of its planning. A
// request that is being answered, a handler that runs and an attempt to notify
// are under way; what waits for the clock is not. So a handler of yours takes
// time by [Sleep], not by time.Sleep, which would hold the clock up; and a call
// that is answered only later on the clock is made in a goroutine.
//
// An operation takes Config.ExecTime, or one of a spread of times
// (Config.ExecTimes: [Uniform], [LogNormal]), the n-th of a company the same
// one in each run with the same Config.Seed.
//
// # Notifications
//
// They are sent and sent again as [Retry] says, per subscription
// (Config.Subscription, Config.Subscriptions) and for URLs (Config.URLRetry).
// The status of the answer decides as soon as its header is there: a 2xx takes
// a notification whatever its body is. Everything else is a failed attempt:
// other statuses, 410 included, redirects, which are not followed, 101, no
// status, and no header within Retry.Timeout. Config.Logger gets each failed
// attempt with its reason at level Info, a target that is refused at Warn.
// [Server.Deliveries] lists them with all attempts, by company and state if
// that is asked for; [Server.Redeliver] sends one once more, a dead or dropped
// one too.
//
// # Control
//
// [Server.Queue] pauses a company's queue and starts its operations one by one,
// [Server.Journal] tells in one sequence what happened, and [Server.Reset] lets
// a company begin anew. All of them, as the clock, concern one company: tests
// may run in parallel on one server, each with a company of its own.
//
//	srv.Queue("7").Pause()
//	op, err := srv.Queue("7").Step(ctx)
//	hits := srv.Journal().Select(mockserver.Filter{Company: "7", Kind: mockserver.KindFault}).Entries()
//	err = srv.Reset(ctx, "7")
//
// # Companies
//
// Everything belongs to a company: invoices, queue, ids, rate limit, the counts
// of faults. It is named by the ipp-company-id header, else by the bearer token
// ("company:<id>", one of the token endpoint, or as in Config.Companies), else
// it is Config.DefaultCompany. Another company's operation is answered 403.
// There are as many as requests name, up to Config.MaxCompanies.
// Companies begin with the same 48 invoices, 003501 to 003548, and with the
// customers and items used there.
//
// # Credentials and limits
//
// POST /connect/token gives tokens for client credentials, as the vendor does;
// what is demanded of tokens is Config.Auth's to say, by default nothing.
// [Server.Client] reaches the endpoint at the vendor's address too. Config.RateLimit
// counts calls, and shows it in the headers of every answer.
//
// # Faults
//
// A [Rule] disturbs what it matches, as often as it says: Config.Faults and
// [Server.Faults] hold rules.
//
//	{On: OnIntake, Times: 2, Do: Fault{Status: 429, RetryAfter: time.Minute}}
//	{On: OnIntake, Every: 10, Do: Fault{Process: true, Drop: true}} // accepted, and the 202 is lost
//	{On: OnIntake, Do: Fault{Omit: []string{"id"}}}                 // a 202 without an id
//	{On: OnAuth, After: 5, Times: 1, Do: Fault{Status: 401}}        // the token expired meanwhile
//	{On: OnState, PerOperation: true, Times: 3, Do: Fault{Status: 404}}
//	{On: OnState, Do: Fault{Lag: time.Minute}}
//	{On: OnContent, Probability: 0.1, Do: Fault{CutAfter: 100}}
//	{Method: "POST", Do: QueueFault{Deaths: 1}}      // a worker died, the next one ends it
//	{Do: NotifyFault{Early: true, Duplicates: 2}}    // before the 202, three times
//	{Do: NotifyFault{Replay: true}}                  // and a forged one before it
//
// Rules are reproducible: whether one hits follows from Config.Seed, the rule,
// and how many events of the company it has matched before. Calls that one
// company makes at the same moment are counted in the order in which they
// arrive, which is the scheduler's to choose. With a clock that stands as well,
// the same calls give the same journal, to the byte ([Journal.WriteTo]); after
// an operation that takes no time, [Clock.Idle] goes before the next call.
//
// Where rules do not suffice, the functions Config.Fault and Config.NotifyFault
// decide. A program reads rules from a file with [ParseRules]. [Faults.Hits], [Server.Operations], [Server.Deliveries] and
// [Server.Journal] tell what happened.
//
// In memory a dropped connection is the error that a TCP reset gives; on a
// socket it is a TCP reset, with HTTP/2 the reset of the stream. An answer cut
// short by CutAfter ends without a reset in both, so that what was written
// arrives.
//
// # Several servers
//
// Package sqlitequeue keeps operations, notifications and invoices in a
// directory (Config.Queue, or erpmock --data). They survive kill -9, and
// several servers may work on them, as the ERP's web servers do: an operation
// is run by whichever has room, once unless that one dies, and has one visible
// result. Clocks and pauses are each server's own: servers that work on one
// company should agree on its time, as the same retention is over by one clock
// and not by another.
//
// # What is not known of the real system
//
// Each such thing, and each that the sources disagree about, is a named switch
// of [Profile]. Its zero value, [ProfileCurrent], is the best guess;
// [ProfileLegacy2022] and [ProfileStrict] turn some of them. All switches, with
// what they are by default and what that rests on:
//
// State document:
//
//	TimeFormat               +01:00, as Norway has it         captured 2022; sample in the OpenAPI document: Z
//	Zone                     Norwegian time                   captured 2022
//	UnsetTime                null                             unknown
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
// How often and how soon a notification is tried ([Retry]), in which order
// operations start (Config.Order, Config.Workers) and what the rate limits are
// ([RateLimit], [OldHostLimit]) is not known either.
//
// # What it does not imitate
//
//   - Persistence, by default: everything is in memory and gone at the end.
//     Close leaves what is queued unfinished. See "Several servers".
//   - Other ERP documents than customer invoices, and of these: payments,
//     printing, attachments, corrections, dunning. VAT lines of an update
//     (taxDetailLines), subaccounts and segments are read and ignored. Codes
//     such as branch, project and payment method are not checked.
//   - Actions that go on after their answer: in the foreground an action is
//     done when it answers "Queued".
//   - Of Visma Connect: everything but the grant for client credentials. Users,
//     consent, refresh tokens, and keys to check the tokens with: they are
//     signed by HS256 and nobody's business but the mock's. Which scope guards
//     which call is a guess.
//   - Licences, the error bodies of the old gateway but for one
//     (Profile.RequireIPPHeaders), and separate rate limits of test clients, of
//     equal requests and of failing ones.
//   - Slow or broken requests, and connections that are never accepted: faults
//     begin when a request has been read.
//   - XML and form bodies.
//   - The order in which several application servers take queued requests: it
//     is first in, first out for each company.
package mockserver
