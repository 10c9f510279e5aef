// Package memhttp serves HTTP requests with handlers in the same process,
// without sockets.
//
// A [Transport] is an [http.RoundTripper] that looks up a handler by the host
// of the request's URL and runs it in a goroutine of its own. It behaves as a
// connection to a real server does wherever a caller can tell the difference:
// the answer streams, a client that goes away cancels the handler's context,
// an aborted handler looks like a reset connection, and the hooks of
// [net/http/httptrace] are called. Because there is no socket, all of it works
// inside a testing/synctest bubble.
//
// Not imitated: trailers, hijacking, 1xx answers, compression, connection
// pools and the limits of a real network.
package memhttp
