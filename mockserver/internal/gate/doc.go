// Package gate is what the ERP asks of a call before it looks at what is wanted:
// credentials, with the endpoint that issues tokens, and limits.
//
// It decides and says why not; the server answers.
package gate
