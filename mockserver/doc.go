// Package mockserver is a Visma.net ERP with its Background API, for tests and
// for development without an account.
//
//	srv, err := mockserver.New(mockserver.Config{})
//	if err != nil { … }
//	defer srv.Close()
//	client := srv.Client() // reaches https://erp.mock without sockets
//
// Any request with the header erp-api-background is answered 202 with the id of
// an operation, queued, and run later by the same handler that answers it
// without the header: one of the built-in customer invoices, or one of yours
// ([Server.Handle], Config.Fallbacks). The state document and the stored content
// can be read until the retention is over; a notification is sent if the header
// asks for one. A [Server] is an http.Handler: httptest.NewServer(srv) puts it
// on a socket, the command erpmock is a program around it, and package
// mockservertest has what else a test needs.
//
// The parts of a server have packages of their own: operation describes
// operations and deliveries, profile what the real system is taken to be, fault
// has the rules that disturb, queue keeps operations, and journal tells what
// happened.
//
// # Time
//
// By default a server goes by package time. In a testing/synctest bubble, with
// [Server.Client] and with [MemoryClient] as Config.NotifyClient, a day passes
// in microseconds, and a poll or a retry happens exactly when it should.
//
// Over sockets Config.Clock and [Server.Clock] do the same: each company has
// a clock, which runs, runs faster, or stands until it is moved.
//
//	clock := srv.Clock("1000001")
//	err := clock.Advance(ctx, 24*time.Hour) // runs, retries, retention: all of it, in its order
//	err = clock.Idle(ctx)                   // until nothing is under way at the present time
//	fmt.Println(clock.Busy(), clock.Planned())
//
// A clock moves everything that the server does by time: execution times and
// their timeout, holds, retention, delays and retries of notifications, rate
// limits, tokens, the times of fault rules, the delays and stalls of answers,
// and the times in documents, headers and the journal. Some things stay on real
// time: the timeout of one attempt to notify, as it is a matter of the network,
// and, with a shared queue, its leases, the search for the work of others, and
// the sweeping of files.
//
// While a clock stands, one thing happens at a time: when nothing is under way,
// the next thing that is due begins. What is due first goes first, and of
// several at one time the one that was planned first. A request that is being
// answered, a handler that runs and an attempt to notify are under way; what
// waits for the clock is not. So a handler of yours takes time by [Sleep], not
// by time.Sleep, which would stop the clock meanwhile; and a test makes a call
// that is answered only later on the clock in a goroutine.
//
// Config.ExecTime says how long an operation takes: always the same ([Fixed]),
// a spread of times ([Uniform], [LogNormal]), or what a function says of its
// request ([ExecTimeFunc]).
//
// # Notifications
//
// Notifications are sent, and sent again, as [Retry] says, per subscription
// (Config.Subscription, Config.Subscriptions) and for URLs (Config.URLRetry).
// The status of the answer decides as soon as its header is there: a 2xx takes
// a notification whatever its body is. Everything else is a failed attempt:
// other statuses, 410 included, redirects, which are not followed, 101, no
// status, and no header within Retry.Timeout. Config.Logger gets each failed
// attempt with its reason at level Info, and each target that is refused at
// Warn. [Server.Deliveries] lists notifications with all attempts, of one
// company or state if that is asked for; [Server.Redeliver] sends one once
// more, even a dead or dropped one.
//
// # Control
//
// [Server.Queue] pauses a company's queue and starts its operations one by one,
// [Server.Journal] tells in one sequence what happened, and [Server.Reset] lets
// a company begin anew. Like the clock they all concern one company: tests may
// run in parallel on one server, each with a company of its own.
//
//	srv.Queue("7").Pause()
//	op, err := srv.Queue("7").Step(ctx)
//	hits := srv.Journal().Select(journal.Filter{Company: "7", Kind: journal.KindFault}).Entries()
//	err = srv.Reset(ctx, "7")
//
// Profile, rate limit and subscription of a company change while the server
// runs ([Server.SetProfile], [Server.SetRateLimit], [Server.SetSubscription]).
// [Server.HoldAll] and [Server.Hold] hold notifications before they leave, for
// [Server.Edit] and [Server.Release]; [Server.AddEndpoint] answers what the
// built-in ERP does not know, and [Server.Backdoor] sets up what a test begins
// with. Package admin has all of that over HTTP, for tests in any language.
//
// # Companies
//
// Everything belongs to a company: invoices, queue, ids, rate limit, the counts
// of faults. The ipp-company-id header names it, else the bearer token does
// ("company:<id>", one of the token endpoint, or as in Config.Companies), else
// it is Config.DefaultCompany. Who asks for another company's operation is
// answered 403. There are as many companies as requests name, up to
// Config.MaxCompanies. All begin with the same 48 invoices, 003501 to 003548, or
// as many as Config.Invoices says, and with the customers and items in these.
//
// # The ERP
//
// Below the API root are customer invoices, as in the contract's document
// (package openapi), and these, with the names and fields of the vendor's:
//
//	GET            /v1/customerinvoice/{number}/print    a PDF
//	POST           /v1/customerinvoice/{number}/attachment, and …/{number}/{line}/attachment
//	GET            /v1/customerinvoice/{number}/rotrut, and /v1/customerinvoice/worktypes
//	POST           /v1/customerinvoice/{number}/action/correct, sendToAutoInvoice, reverseandapplytonote
//	GET, PUT       /v1/attachment/{id}
//	GET, POST      /v1/customer
//	GET, PUT       /v1/customer/{number}
//	GET, POST      /v1/customerPayment
//	GET, PUT       /v1/customerPayment/{number}
//	POST           /v1/customerPayment/{number}/action/release, void
//
// A payment that is released takes its amounts from the balances of its invoices,
// and closes those of which nothing is left. Each company begins with ten
// customers, and with the payments 400652 to 400654: the one in the middle is for
// the first open invoice and not released, the last is released already.
// Parameters of a query that the ERP does not know are ignored, as was observed.
//
// # Credentials and limits
//
// POST /connect/token gives tokens for client credentials, as the vendor does;
// Config.Auth says what is demanded of the token of a call, by default nothing.
// [Server.Client] reaches the endpoint at the vendor's address too.
// Config.RateLimit limits calls, and every answer shows the count in its
// headers.
//
// # Faults
//
// Config.Faults and [Server.Faults] hold the rules by which answers, operations
// and notifications are disturbed; package fault describes them.
//
//	{On: fault.OnIntake, Times: 2, Do: fault.Answer{Status: 429, RetryAfter: time.Minute}}
//	{On: fault.OnIntake, Every: 10, Do: fault.Answer{Process: true, Drop: true}} // accepted, and the 202 is lost
//	{Do: fault.Notify{Early: true, Duplicates: 2}} // before the 202, three times
//
// With Config.Seed the same calls meet the same faults. With a clock that
// stands as well they give the same journal, to the byte
// ([journal.Journal.WriteTo]), if [Clock.Idle] is called after each operation
// that takes no time, before the next call.
//
// # Several servers
//
// Package queue/sqlitequeue keeps operations, notifications and invoices in a
// directory (Config.Queue, or erpmock --data). They survive kill -9, and
// several servers may work on them, as the ERP's web servers do: whichever has
// room runs an operation, once unless that server dies, and the operation has
// one visible result. Clocks and pauses are each server's own. Servers that
// work on one company should agree on its time, or one finds a retention over
// that goes on for another.
//
// # What is not known of the real system
//
// Each thing that is not known, or that the sources disagree about, is a named
// switch of Config.Profile. Package profile lists them, and says what each
// default rests on.
//
// How often and how soon a notification is tried ([Retry]), in which order
// operations start (Config.Order, Config.Workers) and what the rate limits are
// ([RateLimit], [OldHostLimit], [OldGatewayLimit]) is not known either.
//
// # What it does not imitate
//
//   - Persistence, by default: everything is in memory and gone at the end, and
//     Close leaves what is queued unfinished. See "Several servers".
//   - Other ERP documents than customer invoices and their credit notes,
//     customers, customer payments and attachments; and of invoices: dunning, and
//     the amounts that are deducted for work (rotrut). Of an update VAT lines
//     (taxDetailLines), subaccounts, segments, rotRutDetails, childCustomerNumber,
//     consolidateInvoices and directDebitMandateId are read and ignored. Codes such
//     as branch, project and payment method are not checked. A payment is in the currency of the
//     documents that it pays, and its cash discounts and write-offs are 0.
//   - Actions that go on after their answer: in the foreground an action is
//     done when it answers "Queued".
//   - Of Visma Connect: everything but the grant for client credentials. There
//     are no users, no consent, no refresh tokens, and no keys to check tokens
//     with: these are signed by HS256, for the mock alone. Which scope guards
//     which call is a guess.
//   - Licences, the error bodies of the old gateway but for one
//     (Profile.RequireIPPHeaders), and separate rate limits for test clients.
//   - Slow or broken requests, and connections that are never accepted: faults
//     begin when a request has been read.
//   - XML and form bodies.
//   - The order in which several application servers take queued requests: each
//     company's are first in, first out, unless Config.Order says otherwise.
package mockserver
