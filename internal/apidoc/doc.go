// Package apidoc reads OpenAPI documents that come from outside, resolves the
// references in them and writes them again.
//
// A document is JSON or YAML, and becomes a tree of [Node] with the line and
// column of each. Nothing is interpreted or dropped on the way: the order of
// keys, the digits of numbers and keys that nobody knows are kept, and the
// comments and styles of YAML as well. Texts in UTF-8 and UTF-16 are read, with a byte
// order mark or without.
//
// # What YAML means here
//
// An OpenAPI document is JSON that may be written as YAML, so the plain words
// of YAML are read by the core schema of YAML 1.2: no, on and yes are strings,
// and so are dates, 017 and 1_000. Keys are always strings, as written: 200, on
// and 2026-01-01 are keys like others. Aliases are replaced by copies of what
// they name, and merge keys (<<) by what they merge.
//
// # What is refused
//
// Every fault is an [*Error] with file, line, column and JSON pointer: what is
// no JSON or YAML, a key that an object has twice, a second document in a
// file, and whatever exceeds [Limits]. No input makes the package panic, hang
// or open a connection. Other files are read only by [Document.Resolve], and
// only below a folder that was allowed.
//
// # Which readers
//
// JSON is read by encoding/json, because readers of YAML misread its surrogate
// pairs; YAML by go.yaml.in/yaml/v3. A document of 508 operations and 2 000
// schemas, 6 MB of YAML, took that library 0.25 s, 97 MB and 1.8 million
// allocations, and goccy/go-yaml 0.73 s, 427 MB and 6.7 million; its 8 MB of
// JSON took encoding/json 0.10 s.
package apidoc
