package sqlitequeue

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
)

// Durability says what stored work survives.
type Durability string

// These are the durabilities.
const (
	Normal Durability = "normal" // the end of the process
	Full   Durability = "full"   // the end of the machine too
)

// Config configures a [Queue]. Only Dir is required; a zero field means the
// default named in its comment. Processes that share a directory should be
// configured alike.
type Config struct {
	// Dir is the directory. It is made if it does not exist.
	Dir string

	// Durability is what stored work survives. Default: [Normal].
	Durability Durability

	// Worker names this process among those that use the directory: letters,
	// digits, dots and dashes. A process with a name takes over at once what an
	// earlier one of the same name left behind; a second one at a time is refused
	// where files can be locked. Default: no name.
	Worker string

	// Lease is how long a process that has not ended may be silent before its
	// work is given to others. Leases are renewed each third of it. Default:
	// 10 s.
	Lease time.Duration

	// Inline is the size up to which a body is stored in the database; larger
	// ones get a file of their own. Default: 32 KiB.
	Inline int

	// BusyTimeout is how long a change waits for those of other processes
	// before it fails with [ErrBusy]. Default: 5 s.
	BusyTimeout time.Duration

	// AllowFileSystems names file systems that Open accepts although users of
	// one file may damage it there: those of networks, such as NFS, those that
	// a host shares with its containers and virtual machines, such as 9P, and
	// FUSE. Allow one only where every process that uses the directory does so
	// within one system and in one way: never a host and its container at
	// once. The error of Open tells the name. Default: none.
	AllowFileSystems []string

	// Logger gets what goes wrong in the background. Default: silence.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	c.Durability = cmp.Or(c.Durability, Normal)
	c.Lease = cmp.Or(c.Lease, 10*time.Second)
	c.Inline = cmp.Or(c.Inline, 32<<10)
	c.BusyTimeout = cmp.Or(c.BusyTimeout, 5*time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

var workerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)

// validate reports every fault at once, each named by its field.
func (c Config) validate() error {
	var errs []error
	refuse := func(field string, wrong bool, why string) {
		if wrong {
			errs = append(errs, fmt.Errorf("%s: %s", field, why))
		}
	}
	refuse("Dir", c.Dir == "", "must not be empty") // else it would be the working directory
	refuse("Durability", c.Durability != "" && c.Durability != Normal && c.Durability != Full,
		fmt.Sprintf("%q is neither %q nor %q", c.Durability, Normal, Full))
	refuse("Worker", c.Worker != "" && !workerName.MatchString(c.Worker), fmt.Sprintf("%q: want letters, digits, dots and dashes", c.Worker))
	refuse("Lease", c.Lease < 0 || c.Lease > 0 && c.Lease < 100*time.Millisecond, "must be at least 100 ms")
	refuse("Inline", c.Inline < 0, "must not be negative")
	if err := sqlitefile.CheckNames(c.AllowFileSystems); err != nil {
		refuse("AllowFileSystems", true, err.Error())
	}
	refuse("BusyTimeout", c.BusyTimeout < 0, "must not be negative")
	return errors.Join(errs...)
}
