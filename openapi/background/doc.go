// Package background is a typed client for the background view of the contract
// as it is: each call is queued and answered 202, and the caller follows it up.
// Its types are those of package openapi under the same names.
//
// It is the smallest thing that works, with no polling, no retries and no
// memory; package client has those. The body of a finished call is read with
// GetBackgroundContent, and decoded by the caller: the extension
// x-background-result of each operation names its type.
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
