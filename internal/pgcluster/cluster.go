package pgcluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser = "postgres"
	loopback  = "127.0.0.1"
)

// Config says how a cluster is to be. The zero value is one as initdb makes it.
type Config struct {
	// Dir is where its data are. If there are some already, it goes on with
	// them. The server's user must be able to reach it. Default: a temporary
	// directory, which Close removes.
	Dir string

	// Settings are those of postgresql.conf, by name. Writes are synced to the
	// disk (fsync) unless they say otherwise.
	Settings map[string]string

	// Collation is an ICU locale, for example "en-US", that text is ordered by;
	// it takes PostgreSQL 15 or newer. Default: text is ordered by its bytes.
	Collation string

	// Log is where the server's messages are written besides the file of
	// [Cluster.LogPath]. Default: nowhere.
	Log io.Writer
}

// Mode is how a server is stopped.
type Mode syscall.Signal

const (
	Smart     = Mode(syscall.SIGTERM) // waits until all clients have gone
	Fast      = Mode(syscall.SIGINT)  // rolls back what is open
	Immediate = Mode(syscall.SIGQUIT) // ends without writing back; the next start recovers
)

// Cluster is a PostgreSQL server with its data. It is safe for concurrent use.
type Cluster struct {
	bin       string
	name      string // which a standby is known by to its primary
	dir       string
	collation string
	port      int
	temporary bool
	log       io.Writer
	account   *account
	watchdog  *watchdog
	primary   *Cluster // whose standby it was made as

	mu       sync.Mutex // guards what follows
	settings map[string]string
	standby  *Cluster
	server   *server
	closed   bool
}

// Start starts a server and returns when it answers. Where no PostgreSQL is
// installed it returns an [ErrNotInstalled]. Close has to be called.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	c, err := newCluster(cfg)
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if _, err = os.Stat(c.data()); errors.Is(err, fs.ErrNotExist) {
		err = c.initialise()
	}
	if err == nil {
		err = c.startSomewhere(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// newCluster makes its directory, but nothing in it.
func newCluster(cfg Config) (*Cluster, error) {
	bin, err := Find()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, name: "pgcluster_" + strings.ToLower(rand.Text()[:8]), collation: cfg.Collation, log: cfg.Log, settings: maps.Clone(cfg.Settings)}
	if c.account, err = serverAccount(); err != nil {
		return nil, err
	}
	remove := ""
	if cfg.Dir == "" {
		c.temporary = true
		c.dir, err = tempDir(c.account)
		remove = c.dir
	} else {
		err = c.adopt(cfg.Dir)
	}
	if err != nil {
		return nil, err
	}
	if c.watchdog, err = newWatchdog(remove); err != nil && c.temporary {
		err = errors.Join(err, os.Remove(c.dir))
	}
	return c, err
}

// adopt takes a directory of the caller's.
func (c *Cluster) adopt(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if c.dir, err = filepath.EvalSymlinks(dir); err != nil {
		return err
	}
	if err := c.account.own(c.dir); err != nil {
		return err
	}
	if err := c.run("true"); err != nil {
		return fmt.Errorf("the server's user cannot use the directory %s: %w", c.dir, err)
	}
	return nil
}

// startSomewhere starts the server for the first time, on a port that is free.
func (c *Cluster) startSomewhere(ctx context.Context) error {
	for tries := 10; ; tries-- {
		var err error
		if c.port, err = freePort(); err != nil {
			return err
		}
		err = c.Restart(ctx)
		if err == nil || tries == 0 || !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
}

// freePort returns a port that nobody listens at now. It is none of those that
// systems give to connections by themselves, so that it is still free when the
// server is started again.
func freePort() (int, error) {
	var err error
	for range 100 {
		port := 10_000 + mathrand.IntN(20_000)
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}

// answers waits until the server does. It is asked by its socket, which is in
// its own directory, so that nobody else answers.
func (c *Cluster) answers(ctx context.Context, s *server) error {
	for {
		conn, err := pgx.Connect(ctx, c.SocketDSN())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.gone:
			return errors.New("the server ended")
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Stop stops the server, whose data stay, and returns when none of its processes
// is left. It does nothing if none runs.
func (c *Cluster) Stop(mode Mode) {
	c.mu.Lock()
	s := c.server
	c.mu.Unlock()
	s.end(syscall.Signal(mode))
}

// Kill kills the server's first process, without which the others end by
// themselves, and returns when none is left.
func (c *Cluster) Kill() { c.Stop(Mode(syscall.SIGKILL)) }

// Restart starts the server again, on the same port and with the same data, and
// returns when it answers. One that runs is stopped before.
func (c *Cluster) Restart(ctx context.Context) error {
	s, err := c.again()
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := c.answers(ctx, s); err != nil {
		s.end(syscall.SIGQUIT)
		return fmt.Errorf("start PostgreSQL: %w; it said:\n%s", err, s.said)
	}
	return nil
}

// again ends the server, and begins another one.
func (c *Cluster) again() (*server, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errors.New("the cluster is closed")
	}
	c.server.end(syscall.Signal(Fast))
	err := c.configure(c.settings)
	if err == nil {
		c.server, err = c.begin()
	}
	return c.server, err
}

// Running reports whether the server runs.
func (c *Cluster) Running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server != nil && !c.server.ended()
}

// Close stops the server, and removes its directory unless it was named in the
// Config. It may be called several times.
func (c *Cluster) Close() error {
	if c.primary != nil {
		c.primary.leave(c)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	mode := Fast
	if c.temporary {
		mode = Immediate
	}
	c.server.end(syscall.Signal(mode))
	var err error
	if c.temporary {
		err = os.RemoveAll(c.dir)
	}
	return errors.Join(err, c.watchdog.end())
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// Dir is the cluster's directory.
func (c *Cluster) Dir() string { return c.dir }

// LogPath is the file with what the server said.
func (c *Cluster) LogPath() string { return filepath.Join(c.dir, "log") }
