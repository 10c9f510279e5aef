// Package otelreceiver shows what a receiver does as OpenTelemetry metrics.
//
//	obs, err := otelreceiver.New(otelreceiver.Config{}) // the global provider
//	rcv, err := receiver.New(receiver.Config{Observer: obs, …})
//	stop, err := obs.Watch(rcv)                         // backlog and dead letters
//
// It uses the API of OpenTelemetry only; the application chooses the SDK and
// the exporter.
//
//	background.receiver.requests          {request}       by mode, status code, verdict, unparsed, key
//	background.receiver.request.duration  s               by mode, status code
//	background.receiver.store.duration    s               by mode, status code
//	background.receiver.runs              {run}           by mode, outcome
//	background.receiver.run.duration      s               by outcome
//	background.receiver.run.delay         s               by outcome
//	background.receiver.backlog           {notification}  waiting for the handler
//	background.receiver.backlog.age       s               of the oldest of them
//	background.receiver.dead              {notification}  dead letters
//
// An alarm on requests with unparsed=true, on dead and on backlog.age covers
// what needs a person. The key is the index of the one that matched, if one
// did: an old one that no longer occurs can be removed. Ids, addresses and
// errors' words are not attributes.
package otelreceiver
