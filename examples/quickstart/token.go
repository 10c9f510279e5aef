package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// credentials are a token, or what it takes to get one.
type credentials struct {
	token                            string
	clientID, clientSecret, tenantID string
	tokenURL                         string
}

// accessToken returns a token that is good for an hour, longer than this
// program needs. What runs for days takes an http.Client that renews it.
func (c credentials) accessToken(ctx context.Context) (string, error) {
	if c.token != "" {
		return c.token, nil
	}
	if c.clientID == "" || c.clientSecret == "" || c.tenantID == "" {
		return "", errors.New("set VISMANET_TOKEN, or all of VISMANET_CLIENT_ID, VISMANET_CLIENT_SECRET and VISMANET_TENANT_ID")
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {"vismanet_erp_service_api:read"},
		"client_id": {c.clientID}, "client_secret": {c.clientSecret}, "tenant_id": {c.tenantID},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.tokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("-token-url: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// A transport follows no redirects: the secret goes to this address only.
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return "", fmt.Errorf("get a token: %w", err)
	}
	defer resp.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer)
	if err != nil || answer.AccessToken == "" {
		return "", fmt.Errorf("get a token: %s answered %s: %s", c.tokenURL, resp.Status, cmp.Or(answer.Error, "no token"))
	}
	return answer.AccessToken, nil
}
