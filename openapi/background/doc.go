// Package background is a typed client for the background view of the contract:
// each call is queued and answered 202, and the caller polls for its end. Its
// types are those of package openapi under the same names.
//
// It does not poll, repeats nothing and remembers nothing; package client does
// all of that. The body of a finished call is read with GetBackgroundContent,
// and decoded by the caller: the extension x-background-result of each
// operation names its type.
//
//	api, err := background.NewClientWithResponses("https://api.finance.visma.net")
//	...
//	resp, err := api.ListCustomerInvoicesWithResponse(ctx, &background.ListCustomerInvoicesParams{
//		ERPAPIBackground: "none",
//	})
//	if resp.JSON202 != nil {
//		fmt.Println(resp.JSON202.ID)
//	}
//
// The remarks of package openapi/erp on statuses, bodies and headers hold here
// too.
package background
