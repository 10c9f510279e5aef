package sqlitefile

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
)

// File is an open file. It is safe for concurrent use, by several processes of
// one machine. Make one with [Open].
type File struct {
	cfg     Config
	queue   queue
	pool    chan *Conn // connections that read
	visits  chan func(*Conn)
	gone    chan struct{} // closed by Close
	writing sync.WaitGroup
	writer  *writer
	health  atomic.Pointer[error] // what became of the last group
	syncs   atomic.Int64          // transactions that were synced

	once     sync.Once
	closeErr error // of the writer; read after writing.Wait
}

// Path is the absolute path of the file.
func (f *File) Path() string { return f.cfg.Path }

// Read lends a connection that reads.
func (f *File) Read(ctx context.Context, use func(*Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-f.gone:
		return ErrClosed
	default:
	}
	select {
	case c := <-f.pool:
		defer func() { f.pool <- c }()
		return use(c)
	case <-ctx.Done():
		return ctx.Err()
	case <-f.gone:
		return ErrClosed
	}
}

// Snapshot is Read for several queries that see one moment.
func (f *File) Snapshot(ctx context.Context, use func(*Conn) error) error {
	return f.Read(ctx, func(c *Conn) error {
		if err := c.Exec("BEGIN"); err != nil {
			return err
		}
		defer func() { _ = c.Exec("ROLLBACK") }()
		return use(c)
	})
}

// Reader opens a further connection that reads, which the caller closes.
func (f *File) Reader() (*Conn, error) {
	c, err := openReader(f.cfg)
	return c, f.Explain("open", err)
}

// Check reads the whole file and reports damage with [ErrCorrupt]. It takes
// seconds for a file of hundreds of megabytes; others go on meanwhile.
func (f *File) Check(ctx context.Context) error {
	return f.Read(ctx, func(c *Conn) error {
		return f.Explain("check", verdict(ctx, c, "PRAGMA integrity_check(1)"))
	})
}

// Syncs is how many transactions were committed with a sync since the file was
// opened.
func (f *File) Syncs() int64 { return f.syncs.Load() }

// LastError is why the last group of changes was not written, nil if it was.
func (f *File) LastError() error {
	if last := f.health.Load(); last != nil {
		return *last
	}
	return nil
}

// WriteBack copies the log to the file beside the writer, which else does it
// itself when the log has grown, while all others wait.
func (f *File) WriteBack(ctx context.Context) error {
	return f.Explain("checkpoint", f.Read(ctx, func(c *Conn) error { return c.Exec("PRAGMA wal_checkpoint(PASSIVE)") }))
}

// Aside has the writer leave it to [File.WriteBack] to copy the log, as long as that
// is called often enough; else all others would wait for a long copy. The function
// that it returns ends that.
func (f *File) Aside(ctx context.Context) (end func(), err error) {
	set := func(ctx context.Context, pages int) error {
		return f.Visit(ctx, func(c *Conn) error { return c.pragmas("wal_autocheckpoint = " + strconv.Itoa(pages)) })
	}
	if err := set(ctx, logPagesAside); err != nil {
		return nil, f.Explain("checkpoint", err)
	}
	return func() { _ = set(context.WithoutCancel(ctx), logPages) }, nil
}

// Truncate does the same and then shortens the log to nothing, unless somebody
// reads it.
func (f *File) Truncate(ctx context.Context) error {
	return f.Explain("checkpoint", f.Read(ctx, func(c *Conn) error {
		if err := c.Exec("PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
			return err
		}
		c.wait(0) // who waits here has the right to write
		defer c.wait(f.cfg.BusyTimeout)
		return c.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	}))
}

// Close refuses further calls, carries out what already waits, and returns
// when the goroutine that writes has ended. It is idempotent.
func (f *File) Close() error {
	f.once.Do(func() {
		f.queue.close()
		close(f.gone)
		f.closeReaders(f.cfg.Readers)
	})
	f.writing.Wait()
	return f.Explain("close", f.closeErr)
}

// closeReaders closes n connections, as soon as nobody reads with them.
func (f *File) closeReaders(n int) {
	for range n {
		_ = (<-f.pool).Close()
	}
}
