// Package otelclient shows what a client does in OpenTelemetry: a trace of
// each operation, across processes, and metrics of all of them.
//
//	obs, err := otelclient.New(otelclient.Config{}) // the global providers
//	c, err := client.New(client.Config{
//		BaseURL:    "https://api.finance.visma.net",
//		HTTPClient: auth.HTTPClient(),
//		Observer:   obs,
//	})
//
// It uses the API of OpenTelemetry only; the application chooses the SDK and
// the exporters. Without them it costs little and does nothing.
//
// # Traces
//
// A submit is a span background.submit of kind client, with an event
// background.call for each request that it sent. A wait is a span
// background.wait, below whatever its caller was doing and linked to the span
// of the submit: the link is kept with the operation, so that it holds
// after a restart and in another replica. A link that cannot be read is left
// out.
//
// An operation that has ended, whoever waited for it, is a span
// background.operation from its acceptance to its end, and a run of a handler
// of client.Run a span background.handle of kind consumer. Both are linked to
// the submit, and what a handler submits is below its own span: so a chain of
// steps can be followed.
//
// Their attributes are http.request.method, url.template (the path without
// numbers and ids), http.response.status_code, error.type, background.ref,
// background.id, background.kind, and of a submit background.notify,
// background.verdict and background.attempts, of a wait background.phase,
// background.polls, background.notified and background.operation.duration, of
// an operation background.outcome, background.settled_by, background.late,
// background.polls and background.operation.duration, of a run
// background.outcome and background.attempt.
//
// # Metrics
//
//	background.client.submits             {operation}  by verdict, notify, method, template
//	background.client.calls               {call}       by call, method, status class, error type
//	background.client.call.duration       s            as calls
//	background.client.waits.active        {wait}
//	background.client.wait.duration       s            by outcome, notified, method, template
//	background.client.operations          {operation}  that ended, by outcome, settled by, late, method, template
//	background.client.settle.duration     s            by outcome, settled by, method, template
//	background.client.operation.duration  s            by status class, method, template
//	background.client.queue.duration      s            by method, template
//	background.client.work.duration       s            by status class, method, template
//	background.client.detection.delay     s            by settled by, method, template
//	background.client.polls               {call}       by settled by, method, template
//	background.client.runs                {run}        of handlers, by kind, outcome
//	background.client.run.duration        s            as runs
//	background.client.run.delay           s            by kind
//	background.client.attention           {operation}  that came to need a person, by kind, need
//
// Operations are measured once each, by the process that recorded their end;
// operation.duration is by the ERP's clock, as are its parts queue.duration and
// work.duration; detection.delay is what is left of settle.duration. An outcome is succeeded, failed or
// expired; settled by is notification, poll, foreground, person or resolver.
// The outcome of a run is acknowledged, retried, dead, discarded, interrupted
// or lost. The need is one of client.Need, uncertain or unclear for example.
//
// [Observer.WatchClient] adds what a client has to do and what it may call, at each
// collection:
//
//	background.client.budget.limit          {call}       in a window, by policy
//	background.client.budget.left           {call}       by policy
//	background.client.budget.needed         {call}       for what is pending, at least
//	background.client.calls.waiting         {call}       by wait for: content, notified, overdue, verification, poll, submit
//	background.client.polls.planned         {call}       by when: due, soon (within a minute), later
//	background.client.longest.wait          s
//	background.client.poll.delay            s            that is predicted
//	background.client.paused                1            1 if the ERP asked not to be called
//	background.client.notifications.missed  {operation}  in a row
//	background.client.sequences.stopped     {sequence}   that wait for a person
//	background.client.outbox.paused         1            0 or 1
//
// # What is kept out
//
// Tokens, bodies, queries and webhook addresses never get here. An error is
// told by its type and not by its words, because the ERP's messages may name
// customers; Config.ErrorText changes that. Refs and ids stand in spans only.
package otelclient
