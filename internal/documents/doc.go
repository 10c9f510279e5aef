// Package documents is nothing but tests: of what reads OpenAPI documents, on
// those of gendoc and on public ones of other makers.
//
// `go test` tries the generated documents. `make documents` brings public ones
// from the packages that they ship in (documents.tsv, .ci/documents) and tries
// those as well; `make documents-full` has more of them.
//
// What a document declares is told here by other readers than the project's, and
// what is answered by it is judged by kin-openapi, santhosh-tekuri/jsonschema and
// ajv.
package documents
