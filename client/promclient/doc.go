// Package promclient shows what a client does as Prometheus metrics.
//
//	obs, err := promclient.New(promclient.Config{}) // the default registry
//	c, err := client.New(client.Config{Observer: obs, …})
//	err = obs.Watch(st, tenant)                     // operations in the store
//	err = obs.WatchClient(c)                        // calls that wait, and those that are left
//
// The metrics are
//
//	background_client_submits_total              by kind, verdict
//	background_client_call_duration_seconds      by call, code
//	background_client_waits                      in progress
//	background_client_settled_total              by kind, outcome, by, late
//	background_client_settle_duration_seconds    by kind, outcome, by
//	background_client_polls                      of an operation, by kind, by
//	background_client_queue_duration_seconds     by kind
//	background_client_work_duration_seconds      by kind
//	background_client_detection_delay_seconds    by kind, by
//	background_client_runs_total                 by kind, outcome
//	background_client_run_duration_seconds       by kind, outcome
//	background_client_run_delay_seconds          by kind
//	background_client_attention_total            by kind, need
//	background_client_operations                 in the store, by phase
//	background_client_up                         1 if the store can be read
//	background_client_budget_limit               calls in a window, by policy
//	background_client_budget_left                calls left, by policy
//	background_client_budget_needed              calls for what is pending, at least
//	background_client_calls_waiting              by for
//	background_client_polls_planned              by when: due, soon, later
//	background_client_longest_wait_seconds
//	background_client_poll_delay_seconds         that is predicted
//	background_client_paused                     1 if the ERP asked not to be called
//	background_client_notifications_missed       in a row
//	background_client_sequences_stopped          that wait for a person
//	background_client_outbox_paused              0 or 1
//
// An operation is counted as settled once, by the process that recorded its
// end. The outcome is succeeded, failed or expired; by is notification, poll,
// foreground, person or resolver, see [client.Settled]. Its duration is from
// its acceptance to that; of it, by the ERP's clock, the queue and the work, and what
// is left is the detection delay. What a call waits for is content, notified, overdue,
// verification, poll or submit, see [client.CallCounts]. A run is one of a handler of client.Run:
// acknowledged, retried, dead, discarded, interrupted or lost. The need is one
// of client.Need: why an operation came to need a person.
//
// An alarm on operations of the phases uncertain, unclear and dead that stay, on
// any increase of attention_total (of which no_handler and polls_fail are in no
// phase of their own: these stay settled and accepted), on outcome="expired",
// and on up covers what needs a person, but for a token that is refused: submits
// with the verdict "not sent" tell of that. Notifications_missed of 5 or more, or a
// rising share of by="poll", says that the notifications that are expected do not
// arrive. A budget_needed that stays above budget_left says that the limit cannot carry
// the load. The
// kind is client.SubmitOptions.Kind, so keep to a few of them. Refs, ids, paths
// and errors' words are not labels.
package promclient
