package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// aClient is a client with a receiver beside it, which meet in the store.
type aClient struct {
	*client.Client
	http.Handler
	env   environment
	store store.Store
	notes map[string]client.Notify // by the word of a step
}

func newClient(env environment, webhook string) (*aClient, error) {
	st, err := openStore(env)
	if err != nil {
		return nil, err
	}
	cfg := client.Config{
		BaseURL: env.text("URL"), Store: st, Tenant: "company",
		Schedule:    func(client.PollInfo) time.Duration { return env.millis("POLL_MS") },
		CallTimeout: env.millis("CALL_TIMEOUT_MS"), UncertainAfter: env.millis("UNCERTAIN_MS"),
	}
	var transport http.RoundTripper = http.DefaultTransport
	if env.virtual() {
		transport = tellsTime{&http.Transport{DisableKeepAlives: true}}
	}
	cfg.HTTPClient = &http.Client{Transport: transport}
	if token := env.text("TOKEN"); token != "" {
		cfg.Header = http.Header{"Authorization": {"Bearer " + token}}
	} else {
		auth, err := clientauth.New(clientauth.Config{
			BaseURLs: []string{cfg.BaseURL}, TokenURL: env.text("TOKEN_URL"), TenantID: env.text("TENANT_ID"),
			ClientID: env.text("CLIENT_ID"), ClientSecret: env.text("CLIENT_SECRET"), Scopes: strings.Fields(env.text("SCOPE")),
			HTTPClient: &http.Client{Transport: transport}, Transport: transport,
		})
		if err != nil {
			return nil, err
		}
		cfg.HTTPClient, cfg.Refresh = auth.HTTPClient(), auth.Refresh
	}
	c, err := client.New(cfg)
	if err != nil {
		return nil, err
	}
	handler, err := newHandler(env, st)
	if err != nil {
		return nil, err
	}
	return &aClient{Client: c, Handler: handler, env: env, store: st, notes: map[string]client.Notify{
		"none": client.NoNotification(), "subscription": client.Subscription(), "url": client.WebhookURL(webhook, env.text("SECRET")),
	}}, nil
}

// openStore opens the store on disk, which outlives the process.
func openStore(env environment) (store.Store, error) {
	if env.virtual() {
		return store.NewMemory(store.MemoryConfig{}), nil // a file has times of its own
	}
	return sqlitestore.Open(context.Background(), sqlitestore.Config{Path: filepath.Join(env.text("DIR"), "background.db")})
}

// newHandler is the receiver, mounted.
func newHandler(env environment, st store.Store) (http.Handler, error) {
	rcv, err := receiver.New(receiver.Config{
		Store: st, SigningKeys: strings.Split(env.text("SIGNING_KEYS"), ","), CapabilitySecrets: []string{env.text("SECRET")},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	rcv.Register(mux, hookPath)
	return mux, nil
}

func (c *aClient) close() error { return errors.Join(c.Close(), c.store.Close()) }

func (c *aClient) do(s step) (answer, error) {
	switch s.Do {
	case "submit":
		return c.submit(s)
	case "await":
		op, err := c.OperationByKey(context.Background(), s.Key)
		if err != nil {
			return answer{}, err
		}
		return await(op, time.Duration(s.TimeoutMs)*time.Millisecond)
	}
	return answer{}, fmt.Errorf("there is no step %q", s.Do)
}

// submit submits a request. What ended at once has its outcome at once.
func (c *aClient) submit(s step) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.env.millis("CALL_TIMEOUT_MS"))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, s.Method, s.Path, strings.NewReader(s.Body))
	if err != nil {
		return answer{}, err
	}
	if s.ContentType != "" {
		req.Header.Set("Content-Type", s.ContentType)
	}
	op, err := c.Submit(ctx, req, client.SubmitOptions{Key: s.Key, Notify: c.notes[s.Notify]})
	if _, ok := errors.AsType[*client.UncertainError](err); ok {
		return answer{Outcome: "uncertain", Message: err.Error()}, nil
	}
	if err != nil {
		a := answer{Outcome: "refused", Message: err.Error()}
		if refused, ok := errors.AsType[*client.ResponseError](err); ok {
			a.StatusCode = refused.StatusCode
		}
		return a, nil
	}
	state, err := op.State(ctx)
	switch {
	case err != nil:
		return answer{}, err
	case state.Phase == store.Accepted:
		return answer{Outcome: "pending", ID: op.ID()}, nil
	}
	return await(op, 0)
}

// await waits for the end of an operation, and tells it in the runner's words.
func await(op *client.Operation, d time.Duration) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	res, err := op.Wait(ctx)
	a := answer{ID: op.ID(), Outcome: "succeeded"}
	if err != nil {
		a.Message = err.Error()
		a.Outcome = outcome(err)
	}
	if res == nil {
		return a, nil
	}
	a.StatusCode, a.ContentType = res.StatusCode, res.Header.Get("Content-Type")
	body, err := res.Open(context.Background())
	if errors.Is(err, client.ErrContentExpired) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	defer body.Close()
	a.BodyBase64, err = io.ReadAll(body)
	return a, err
}

// outcome is the runner's word for an error of Wait.
func outcome(err error) string {
	_, uncertain := errors.AsType[*client.UncertainError](err)
	_, unclear := errors.AsType[*client.UnclearError](err)
	ended, failed := errors.AsType[*client.OperationError](err)
	switch {
	case uncertain, unclear:
		return "uncertain"
	case errors.Is(err, client.ErrExpired):
		return "expired"
	case failed && ended.Status == "Rejected":
		return "refused"
	case failed:
		return "failed"
	}
	return "pending"
}
