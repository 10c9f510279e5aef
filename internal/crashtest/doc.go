// Package crashtest holds the tests that kill and stop real processes which
// use the client, a receiver and the store on disk against the mock ERP on a
// socket. It has nothing to import.
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
// CRASHTEST_ROUNDS is how many kills each test does, and CRASHTEST_POINT limits
// them to one point. The default is small enough for every day; `make
// crash-full` does a thousand.
package crashtest
