// Package sqlitestore keeps records in one SQLite file: the durable store for
// everything that runs on one machine.
//
//	st, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: "background.db"})
//	if err != nil {
//		return err
//	}
//	defer st.Close()
//
// # What it promises
//
//   - Durable: a method that changes something returns nil only when the change
//     has been synced to disk (WAL, synchronous=FULL; both are read back when
//     the file is opened, and anything else is refused). Outcomes that the ERP
//     still has, acknowledgements, the counts of runs and questions, documents,
//     plans of polls and leases are the exception: they are committed, so that
//     everybody sees them and they outlive any crash of a process, but they
//     wait for the sync of a later change, all but plans and leases for at most
//     [LazyFor]. After a loss of power in between an outcome is read again, a
//     handler runs again, a run or a question is not counted, and a document is
//     as it was; nothing else can be lost. An operation that is submitted,
//     polled, settled and acknowledged waits for two syncs.
//   - Grouped: one goroutine writes. What waits while the disk is busy goes
//     together in the next transaction and shares its sync; nothing waits for
//     a timer. A step that fails undoes itself and not its neighbours.
//   - Shared: several processes on one machine may open the same file. Leases
//     are judged by the machine's clock. A change by another process wakes
//     those who watch its record within [PollInterval], however many they are;
//     a process that has missed too many changes wakes all its watchers.
//     Nothing is polled while nobody watches, and nothing is written while
//     there is nothing to do.
//   - The leases of a process that ended without closing its store, killed or
//     crashed, end with it: others can have them at once, what it was sending
//     reads as uncertain, and watchers are woken within [PollInterval]. A process
//     that is only stopped keeps its leases until they end by time.
//   - A context that ends while a call waits for its turn ends the call, and
//     nothing was changed. Once its turn has come it is carried out.
//   - Bounded: [Store.Purge] removes what ended in slices of a few
//     milliseconds, between which others have their turn, gives the space back
//     to the file system but for a sixteenth, and truncates the log. A file that
//     was made by an earlier version reuses its space and keeps the size of its
//     largest moment (see Upgrades). The log beside it is written back every
//     16 MiB or so.
//   - Erased: the body of what was enqueued is overwritten in the file as soon as
//     nothing can have it sent again, by the transaction that says so. The log
//     holds older copies until it is written anew from its start, or truncated,
//     which [Store.Purge] and the last [Store.Close] do.
//   - Flat: no method takes longer because much is kept, except where its
//     comment says so: lists by kind or metadata pass over what they do not
//     select, one of stopped sequences passes over the others in which something
//     waits, and [Store.Check] reads everything.
//
// An error of a changing method means that the change is not certain to be on
// disk. Match it with [ErrBusy], [ErrDiskFull], [ErrReadOnly], [ErrCorrupt]
// and [ErrReplaced]; the store works again as soon as the cause is gone.
//
// # Upgrades
//
// Open migrates the file of an earlier version, in one transaction: a crash leaves
// it as it was, or migrated. Stop the processes of the earlier version first. One
// that goes on loses nothing and harms nothing: what it writes fails from then on
// (with [ErrNewerSchema], or for lack of a table where it is older than that error),
// and what it reads may hold words that it does not know. A file that was migrated
// is refused by earlier versions with ErrNewerSchema; keep a copy to go back. While
// a large file is migrated, some ten seconds for each 100 000 records on a busy
// machine, changes by others fail with [ErrBusy] once they have waited for their
// BusyTimeout.
//
// Files that were made before schema 7 do not shrink. To have one give space back,
// run "PRAGMA auto_vacuum = INCREMENTAL; VACUUM;" in the sqlite3 shell once, while
// no process has it open; that needs as much free disk as the file takes.
//
// # Locks
//
// Each open store holds a lock (flock) on a file of its own, in a directory
// beside the records' file with the ending -locks, and its leases name that
// file: when the lock is free, its process has ended. This only ever shortens
// leases, and never those of a process that lives. Leases end by time alone on
// Windows, on file systems that are shared with other machines, where the file
// could not be made (the directory cannot be written to, the disk is full),
// where the directory was removed or came out of a backup, in a copy on another
// machine, and where the file is reached by hard links of several names. The
// directory goes with the last store that is closed; the files of processes
// that were killed stay for an hour or two, until [Open] or [Store.Purge] finds
// them.
//
// # What it does not do
//
// A file on a network file system, on one that a host shares with its
// containers and virtual machines (9P, vboxsf, …) or on FUSE is refused where
// the system tells (Linux, macOS, drives of Windows), unless
// [Config].AllowFileSystems names it: WAL needs memory shared by all who open
// the file. A process that is stopped in the middle of a transaction holds up
// the writers of all others until it goes on or is killed; their calls fail
// with [ErrBusy]. Records and bodies are stored in the clear, in a file that only
// its owner may read.
//
// Copy a store that is in use with the sqlite3 shell's .backup, never with cp.
// On POSIX systems, do not open the file by other means from a process that
// holds it: closing it would drop the locks of that process.
package sqlitestore
