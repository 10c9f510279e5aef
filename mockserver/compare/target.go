package compare

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// A Target is a server to compare.
type Target struct {
	// URL is the API's root: "https://api.finance.visma.net".
	URL string

	// Token is the bearer token of the calls. If it is empty, none is sent.
	Token string

	// Header is added to the calls: ipp-company-id, for example.
	Header http.Header

	// HTTPClient makes the calls. Default: [http.DefaultClient]. Redirects are not
	// followed.
	HTTPClient *http.Client
}

// DefaultTokenURL is the vendor's token endpoint.
const DefaultTokenURL = "https://connect.visma.com/connect/token"

// Variables are those that [FromEnv] reads, without their prefix.
func Variables() []string {
	return []string{
		"TOKEN", "TOKEN_FILE", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "TENANT_ID", "TOKEN_URL", "COMPANY_ID",
	}
}

// FromEnv returns a target with the credentials that environment variables with a
// prefix hold, of which none can be seen in a list of processes:
//
//	PREFIX_TOKEN                     a bearer token
//	PREFIX_CLIENT_ID                 else of an application, for which a token is asked for,
//	PREFIX_CLIENT_SECRET             with its secret
//	PREFIX_TENANT_ID                 and the company's tenant
//	PREFIX_TOKEN_URL                 at this endpoint; default: the vendor's
//	PREFIX_COMPANY_ID                for ipp-company-id, where it is needed
//
// PREFIX_TOKEN_FILE and PREFIX_CLIENT_SECRET_FILE name files that hold the values
// instead. Without any of them no token is sent. Getenv is [os.Getenv], or stands for
// it. Errors hold no secret.
func FromEnv(ctx context.Context, address, prefix string, client *http.Client, getenv func(string) string) (Target, error) {
	t := Target{URL: address, HTTPClient: client, Header: make(http.Header)}
	if company := getenv(prefix + "_COMPANY_ID"); company != "" {
		t.Header.Set("ipp-company-id", company)
		t.Header.Set("ipp-application-type", "Visma.net Financials")
	}
	var err error
	if t.Token, err = secret(prefix+"_TOKEN", getenv); err != nil || t.Token != "" {
		return t, err
	}
	id := getenv(prefix + "_CLIENT_ID")
	if id == "" {
		return t, nil
	}
	password, err := secret(prefix+"_CLIENT_SECRET", getenv)
	if err != nil {
		return t, err
	}
	t.Token, err = t.ask(ctx, cmp.Or(getenv(prefix+"_TOKEN_URL"), DefaultTokenURL), url.Values{
		"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {password}, "tenant_id": {getenv(prefix + "_TENANT_ID")},
		"scope": {"vismanet_erp_service_api:read"},
	})
	return t, err
}

// secret is a variable's value, or what stands in the file that it names.
func secret(name string, getenv func(string) string) (string, error) {
	value, file := getenv(name), getenv(name+"_FILE")
	switch {
	case value != "" && file != "":
		return "", fmt.Errorf("%s and %s_FILE: want one of them", name, name)
	case file != "":
		data, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("%s_FILE: %w", name, err)
		}
		return strings.TrimSpace(string(data)), nil
	}
	return value, nil
}

// ask gets a token.
func (t Target) ask(ctx context.Context, endpoint string, form url.Values) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("ask for a token: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := t.client().Do(req)
	if err != nil {
		return "", fmt.Errorf("ask for a token: %w", err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
		Error string `json:"error"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer)
	if resp.StatusCode != http.StatusOK || err != nil || answer.Token == "" {
		return "", fmt.Errorf("ask for a token: answered %d %.40q", resp.StatusCode, answer.Error)
	}
	return answer.Token, nil
}

// client follows no redirect, so that the token stays where it belongs.
func (t Target) client() *http.Client {
	c := *cmp.Or(t.HTTPClient, http.DefaultClient)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

func (t Target) validate(field string) error {
	u, err := url.Parse(t.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.User != nil {
		return errors.New(field + ".URL: want http(s)://host/path")
	}
	return nil
}
