package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/vismanet-go/background/client/clientauth"
)

// config is what the environment and the flags say.
type config struct {
	addr, opsAddr string
	dataDir       string
	shutdown      time.Duration
	proxies       []netip.Prefix
	apiToken      string
	release       bool

	erpURL, tokenURL       string
	clientID, clientSecret string
	tenant                 string

	notify      string // "subscription" or "url"
	webhookURL  string
	signingKeys []string
	secrets     []string // for webhook addresses; the first makes new ones

	mock, demo bool
}

// setting is a variable of the environment. Secrets have no flag: every user
// of a machine can read the command lines of its processes.
type setting struct {
	env, flag, fallback, usage string
	set                        func(c *config, value string) error
}

var settings = []setting{
	{"ADDR", "addr", ":8080", "address of orders and webhooks; TLS is the load balancer's", func(c *config, v string) error {
		return address(&c.addr, v)
	}},
	{"OPS_ADDR", "ops-addr", ":9090", "address of health, metrics and the operators' page", func(c *config, v string) error {
		return address(&c.opsAddr, v)
	}},
	{"DATA_DIR", "data", "data", "directory of the databases, on a local disk", func(c *config, v string) error {
		c.dataDir = v
		return nil
	}},
	{"SHUTDOWN_TIMEOUT", "shutdown-timeout", "25s", "how long a shutdown may take; less than what your platform waits", func(c *config, v string) (err error) {
		c.shutdown, err = time.ParseDuration(v)
		if err == nil && (c.shutdown < time.Second || c.shutdown > time.Hour) {
			err = errors.New("must be between 1s and 1h")
		}
		return err
	}},
	{"TRUSTED_PROXIES", "trusted-proxies", "", "networks of your load balancers, such as 10.0.0.0/8,192.0.2.1/32", func(c *config, v string) error {
		for _, text := range list(v) {
			p, err := netip.ParsePrefix(text)
			if err != nil || p.Bits() == 0 {
				return fmt.Errorf("%q: want a network such as 10.0.0.0/8, and not all addresses", text)
			}
			c.proxies = append(c.proxies, p)
		}
		return nil
	}},
	{"API_TOKEN", "", "", "bearer token that callers of /orders must show", func(c *config, v string) error {
		c.apiToken = v
		return secret(v)
	}},
	{"RELEASE", "release", "true", "release each invoice once it is made", func(c *config, v string) (err error) {
		if c.release, err = strconv.ParseBool(v); err != nil {
			err = fmt.Errorf("%q: want true or false", v)
		}
		return err
	}},
	{"ERP_URL", "erp-url", "", "root of the ERP's API: " + clientauth.BaseURL, func(c *config, v string) error {
		c.erpURL = v
		return webAddress(v)
	}},
	{"ERP_TOKEN_URL", "erp-token-url", clientauth.DefaultTokenURL, "where tokens come from", func(c *config, v string) error {
		c.tokenURL = v
		return webAddress(v)
	}},
	{"ERP_TENANT_ID", "erp-tenant-id", "", "tenant id of the company", func(c *config, v string) error { c.tenant = v; return nil }},
	{"ERP_CLIENT_ID", "erp-client-id", "", "client id of the service application", func(c *config, v string) error { c.clientID = v; return nil }},
	{"ERP_CLIENT_SECRET", "", "", "its secret", func(c *config, v string) error { c.clientSecret = v; return nil }},
	{"NOTIFY", "notify", "subscription", "how the ERP notifies: subscription, or url (deprecated by the vendor)", func(c *config, v string) error {
		if c.notify = v; v != "subscription" && v != "url" {
			return fmt.Errorf("%q: want subscription or url", v)
		}
		return nil
	}},
	{"WEBHOOK_URL", "webhook-url", "", "for NOTIFY=url: the public address of " + webhookPath, func(c *config, v string) error {
		c.webhookURL = v
		return webAddress(v)
	}},
	{"WEBHOOK_SIGNING_KEYS", "", "", "for NOTIFY=subscription: the portal's keys, comma separated; the old one may stay for a while", func(c *config, v string) error {
		c.signingKeys = list(v)
		return secret(c.signingKeys...)
	}},
	{"WEBHOOK_SECRETS", "", "", "for NOTIFY=url: secrets of your own, comma separated; the first makes new addresses", func(c *config, v string) error {
		c.secrets = list(v)
		return secret(c.secrets...)
	}},
}

