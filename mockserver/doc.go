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
// puts it on a socket, the command erpmock is a program around it.
//
// # Time
//
// The server uses package time as it is. In a testing/synctest bubble, with
// [Server.Client] and with [MemoryClient] as Config.NotifyClient, a day passes
// in microseconds, and a poll or a retry happens exactly when it should.
//
// # Companies
//
// Everything belongs to a company: invoices, queue, ids, rate limit. It is
// named by the ipp-company-id header, else by the bearer token ("company:<id>",
// or as in Config.Companies), else it is Config.DefaultCompany. Another
// company's operation is answered 403. Companies begin with the same 48
// invoices, 003501 to 003548, and with the customers and items used there.
//
// # Faults
//
// Config.Fault disturbs requests: an answer instead of the real one, a lost
// 202, a delay. Config.NotifyFault disturbs notifications: lost, late, doubled,
// before the 202, badly signed. [Server.Operations], [Server.Deliveries] and
// [Server.Requests] tell what happened.
//
// # What is not known of the real system
//
// Each such thing is a named field of [Profile]; its zero value is the best
// guess.
//
// # What it does not imitate
//
//   - Persistence: everything is in memory and gone at the end. Close leaves
//     what is queued unfinished.
//   - Other ERP documents than customer invoices, and of these: payments,
//     printing, attachments, corrections, dunning. VAT lines of an update
//     (taxDetailLines), subaccounts and segments are read and ignored. Codes
//     such as branch, project and payment method are not checked.
//   - Actions that go on after their answer: in the foreground an action is
//     done when it answers "Queued".
//   - The OAuth token endpoint, scopes, users, licences, the error bodies of
//     the old gateway, and the separate rate limits of test clients.
//   - XML and form bodies.
//   - The order in which several application servers take queued requests: it
//     is first in, first out for each company.
package mockserver
