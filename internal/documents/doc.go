// Package documents is nothing but tests: of what reads OpenAPI documents, on
// those of gendoc and on public ones of other makers.
//
// `go test` tries the generated documents. `make documents` brings public ones
// from the packages that they ship in (documents.tsv, .ci/documents), tries those
// as well and prints a table; `make documents-full` has more of them, and ajv
// as a further judge.
//
// A document is read here by other readers than the project's, which tell what
// it declares; each declared answer is then asked of the mock over HTTP, and
// judged by kin-openapi, santhosh-tekuri/jsonschema and ajv. What no answer can be
// made for has a reason, and the reasons stand in ledger.txt, which may only
// become shorter.
package documents
