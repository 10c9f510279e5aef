// Package sqlitequeue keeps the operations of a mockserver.Server in a
// directory, so that they outlive the process, and so that several processes
// can work on them as the ERP's web servers do.
//
//	q, err := sqlitequeue.Open(ctx, sqlitequeue.Config{Dir: dir})
//	if err != nil { … }
//	defer q.Close()
//	srv, err := mockserver.New(mockserver.Config{Queue: q})
//
// # What is kept
//
// The queue keeps operations with their requests (all headers, Authorization
// among them, until the operation has ended), results and content;
// notifications with their attempts; and the invoices of the built-in ERP. The
// invoices change in the same transaction as the result of the operation that
// changed them, so that an operation that is run again after a crash finds its
// first run either done or never begun. That does not hold for what a user's
// handler does elsewhere: the handler runs at least once. Clocks, pauses, rate
// limits, fault counts and the journal stay with each process. Times that are
// kept are those of the company's clock on the server that wrote them; leases
// go by the machine's.
//
// # What it survives
//
// With [Normal], the default, everything that was answered survives the end of
// any process at any instant (kill -9), as the operating system still has it.
// It may not survive the end of the machine: a power loss can take the last
// moments before it, with operations that were answered 202. [Full] waits for
// the disk before each answer, and survives that too.
//
// # Several processes
//
// Any number of processes on one machine may open the directory. Each has
// leases on what it runs, and renews them while it lives. When it ends without
// having closed its queue, the others run its operations again, in their old
// places, within a second. They learn of its end from a lock on a file in the
// directory locks, which the system frees. A process that is only stopped keeps
// its lock; when it has been silent for Config.Lease, its operations are run
// again all the same, and whatever it still reports of them is refused. Where
// there are no such locks (on Windows, and where the file cannot be made), the
// same holds for a process that has ended.
//
// The directory must be on a disk of this machine. Network file systems, those that
// a host shares with its containers and virtual machines (9P, vboxsf, …) and
// FUSE are refused unless [Config].AllowFileSystems names them: their locks and
// shared memory do not do.
//
// A process that is stopped (SIGSTOP) in the very middle of a write stops the
// others too, until it goes on or dies; their requests get 503. That window is
// well under a millisecond long.
package sqlitequeue
