package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/vismanet-go/background/internal/cli"
)

// Variables of the environment that have no flag, because other users of a machine
// can read the arguments of programs.
const (
	envToken        = "ERPCALL_TOKEN"
	envSecret       = "ERPCALL_CLIENT_SECRET"
	envNotifySecret = "ERPCALL_NOTIFY_SECRET"
	envDatabase     = "ERPCALL_DATABASE_URL"
	envConfig       = "ERPCALL_CONFIG"
)

// shared are the options that all commands have: where the ERP is, and where what is
// known of operations.
type shared struct {
	profile     string
	url         string
	tokenURL    string
	clientID    string
	tenant      string
	company     string
	store       string
	storeTenant string
	databaseURL string // name of a file
	mock        bool
	mockFault   string
	quiet       bool
	verbose     bool
}

// account are the options of commands that call the ERP.
func (s *shared) account() cli.Options {
	return append(cli.Options{
		{Name: "url", Group: account, Arg: "url", Usage: "root of the ERP's API (default https://api.finance.visma.net)", Set: cli.Text(&s.url)},
		{Name: "client-id", Group: account, Arg: "id", Usage: "client id of a service application; its secret is in ERPCALL_CLIENT_SECRET", Set: cli.Text(&s.clientID)},
		{Name: "token-url", Group: account, Arg: "url", Usage: "where the application gets tokens (default that of Visma Connect)", Set: cli.Text(&s.tokenURL)},
		{Name: "company", Group: account, Arg: "id", Usage: "ipp-company-id, for the former host and old tokens", Set: cli.Text(&s.company)},
		{Name: "mock-fault", Group: account, Arg: "fault", FlagOnly: true, Usage: "have the mock misbehave once: " + strings.Join(mockFaults(), ", "), Set: s.setMockFault},
	}, s.local()...)
}

const account = "Account and store"

// local are the options of commands that only look at what is kept.
func (s *shared) local() cli.Options {
	return cli.Options{
		{Name: "profile", Group: account, Arg: "name", Usage: "profile of the configuration file, for one company of several", Set: cli.Text(&s.profile)},
		{Name: "tenant", Group: account, Arg: "id", Usage: "tenant id of the company", Set: cli.Text(&s.tenant)},
		{Name: "store", Group: account, Arg: "where", Secret: true, Usage: "where operations are kept: a SQLite file, such as that of a service, or postgres, or postgres:SCHEMA (default: a file of the profile)", Set: s.setStore},
		{Name: "store-tenant", Group: account, Arg: "name", Usage: "the client's Config.Tenant in that store (default: the tenant id)", Set: cli.Text(&s.storeTenant)},
		{Name: "database-url-file", Group: account, Arg: "file", Usage: "file with the address of PostgreSQL, in place of ERPCALL_DATABASE_URL", Set: cli.Text(&s.databaseURL)},
		{Name: "mock", Group: account, Usage: "use a mock of the ERP in this process, and a store of its own, which needs no account; it keeps its invoices and operations from one command to the next", Set: cli.YesOrNo(&s.mock)},
		{Name: "quiet", Short: "q", Group: account, FlagOnly: true, Usage: "print nothing but the result", Set: cli.YesOrNo(&s.quiet)},
		{Name: "verbose", Short: "v", Group: account, FlagOnly: true, Usage: "print what the client does, call by call", Set: cli.YesOrNo(&s.verbose)},
	}
}

// setStore refuses an address of a database: what it holds would be seen by others.
func (s *shared) setStore(v string) error {
	if strings.Contains(v, "://") || strings.Contains(v, "password=") {
		return errors.New("want postgres, and the address of the database in " + envDatabase + " or in the file of --database-url-file: others can read arguments")
	}
	s.store = v
	return nil
}

func (s *shared) setMockFault(v string) error {
	if !slices.Contains(mockFaults(), v) {
		return errors.New("want one of " + strings.Join(mockFaults(), ", "))
	}
	s.mockFault, s.mock = v, true
	return nil
}
