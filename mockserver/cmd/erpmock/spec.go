package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/mockserver/admin"
	"github.com/vismanet-go/background/mockserver/openapidoc"
)

// specs are the documents that a mock answers from.
type specs struct {
	files   []string
	noCache bool
	all     openapidoc.Config // what holds for all of them
}

func (s *serving) documents() cli.Options {
	to := &s.specs.all
	return cli.Options{
		{Name: "spec", Arg: "file", Repeats: true, Usage: "answer from this OpenAPI document, 3.0 or 3.1 in JSON or YAML, what the built-in ERP does not answer", Set: cli.Texts(&s.specs.files)},
		{Name: "refs", Arg: "directory", Usage: "let references of documents lead to files below this directory (default: to no other files)", Set: cli.Text(&to.Refs)},
		{Name: "validate", Arg: "mode", Initial: "off", Usage: "hold requests against the documents: off, warn (answered all the same; the log and a header tell) or strict (refused with 400)", Set: func(v string) error { return parseValidation(&to.Validate, v) }},
		{Name: "stateful", Usage: "let what is created, changed and deleted be so for the requests that follow", Set: cli.YesOrNo(&to.Stateful)},
		{Name: "no-spec-cache", Usage: "read documents anew at each start, and keep nothing of large ones in the user's cache directory", Set: cli.YesOrNo(&s.specs.noCache)},
		{Name: "spec-rows", Arg: "number", Field: "Rows", Initial: "5", Usage: "rows that lists of documents begin with", Set: cli.Number(&to.Rows)},
	}
}

func parseValidation(to *openapidoc.Validation, v string) error {
	switch mode := openapidoc.Validation(v); mode {
	case openapidoc.Warn, openapidoc.Strict:
		*to = mode
	case "off":
		*to = openapidoc.Off
	default:
		return errors.New("want off, warn or strict")
	}
	return nil
}

// openSpecs reads the documents, and has the mock answer from them.
func (s *serving) openSpecs() error {
	if len(s.specs.files) == 0 {
		return s.specs.needless()
	}
	if dir, err := os.UserCacheDir(); err == nil && !s.specs.noCache { // without a home there is no cache
		s.specs.all.CacheDir = filepath.Join(dir, "erpmock", "documents")
	}
	var documents []*openapidoc.Document
	for _, file := range s.specs.files {
		cfg := s.specs.all
		cfg.File, cfg.Seed, cfg.Logger = file, s.mock.Seed, s.mock.Logger
		d, err := openapidoc.New(cfg)
		if err != nil {
			return err
		}
		s.mock.Logger.Info("document read", "file", file, "operations", len(d.Operations("")))
		documents = append(documents, d)
		s.mock.Fallbacks = append(s.mock.Fallbacks, d)
	}
	s.admin.Contract = func(company string) []admin.ContractOperation { return contractOf(documents, company) }
	return nil
}

// needless says which options say nothing without a document.
func (s specs) needless() error {
	for _, o := range []struct {
		name string
		set  bool
	}{{"refs", s.all.Refs != ""}, {"validate", s.all.Validate != openapidoc.Off}, {"stateful", s.all.Stateful}} {
		if o.set {
			return fmt.Errorf("--%s is for documents: name one by --spec", o.name)
		}
	}
	return nil
}

// contractOf are the operations of documents with their calls.
func contractOf(documents []*openapidoc.Document, company string) (list []admin.ContractOperation) {
	for _, d := range documents {
		for _, o := range d.Operations(company) {
			list = append(list, admin.ContractOperation{Document: d.Name(), Method: o.Method, Path: o.Path, ID: o.ID, Tags: o.Tags, Calls: o.Calls})
		}
	}
	return list
}

func (a *app) specCommand() *cli.Command {
	cfg := openapidoc.Config{}
	var asJSON bool
	return &cli.Command{
		Use:   "spec",
		Short: "tell what can be answered from an OpenAPI document",
		Long: `Makes every answer of a document once: one for each operation, status and media type that it declares. It tells how many are examples of the document and how many are made up, and lists by JSON pointer what is not valid, with the reason.

Examples of the document that are not valid against their own schemas are told, and answered all the same. The exit status is 1 if there is an answer for which nothing valid was found, or if the document cannot be read.`,
		Examples: `erpmock spec check erp.json
erpmock spec check api.yaml --refs . --json
erpmock serve --spec erp.json`,
		Options: cli.Options{
			{Name: "refs", Arg: "directory", FlagOnly: true, Usage: "let references lead to files below this directory", Set: cli.Text(&cfg.Refs)},
			{Name: "seed", Arg: "number", FlagOnly: true, Usage: "seed of what is made up", Set: cli.Unsigned(&cfg.Seed)},
			{Name: "json", FlagOnly: true, Usage: "print the report as JSON", Set: cli.YesOrNo(&asJSON)},
		},
		Actions: []cli.Action{{Use: "check FILE", Does: "make every answer of the document once, and report", Run: func(_ context.Context, args []string) error {
			cfg.File = args[0]
			return a.checkSpec(cfg, asJSON)
		}}},
	}
}

func (a *app) checkSpec(cfg openapidoc.Config, asJSON bool) error {
	d, err := openapidoc.New(cfg)
	if err != nil {
		return err
	}
	r := d.Check()
	if asJSON {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		err = e.Encode(r)
	} else {
		a.print(reportText(d, r))
	}
	if err == nil && r.Missed > 0 {
		err = fmt.Errorf("%s: nothing valid was found for %s", d.Name(), counted(r.Missed, "answer"))
	}
	return err
}

// reportText is a report for people.
func reportText(d *openapidoc.Document, r openapidoc.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s, %s\n", d.Name(), strings.TrimSpace(cmp.Or(d.Title(), "no title")+" "+d.Version()), counted(r.Operations, "operation"), counted(r.Answers, "answer"))
	for _, line := range []struct {
		n    int
		text string
	}{
		{r.Examples, "from examples of the document"},
		{r.MadeUp, "made up, and valid"},
		{r.Empty, "without a body, or with one of which the document says nothing"},
		{r.InvalidExamples, "from examples that are not valid, which are answered all the same"},
		{r.Missed, "for which nothing valid was found"},
	} {
		if line.n > 0 {
			fmt.Fprintf(&b, "%7d  %s\n", line.n, line.text)
		}
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s: %s (%s)\n", cmp.Or(f.Pointer, "/"), f.Text, f.Kind)
	}
	return b.String()
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}
