package cassette

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"github.com/vismanet-go/background/mockserver/internal/check"
)

// Config says what a cassette is for. One of Record and Replay is required.
type Config struct {
	// Record is the file to which calls and their answers are appended. It is made
	// if it is not there.
	Record string

	// Replay is the file from which calls are answered. If it is Record as well,
	// it need not be there yet: what is missing is asked for and recorded.
	Replay string

	// Root is what URLs are relative to: what is below it stands in the file
	// without it, so that another address may be in its place when the file is
	// replayed. Default: that of the file of Replay; if it has none, and nothing
	// but paths, they are those of any host.
	Root string

	// Loose takes a call for the recorded one with the same method and path that
	// comes closest in query and body. Of several that are as close each is given
	// once, in the order of the file, and the last one from then on. Default:
	// query, body and the headers If-Match, If-None-Match and Range must be the
	// same too, and each answer is given once, in the order of the file.
	Loose bool

	// Redact names further headers, and fields of queries, forms, JSON and XML,
	// whose values are left out of the file, whatever their case.
	Redact []string

	// Edit, if set, changes an entry before it is recorded, and a call before an
	// answer to it is looked for, which has no answer then. It may be called from
	// several goroutines at a time.
	Edit func(*Entry)

	// MaxBody bounds what is recorded of a body; calls with a larger one are made,
	// and not recorded. Default: 16 MiB.
	MaxBody int64

	// Logger gets what is not recorded. Default: silence.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	c.MaxBody = cmp.Or(c.MaxBody, 16<<20)
	c.Root = strings.TrimRight(c.Root, "/")
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) validate() error {
	errs := []error{check.Root("Root", c.Root), check.NotNegative("MaxBody", c.MaxBody)}
	if c.Record == "" && c.Replay == "" {
		errs = append(errs, fmt.Errorf("%s: name a file to record to, or one to Replay", "Record"))
	}
	for _, name := range c.Redact {
		if !check.IsToken(name) {
			errs = append(errs, fmt.Errorf("%s: %q is no name of a header or a field", "Redact", name))
		}
	}
	return errors.Join(errs...)
}

// A Cassette records calls, answers them from what was recorded, or both. It is
// safe for concurrent use.
type Cassette struct {
	cfg    Config
	redact *redactor
	out    *writer // nil: nothing is recorded
	replay bool
	paths  bool // URLs in the file are paths, below any root

	mu      sync.Mutex // guards all below
	entries []*Entry
	used    []int // how often each of entries was given
	same    map[string][]int
	alike   map[string][]int
	lost    int // calls that were made and not recorded
	closed  bool
}

// Open opens a cassette. Errors in a file are [*Error]; others name the field of
// cfg that is wrong, or the file.
func Open(cfg Config) (*Cassette, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	c := &Cassette{cfg: cfg, redact: newRedactor(cfg.Redact, cfg.Edit), replay: cfg.Replay != "", same: map[string][]int{}, alike: map[string][]int{}}
	if cfg.Record != "" { // first, as it mends what is replayed
		out, torn, err := openWriter(cfg.Record, cfg.Root)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", "Record", err)
		}
		if torn > 0 {
			cfg.Logger.Warn("the last call in the cassette was not whole, and is left out", "file", cfg.Record, "bytes", torn)
		}
		c.out = out
	}
	if c.replay {
		if err := c.read(); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", "Replay", err), c.closeFile())
		}
	}
	return c, nil
}

// read reads the file of Replay.
func (c *Cassette) read() error {
	data, err := readFile(c.cfg.Replay)
	if err != nil {
		return err
	}
	t, err := parse(c.cfg.Replay, data)
	if err != nil {
		return err
	}
	c.cfg.Root = cmp.Or(c.cfg.Root, t.root)
	c.paths = c.cfg.Root == "" && len(t.entries) > 0
	for i, e := range t.entries {
		c.paths = c.paths && e.URL[0] == '/'
		same, alike := callOf(e), placeOf(e)
		c.same[same] = append(c.same[same], i)
		c.alike[alike] = append(c.alike[alike], i)
	}
	c.entries, c.used = t.entries, make([]int, len(t.entries))
	return nil
}

// Root is what URLs in the file are relative to; it is empty if they are not.
func (c *Cassette) Root() string { return c.cfg.Root }

// Len is how many calls the file of Replay holds.
func (c *Cassette) Len() int { return len(c.entries) }

