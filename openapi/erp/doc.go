// Package erp is a typed client for the foreground view of the contract: each
// call answers at once with what the ERP has to say. Its types are those of
// package openapi under the same names.
//
// The client takes any HTTP doer. If that is the client of this module, the
// same typed calls run in the background, and each method returns when the
// queued call has its real answer:
//
//	api, err := erp.NewClientWithResponses("https://api.finance.visma.net", erp.WithHTTPClient(c))
//	...
//	resp, err := api.GetCustomerInvoiceWithResponse(ctx, "300142", nil)
//	if resp.JSON200 != nil {
//		fmt.Println(resp.JSON200.Status)
//	}
//
// These are no errors: a status that the contract does not know, an empty body,
// and a body that neither says that it is JSON nor is JSON. The StatusCode
// method and Body tell them. JSON is read also with a wrong or missing content
// type, behind a byte order mark and in its declared charset. If the body of a
// success says that it is JSON and cannot be decoded, the answer is returned
// together with the error, so that its status and headers are not lost.
// Rate-limit headers are in HTTPResponse.Header. The whole body is read into
// memory without a limit; the doer has to set one where the server is not
// trusted.
package erp
