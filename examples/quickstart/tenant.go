package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/erp"
)

// listOne makes one call to a real company, which changes nothing there.
func listOne(ctx context.Context, cfg config, out io.Writer) error {
	token, err := cfg.accessToken(ctx)
	if err != nil {
		return err
	}
	header := http.Header{}
	header.Set("Authorization", "Bearer "+token)
	if cfg.company != "" {
		header.Set("ipp-company-id", cfg.company)
		header.Set("ipp-application-type", "Visma.net Financials")
	}
	// The timeout is for each of the calls that it takes, not for the whole.
	c, err := client.New(client.Config{BaseURL: cfg.baseURL, Header: header, HTTPClient: &http.Client{Timeout: time.Minute}})
	if err != nil {
		return err
	}
	defer c.Close()

	req, err := erp.NewListCustomerInvoicesRequest("/", &erp.ListCustomerInvoicesParams{PageNumber: new(1), PageSize: new(1)})
	if err != nil {
		return err
	}
	s := &session{client: c, out: out}
	res, err := s.do(ctx, req, client.NoNotification())
	if pending, ok := errors.AsType[*client.PendingError](err); ok {
		s.tell("the ERP goes on with it, and for 24 hours shows its state at %s/v1/background/%s", strings.TrimRight(cfg.baseURL, "/"), pending.ID)
	}
	if err != nil {
		return err
	}
	rows, err := client.Decode[[]openapi.CustomerInvoice](ctx, res)
	if err != nil {
		return err
	}
	for _, row := range rows {
		s.tell("invoice %s, one of %d", row.ReferenceNumber, row.Metadata.TotalCount)
	}
	return s.summary(1)
}
