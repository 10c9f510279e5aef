package main

import (
	"io"
	"strings"

	"github.com/vismanet-go/background/internal/cli"
)

// Statuses with which the program exits, besides those of [cli].
const (
	exitFailed    = 3 // the ERP did not do it, or says that it failed
	exitPending   = 4 // it has not ended
	exitUncertain = 5 // a person has to find out what became of it
	exitRefused   = 6 // the ERP, or erpcall, did not take the request: nothing was done
)

const exits = "The exit status is 0 for success; 2 if a flag, variable, file or argument is wrong; 3 if an operation failed; 4 if it has not ended yet, and goes on; 5 if it is uncertain: a person has to find out what became of it; 6 if it was refused, so that nothing was done; and 1 for any other error. Of several, a batch has the first of 5, 3, 6 and 4 that holds for a row."

const sources = "Most options are also environment variables: --notify is ERPCALL_NOTIFY. A flag goes before the variable, and that before the profile. " +
	"Secrets are variables or lines of the file only: ERPCALL_TOKEN is a bearer token, ERPCALL_CLIENT_SECRET the secret of a service application, ERPCALL_NOTIFY_SECRET the one that the receiver of --notify URL knows, and ERPCALL_DATABASE_URL, or DATABASE_URL, says where the PostgreSQL of --store postgres is."

const files = `The configuration is config.yaml in the directory erpcall of the user's configuration directory (~/.config/erpcall on Linux), or the file that ERPCALL_CONFIG names. Only its owner may be able to read it. It holds profiles, one a company, and the name of the one that is meant if --profile names none:

` + "`default: acme`, `profiles: {acme: {client-id: …, client-secret: …, tenant: …}}`" + `. The keys of a profile are url, token-url, client-id, client-secret, token, tenant, company, store, store-tenant, database-url, database-url-file, notify and notify-secret.

What is known of operations is kept in a file for each profile in the directory erpcall of the user's state directory (~/.local/state/erpcall on Linux), which nobody else can read. Answers that were taken are removed after 30 days.`

// An app is the program with what surrounds it.
type app struct {
	cli.Program
	shared
}

func newApp(stdin io.Reader, stdout, stderr io.Writer, environ []string) *app {
	a := &app{}
	a.Program = cli.Program{
		Name: "erpcall", Short: "calls the Visma.net ERP API in the background",
		Long:    "erpcall calls the Visma.net ERP API in the background, awaits the real answers, and looks after what is open.",
		Package: "github.com/vismanet-go/background/client/cmd/erpcall", Section: "client/cmd/erpcall",
		Sources: sources, Exits: exits, Files: files,
		Commands: a.commands, TakesArguments: isCall,
		Variables: []string{envToken, envSecret, envNotifySecret, envDatabase, envConfig},
		Stdin:     stdin, Stdout: stdout, Stderr: stderr, Environ: environ,
	}
	return a
}

// commands lists the program's commands, call being the one if none is named. Each
// list has values of its own.
func (a *app) commands() []*cli.Command {
	fresh := &app{Program: a.Program}
	return []*cli.Command{
		fresh.callCommand(), fresh.batchCommand(), fresh.pagesCommand(), fresh.runCommand(),
		fresh.listCommand(), fresh.showCommand(), fresh.watchCommand(), fresh.contentCommand(), fresh.ackCommand(),
		fresh.pendingCommand(), fresh.uncertainCommand(), fresh.resolveCommand(),
		fresh.deadCommand(), fresh.replayCommand(), fresh.dropCommand(),
		fresh.sequencesCommand(), fresh.resumeCommand(), fresh.withdrawCommand(),
		fresh.consoleCommand(), fresh.statsCommand(), fresh.checkCommand(), fresh.DocsCommand(), fresh.versionCommand(),
	}
}

// isCall tells whether arguments are METHOD PATH without the name of a command.
func isCall(args []string) bool {
	for _, arg := range args {
		if isMethod(arg) {
			return true
		}
	}
	return false
}

// isMethod reports whether an argument is a method: in capital letters, as no command
// is.
func isMethod(arg string) bool {
	return len(arg) > 2 && strings.Trim(arg, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
