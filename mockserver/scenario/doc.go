// Package scenario runs what can happen between an ERP and its callers, written
// down as YAML: how the mock is set up, what is called, and what has to be true in
// the end.
//
//	about: An invoice is made, and the webhook comes late and twice.
//	faults:
//	  - {on: notification, do: {delay: 1h, duplicates: 1}}
//	steps:
//	  - submit: {as: inv, method: POST, path: /v2/customerinvoice, background: "subscription:order=4711", body: {…}}
//	  - wait: {of: inv, state: Finished, statusCode: 201}
//	  - advance: 1h
//	  - notified: {of: inv, times: 2, header: {order: "4711"}}
//	verify:
//	  - {operation: {method: POST, path: /v2/customerinvoice}, times: 1}
//
// [Load] reads one of the [Names] that are built in, or a file, and [Run] carries
// it out in memory, in the time of a clock that stands until a step moves it: days
// pass in milliseconds, and two runs are the same. What is wrong with a file is
// told by line and column, with what was wanted there. Its form is also published
// as a JSON Schema, [Schema], which editors understand:
//
//	# yaml-language-server: $schema=…/mockserver/scenario/schema.json
//
// [Start] sets up the mock of a scenario without its steps, for a client of yours
// to take their place; [Mock.Verify] then holds what happened against the same
// requirements.
//
// # Values of earlier answers
//
// A text in a step may hold ${name.…}, the name being that of an earlier step:
// ${inv.id} is the operation's id, also where its 202 was lost; ${list.status},
// ${list.header.ETag} and ${list.body.0.referenceNumber} are parts of its answer.
// ${hook} is the address of the webhook receiver that every scenario has. $${ is
// written for a ${ that means nothing of this.
//
// # Save what just happened
//
// [Record] makes a scenario of what a server has in its journal, which
// [Scenario.YAML] writes; [GoTest] writes it as a test with package mockservertest,
// and [Curl] as lines for a shell. None of them holds credentials: what
// authorizes a call, what asks for a token, and the addresses of webhooks are left
// out.
package scenario