// parseConfig reads the settings; a flag wins over the environment. It reports
// every fault at once, each named by its variable, and shows no secret.
func parseConfig(args []string, getenv func(string) string, errOut io.Writer) (config, error) {
	var c config
	fs := flag.NewFlagSet("ginapp", flag.ContinueOnError)
	fs.SetOutput(errOut)
	fs.Usage = func() { usage(errOut) }
	values := make([]string, len(settings))
	for i, s := range settings {
		values[i] = cmp.Or(getenv(s.env), s.fallback)
		if s.flag != "" {
			fs.StringVar(&values[i], s.flag, values[i], s.usage)
		}
	}
	fs.BoolVar(&c.mock, "mock", false, "")
	fs.BoolVar(&c.demo, "demo", false, "")
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	var errs []error
	if fs.NArg() > 0 {
		errs = append(errs, fmt.Errorf("argument %q: there are only flags, and the command healthcheck", fs.Arg(0)))
	}
	for i, s := range settings {
		if values[i] == "" {
			continue
		}
		if err := s.set(&c, values[i]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.env, err))
		}
	}
	return c, errors.Join(append(errs, c.check()...)...)
}

// check looks at what the settings must be together.
func (c config) check() (errs []error) {
	if c.mock || c.demo {
		if c.erpURL != "" {
			errs = append(errs, errors.New("ERP_URL: the mock takes its place, so set one of the two"))
		}
		return errs
	}
	for _, need := range []struct {
		env  string
		have bool
	}{
		{"API_TOKEN", c.apiToken != ""},
		{"ERP_URL", c.erpURL != ""},
		{"ERP_TENANT_ID", c.tenant != ""},
		{"ERP_CLIENT_ID", c.clientID != ""},
		{"ERP_CLIENT_SECRET", c.clientSecret != ""},
		{"WEBHOOK_SIGNING_KEYS", c.notify != "subscription" || len(c.signingKeys) > 0},
		{"WEBHOOK_URL", c.notify != "url" || c.webhookURL != ""},
		{"WEBHOOK_SECRETS", c.notify != "url" || len(c.secrets) > 0},
	} {
		if !need.have {
			errs = append(errs, fmt.Errorf("%s: must be set (or run with --mock)", need.env))
		}
	}
	return errs
}

func usage(w io.Writer) {
	fmt.Fprint(w, "ginapp [flags]\nginapp healthcheck [-ops-addr …]   exits 0 if the service that listens there is alive\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range settings {
		name := "(no flag)"
		if s.flag != "" {
			name = "-" + s.flag
		}
		text := s.usage
		if s.fallback != "" {
			text += " (default " + s.fallback + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.env, name, text)
	}
	fmt.Fprint(t, "\t--mock\tserve with a mock of the ERP in this process; nothing is kept\n\t--demo\tshow what it does, and exit\n")
	_ = t.Flush()
}

// list splits at commas; empty parts and white space around them do not count.
func list(v string) (parts []string) {
	for _, p := range strings.Split(v, ",") {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	return parts
}

func address(field *string, v string) error {
	*field = v
	if _, port, err := net.SplitHostPort(v); err != nil || port == "" {
		return fmt.Errorf("%q: want host:port or :port", v)
	}
	return nil
}

// webAddress wants https, or http on this machine: tokens and webhooks travel
// there.
func webAddress(v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("want an address such as https://host/path, without user or query")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return fmt.Errorf("%s://%s: must be https", u.Scheme, u.Host)
	}
	return nil
}

func secret(values ...string) error {
	for i, v := range values {
		if len(v) < 16 {
			return fmt.Errorf("number %d has %d bytes, want at least 16", i+1, len(v))
		}
	}
	return nil
}
