// Command sqlite2postgres copies what a SQLite file of sqlitestore holds into the
// schema of a pgstore: records with their kept answers and bodies, what a purge has
// left of others, sequences and documents.
//
//	export DATABASE_URL=postgres://user@host/database
//	go run github.com/vismanet-go/background/store/cmd/sqlite2postgres -from background.db
//
// Stop the programs that use the file, copy, and start them on PostgreSQL once the
// command has said that everything is there. Where PostgreSQL is comes from the
// environment (DATABASE_URL, or PGHOST, PGDATABASE and the like) or from a file
// (-dsn-file), never from an argument, which other users of the machine can read.
//
// The file stays as it is, but for an id that it gets, and that it is migrated if an
// earlier version made it. While the command reads it nobody else can open it, and the
// command refuses to begin while somebody has it open, or holds leases in it and may be
// alive.
//
// The command may be killed and run again at any time; it goes on where it was. Run
// again later it copies what is new or was changed since, and keeps what has come
// further in PostgreSQL, each of which it names. Deliveries that were handled in one
// of the two since the last complete run are not handled by the other one again. What
// it cannot copy, because something else holds the key in PostgreSQL for example, it
// names as well, and ends with an error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/vismanet-go/background/store/pgstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program the hard way
	switch err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "sqlite2postgres:", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "sqlite2postgres:", err)
		os.Exit(1)
	}
}

// config is what flags and environment say.
type config struct {
	from         string
	dsn          string
	schema       string
	dryRun       bool
	list         bool
	validateOnly bool
	allow        []string // file systems
}

// errUsage says that the command was called in a way that it does not know.
var errUsage = errors.New("see -help")

func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %w", fmt.Errorf(format, args...), errUsage)
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (config, error) {
	var cfg config
	var dsnFile, allow string
	var argument error
	flags := flag.NewFlagSet("sqlite2postgres", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what it writes of an error may have a password in it
	flags.StringVar(&cfg.from, "from", "", "the SQLite `file`")
	flags.StringVar(&dsnFile, "dsn-file", "", "a `file` that holds the DSN (default: DATABASE_URL, or PGHOST and the like, of the environment)")
	flags.StringVar(&cfg.schema, "schema", pgstore.DefaultSchema, "the `name` of the schema in PostgreSQL")
	flags.BoolVar(&cfg.dryRun, "dry-run", false, "change nothing in PostgreSQL, and tell what would be copied")
	flags.BoolVar(&cfg.list, "list", false, "name everything that is not copied, not only the first 20")
	flags.BoolVar(&cfg.validateOnly, "validate-only", false, "do not make or migrate the schema: other tools do")
	flags.StringVar(&allow, "allow-file-systems", "", "see AllowFileSystems of sqlitestore.Config, with commas in between")
	flags.Func("dsn", "refused: arguments can be read by other users of the machine", func(string) error {
		argument = usage("a DSN is not taken as an argument, which other users of the machine can read: set DATABASE_URL, or name a file by -dsn-file")
		return argument
	})
	if err := flags.Parse(args); err != nil {
		switch {
		case argument != nil: // without the value, which err has
			return cfg, argument
		case errors.Is(err, flag.ErrHelp):
			flags.SetOutput(stderr)
			flags.Usage()
			return cfg, err
		}
		return cfg, usage("%w", err)
	}
	switch {
	case flags.NArg() > 0: // it may be a DSN, so that it is not shown
		return cfg, usage("there is an argument too many; a DSN is not taken as an argument, which other users of the machine can read: set DATABASE_URL, or name a file by -dsn-file")
	case cfg.from == "":
		return cfg, usage("-from: want the SQLite file")
	}
	if allow != "" {
		cfg.allow = strings.Split(allow, ",")
	}
	return cfg, cfg.findDSN(dsnFile, getenv)
}

// findDSN reads the DSN. An empty one leaves everything to the environment.
func (cfg *config) findDSN(file string, getenv func(string) string) error {
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("-dsn-file: %w", err)
		}
		if cfg.dsn = strings.TrimSpace(string(text)); cfg.dsn == "" {
			return usage("-dsn-file: %s is empty", file)
		}
		return nil
	}
	if cfg.dsn = getenv("DATABASE_URL"); cfg.dsn != "" {
		return nil
	}
	for _, name := range []string{"PGHOST", "PGSERVICE", "PGDATABASE"} {
		if getenv(name) != "" {
			return nil
		}
	}
	return usage("it is not said where PostgreSQL is: set DATABASE_URL, or PGHOST and the like, or name a file by -dsn-file")
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	cfg, err := parse(args, getenv, stderr)
	if err != nil {
		return err
	}
	return move(ctx, cfg, stdout, stderr)
}
