// Package contender has the ways to get the answer of a background operation
// that are compared: this project's client, and others as their documentation
// says. All of them talk to one [memerp.Server].
package contender

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	longrunning "cloud.google.com/go/longrunning"
	autogen "cloud.google.com/go/longrunning/autogen"
	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/hashicorp/go-retryablehttp"
	"google.golang.org/api/option"

	"github.com/vismanet-go/background/bench/internal/memerp"
	"github.com/vismanet-go/background/client"
)

// A Contender sends requests that run in the background.
type Contender interface {
	// Submit sends a request to a path below [memerp.Base].
	Submit(ctx context.Context, path string) (Operation, error)
	Close() error
}

// An Operation is one that was accepted.
type Operation interface {
	// Poll asks once whether it has ended.
	Poll(ctx context.Context) (ended bool, err error)
	// Result fetches and decodes the answer of one that has ended.
	Result(ctx context.Context) (memerp.Invoice, error)
	// Wait polls as the contender does by itself, and returns the Result.
	Wait(ctx context.Context) (memerp.Invoice, error)
}

// Path is where an invoice is made.
const Path = "/v2/customerinvoice"

// request is what is sent.
var request = []byte(`{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},"externalReference":{"value":"bench"},` +
	`"invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2}}]}`)

// plain makes the calls by hand: the floor with net/http, or another client
// that has its Do.
type plain struct {
	do func(*http.Request) (*http.Response, error)
}

// Floor is what three calls cost with net/http and encoding/json.
func Floor(s *memerp.Server) Contender {
	c := &http.Client{Transport: s}
	return plain{c.Do}
}

// Retryable is the floor on HashiCorp's client.
func Retryable(s *memerp.Server) Contender {
	c := retryablehttp.NewClient()
	c.Logger = nil
	c.HTTPClient = &http.Client{Transport: s}
	return plain{func(req *http.Request) (*http.Response, error) {
		r, err := retryablehttp.FromRequest(req)
		if err != nil {
			return nil, err
		}
		return c.Do(r)
	}}
}

func (plain) Close() error { return nil }

// call makes a call and decodes its answer.
func (p plain) call(ctx context.Context, method, url string, body io.Reader, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("erp-api-background", "none")
	}
	resp, err := p.do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, url, resp.Status)
	}
	return json.Unmarshal(data, into)
}

func (p plain) accept(ctx context.Context, path string) (id string, err error) {
	var accepted struct{ ID string }
	err = p.call(ctx, http.MethodPost, memerp.Base+path, bytes.NewReader(request), &accepted)
	return accepted.ID, err
}

func (p plain) content(ctx context.Context, id string) (inv memerp.Invoice, err error) {
	err = p.call(ctx, http.MethodGet, memerp.Base+"/v1/background/"+id+"/content", nil, &inv)
	return inv, err
}

func (p plain) Submit(ctx context.Context, path string) (Operation, error) {
	id, err := p.accept(ctx, path)
	return &plainOperation{p, id}, err
}

type plainOperation struct {
	plain
	id string
}

func (o *plainOperation) Poll(ctx context.Context) (bool, error) {
	var state struct{ Status string }
	err := o.call(ctx, http.MethodGet, memerp.Base+"/v1/background/"+o.id, nil, &state)
	return state.Status == "Finished", err
}

func (o *plainOperation) Result(ctx context.Context) (memerp.Invoice, error) {
	return o.content(ctx, o.id)
}

