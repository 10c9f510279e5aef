package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin"
	"github.com/vismanet-go/background/mockserver/profile"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
)

// serving is what the options of serve say.
type serving struct {
	config   string
	listen   string
	portFile string
	verbose  bool
	quiet    bool

	noDashboard bool

	tls      tlsFiles
	webhooks trust
	behind   behind
	switches string // file of --profile-json
	mock     mockserver.Config
	admin    admin.Config
	specs    specs
	queue    sqlitequeue.Config // without a directory: in memory
}

// options lists the options of serve, by their groups.
func (s *serving) options() cli.Options {
	var list cli.Options
	for _, g := range []struct {
		name    string
		members cli.Options
	}{
		{"Where it is, and what it keeps", s.place()},
		{"How the ERP behaves", s.behaviour()},
		{"Operations of OpenAPI documents", s.documents()},
		{"What is behind the mock", s.upstreams()},
		{"Notifications", s.notifications()},
		{"Time", s.time()},
		{"Who may call", s.credentials()},
	} {
		for _, o := range g.members {
			o.Group = g.name
			list = append(list, o)
		}
	}
	return list
}

func (s *serving) place() cli.Options {
	return cli.Options{
		{Name: "config", Arg: "file", Usage: "read options from this YAML file, under the names of the flags without their dashes; flags and variables go before it", Set: cli.Text(&s.config)},
		{Name: "listen", Arg: "address", Initial: "127.0.0.1:8787", Usage: "address to listen on; port 0 is any free one, and localhost is both 127.0.0.1 and [::1]", Set: cli.Text(&s.listen)},
		{Name: "port-file", Arg: "file", Usage: "write the port's number to this file once connections are accepted, and remove it at the end", Set: cli.Text(&s.portFile)},
		{Name: "external-url", Arg: "URL", Field: "ExternalURL", Usage: "API root in the links of answers (default: as the caller wrote it, or as the headers Forwarded or X-Forwarded-Host and -Proto tell)", Set: cli.Text(&s.mock.ExternalURL)},
		{Name: "tls-cert", Arg: "file", Usage: "serve HTTPS with this certificate, in PEM", Set: cli.Text(&s.tls.cert)},
		{Name: "tls-key", Arg: "file", Usage: "the key of --tls-cert, in PEM", Set: cli.Text(&s.tls.key)},
		{Name: "tls-self-signed", Usage: "serve HTTPS with a certificate for development, made anew at each start; --tls-cert is then where it is written for callers to trust, and with --tls-key too both are kept and used again", Set: cli.YesOrNo(&s.tls.selfSigned)},
		{Name: "cors-origin", Arg: "origin", Field: "CORSOrigins", Repeats: true, Usage: "let pages of this origin call the ERP, such as https://app.example.com, http://localhost:* or * (default: any port of loopback); it does not let them control the mock", Set: cli.Texts(&s.mock.CORSOrigins)},
		{Name: "admin-host", Arg: "name", Field: "Hosts", Repeats: true, Usage: "a name by which others call the control below /__mock/v1 (loopback and addresses are known)", Set: cli.Texts(&s.admin.Hosts)},
		{Name: "admin-token", Arg: "token", Field: "Token", Secret: true, Usage: "token that the control wants beyond loopback; better as a variable than as a flag, which others may see (default: a random one, which is printed)", Set: cli.Text(&s.admin.Token)},
		{Name: "no-dashboard", Usage: "serve no page at /__mock/; the control is there all the same", Set: cli.YesOrNo(&s.noDashboard)},
		{Name: "data", Arg: "directory", Usage: "keep everything in this directory; several processes may share it (default: in memory)", Set: cli.Text(&s.queue.Dir)},
		{Name: "durability", Arg: "mode", Field: "Durability", Usage: "what --data survives: normal (kill -9) or full (power loss too) (default normal)", Set: cli.Text(&s.queue.Durability)},
		{Name: "worker-id", Arg: "name", Field: "Worker", Usage: "name among the processes that share --data: it takes over at once what its predecessor left", Set: cli.Text(&s.queue.Worker)},
		{Name: "lease", Arg: "time", Field: "Lease", Initial: "10s", Usage: "how long a process that shares --data may be silent before others do its work", Set: cli.Duration(&s.queue.Lease)},
		{Name: "allow-file-system", Arg: "name", Repeats: true, Usage: "let --data be on a file system of this name, such as FUSE, where others that use it too may damage it", Set: cli.Texts(&s.queue.AllowFileSystems)},
		{Name: "quiet", Usage: "print warnings only, and not each operation and notification", Set: cli.YesOrNo(&s.quiet)},
		{Name: "verbose", Usage: "log every operation, and every attempt to notify with what came of it, as key=value for programs", Set: cli.YesOrNo(&s.verbose)},
	}
}

