// Package view makes the two views of an OpenAPI document: the one in which
// every operation is queued by the header erp-api-background, and the one
// without that header. It is what bgspec does, whose help says more.
//
// Both change the document that they are given, keep the order of it, and keep
// what they do not understand. A view of the same view is the same document.
package view
