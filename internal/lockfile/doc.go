// Package lockfile tells the processes that share a directory that the holder
// of a lease is gone, as soon as it is.
//
// A lease ends by time, because a holder that is silent may still be there. On
// one machine more can be known: a process that takes leases locks a file of
// its own by flock(2), and names it in every lease. The system frees the lock
// when the last process that has the file open ends, however it ends. So if the
// file of a lease is there and free, nobody can hold the lease any more, and
// whoever finds that may treat it as ended ([Dir.Ended]).
//
// A lock only shortens a lease. Whatever is not certain is answered with "not
// ended", and the lease ends by time as without a lock:
//
//   - A process that is stopped (SIGSTOP), swapped out or slow keeps its lock.
//   - The directory cannot be written to, the disk is full, or the system has
//     no such locks (anything but Linux, macOS and the BSDs): [Dir.Hold] fails,
//     and the leases name no file.
//   - The file is not there: its holder was closed, somebody removed the
//     directory, or the leases were copied to another machine without it. A
//     holder that lives goes on, and new ones make the directory anew.
//   - A file of that name is there, but is another one: it came out of a
//     backup. A name has the file's inode number in it, which no other file
//     gets while the holder has it open.
//   - A child that was started with the file open would keep the lock, but Go
//     closes it in children.
//
// Names are random, so that neither process ids that are used again nor several
// handles in one process are mistaken for each other: a lock belongs to the
// open file, and a handle finds the lock of another one in its own process
// taken. That is why it is flock and not fcntl, whose locks belong to the
// process and are lost when any of its handles closes the file; SQLite uses
// those, on other files. After the machine has restarted, all files are free,
// and older leases end at once.
//
// Processes in several containers of one machine see each other's locks, as one
// kernel keeps them. Processes on several machines may not: a network file
// system may keep flock to itself, and then a holder elsewhere would seem gone.
// So no lock may be on such a file system, nor on one that a host shares with
// its virtual machines; sqlitestore and sqlitequeue refuse these.
//
// A closed handle removes its file. The file of a process that was killed stays
// until [Dir.Sweep] has found it free for as long as any lease may last.
package lockfile
