// Package client runs Visma.net ERP requests in the background and gets their
// real answers back, whatever happens in between.
//
//	c, err := client.New(client.Config{
//		BaseURL:    "https://api.finance.visma.net",
//		HTTPClient: oauthClient, // any *http.Client that adds the token
//	})
//	req, err := http.NewRequest("GET", "/v1/customerinvoice?pageNumber=1&pageSize=100", nil)
//	op, err := c.Submit(ctx, req, client.SubmitOptions{})
//	res, err := op.Wait(ctx)
//	invoices, err := client.Decode[[]Invoice](ctx, res)
//
// [Client.Do] does all of it in one call and has the shape of an HTTP doer, so
// that a generated client of the ERP runs in the background unchanged. To
// submit a typed request and wait later, build it with the generated
// New…Request functions; pass "/" as their server, and the request is taken
// as relative to BaseURL.
//
// # Promises
//
//   - A request that is not a GET is never sent again after it may have been
//     accepted. Where no answer tells, Submit returns the operation and an
//     [*UncertainError].
//   - The record of an operation is written before the first byte is sent.
//   - Success is a state of Finished, an answer at once, or a person's word,
//     with a 2xx status code and a body that tells of no failure. An end that
//     nobody understands is neither success nor failure.
//   - A failed poll never ends a wait, but for refusals that go
//     on: see [Operation.Wait].
//   - Credentials go to the origin of BaseURL only: addresses are built from
//     the base and the id, and what the ERP names is compared, never dialled.
//   - A notification is a hint. It moves the next poll to now; what counts is
//     the state that the client reads itself.
//
// # Time
//
// There is no timeout in this package for what the ERP still works on: a
// context ends the wait for it. The Timeout of the given http.Client bounds one
// call, not the operation.
package client
