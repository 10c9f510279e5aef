package main

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/vismanet-go/background/internal/cli"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

// control is what the options of commands say that ask a mock which runs.
type control struct {
	app       *app
	server    string
	portFile  string
	tokenFile string
	ca        string
	company   string
	asJSON    bool
	timeout   time.Duration
}

// options of all such commands, behind those of their own.
func (c *control) options(own ...*cli.Option) cli.Options {
	const group = "The mock that is asked"
	common := cli.Options{
		{Name: "server", Group: group, Arg: "URL", Usage: "where the mock is (default: loopback at the port that --port-file tells, or else http://127.0.0.1:8787)", Set: cli.Text(&c.server)},
		{Name: "port-file", Group: group, Arg: "file", Usage: "the file that erpmock serve was given as --port-file", Set: cli.Text(&c.portFile)},
		{Name: "server-ca", Group: group, Arg: "file", Usage: "trust the mock's certificate in this PEM file, such as --tls-self-signed writes", Set: cli.Text(&c.ca)},
		{Name: "token-file", Group: group, Arg: "file", Usage: "has the token that the mock printed, which it wants beyond loopback (default: the variable ERPMOCK_ADMIN_TOKEN)", Set: cli.Text(&c.tokenFile)},
		{Name: "json", Group: group, FlagOnly: true, Usage: "print what the mock answers, as JSON", Set: cli.YesOrNo(&c.asJSON)},
	}
	return append(cli.Options(own), common...)
}

func (c *control) companyOption(usage string) *cli.Option {
	return &cli.Option{Name: "company", Arg: "id", Usage: usage, Set: cli.Text(&c.company)}
}

func (c *control) timeoutOption(initial string) *cli.Option {
	return &cli.Option{Name: "timeout", Arg: "time", FlagOnly: true, Initial: initial, Usage: "how long to wait at most", Set: cli.Duration(&c.timeout)}
}

func (c *control) timeoutMs() int { return int(c.timeout.Milliseconds()) }

// root is where the mock is.
func (c *control) root() (string, error) {
	root := c.server
	if root == "" && c.portFile != "" {
		port, err := os.ReadFile(c.portFile)
		if err != nil {
			return "", cli.UsageError{Err: fmt.Errorf("--port-file: %w; erpmock serve writes it, and removes it when it ends", err)}
		}
		root = "http://127.0.0.1:" + strings.TrimSpace(string(port))
		if c.ca != "" {
			root = "https" + strings.TrimPrefix(root, "http")
		}
	}
	root = cmp.Or(root, "http://127.0.0.1:8787")
	if u, err := url.Parse(root); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.User != nil {
		return "", cli.UsageError{Err: fmt.Errorf("--server %q: want http(s)://host:port", root)}
	}
	return strings.TrimRight(root, "/"), nil
}

// httpClient trusts the mock's certificate.
func (c *control) httpClient() (*http.Client, error) {
	if c.ca == "" {
		return &http.Client{}, nil
	}
	data, err := os.ReadFile(c.ca)
	if err != nil {
		return nil, cli.UsageError{Err: fmt.Errorf("--server-ca: %w", err)}
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, cli.UsageError{Err: fmt.Errorf("--server-ca: %s has no certificate in PEM", c.ca)}
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: roots}
	return &http.Client{Transport: t}, nil
}

// client returns one that asks the mock.
func (c *control) client() (*adminclient.ClientWithResponses, error) {
	root, err := c.root()
	if err != nil {
		return nil, err
	}
	client, err := c.httpClient()
	if err != nil {
		return nil, err
	}
	token := c.app.lookup(variable("admin-token"))
	if c.tokenFile != "" {
		data, err := os.ReadFile(c.tokenFile)
		if err != nil {
			return nil, cli.UsageError{Err: fmt.Errorf("--token-file: %w", err)}
		}
		token = strings.TrimSpace(string(data))
	}
	return adminclient.New(root, adminclient.Options{Token: token, Client: client})
}

// explain says of an error of a call what to do about it.
func explain(err error) error {
	if e, ok := errors.AsType[*adminclient.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		if errors.Is(err, syscall.ECONNREFUSED) {
			return fmt.Errorf("no mock answers at %s: start one with erpmock, or name it with --server or --port-file", hostOf(e.URL))
		}
		if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
			return fmt.Errorf("%w; --server-ca FILE has it trusted", e.Err)
		}
	}
	return err
}

func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	return u.Scheme + "://" + u.Host
}

// A call asks the mock something.
type call func(k *adminclient.ClientWithResponses) (*http.Response, error)

// ask makes a call and prints its answer, a T: for programs as it came, and else
// as tell writes it, in columns that tabs divide.
func ask[T any](c *control, make call, tell func(w io.Writer, v T)) error {
	body, err := c.answer(make)
	if err != nil || len(body) == 0 {
		return err
	}
	if c.asJSON {
		return c.printJSON(body)
	}
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		return fmt.Errorf("the mock answered what this version of erpmock does not know: %w", err)
	}
	w := tabwriter.NewWriter(c.app.stdout, 0, 0, 2, ' ', 0)
	tell(w, v)
	return w.Flush()
}

// answer makes a call and reads its answer.
func (c *control) answer(make call) ([]byte, error) {
	k, err := c.client()
	if err != nil {
		return nil, err
	}
	resp, err := make(k)
	if err != nil {
		return nil, explain(err)
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// printJSON prints an answer as it came, with lines.
func (c *control) printJSON(body []byte) error {
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(body), "", "  "); err != nil {
		return fmt.Errorf("the mock answered no JSON: %w", err)
	}
	out.WriteByte('\n')
	_, err := out.WriteTo(c.app.stdout)
	return err
}

// optional is a parameter that is left out where it is empty.
func optional[T comparable](v T) *T {
	var none T
	if v == none {
		return nil
	}
	return &v
}

// readInput reads a file, or what is piped in for "-".
func (a *app) readInput(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(a.stdin)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, cli.UsageError{Err: err}
	}
	return data, nil
}

// clockTime is a time as lists show it.
func clockTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
