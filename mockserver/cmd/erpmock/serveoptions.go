package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

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
func (s *serving) options() options {
	var list options
	for _, g := range []struct {
		name    string
		members options
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
			o.group = g.name
			list = append(list, o)
		}
	}
	return list
}

func (s *serving) place() options {
	return options{
		{name: "config", arg: "file", usage: "read options from this YAML file, under the names of the flags without their dashes; flags and variables go before it", set: text(&s.config)},
		{name: "listen", arg: "address", initial: "127.0.0.1:8787", usage: "address to listen on; port 0 is any free one, and localhost is both 127.0.0.1 and [::1]", set: text(&s.listen)},
		{name: "port-file", arg: "file", usage: "write the port's number to this file once connections are accepted, and remove it at the end", set: text(&s.portFile)},
		{name: "external-url", arg: "URL", field: "ExternalURL", usage: "API root in the links of answers (default: as the caller wrote it, or as the headers Forwarded or X-Forwarded-Host and -Proto tell)", set: text(&s.mock.ExternalURL)},
		{name: "tls-cert", arg: "file", usage: "serve HTTPS with this certificate, in PEM", set: text(&s.tls.cert)},
		{name: "tls-key", arg: "file", usage: "the key of --tls-cert, in PEM", set: text(&s.tls.key)},
		{name: "tls-self-signed", usage: "serve HTTPS with a certificate for development, made anew at each start; --tls-cert is then where it is written for callers to trust, and with --tls-key too both are kept and used again", set: yesOrNo(&s.tls.selfSigned)},
		{name: "cors-origin", arg: "origin", field: "CORSOrigins", repeats: true, usage: "let pages of this origin call the ERP, such as https://app.example.com, http://localhost:* or * (default: any port of loopback); it does not let them control the mock", set: texts(&s.mock.CORSOrigins)},
		{name: "admin-host", arg: "name", field: "Hosts", repeats: true, usage: "a name by which others call the control below /__mock/v1 (loopback and addresses are known)", set: texts(&s.admin.Hosts)},
		{name: "admin-token", arg: "token", field: "Token", secret: true, usage: "token that the control wants beyond loopback; better as a variable than as a flag, which others may see (default: a random one, which is printed)", set: text(&s.admin.Token)},
		{name: "data", arg: "directory", usage: "keep everything in this directory; several processes may share it (default: in memory)", set: text(&s.queue.Dir)},
		{name: "durability", arg: "mode", field: "Durability", usage: "what --data survives: normal (kill -9) or full (power loss too) (default normal)", set: text(&s.queue.Durability)},
		{name: "worker-id", arg: "name", field: "Worker", usage: "name among the processes that share --data: it takes over at once what its predecessor left", set: text(&s.queue.Worker)},
		{name: "lease", arg: "time", field: "Lease", initial: "10s", usage: "how long a process that shares --data may be silent before others do its work", set: duration(&s.queue.Lease)},
		{name: "allow-file-system", arg: "name", repeats: true, usage: "let --data be on a file system of this name, such as FUSE, where others that use it too may damage it", set: texts(&s.queue.AllowFileSystems)},
		{name: "quiet", usage: "print warnings only, and not each operation and notification", set: yesOrNo(&s.quiet)},
		{name: "verbose", usage: "log every operation, and every attempt to notify with what came of it, as key=value for programs", set: yesOrNo(&s.verbose)},
	}
}

