// Package vectors holds what every client, receiver and server of the background
// API has to read alike, as data for the tests of any language: README.md says
// what is in which file. It has no code beyond giving the files out.
package vectors

import (
	"embed"
	"io/fs"
)

//go:embed *.json
var files embed.FS

// FS has the files, by names such as "states.json", and their schema.json.
func FS() fs.FS { return files }