func (s *serving) behaviour() cli.Options {
	return cli.Options{
		{Name: "profile", Arg: "name", Field: "Profile", Usage: "what the mock takes the real system to be: " + strings.Join(profile.Names(), ", ") + " (default current)", Set: func(v string) (err error) {
			s.mock.Profile, err = profile.Named(v)
			return err
		}},
		{Name: "profile-json", Arg: "file", Usage: "turn single switches of the profile: a JSON object of their values by their names, as package profile and GET /__mock/v1/profile list them", Set: cli.Text(&s.switches)},
		{Name: "exec-time", Arg: "time", Field: "ExecTime", Initial: "500ms", Usage: "how long an operation takes: a time, a range such as 1s..5s, or lognormal:median=2s,p95=30s,max=5m", Set: func(v string) (err error) {
			s.mock.ExecTime, err = parseExecTime(v)
			return err
		}},
		{Name: "exec-timeout", Arg: "time", Field: "ExecTimeout", Initial: "10m", Usage: "when an operation that has not ended by itself is Failed", Set: cli.Duration(&s.mock.ExecTimeout)},
		{Name: "workers", Arg: "number", Field: "Workers", Initial: "1", Usage: "operations of one company that run at a time", Set: cli.Number(&s.mock.Workers)},
		{Name: "max-running", Arg: "number", Field: "MaxRunning", Usage: "operations that run at a time, of all companies (default: no limit, 64 with --data)", Set: cli.Number(&s.mock.MaxRunning)},
		{Name: "max-companies", Arg: "number", Field: "MaxCompanies", Initial: "10000", Usage: "companies that are served; each costs about 3 kB and what is changed in it", Set: cli.Number(&s.mock.MaxCompanies)},
		{Name: "invoices", Arg: "number", Field: "Invoices", Initial: "48", Usage: "customer invoices that each company begins with; 100000 are fine", Set: cli.Number(&s.mock.Invoices)},
		{Name: "retention", Arg: "time", Field: "Retention", Initial: "24h", Usage: "how long results are kept", Set: cli.Duration(&s.mock.Retention)},
		{Name: "rate-limit", Arg: "number", Field: "RateLimit.Limit", Initial: "15000", Usage: "calls per company and hour", Set: cli.Number(&s.mock.RateLimit.Limit)},
		{Name: "seed", Arg: "number", Field: "Seed", Usage: "make ids, execution times and faults reproducible (default: random ids)", Set: cli.Unsigned(&s.mock.Seed)},
		{Name: "faults", Arg: "file", Field: "Faults", Repeats: true, Usage: "disturb what the rules in this JSON file say", Set: func(v string) error {
			rules, err := readRules(v)
			s.mock.Faults = append(s.mock.Faults, rules...)
			return err
		}},
	}
}

func (s *serving) notifications() cli.Options {
	return cli.Options{
		{Name: "subscription-url", Arg: "URL", Field: "Subscription.URL", Usage: "where notifications of the value \"subscription\" go", Set: cli.Text(&s.mock.Subscription.URL)},
		{Name: "signing-key", Arg: "key", Secret: true, Usage: "key that signs them", Set: cli.Text(&s.mock.Subscription.SigningKey)},
		{Name: "tenant-id", Arg: "id", Usage: "tenant id in them (default: derived from the company)", Set: cli.Text(&s.mock.Subscription.TenantID)},
		{Name: "allow-public-targets", Usage: "send notifications to other than loopback and private addresses", Set: cli.YesOrNo(&s.mock.AllowPublicTargets)},
		{Name: "webhook-ca", Arg: "file", Repeats: true, Usage: "trust receivers whose certificate is in this PEM file, or is signed by one in it, besides those that the system trusts", Set: cli.Texts(&s.webhooks.files)},
		{Name: "webhook-insecure", Usage: "trust any certificate of a receiver", Set: cli.YesOrNo(&s.webhooks.insecure)},
	}
}

func (s *serving) time() cli.Options {
	clock := &s.mock.Clock
	return cli.Options{
		{Name: "clock-rate", Arg: "number", Field: "Clock.Rate", Usage: "how many seconds pass in a real one, up to 100000: with 60 a minute each second (default 1)", Set: func(v string) error {
			rate, err := strconv.ParseFloat(v, 64)
			if err != nil || !(rate > 0) {
				return errors.New("want a number above 0, and at most 100000")
			}
			clock.Rate = rate
			return nil
		}},
		{Name: "clock-start", Arg: "time", Field: "Clock.Start", Usage: "the time at which the clocks begin when the program does, such as 2026-01-02T03:04:05Z (default: the present)", Set: func(v string) error {
			at, err := time.Parse(time.RFC3339, v)
			if err != nil || at.IsZero() { // the zero time would be the default
				return errors.New("want a time such as 2026-01-02T03:04:05Z, from 1970 to 2199")
			}
			clock.Start = at
			return nil
		}},
	}
}

func (s *serving) credentials() cli.Options {
	auth := &s.mock.Auth
	return cli.Options{
		{Name: "auth", Arg: "mode", Usage: "which credentials will do: off, any (some bearer token) or strict (one of the token endpoint) (default off)", Set: func(v string) error {
			modes := map[string]mockserver.AuthMode{"off": mockserver.AuthOff, "any": mockserver.AuthAny, "strict": mockserver.AuthStrict}
			mode, ok := modes[v]
			if !ok {
				return errors.New("want off, any or strict")
			}
			auth.Mode = mode
			return nil
		}},
		{Name: "client", Arg: "id:secret", Field: "Auth.Clients", Repeats: true, Secret: true, Usage: "an application that may get tokens (default: any id and secret, which --auth strict refuses)", Set: cli.Pairs(":", "id:secret", "client", func(id, secret string) bool {
			return cli.PutNew(&auth.Clients, id, mockserver.AuthClient{Secret: secret})
		})},
		{Name: "tenant", Arg: "tenant=company", Field: "Auth.Tenants", Repeats: true, Usage: "the company of a tenant id (default: a tenant's id is the company's number)", Set: cli.Pairs("=", "tenant=company", "tenant", func(tenant, company string) bool {
			return cli.PutNew(&auth.Tenants, tenant, company)
		})},
		{Name: "token-life", Arg: "time", Field: "Auth.TokenLife", Initial: "1h", Usage: "how long a token of the endpoint is good", Set: cli.Duration(&auth.TokenLife)},
	}
}
