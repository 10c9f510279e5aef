// Package pgstore keeps records in a PostgreSQL database, for any number of processes
// on any number of machines. It needs PostgreSQL 13 or later and a database in UTF-8.
//
//	s, err := pgstore.Open(ctx, pgstore.Config{DSN: os.Getenv("DATABASE_URL")})
//	if err != nil { … }
//	defer s.Close()
//	c, err := client.New(client.Config{Store: s, …})
//
// # How it writes
//
// Changes of one process that wait go together in one transaction, a *group*, which
// takes two round trips and one commit for up to 256 of them. Nobody waits for a lock
// in a group: a change that needs what others have locked leaves it, comes again after
// a millisecond, and ever more seldom up to ten times a second, until its context
// ends. So another replica, or a transaction of the application that is left open,
// holds up only those who need the same record, key or sequence.
//
// What must not be done twice at once and is not there to be locked yet, such as a key
// that two replicas claim, is locked by its name (pg_try_advisory_xact_lock). Names
// come before rows, whoever takes both.
//
// A connection that ends while a group is being committed leaves open whether it was.
// The store finds out, on another connection, and carries the group out again only if
// it was not; see [OutcomeUnknownError] for when it cannot.
//
// Leases and all times are judged by the server's clock.
//
// # What is on disk when a call returns
//
// Everything, and on the standby where synchronous_standby_names names one, but for
// what is lazy: see [LazyFor]. A fail-over to a standby that is not synchronous is a
// loss of power: it may take back the last changes, and with them that something was
// sent.
//
// PostgreSQL does not overwrite what is removed. The body of an enqueued request stays
// in the files of its table until it is vacuumed, and in the log, its archive and
// backups for as long as these are kept: seal it (client.Config.Seal) where that
// matters.
//
// # Poolers
//
// The store holds no session: it works behind a pooler that gives each transaction
// another connection (pgbouncer in transaction mode), with
// default_query_exec_mode=cache_describe in its DSN. Only the one connection that
// listens cannot: give it a way of its own, [Config].ListenDSN.
//
// # In the application's transaction
//
// [Store.EnqueueTx] enqueues in a transaction of the application, and
// [Store.CompleteTx] acknowledges an outcome in one: an operation is sent if and only
// if the order is there, and what a handler writes takes effect exactly once.
package pgstore
