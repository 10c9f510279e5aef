package clientauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/oauth2"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/mockserver"
)

// network is the internet of the examples: both hosts of the ERP, and the
// token endpoint. In production leave HTTPClient and Transport out.
func network(token http.HandlerFunc) (*http.Client, func() error) {
	mock, err := mockserver.New(mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}, Companies: map[string]string{"a-token": "1000001"}})
	if err != nil {
		panic(err)
	}
	return mockserver.MemoryClient(map[string]http.Handler{
		"api.finance.visma.net": mock,
		"integration.visma.net": http.StripPrefix("/API/controller/api", mock),
		"connect.visma.com":     token,
	}), mock.Close
}

func issue(w http.ResponseWriter, r *http.Request) {
	fmt.Println("a token for", r.FormValue("tenant_id"), r.FormValue("scope"))
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"access_token":"a-token","expires_in":3600,"token_type":"Bearer"}`)
}

// A service application: one token serves all operations.
func Example() {
	ctx := context.Background()
	internet, stop := network(issue)
	defer stop()

	auth, err := clientauth.New(clientauth.Config{
		BaseURLs:     []string{clientauth.BaseURL},
		ClientID:     "isv_my_application",
		ClientSecret: "from your secret store",
		TenantID:     "4d7e2c4b-0b7a-4f3e-9b0e-2f7f1a2b3c4d", // of the company
		Scopes:       []string{clientauth.ScopeRead},
		HTTPClient:   internet, Transport: internet.Transport,
	})
	if err != nil {
		panic(err)
	}
	c, err := client.New(client.Config{
		BaseURL:    clientauth.BaseURL,
		HTTPClient: auth.HTTPClient(),
		Refresh:    auth.Refresh,
	})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	for range 2 {
		req, _ := http.NewRequest("GET", "/v1/customerinvoice?pageSize=3", nil)
		op, err := c.Submit(ctx, req, client.SubmitOptions{})
		if err != nil {
			panic(err)
		}
		res, err := op.Wait(ctx)
		if err != nil {
			panic(err)
		}
		fmt.Println(res.Status, res.StatusCode)
	}
	// Output:
	// a token for 4d7e2c4b-0b7a-4f3e-9b0e-2f7f1a2b3c4d vismanet_erp_service_api:read
	// Finished 200
	// Finished 200
}

// The old host has another root, and may want to be told the company and the
// kind of the application. Those are no credentials: they are headers of the
// client, so that each call carries them, the polls too.
func ExampleConfig_oldHost() {
	ctx := context.Background()
	internet, stop := network(issue)
	defer stop()

	auth, err := clientauth.New(clientauth.Config{
		// Both, as long as the application moves from one to the other.
		BaseURLs: []string{clientauth.BaseURL, clientauth.FormerBaseURL},
		ClientID: "isv_my_application", ClientSecret: "from your secret store", TenantID: "company",
		HTTPClient: internet, Transport: internet.Transport,
	})
	if err != nil {
		panic(err)
	}
	c, err := client.New(client.Config{
		BaseURL:    clientauth.FormerBaseURL,
		HTTPClient: auth.HTTPClient(),
		Refresh:    auth.Refresh,
		Header: http.Header{
			"Ipp-Company-Id":       {"1000001"},
			"Ipp-Application-Type": {"Visma.net Financials"},
		},
	})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	req, _ := http.NewRequest("GET", "/v1/customerinvoice?pageSize=3", nil)
	resp, err := c.Do(req.WithContext(ctx))
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output:
	// a token for company vismanet_erp_service_api:read vismanet_erp_service_api:create vismanet_erp_service_api:update vismanet_erp_service_api:delete
	// 200
}

// A user who has logged in: any oauth2.TokenSource will do. Here the token
// is one that the login gave; with "offline_access" among the scopes it is
// renewed without the user.
func ExampleConfig_tokenSource() {
	internet, stop := network(issue)
	defer stop()
	login := oauth2.Config{
		ClientID: "my_application",
		Endpoint: oauth2.Endpoint{AuthURL: "https://connect.visma.com/connect/authorize", TokenURL: clientauth.DefaultTokenURL},
		Scopes:   []string{"vismanet_erp_interactive_api:read", "offline_access"},
	}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, internet)
	fromLogin := &oauth2.Token{AccessToken: "a-token", RefreshToken: "from the login"}

	auth, err := clientauth.New(clientauth.Config{
		BaseURLs:    []string{clientauth.BaseURL},
		TokenSource: login.TokenSource(ctx, fromLogin),
		Transport:   internet.Transport,
	})
	if err != nil {
		panic(err)
	}
	resp, err := auth.HTTPClient().Get(clientauth.BaseURL + "/v1/customerinvoice?pageSize=1")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 200
}

// What the token endpoint refuses is told as it is, without the secret, and
// nothing was sent to the ERP.
func ExampleTokenError() {
	internet, stop := network(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_scope"}`)
	})
	defer stop()
	auth, err := clientauth.New(clientauth.Config{
		BaseURLs: []string{clientauth.BaseURL}, ClientID: "isv_my_application", ClientSecret: "from your secret store", TenantID: "company",
		HTTPClient: internet, Transport: internet.Transport,
	})
	if err != nil {
		panic(err)
	}
	_, err = auth.HTTPClient().Get(clientauth.BaseURL + "/v1/customerinvoice")
	if e, ok := errors.AsType[*clientauth.TokenError](err); ok {
		fmt.Println(e.Code, e.Temporary(), e.NotSent())
		fmt.Println(e)
	}
	// Output:
	// invalid_scope false true
	// get a token: the token endpoint answered 400 invalid_scope; has the application been granted all of Scopes?
}