// take finds the answer to a call, and counts it as given.
func (c *Cassette) take(call *Entry) (*Entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := -1
	if c.cfg.Loose {
		found = c.closest(call, c.alike[placeOf(call)])
	} else {
		for _, i := range c.same[callOf(call)] {
			if c.used[i] == 0 {
				found = i
				break
			}
		}
	}
	if found < 0 {
		return nil, c.missing(call)
	}
	c.used[found]++
	return c.entries[found], nil
}

// closest is which of some entries is meant by a call, and -1 if there are none:
// of those that were given least often the one that differs least. It needs c.mu.
func (c *Cassette) closest(call *Entry, among []int) int {
	best, least := -1, 0
	for _, i := range among {
		far := misses(call, c.entries[i]).Distance()
		if best < 0 || far < least || far == least && c.used[i] == 0 && c.used[best] > 0 || far == least && c.used[best] > 0 && i > best {
			best, least = i, far
		}
	}
	return best
}

// missing says what there is instead of an answer. It needs c.mu.
func (c *Cassette) missing(call *Entry) *MissingError {
	e := &MissingError{File: filepath.Base(c.cfg.Replay), Call: call.String()}
	if same := c.same[callOf(call)]; len(same) > 0 {
		e.Nearest, e.Given = c.entries[same[len(same)-1]], len(same)
		return e
	}
	least := 0
	for i, entry := range c.entries {
		m := misses(call, entry)
		far := 2*m.Distance() + min(1, c.used[i]) // one that nobody asked for is rather meant
		if e.Nearest != nil && far >= least {
			continue
		}
		e.Nearest, least, e.Differences = entry, far, nil
		for _, miss := range m {
			e.Differences = append(e.Differences, miss.Text)
		}
	}
	return e
}

// record appends an entry to the file.
func (c *Cassette) record(e *Entry) {
	c.redact.entry(e)
	if err := c.out.write(e); err != nil {
		c.lose(e, err.Error())
	}
}

// lose counts a call that is not recorded.
func (c *Cassette) lose(e *Entry, why string) {
	c.mu.Lock()
	c.lost++
	c.mu.Unlock()
	c.cfg.Logger.Warn("a call was not recorded", "method", e.Method, "path", pathOf(e.URL), "status", e.Status, "why", why)
}

// Unused lists the calls in the file of Replay that nobody has made so far.
func (c *Cassette) Unused() []*Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*Entry
	for i, e := range c.entries {
		if c.used[i] == 0 {
			list = append(list, e)
		}
	}
	return list
}

// An UnusedError lists calls of a cassette that nobody has made.
type UnusedError struct {
	File    string
	Entries []*Entry
}

// Error names the calls, each with its line.
func (e *UnusedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d of its answers were not asked for:", filepath.Base(e.File), len(e.Entries))
	for i, entry := range e.Entries {
		if i == 10 {
			fmt.Fprintf(&b, "\n\tand %d more", len(e.Entries)-i)
			break
		}
		fmt.Fprintf(&b, "\n\tline %d: %s", entry.Line, entry)
	}
	return b.String()
}

// Close ends recording. It returns an [*UnusedError] if there are answers that
// nobody asked for, unless what is missing is recorded; and an error if calls were
// made and not recorded. A second call returns nil.
func (c *Cassette) Close() error {
	c.mu.Lock()
	closed, lost := c.closed, c.lost
	c.closed = true
	c.mu.Unlock()
	if closed {
		return nil
	}
	errs := []error{c.closeFile()}
	if lost > 0 {
		errs = append(errs, fmt.Errorf("%s: %d calls were made and are not in it", filepath.Base(c.cfg.Record), lost))
	}
	if list := c.Unused(); len(list) > 0 && c.out == nil {
		errs = append(errs, &UnusedError{File: c.cfg.Replay, Entries: list})
	}
	return errors.Join(errs...)
}

func (c *Cassette) closeFile() error {
	if c.out == nil {
		return nil
	}
	return c.out.close()
}

// checkURL refuses what is no URL of an entry.
func checkURL(s string) error {
	if strings.HasPrefix(s, "/") {
		_, err := url.ParseRequestURI(s)
		return bare(err)
	}
	if s == "" {
		return errors.New("is missing")
	}
	if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("want a path that begins with a slash, or http(s)://host/path")
	}
	return nil
}

// bare is an error of package url without the URL, which the caller names.
func bare(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
