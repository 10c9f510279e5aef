// Package cassette keeps calls of an HTTP API in a file, and answers from it.
//
//	tape, err := cassette.Open(cassette.Config{Replay: "testdata/orders.yaml"})
//	if err != nil { … }
//	client := &http.Client{Transport: tape.Transport(nil)} // no network: what is not in the file is an error
//	…
//	if err := tape.Close(); err != nil { … } // an *UnusedError, if answers were not asked for
//
// With Config.Record instead, and a transport that reaches the API, calls are
// made and written to the file. With both, what is in the one file is answered
// from there, and only what is missing is asked for and recorded. Package
// upstream does the same for a mock that stands before an API.
//
// # The file
//
// A cassette is a YAML file: a document that tells the version, and then one for
// each call, in the order in which the calls ended. Each ends with the line
// "...", so that what a killed process had written only half is told from what is
// whole: it is left out when the file is recorded to again, and else an error.
//
//	cassette: 1
//	root: https://api.example.com
//	...
//	---
//	request:
//	  method: POST
//	  url: /v1/orders?dryRun=1
//	  headers:
//	    Content-Type: application/json
//	  body: |-
//	    {"customer":"10045"}
//	response:
//	  status: 201
//	  headers:
//	    Location: https://api.example.com/v1/orders/7
//	  body: ""
//	...
//
// A header with several values has a list of them. A body that is no text stands
// in base64 under bodyBase64. A url that begins with a slash is below the root.
// What is not named has nothing: an answer without a status is one of 200. The
// file may be edited, and may have comments.
//
// # What is left out
//
// The headers Authorization, Proxy-Authorization, Cookie, Set-Cookie and X-Api-Key
// are not recorded, and neither are fields of that kind, such as access_token,
// client_secret and password, in queries, forms, JSON and XML: "REDACTED" stands
// in their place. Config.Redact names further ones. The credentials of a call are
// replaced wherever else they occur. Config.Edit may change what remains. It is the
// same for calls that are replayed, so that they meet what was recorded.
package cassette
