package pgcluster

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// settingsFile is read after the file that initdb makes, and before what ALTER
// SYSTEM sets.
const settingsFile = "pgcluster.conf"

// templates are the data directories that others are copied from, which takes a
// quarter of the time, by what initdb was told. The first cluster is not worth
// one: most processes have no other.
var templates = struct {
	mu    sync.Mutex // held while one is made
	first map[string]bool
	made  map[string]template
}{first: make(map[string]bool), made: make(map[string]template)}

// template is a directory that its watchdog removes when this process ends.
type template struct {
	data     string
	watchdog *watchdog
}

// initialise makes the data directory.
func (c *Cluster) initialise() error {
	templates.mu.Lock()
	defer templates.mu.Unlock()
	key := c.bin + "\n" + c.collation
	if !templates.first[key] {
		templates.first[key] = true
		return c.initdb(c.data())
	}
	t, ok := templates.made[key]
	if !ok {
		var err error
		if t, err = c.template(); err != nil {
			return err
		}
		templates.made[key] = t
	}
	return c.run("cp", "-R", "-p", t.data, c.data())
}

func (c *Cluster) template() (t template, err error) {
	dir, err := tempDir(c.account)
	if err != nil {
		return t, err
	}
	t.data = filepath.Join(dir, "data")
	if t.watchdog, err = newWatchdog(dir); err != nil {
		return t, errors.Join(err, os.Remove(dir))
	}
	return t, c.initdb(t.data)
}

func (c *Cluster) initdb(dir string) error {
	args := []string{"-D", dir, "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"}
	if c.collation != "" {
		args = append(args, "--locale-provider=icu", "--icu-locale="+c.collation)
	}
	if err := c.run(filepath.Join(c.bin, "initdb"), args...); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(dir, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "include = '%s'\n", settingsFile)
	return errors.Join(err, file.Close())
}

// configure writes the settings for the next start, or reload.
func (c *Cluster) configure(settings map[string]string) error {
	all := map[string]string{
		"listen_addresses":        loopback,
		"port":                    fmt.Sprint(c.port),
		"unix_socket_directories": c.dir,
		"cluster_name":            c.name,
	}
	maps.Copy(all, settings)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.ReplaceAll(all[name], "'", "''"))
	}
	path := filepath.Join(c.data(), settingsFile)
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		return err
	}
	return c.account.own(path)
}

// run runs a program as the server's user.
func (c *Cluster) run(program string, args ...string) error {
	cmd := c.account.as(exec.Command(program, args...))
	cmd.Dir, cmd.Env = c.dir, environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// tempDir makes a directory for the server's user. Its path is short, because
// that of a Unix socket must be.
func tempDir(a *account) (string, error) {
	dir, err := os.MkdirTemp("", "pgcluster")
	if err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	return dir, a.own(dir)
}
