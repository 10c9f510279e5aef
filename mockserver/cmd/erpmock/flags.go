package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/profile"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
)

// options are what the flags say beside the mock's own Config.
type options struct {
	listen   string
	portFile string
	verbose  bool
	mock     mockserver.Config
	queue    sqlitequeue.Config // without a directory: in memory
	admin    admin.Config
}

// parse reads the flags, and the environment for those that are not given. It
// has told stderr what is wrong when it returns an error.
func parse(args []string, stderr io.Writer, getenv func(string) string) (options, error) {
	var o options
	f := flag.NewFlagSet("erpmock", flag.ContinueOnError)
	f.SetOutput(io.Discard) // what is wrong fits into a line
	o.place(f)
	o.behaviour(f)
	o.time(f)
	o.credentials(f)
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		f.SetOutput(stderr)
		usage(f)
		return o, err
	case err != nil:
		err = wrongFlag(f, err)
	case f.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q: flags begin with --, and erpmock --help lists them", f.Arg(0))
	default:
		err = fromEnvironment(f, getenv)
	}
	if err != nil {
		fmt.Fprintln(stderr, "erpmock:", err)
		return o, err
	}
	if o.mock.CORSOrigins == nil {
		o.mock.CORSOrigins = loopbackOrigins()
	}
	return o, nil
}

// loopbackOrigins are those of pages that are developed on this machine.
func loopbackOrigins() []string {
	return []string{"http://localhost:*", "https://localhost:*", "http://127.0.0.1:*", "https://127.0.0.1:*", "http://[::1]:*", "https://[::1]:*"}
}

func usage(f *flag.FlagSet) {
	fmt.Fprint(f.Output(), `erpmock runs a mock of the Visma.net ERP Background API until it gets SIGINT or SIGTERM.

Flags; each has an environment variable, ERPMOCK_EXEC_TIME for -exec-time, which
counts where the flag is not given. Where a flag may be repeated, the variable
holds several values with blanks between them.

`)
	f.PrintDefaults()
}