// Wait polls once a second, as many programs do.
func (o *plainOperation) Wait(ctx context.Context) (inv memerp.Invoice, err error) {
	for {
		ended, err := o.Poll(ctx)
		if err != nil {
			return inv, err
		}
		if ended {
			return o.Result(ctx)
		}
		select {
		case <-ctx.Done():
			return inv, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// azcore is the Poller of Azure's SDK, in the pipeline that its clients use.
type azcore struct {
	pl        runtime.Pipeline
	frequency time.Duration
}

// Azcore is Azure's SDK; the frequency is that of PollUntilDone, 0 its default
// of 30 s.
func Azcore(s *memerp.Server, frequency time.Duration) Contender {
	return azcore{runtime.NewPipeline("bench", "v1.0.0", runtime.PipelineOptions{}, &policy.ClientOptions{Transport: s}), frequency}
}

func (azcore) Close() error { return nil }

func (a azcore) Submit(ctx context.Context, path string) (Operation, error) {
	req, err := runtime.NewRequest(ctx, http.MethodPost, memerp.Base+memerp.Azure+path)
	if err != nil {
		return nil, err
	}
	if err := req.SetBody(readSeekCloser{bytes.NewReader(request)}, "application/json"); err != nil {
		return nil, err
	}
	resp, err := a.pl.Do(req)
	if err != nil {
		return nil, err
	}
	if !runtime.HasStatusCode(resp, http.StatusAccepted) {
		return nil, runtime.NewResponseError(resp)
	}
	p, err := runtime.NewPoller(resp, a.pl, &runtime.NewPollerOptions[memerp.Invoice]{FinalStateVia: runtime.FinalStateViaLocation})
	return &azOperation{p, a.frequency}, err
}

type readSeekCloser struct{ *bytes.Reader }

func (readSeekCloser) Close() error { return nil }

type azOperation struct {
	p         *runtime.Poller[memerp.Invoice]
	frequency time.Duration
}

func (o *azOperation) Poll(ctx context.Context) (bool, error) {
	_, err := o.p.Poll(ctx)
	return o.p.Done(), err
}

func (o *azOperation) Result(ctx context.Context) (memerp.Invoice, error) { return o.p.Result(ctx) }

func (o *azOperation) Wait(ctx context.Context) (memerp.Invoice, error) {
	return o.p.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: o.frequency})
}

// google polls with Google's client for long-running operations; that one has
// no part in the request and in the content, which are made by hand.
type google struct {
	plain
	c *autogen.OperationsClient
}

// Google is longrunning's Operation over its REST client.
func Google(ctx context.Context, s *memerp.Server) (Contender, error) {
	hc := &http.Client{Transport: s}
	c, err := autogen.NewOperationsRESTClient(ctx, option.WithHTTPClient(hc), option.WithoutAuthentication(), option.WithEndpoint(memerp.Base))
	return google{plain{hc.Do}, c}, err
}

func (g google) Close() error { return g.c.Close() }

func (g google) Submit(ctx context.Context, path string) (Operation, error) {
	id, err := g.accept(ctx, path)
	if err != nil {
		return nil, err
	}
	op := longrunning.InternalNewOperation(g.c, &longrunningpb.Operation{Name: "operations/" + id})
	return &googleOperation{g.plain, op, id}, nil
}

type googleOperation struct {
	plain
	op *longrunning.Operation
	id string
}

func (o *googleOperation) Poll(ctx context.Context) (bool, error) {
	err := o.op.Poll(ctx, nil)
	return o.op.Done(), err
}

func (o *googleOperation) Result(ctx context.Context) (memerp.Invoice, error) {
	return o.content(ctx, o.id)
}

func (o *googleOperation) Wait(ctx context.Context) (inv memerp.Invoice, err error) {
	if err := o.op.Wait(ctx, nil); err != nil {
		return inv, err
	}
	return o.Result(ctx)
}

// ours is this project's client.
type ours struct{ c *client.Client }

// Ours is the client with a configuration, on the server. It is closed with
// the contender, and a store that was given is not.
func Ours(s http.RoundTripper, cfg client.Config) (Contender, error) {
	cfg.BaseURL, cfg.HTTPClient = memerp.Base, &http.Client{Transport: s}
	c, err := client.New(cfg)
	return ours{c}, err
}

// Client returns the client of a contender that is ours.
func Client(c Contender) *client.Client { return c.(ours).c }

// Handle returns the client's operation of one that is ours.
func Handle(o Operation) *client.Operation { return o.(*ourOperation).op }

func (o ours) Close() error { return o.c.Close() }

// Request is the request that contenders send, for those that have a way of
// their own.
func Request(ctx context.Context, path string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, path, bytes.NewReader(request))
	if err == nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, err
}

func (o ours) Submit(ctx context.Context, path string) (Operation, error) {
	req, err := Request(ctx, path)
	if err != nil {
		return nil, err
	}
	op, err := o.c.Submit(ctx, req, client.SubmitOptions{})
	if op == nil {
		return nil, err
	}
	return &ourOperation{op}, err
}

type ourOperation struct{ op *client.Operation }

// Waited returns the operation as one that is waited for at another client.
func Waited(op *client.Operation) Operation { return &ourOperation{op} }

func (o *ourOperation) Poll(ctx context.Context) (bool, error) {
	s, err := o.op.Poll(ctx)
	return s.Phase.Terminal(), err
}

func (o *ourOperation) Result(ctx context.Context) (memerp.Invoice, error) { return o.Wait(ctx) }

// Wait leaves the decoding to a function of its own, so that it is not on the stack
// while it waits: see [client.Operation.Wait].
func (o *ourOperation) Wait(ctx context.Context) (memerp.Invoice, error) {
	res, err := o.op.Wait(ctx)
	return decoded(ctx, res, err)
}

func decoded(ctx context.Context, res *client.Result, err error) (inv memerp.Invoice, _ error) {
	if err != nil {
		return inv, err
	}
	if res == nil {
		return inv, errors.New("no result")
	}
	return client.Decode[memerp.Invoice](ctx, res)
}
