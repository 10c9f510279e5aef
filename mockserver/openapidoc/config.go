package openapidoc

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/internal/check"
)

// Validation says what becomes of requests that do not fit the document.
type Validation string

// Validations.
const (
	Off    Validation = ""       // requests are not looked at
	Warn   Validation = "warn"   // they are answered all the same; the log and a header tell
	Strict Validation = "strict" // they are refused with 400, as the ERP does
)

// Config configures a [Document]. Either File or Source is required.
type Config struct {
	// File is the document: OpenAPI 3.0 or 3.1, in JSON or YAML.
	File string

	// Source is the document itself, if there is no file; Name is then how errors
	// call it. Default: "document".
	Source []byte
	Name   string

	// Refs is a folder: references may lead to files below it, and nowhere else
	// outside of the document. Default: no other files.
	Refs string

	// CacheDir is a folder in which large documents are kept in a form that is faster
	// to read than their text. It is made if it is not there, bounded, and may be
	// shared, and emptied at any time. Default: none.
	CacheDir string

	// Limits bound what is read.
	Limits Limits

	// Seed makes answers that the document has no examples of. The same document,
	// operation, parameters of the path and seed give the same answer.
	Seed uint64

	// Validate says what becomes of requests that do not fit.
	Validate Validation

	// Stateful has what is created, changed and deleted be so for the requests that
	// follow; see the package documentation.
	Stateful bool

	// StateBytes bounds the memory for that, of all companies together. What is
	// oldest is forgotten first. Default: 64 MiB.
	StateBytes int

	// Rows is how many rows a list has, before something is added to it. Lists that
	// the document has an example of have its rows. Default: 5.
	Rows int

	// Logger gets requests that do not fit, with [Warn] and [Strict]. Default:
	// silence.
	Logger *slog.Logger
}

// Limits bound what is read of a document. A field that is zero has the default in
// its comment.
type Limits struct {
	Bytes   int // of all its files together; default 64 MiB
	Depth   int // of values within values; default 500
	Nodes   int // values in all its files; default 3 million
	Aliased int // copies of values that YAML aliases make; default 300 000
	Files   int // that references lead to; default 1 000
}

// validate reports every fault at once, each named by its field.
func (c Config) validate() error {
	var errs []error
	if (c.File == "") == (c.Source == nil) {
		errs = append(errs, fmt.Errorf("%s: want either it or Source", "File"))
	}
	switch c.Validate {
	case Off, Warn, Strict:
	default:
		errs = append(errs, fmt.Errorf("%s: %q is not one of its values", "Validate", c.Validate))
	}
	for _, n := range []struct {
		field string
		value int
	}{
		{"Limits.Bytes", c.Limits.Bytes},
		{"Limits.Depth", c.Limits.Depth},
		{"Limits.Nodes", c.Limits.Nodes},
		{"Limits.Aliased", c.Limits.Aliased},
		{"Limits.Files", c.Limits.Files},
		{"StateBytes", c.StateBytes},
		{"Rows", c.Rows},
	} {
		errs = append(errs, check.NotNegative(n.field, n.value))
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	c.StateBytes = cmp.Or(c.StateBytes, 64<<20)
	c.Rows = cmp.Or(c.Rows, 5)
	c.Name = cmp.Or(c.Name, "document")
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// read returns the document and its name.
func (c Config) read() (name string, data []byte, err error) {
	if c.File == "" {
		return c.Name, c.Source, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	data, err = apidoc.ReadAll(c.File, f, apidoc.Limits(c.Limits))
	return c.File, data, err
}
