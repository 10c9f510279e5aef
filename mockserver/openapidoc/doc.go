// Package openapidoc answers requests from an OpenAPI document: any operation of any
// API has a mock, in the foreground and in the background.
//
//	doc, err := openapidoc.New(openapidoc.Config{File: "erp.json", Stateful: true})
//	if err != nil { … } // with file, line and place
//	srv, err := mockserver.New(mockserver.Config{Fallbacks: []mockserver.Fallback{doc}})
//
// Documents are OpenAPI 3.0 or 3.1, in JSON or YAML. What the document has comes after
// handlers of your own and the built-in ERP.
//
// # Which operation
//
// Paths are found as they stand in the document, with the base path of a server before
// them or without it, and behind those of the ERP (/api, /API/controller/api). Concrete
// paths come before templated ones. Letters may have another case where no path is
// written exactly so. HEAD is answered as GET is, OPTIONS with the methods. A query
// behind a path of the document tells operations apart; what it has behind a # does
// not, so that only the first of such operations is answered.
//
// # What is answered
//
// The answer has the lowest status 2xx that is declared, in the declared media type
// that the request accepts, JSON if it likes several. Its body is the first of these
// that there is:
//
//   - the example that the request prefers by its name,
//   - the first example of the media type, then that of the schema, then its default,
//   - a value that is made up, and valid against the schema: the same for the same
//     document, operation, values in the path and Config.Seed.
//
// What is made up for /things/7 has the id 7, where it has an id. Declared headers are
// set. A request prefers something else by this header (RFC 7240):
//
//	Prefer: code=404
//	Prefer: example=overdue
//	Prefer: code=409, example=taken
//	Prefer: dynamic=true            made up, although there are examples
//
// # Lists
//
// An operation with parameters such as pageNumber and pageSize, page and per_page,
// top and skip, limit and offset, or cursor answers with the page that is asked for,
// of Config.Rows rows. Totals, links and tokens for the next page are right where the
// document has them: in properties around the rows, in the metadata of rows as the ERP
// has it, and in the headers Link and X-Total-Count.
//
// # State
//
// With Config.Stateful, what a POST to a list creates can be read, changed and deleted
// at the list's path and its id, and stands in the list. Which property is the id
// follows from the parameter of that path: {invoiceNumber} is invoiceNumber or number,
// and so on. Location names it. PUT and PATCH merge what they are given, DELETE makes
// 404 of it and of what is below it. Where no GET of single things is there, the answer
// of another method says what they look like. Things that exist without having been
// created, those in the list and all others that somebody asks for, can be changed and
// deleted too. What does not fit the schema of an answer is left out of it. Values in
// wrappers, {"value": 1}, are taken without them where answers have none. ETags are
// made, and If-Match is observed.
//
// The state is each company's own, and [mockserver.Server.Reset] empties it. It is in
// memory, of this process.
//
// # Validation
//
// With Config.Validate the parameters and bodies of requests are held against the
// document. [Strict] refuses what does not fit with 400 and a message that names each
// field, as the ERP does:
//
//	{"message":"The request is not valid. query /pageSize: …; body /lines/0/quantity: …."}
//
// [Warn] answers all the same, and names them in the log and in the header
// Erpmock-Violations. Parameters of the query that the document does not know are told
// of, but never refused, as the ERP ignores them. What the built-in ERP and handlers of
// your own answer is not looked at.
//
// # What it does not do
//
//   - Bodies in XML are not read, so that they are neither validated nor kept; answers
//     in XML have the names of the document, and the order of the alphabet.
//   - JSON Patch: its operations are not carried out.
//   - Files: an answer of a media type such as application/pdf is a text.
//   - Security schemes; the mock has its own, see [mockserver.Auth].
//   - Callbacks, links and webhooks of the document.
//   - Filters: a list has the same rows whatever else is in the query.
package openapidoc
