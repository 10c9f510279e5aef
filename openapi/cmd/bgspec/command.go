package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/openapi/internal/view"
)

func newRoot(stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "bgspec",
		Short: "Make the background and the foreground view of an OpenAPI document",
		Long: `bgspec reads an OpenAPI document of the ERP (3.0 or 3.1, JSON or YAML) and
writes one of two views of it. In the background view every operation requires
the header erp-api-background and answers 202; what it finally answers stands in
x-background-result. In the foreground view it answers that itself.

Exit status: 0 done, 2 wrong flags or arguments, 1 any other error.`,
		Example: `  bgspec background erp.json -o erp.background.json
  bgspec foreground erp.json -o erp.foreground.json
  curl -s https://example.com/erp.json | bgspec background - --tag SupplierInvoice`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q; want background, foreground or mends", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(backgroundCommand(), foregroundCommand(), mendsCommand())
	return root
}

func backgroundCommand() *cobra.Command {
	j := &job{make: view.Background}
	cmd := j.command("background FILE", "Write the view in which every operation is queued", `Writes the background view of FILE, or of standard input if that is -.

Every operation that declares the header erp-api-background is queued: the
header is required, 202 with an id is the only success, errors stay, and
x-background-result has the former answers but for 401 and 429. If no operation
declares the header, all get it. The operations that read state and content of
queued calls are added if they are missing, with what they refer to; a name that
is taken is not taken over, but another one is chosen, and that is told.`,
		`  bgspec background erp.json -o erp.background.json
  bgspec background erp.json --only 'POST /v1/supplierInvoice' --only 'GET /v1/supplier/**'
  bgspec background erp.yaml --tag SupplierInvoice --callbacks inline
  bgspec background erp.json --mend dates,decimals | oapi-codegen -package erp /dev/stdin`)
	cmd.Flags().BoolVar(&j.options.All, "all", false, "queue every operation but those that read queued calls, also where only others declare the header")
	cmd.Flags().StringVar(&j.callbacks, "callbacks", "keep", "notifications as callbacks: `keep` those of FILE; inline, so that each operation has its own; or none, for generators that stumble over them")
	return cmd
}

func foregroundCommand() *cobra.Command {
	j := &job{make: view.Foreground, callbacks: "keep"}
	return j.command("foreground FILE", "Write the view in which every operation answers itself", `Writes the foreground view of FILE, or of standard input if that is -.

The header erp-api-background is gone, and so are the callbacks that belong to
it. An operation of a background view answers what its x-background-result
names; another one loses its 202, if that is the answer to a queued call.`,
		`  bgspec foreground erp.json -o erp.foreground.json
  bgspec foreground erp.background.json --format yaml`)
}

func mendsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "mends",
		Short: "List what --mend can mend",
		Long: `Lists what --mend can mend. Each changes what the document promises, so it is
done only when it is asked for.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("%q is one argument too many; want bgspec mends", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, m := range view.Mends() {
				fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s\n", m.Name, wrapped(m.Does, "    "))
			}
			return nil
		},
	}
}

// wrapped breaks a text into lines of 80 columns.
func wrapped(text, indent string) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
			b.WriteString(indent)
			column = len(indent)
		case column+1+len(word) > 80:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
