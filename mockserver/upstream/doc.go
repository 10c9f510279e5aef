// Package upstream gives any HTTP API a background API: a mock with one of its
// fallbacks passes on what nothing else in the mock answers.
//
//	api, err := upstream.New(upstream.Config{URL: "https://api.example.com/base"})
//	if err != nil { … }
//	srv, err := mockserver.New(mockserver.Config{NoERP: true, Fallbacks: []mockserver.Fallback{api}})
//
// A call with the header erp-api-background is answered 202, stored, and made by
// the mock's workers, for as long as it takes; its answer is stored and can be
// fetched, and a notification is sent. Any other call is passed on at once, and its
// answer streams back.
//
// # What is passed on
//
// A path is put below the path of Config.URL, and arrives as it was sent, and so do
// the query and the body. Headers that concern one connection stay behind
// (Connection and what it names, Keep-Alive, Proxy-*, TE but for trailers, Trailer,
// Transfer-Encoding, Upgrade), and so do erp-api-background, Expect, Forwarded,
// X-Forwarded-* (see Config.Forwarded) and what Config.Drop names. Everything else
// is passed on, Authorization and the ipp- headers among them: to the one origin of
// Config.URL, and to no other whatever an answer says. Host is that of Config.URL,
// Via names the mock, and a call that was here already is answered 508. CONNECT and
// upgrades to other protocols are not supported.
//
// Of answers, the headers Location and Content-Location have the mock in place of
// the upstream; links in bodies and in other headers stay as they are. Access-Control-*
// stays behind, because the mock decides itself which pages may call it
// (Config.CORSOrigins of the server).
//
// # In the foreground
//
// Answers are passed on as they come, compressed ones too, and with their trailers,
// until the caller goes away; so are bodies of calls that are longer than
// Config.MaxBody of the server, or of no known length. Redirects are passed on. An upstream that does not
// answer is a 502, and a 504 if it took too long. An answer that breaks off is
// broken off.
//
// # In the background
//
// What the upstream answers is Finished, whatever its status is; what keeps the mock
// from finding out is Failed, with an errorMessage that says whether the call may
// have been carried out. [Config.FailOn] and [Config.FinishUnanswered] say otherwise.
// Redirects of GET and HEAD are followed within the origin; others are stored as
// they are. Answers are stored whole, in memory or in the queue's files: one that is
// larger than Config.MaxContent, or breaks off, ends as Failed and is never cut. They
// are stored uncompressed, and without trailers.
//
// # Calls are made once
//
// A call that may change something is sent once: not again by net/http on another
// connection, and not by a worker that takes over what another one left, which ends
// it as Failed. GET, HEAD and OPTIONS may be made again; [Config.Repeat] and
// [Config.RepeatKey] name more. A call that was refused with 429 was not carried
// out: it waits, as long as Retry-After or the rate limit's headers ask for and
// Config.MaxWait allows, and is made again; so is one that may be repeated and was
// answered 503 with a Retry-After. While it waits, and when an answer says that
// nothing is left of a limit, no other call of the company is made in the background.
// Waits go by the company's clock.
//
// # Cassettes
//
// Config.Cassette records the calls that are made and their answers, or answers from
// what was recorded; see package cassette.
package upstream
