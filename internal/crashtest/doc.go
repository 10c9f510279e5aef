// Package crashtest holds the tests that kill and stop real processes which
// use the client, a receiver and the stores on disk and in PostgreSQL against the mock
// ERP on a socket. It has nothing to import.
//
// A child is the test binary itself, started with orders in its environment. It
// lives through one operation, from the record to the handler, or through several
// of the outbox, in sequences and outside of them, of which one is refused and sent
// again, one fails and is skipped, and one is withdrawn. It passes named points on
// the way: before and after each call of the store, before a connection is dialled
// and after, at bytes of each request and answer, and at the lines of the
// application's own code. The parent, which runs the ERP, adds the points on the
// other side of the socket. At one of them the process is killed or stopped. A
// second process, the heir, then opens the same file and brings everything to its
// end, and the parent compares what the ERP, the file and the applications tell.
//
// Others are replicas: three at a time on one PostgreSQL with a synchronous standby,
// which hand over, receive and handle operations under steady load, while the parent
// kills and stops them, and restarts PostgreSQL, ends its connections and has it fail
// over. What the ERP and the application's tables have in the end is compared with what
// the replicas were told.
//
// CRASHTEST_ROUNDS is how many kills each test does, and CRASHTEST_POINT limits
// them to one point. The default is small enough for every day; `make
// crash-full` does a thousand. CRASHTEST_MINUTES is for how long replicas are disturbed:
// for one by default, and for ten by `make crash-full`.
package crashtest