func (s *serving) behaviour() options {
	return options{
		{name: "profile", arg: "name", field: "Profile", usage: "what the mock takes the real system to be: " + strings.Join(profile.Names(), ", ") + " (default current)", set: func(v string) (err error) {
			s.mock.Profile, err = profile.Named(v)
			return err
		}},
		{name: "profile-json", arg: "file", usage: "turn single switches of the profile: a JSON object of their values by their names, as package profile and GET /__mock/v1/profile list them", set: text(&s.switches)},
		{name: "exec-time", arg: "time", field: "ExecTime", initial: "500ms", usage: "how long an operation takes: a time, a range such as 1s..5s, or lognormal:median=2s,p95=30s,max=5m", set: func(v string) (err error) {
			s.mock.ExecTime, err = parseExecTime(v)
			return err
		}},
		{name: "exec-timeout", arg: "time", field: "ExecTimeout", initial: "10m", usage: "when an operation that has not ended by itself is Failed", set: duration(&s.mock.ExecTimeout)},
		{name: "workers", arg: "number", field: "Workers", initial: "1", usage: "operations of one company that run at a time", set: number(&s.mock.Workers)},
		{name: "max-running", arg: "number", field: "MaxRunning", usage: "operations that run at a time, of all companies (default: no limit, 64 with --data)", set: number(&s.mock.MaxRunning)},
		{name: "max-companies", arg: "number", field: "MaxCompanies", initial: "10000", usage: "companies that are served; each costs about 3 kB and what is changed in it", set: number(&s.mock.MaxCompanies)},
		{name: "invoices", arg: "number", field: "Invoices", initial: "48", usage: "customer invoices that each company begins with; 100000 are fine", set: number(&s.mock.Invoices)},
		{name: "retention", arg: "time", field: "Retention", initial: "24h", usage: "how long results are kept", set: duration(&s.mock.Retention)},
		{name: "rate-limit", arg: "number", field: "RateLimit.Limit", initial: "15000", usage: "calls per company and hour", set: number(&s.mock.RateLimit.Limit)},
		{name: "seed", arg: "number", field: "Seed", usage: "make ids, execution times and faults reproducible (default: random ids)", set: unsigned(&s.mock.Seed)},
		{name: "faults", arg: "file", field: "Faults", repeats: true, usage: "disturb what the rules in this JSON file say", set: func(v string) error {
			rules, err := readRules(v)
			s.mock.Faults = append(s.mock.Faults, rules...)
			return err
		}},
	}
}

func (s *serving) notifications() options {
	return options{
		{name: "subscription-url", arg: "URL", field: "Subscription.URL", usage: "where notifications of the value \"subscription\" go", set: text(&s.mock.Subscription.URL)},
		{name: "signing-key", arg: "key", secret: true, usage: "key that signs them", set: text(&s.mock.Subscription.SigningKey)},
		{name: "tenant-id", arg: "id", usage: "tenant id in them (default: derived from the company)", set: text(&s.mock.Subscription.TenantID)},
		{name: "allow-public-targets", usage: "send notifications to other than loopback and private addresses", set: yesOrNo(&s.mock.AllowPublicTargets)},
		{name: "webhook-ca", arg: "file", repeats: true, usage: "trust receivers whose certificate is in this PEM file, or is signed by one in it, besides those that the system trusts", set: texts(&s.webhooks.files)},
		{name: "webhook-insecure", usage: "trust any certificate of a receiver", set: yesOrNo(&s.webhooks.insecure)},
	}
}

func (s *serving) time() options {
	clock := &s.mock.Clock
	return options{
		{name: "clock-rate", arg: "number", field: "Clock.Rate", usage: "how many seconds pass in a real one, up to 100000: with 60 a minute each second (default 1)", set: func(v string) error {
			rate, err := strconv.ParseFloat(v, 64)
			if err != nil || !(rate > 0) {
				return errors.New("want a number above 0, and at most 100000")
			}
			clock.Rate = rate
			return nil
		}},
		{name: "clock-start", arg: "time", field: "Clock.Start", usage: "the time at which the clocks begin when the program does, such as 2026-01-02T03:04:05Z (default: the present)", set: func(v string) error {
			at, err := time.Parse(time.RFC3339, v)
			if err != nil || at.IsZero() { // the zero time would be the default
				return errors.New("want a time such as 2026-01-02T03:04:05Z, from 1970 to 2199")
			}
			clock.Start = at
			return nil
		}},
	}
}

func (s *serving) credentials() options {
	auth := &s.mock.Auth
	return options{
		{name: "auth", arg: "mode", usage: "which credentials will do: off, any (some bearer token) or strict (one of the token endpoint) (default off)", set: func(v string) error {
			modes := map[string]mockserver.AuthMode{"off": mockserver.AuthOff, "any": mockserver.AuthAny, "strict": mockserver.AuthStrict}
			mode, ok := modes[v]
			if !ok {
				return errors.New("want off, any or strict")
			}
			auth.Mode = mode
			return nil
		}},
		{name: "client", arg: "id:secret", field: "Auth.Clients", repeats: true, secret: true, usage: "an application that may get tokens (default: any id and secret, which --auth strict refuses)", set: pairs(":", "id:secret", "client", func(id, secret string) bool {
			return putNew(&auth.Clients, id, mockserver.AuthClient{Secret: secret})
		})},
		{name: "tenant", arg: "tenant=company", field: "Auth.Tenants", repeats: true, usage: "the company of a tenant id (default: a tenant's id is the company's number)", set: pairs("=", "tenant=company", "tenant", func(tenant, company string) bool {
			return putNew(&auth.Tenants, tenant, company)
		})},
		{name: "token-life", arg: "time", field: "Auth.TokenLife", initial: "1h", usage: "how long a token of the endpoint is good", set: duration(&auth.TokenLife)},
	}
}