// variable is the environment variable of a flag.
func variable(name string) string {
	return "ERPMOCK_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// fromEnvironment sets the flags that were not given.
func fromEnvironment(f *flag.FlagSet, getenv func(string) string) error {
	given := make(map[string]bool)
	f.Visit(func(g *flag.Flag) { given[g.Name] = true })
	var errs []error
	f.VisitAll(func(g *flag.Flag) {
		text := getenv(variable(g.Name))
		if given[g.Name] || text == "" {
			return
		}
		values := []string{text}
		if _, repeats := g.Value.(repeated); repeats {
			values = strings.Fields(text)
		}
		for _, v := range values {
			if err := f.Set(g.Name, v); err != nil {
				errs = append(errs, wrongValue(f, g.Name, variable(g.Name), err))
			}
		}
	})
	return errors.Join(errs...)
}

// place are the flags about where the mock is and what it keeps.
func (o *options) place(f *flag.FlagSet) {
	f.StringVar(&o.listen, "listen", "127.0.0.1:8787", "address to listen on; port 0 is any free one")
	f.StringVar(&o.portFile, "port-file", "", "write the port's number to this `file` once connections are accepted, and remove it at the end")
	f.BoolVar(&o.verbose, "verbose", false, "log every operation, and every attempt to notify with what came of it")
	f.StringVar(&o.mock.ExternalURL, "external-url", "", "API root in the links of answers (default: as the caller wrote it)")
	f.Var(repeated(func(origin string) error {
		o.mock.CORSOrigins = append(o.mock.CORSOrigins, origin)
		return nil
	}), "cors-origin", "let pages of this `origin` call the ERP, such as https://app.example.com, http://localhost:* or *; may be repeated (default: any port of loopback)")
	f.Var(repeated(func(host string) error {
		o.admin.Hosts = append(o.admin.Hosts, host)
		return nil
	}), "admin-host", "`name` by which others call the control below /__mock/v1; may be repeated (loopback and addresses are known)")
	f.StringVar(&o.admin.Token, "admin-token", "", "`token` that the control wants beyond loopback (default: a random one, which is printed)")
	f.StringVar(&o.queue.Dir, "data", "", "keep everything in this `directory`; several processes may share it (default: in memory)")
	f.Func("durability", "what --data survives: normal (kill -9) or full (power loss too) (default normal)", func(v string) error {
		o.queue.Durability = sqlitequeue.Durability(v)
		return nil
	})
	f.StringVar(&o.queue.Worker, "worker-id", "", "`name` among the processes that share --data: it takes over at once what its predecessor left")
	f.Var(repeated(func(name string) error {
		o.queue.AllowFileSystems = append(o.queue.AllowFileSystems, name)
		return nil
	}), "allow-file-system", "let --data be on a file system of this `name`, such as FUSE, where others that use it too may damage it; may be repeated")
	f.DurationVar(&o.queue.Lease, "lease", 10*time.Second, "how long a process that shares --data may be silent before others do its work")
}

// behaviour are the flags about how the ERP behaves.
func (o *options) behaviour(f *flag.FlagSet) {
	f.Func("profile", "what the mock takes the real system to be: `name` of "+strings.Join(profile.Names(), ", ")+" (default current)",
		func(v string) (err error) {
			o.mock.Profile, err = profile.Named(v)
			return err
		})
	o.mock.ExecTime = mockserver.Fixed(500 * time.Millisecond)
	f.Func("exec-time", "how long an operation takes: a `time`, a range such as 1s..5s, or lognormal:median=2s,p95=30s,max=5m (default 500ms)",
		func(v string) (err error) {
			o.mock.ExecTime, err = parseExecTime(v)
			return err
		})
	f.IntVar(&o.mock.Workers, "workers", 1, "operations of one company that run at a time")
	f.IntVar(&o.mock.MaxRunning, "max-running", 0, "operations that run at a time, of all companies (default: no limit, 64 with --data)")
	f.IntVar(&o.mock.MaxCompanies, "max-companies", 10_000, "companies that are served; each costs about 3 kB and what is changed in it")
	f.DurationVar(&o.mock.Retention, "retention", 24*time.Hour, "how long results are kept")
	f.IntVar(&o.mock.RateLimit.Limit, "rate-limit", 15000, "calls per company and hour")
	f.Uint64Var(&o.mock.Seed, "seed", 0, "make ids, execution times and faults reproducible (default: random ids)")
	f.Var(repeated(func(name string) error {
		rules, err := readRules(name)
		o.mock.Faults = append(o.mock.Faults, rules...)
		return err
	}), "faults", "disturb what the rules in this JSON `file` say; may be repeated")
	f.StringVar(&o.mock.Subscription.URL, "subscription-url", "", "where notifications of the value \"subscription\" go")
	f.StringVar(&o.mock.Subscription.SigningKey, "signing-key", "", "key that signs them")
	f.StringVar(&o.mock.Subscription.TenantID, "tenant-id", "", "tenant id in them (default: derived from the company)")
	f.BoolVar(&o.mock.AllowPublicTargets, "allow-public-targets", false, "send notifications to other than loopback and private addresses")
}

// time are the flags about the clocks of the companies.
func (o *options) time(f *flag.FlagSet) {
	clock := &o.mock.Clock
	f.Func("clock-rate", "how many seconds pass in a real one, a `number` up to 100000: with 60 a minute each second (default 1)",
		func(v string) error {
			rate, err := strconv.ParseFloat(v, 64)
			if err != nil || !(rate > 0) {
				return errors.New("want a number above 0, and at most 100000")
			}
			clock.Rate = rate
			return nil
		})
	f.Func("clock-start", "the `time` at which the clocks begin when the program does, such as 2026-01-02T03:04:05Z (default: the present)",
		func(v string) error {
			at, err := time.Parse(time.RFC3339, v)
			if err != nil || at.IsZero() { // the zero time would be the default
				return errors.New("want a time such as 2026-01-02T03:04:05Z, from 1970 to 2199")
			}
			clock.Start = at
			return nil
		})
}

// credentials are the flags about who may call.
func (o *options) credentials(f *flag.FlagSet) {
	auth := &o.mock.Auth
	f.Func("auth", "which credentials will do: `mode` off, any (some bearer token) or strict (one of the token endpoint) (default off)",
		func(v string) error {
			modes := map[string]mockserver.AuthMode{"off": mockserver.AuthOff, "any": mockserver.AuthAny, "strict": mockserver.AuthStrict}
			mode, ok := modes[v]
			if !ok {
				return errors.New("want off, any or strict")
			}
			auth.Mode = mode
			return nil
		})
	f.Var(repeated(func(v string) error {
		id, secret, ok := strings.Cut(v, ":")
		if !ok || id == "" || secret == "" {
			return errors.New("want id:secret")
		}
		if _, twice := auth.Clients[id]; twice {
			return fmt.Errorf("the client %q is there twice", id)
		}
		if auth.Clients == nil {
			auth.Clients = make(map[string]mockserver.AuthClient)
		}
		auth.Clients[id] = mockserver.AuthClient{Secret: secret}
		return nil
	}), "client", "an application that may get tokens, as `id:secret`; may be repeated (default: any id and secret, which --auth strict refuses)")
	f.Var(repeated(func(v string) error {
		tenant, company, ok := strings.Cut(v, "=")
		if !ok || tenant == "" || company == "" {
			return errors.New("want tenant=company")
		}
		if _, twice := auth.Tenants[tenant]; twice {
			return fmt.Errorf("the tenant %q is there twice", tenant)
		}
		if auth.Tenants == nil {
			auth.Tenants = make(map[string]string)
		}
		auth.Tenants[tenant] = company
		return nil
	}), "tenant", "the company of a tenant id, as `tenant=company`; may be repeated (default: a tenant's id is the company's number)")
	f.DurationVar(&auth.TokenLife, "token-life", time.Hour, "how long a token of the endpoint is good")
}

// repeated is a flag that may be given several times.
type repeated func(string) error

func (r repeated) String() string     { return "" }
func (r repeated) Set(v string) error { return r(v) }

// readRules reads a file of rules; the error names it.
func readRules(name string) ([]fault.Rule, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	rules, err := fault.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rules, nil
}

// parseExecTime reads a time, a range or a distribution.
func parseExecTime(v string) (mockserver.ExecTime, error) {
	if rest, ok := strings.CutPrefix(v, "lognormal:"); ok {
		return parseLogNormal(rest)
	}
	from, to, isRange := strings.Cut(v, "..")
	least, err := time.ParseDuration(from)
	most, err2 := least, error(nil)
	if isRange {
		most, err2 = time.ParseDuration(to)
	}
	switch {
	case err != nil || err2 != nil:
		return nil, errors.New(`want a time such as "500ms", a range such as "1s..5s" or "lognormal:median=2s,p95=30s,max=5m"`)
	case least < 0 || most < least:
		return nil, errors.New("want times that are not negative, the shorter one first")
	case isRange:
		return mockserver.Uniform{Min: least, Max: most}, nil
	}
	return mockserver.Fixed(least), nil
}

// parseLogNormal reads median=2s,p95=30s,max=5m or median=2s,sigma=1.5.
func parseLogNormal(v string) (mockserver.ExecTime, error) {
	var d mockserver.LogNormal
	for part := range strings.SplitSeq(v, ",") {
		name, text, _ := strings.Cut(part, "=")
		var err error
		want := "a time"
		switch name {
		case "median":
			d.Median, err = time.ParseDuration(text)
		case "p95":
			d.P95, err = time.ParseDuration(text)
		case "max":
			d.Max, err = time.ParseDuration(text)
		case "sigma":
			want = "a number"
			d.Sigma, err = strconv.ParseFloat(text, 64)
		default:
			return nil, fmt.Errorf("lognormal: %q is not one of median, p95, sigma, max", name)
		}
		if err != nil {
			return nil, fmt.Errorf("lognormal: %s: %q is not %s", name, text, want)
		}
	}
	return d, nil
}
