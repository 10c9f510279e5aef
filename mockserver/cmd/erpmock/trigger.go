package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/internal/cli"
)

// sampleInvoice is a new customer invoice.
const sampleInvoice = `{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},"externalReference":{"value":"erpmock trigger"},` +
	`"invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2}}]}`

func (a *app) triggerCommand() *cli.Command {
	c := &control{app: a}
	var notify, body, token string
	return &cli.Command{
		Use:   "trigger [METHOD PATH]",
		Short: "have a mock that runs do something in the background, and notify",
		Long: `Makes a request of a mock that runs, in the background, so that a notification follows: a new customer invoice, or METHOD PATH.

It prints the operation's id; erpmock ops show ID tells what became of it.`,
		Examples: `erpmock trigger --notify http://localhost:3000/hook
erpmock trigger GET /v1/customerinvoice/003501
erpmock trigger PUT /v1/customerinvoice/003547 --body '{"note":{"value":"x"}}'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 0 && len(args) != 2 {
				return fmt.Errorf("%d arguments", len(args))
			}
			return nil
		},
		Options: c.options(
			&cli.Option{Name: "notify", Arg: "value", FlagOnly: true, Initial: "subscription", Usage: "value of the header erp-api-background: a webhook's URL, subscription, or none", Set: cli.Text(&notify)},
			&cli.Option{Name: "body", Arg: "JSON", FlagOnly: true, Usage: "body of the request, @FILE for that of a file (default: a new invoice, of the request without METHOD PATH)", Set: cli.Text(&body)},
			&cli.Option{Name: "company", Arg: "id", Initial: "1000001", Usage: "company that it is of", Set: cli.Text(&c.company)},
			&cli.Option{Name: "bearer-file", Arg: "file", FlagOnly: true, Usage: "has the access token that --auth strict wants", Set: cli.Text(&token)},
		),
		Run: func(ctx context.Context, args []string) error {
			req, err := c.triggering(ctx, args, notify, body, token)
			if err != nil {
				return err
			}
			return c.trigger(req)
		},
	}
}

// triggering makes the request of a trigger.
func (c *control) triggering(ctx context.Context, args []string, notify, body, tokenFile string) (*http.Request, error) {
	method, path := http.MethodPost, "/v2/customerinvoice"
	if len(args) == 2 {
		method, path = strings.ToUpper(args[0]), args[1]
	} else if body == "" {
		body = sampleInvoice
	}
	if !strings.HasPrefix(path, "/") {
		return nil, cli.UsageError{Err: fmt.Errorf("the path %q: want one such as /v2/customerinvoice", path)}
	}
	data := []byte(body)
	if name, isFile := strings.CutPrefix(body, "@"); isFile {
		var err error
		if data, err = c.app.readInput(name); err != nil {
			return nil, err
		}
	}
	token := "company:" + c.company
	if tokenFile != "" {
		data, err := c.app.readInput(tokenFile)
		if err != nil {
			return nil, err
		}
		token = strings.TrimSpace(string(data))
	}
	root, err := c.root()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, root+path, bytes.NewReader(data))
	if err != nil {
		return nil, cli.UsageError{Err: err}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("erp-api-background", notify)
	req.Header.Set("ipp-company-id", c.company)
	req.Header.Set("ipp-application-type", "Visma.net Financials")
	if len(data) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// trigger makes the request, and prints what the mock answers.
func (c *control) trigger(req *http.Request) error {
	client, err := c.httpClient()
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return explain(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("%s %s: the mock answered %s and not 202: %s", req.Method, req.URL.Path, resp.Status, bytes.TrimSpace(answer))
	}
	if c.asJSON {
		return c.printJSON(answer)
	}
	var accepted struct{ ID string }
	location := resp.Header.Get("Location")
	if err := json.Unmarshal(answer, &accepted); err != nil || accepted.ID == "" { // as profiles have it
		accepted.ID = location[strings.LastIndexByte(location, '/')+1:]
	}
	c.app.print(accepted.ID + "\n")
	return nil
}
