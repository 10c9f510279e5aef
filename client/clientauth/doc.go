// Package clientauth gets the tokens that Visma.net ERP asks for, and adds
// them to the calls that go there and to no others.
//
//	auth, err := clientauth.New(clientauth.Config{
//		BaseURLs:     []string{clientauth.BaseURL},
//		ClientID:     os.Getenv("VISMA_CLIENT_ID"),
//		ClientSecret: os.Getenv("VISMA_CLIENT_SECRET"),
//		TenantID:     os.Getenv("VISMA_TENANT_ID"), // of the company, not of the customer
//	})
//	c, err := client.New(client.Config{
//		BaseURL:    clientauth.BaseURL,
//		HTTPClient: auth.HTTPClient(),
//		Refresh:    auth.Refresh,
//	})
//
// Service applications use the client credentials grant, as above. For a user
// who has logged in, set Config.TokenSource to any oauth2.TokenSource instead.
//
// # Promises
//
//   - A token goes to the configured roots only: same scheme, host, port and
//     path prefix. A redirect to another place goes there without it.
//   - One call to the token endpoint serves all who wait for it. One who
//     stops waiting does not end it for the others; when the last one stops,
//     it ends.
//   - A token is renewed before it expires. If that fails, the old one is
//     used for as long as it is valid.
//   - An endpoint that fails is called fewer than a hundred times in an hour,
//     whatever it answers and however many ask: each failure is followed by a
//     pause that grows to minutes, or that its Retry-After sets.
//   - A call to a token endpoint on the ERP's own host counts in the budget of the
//     client of package client whose call needs the token: what the ERP limits is its
//     host. A TokenSource of your own makes calls that nobody counts.
//   - Answers are read tolerantly (byte order marks, charsets, any content
//     type, expires_in as text or with a fraction). If something else came than
//     a token, a page of a proxy for example, the error says what.
//   - A call for which there is no token is not sent: its error says so with a
//     method NotSent, on which package client relies.
//   - Tokens and the secret are kept in memory only, and appear in no error,
//     no log and no printed Config or Source.
//
// # Not here
//
// The interactive login itself, a stored token, and the headers
// ipp-company-id and ipp-application-type of the old host: those are not
// credentials and stand in client.Config.Header.
package clientauth
