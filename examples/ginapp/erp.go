package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/mockserver"
)

// erpAccess is how the ERP is reached.
type erpAccess struct {
	baseURL  string
	http     *http.Client // adds the token
	refresh  func(context.Context) error
	token    func(context.Context) error // whether there is one; nil: none is needed
	schedule client.Schedule             // nil: the default
}

// connect prepares the calls to the real ERP. It makes none yet.
func connect(cfg config, log *slog.Logger) (erpAccess, error) {
	auth, err := clientauth.New(clientauth.Config{
		BaseURLs:     []string{cfg.erpURL},
		TokenURL:     cfg.tokenURL,
		ClientID:     cfg.clientID,
		ClientSecret: cfg.clientSecret,
		TenantID:     cfg.tenant,
		// No more than is needed: nothing is deleted here.
		Scopes: []string{clientauth.ScopeRead, clientauth.ScopeCreate, clientauth.ScopeUpdate},
		Logger: log,
	})
	if err != nil {
		return erpAccess{}, err
	}
	token := func(ctx context.Context) error {
		_, err := auth.Token(ctx)
		return err
	}
	return erpAccess{baseURL: cfg.erpURL, http: auth.HTTPClient(), refresh: auth.Refresh, token: token}, nil
}

// mock is an ERP in this process. A service that copies this one can do
// without: it is for trying out, and for tests.
type mock struct {
	*mockserver.Server
	access erpAccess
}

// withMock starts a mock that notifies the service at addr, completes the
// configuration, and stops the mock after f. What the mock knows ends with
// it, so the data of the service goes as well.
func withMock(cfg *config, addr string, f func(*mock) error) error {
	dir, err := os.MkdirTemp("", "ginapp")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	cfg.dataDir, cfg.tenant, cfg.apiToken = dir, "1000001", rand.Text()
	cfg.webhookURL = "http://" + net.JoinHostPort("127.0.0.1", port) + webhookPath
	cfg.signingKeys, cfg.secrets = []string{rand.Text()}, []string{rand.Text()}
	srv, err := mockserver.New(mockserver.Config{
		ExecTime:     mockserver.Fixed(300 * time.Millisecond),
		Subscription: mockserver.Subscription{URL: cfg.webhookURL, SigningKey: cfg.signingKeys[0]},
	})
	if err != nil {
		return err
	}
	defer srv.Close()
	return f(&mock{Server: srv, access: erpAccess{baseURL: mockserver.BaseURL, http: srv.Client()}})
}

// sample is a command to try a service with.
func sample(addr net.Addr, token string) string {
	_, port, _ := net.SplitHostPort(addr.String())
	return fmt.Sprintf(`curl -i http://127.0.0.1:%s/orders -H 'Authorization: Bearer %s' \
  -d '{"number":"4711","customer":"10045","date":"2026-09-01","lines":[{"item":"SYK-01","quantity":2}]}'
curl http://127.0.0.1:%[1]s/orders/4711 -H 'Authorization: Bearer %[2]s'
`, port, token)
}
