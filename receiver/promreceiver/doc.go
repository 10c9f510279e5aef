// Package promreceiver shows what a receiver does as Prometheus metrics.
//
//	obs, err := promreceiver.New(promreceiver.Config{}) // the default registry
//	rcv, err := receiver.New(receiver.Config{Observer: obs, …})
//	err = obs.Watch(rcv)                                // backlog and dead letters
//
// The metrics are
//
//	background_receiver_requests_total            by mode, code, verdict, unparsed, key
//	background_receiver_request_duration_seconds  by mode, code
//	background_receiver_store_duration_seconds    by mode, code
//	background_receiver_runs_total                by mode, outcome
//	background_receiver_run_duration_seconds      by outcome
//	background_receiver_run_delay_seconds         by outcome
//	background_receiver_backlog                   waiting for the handler
//	background_receiver_backlog_age_seconds       of the oldest of them
//	background_receiver_dead                      dead letters
//	background_receiver_up                        1 if the store can be read
//
// An alarm on requests with unparsed="true", on dead, on backlog_age_seconds
// and on up covers what needs a person. The key is the index of the one that
// matched, empty if none did: an old one that no longer occurs can be removed.
// Ids, addresses and errors' words are not labels.
package promreceiver
