package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/openapi/internal/view"
)

// job is one view that is to be made.
type job struct {
	make func(*apidoc.Document, view.Options) ([]view.Note, error)

	options                            view.Options
	limits                             apidoc.Limits
	callbacks, format, output, refsDir string
	quiet, noCheck                     bool
}

func (j *job) command(use, short, long, example string) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return usageError{fmt.Errorf("got %d arguments; want bgspec %s, where FILE is an OpenAPI document or - for standard input", len(args), use)}
		},
		RunE: func(cmd *cobra.Command, args []string) error { return j.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&j.output, "output", "o", "", "write to `file` instead of standard output")
	f.StringVar(&j.format, "format", "", "`json or yaml` (default: by the name of the output, else as FILE)")
	f.StringArrayVar(&j.options.Only, "only", nil, "only operations of this `[method and] path`, where * stands for anything but a slash and ** for anything; may be repeated")
	f.StringArrayVar(&j.options.Tags, "tag", nil, "only operations with this `tag`; may be repeated")
	f.StringSliceVar(&j.options.Mend, "mend", nil, "mend what breaks generated clients: `names` from bgspec mends, or all")
	f.StringVar(&j.refsDir, "refs", "", "references may lead to files below `dir`, which are brought in; never to the network")
	f.IntVar(&j.limits.Bytes, "max-bytes", 64<<20, "size of FILE and of what it refers to")
	f.IntVar(&j.limits.Depth, "max-depth", 500, "how deep values are nested")
	f.IntVar(&j.limits.Nodes, "max-values", 3_000_000, "number of values")
	f.IntVar(&j.limits.Aliased, "max-aliased", 300_000, "number of values that are copies by aliases of YAML")
	f.BoolVar(&j.noCheck, "no-check", false, "do not load and validate the view before it is written")
	f.BoolVarP(&j.quiet, "quiet", "q", false, "do not tell what was done beside the rule")
	return cmd
}

func (j *job) run(cmd *cobra.Command, name string) error {
	if err := j.check(); err != nil {
		return usageError{err}
	}
	data, err := j.read(cmd.InOrStdin(), name)
	if err != nil {
		return err
	}
	shown := name
	if name == "-" {
		shown = "standard input"
	}
	doc, err := apidoc.Open(shown, data, apidoc.Options{Limits: j.limits, Refs: j.refsDir})
	if err != nil {
		return err
	}
	notes, err := j.make(doc, j.options)
	if err != nil {
		return inUsersWords(err)
	}
	out, err := j.encode(doc.Root, data)
	if err != nil {
		return err
	}
	if !j.noCheck {
		if note, err := checked(out, data); err != nil {
			return err
		} else if note != "" {
			notes = append(notes, view.Note{Text: note})
		}
	}
	if !j.quiet {
		tell(cmd.ErrOrStderr(), notes)
	}
	if j.output == "" {
		_, err = cmd.OutOrStdout().Write(out)
		return err
	}
	return os.WriteFile(j.output, out, 0o644)
}

// check checks the flags.
func (j *job) check() error {
	if err := j.limits.Validate(); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "apidoc: "))
	}
	if !slices.Contains([]string{"", "json", "yaml"}, j.format) {
		return fmt.Errorf("--format is %q; want json or yaml", j.format)
	}
	words := map[string]view.Callbacks{"keep": view.KeepCallbacks, "inline": view.InlineCallbacks, "none": view.NoCallbacks}
	var ok bool
	if j.options.Callbacks, ok = words[j.callbacks]; !ok {
		return fmt.Errorf("--callbacks is %q; want keep, inline or none", j.callbacks)
	}
	if err := view.CheckMend(j.options.Mend); err != nil {
		return fmt.Errorf("--%w", err)
	}
	if err := view.CheckOnly(j.options.Only); err != nil {
		return fmt.Errorf("--%w", err)
	}
	return nil
}

func (j *job) read(stdin io.Reader, name string) ([]byte, error) {
	if name == "-" {
		return apidoc.ReadAll("standard input", stdin, j.limits)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return apidoc.ReadAll(name, f, j.limits)
}

// inUsersWords names the flag where an error names a field.
func inUsersWords(err error) error {
	for _, word := range []string{"only", "tag", "mend"} {
		if strings.HasPrefix(err.Error(), word+" ") {
			return usageError{fmt.Errorf("--%w", err)}
		}
	}
	if _, ok := errors.AsType[*apidoc.Error](err); ok && strings.Contains(err.Error(), "allow the folder that holds it for references") {
		return fmt.Errorf("%w: --refs DIR", err)
	}
	return err
}

// encode writes the view in the format that is wanted.
func (j *job) encode(root *apidoc.Node, source []byte) ([]byte, error) {
	format := j.format
	if format == "" {
		switch strings.ToLower(filepath.Ext(j.output)) {
		case ".json":
			format = "json"
		case ".yaml", ".yml":
			format = "yaml"
		}
	}
	if first := bytes.TrimLeft(source, "\ufeff \t\r\n"); format == "" && len(first) > 0 && first[0] == '{' {
		format = "json"
	}
	var b bytes.Buffer
	write := apidoc.WriteYAML
	if format == "json" {
		write = apidoc.WriteJSON
	}
	err := write(&b, root)
	return b.Bytes(), err
}

// most is the number of notes of which each is told.
const most = 20

func tell(w io.Writer, notes []view.Note) {
	for i, note := range notes {
		if i == most && len(notes) > most+1 {
			fmt.Fprintf(w, "bgspec: and %d more of these\n", len(notes)-most)
			return
		}
		fmt.Fprintln(w, "bgspec:", note)
	}
}
