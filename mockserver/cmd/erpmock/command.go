package main

import (
	"context"
	"strings"

	"github.com/vismanet-go/background/internal/cli"
)

// How values are given, in the words of all three kinds of documentation.
const sourcesOfOptions = "Each option is a flag, an environment variable and a key of the YAML file of --config: --exec-time, ERPMOCK_EXEC_TIME, exec-time. " +
	"A flag goes before the variable, and that before the file. Where an option may be repeated, the variable holds several values with blanks between them, and the file a list."

const exitStatuses = "The exit status is 0 if all went well, 2 if a flag, variable, file or argument is wrong, and 1 for any other error."

// program is what the commands have in common.
func (a *app) program() *cli.Program {
	return &cli.Program{
		Name: "erpmock", Short: "a mock of the Visma.net ERP Background API",
		Long:    "A mock of the Visma.net ERP Background API as a program, and what controls one that runs.",
		Package: "github.com/vismanet-go/background/mockserver/cmd/erpmock", Section: "mockserver/cmd/erpmock",
		Sources: sourcesOfOptions, Exits: exitStatuses, Commands: a.commands,
		Variables: compareVariables(), Ignored: ofKubernetes,
		Stdin: a.stdin, Stdout: a.stdout, Stderr: a.stderr, Environ: a.environ,
	}
}

// ofKubernetes reports whether a variable is one of those that Kubernetes makes for a
// service named erpmock.
func ofKubernetes(rest string) bool {
	return rest == "PORT" || strings.HasPrefix(rest, "SERVICE_") || strings.HasPrefix(rest, "PORT_") && strings.ContainsAny(rest, "0123456789")
}

// commands lists the program's commands, serve being the first.
func (a *app) commands() []*cli.Command {
	return []*cli.Command{
		a.serveCommand(), a.listenCommand(), a.runCommand(), a.readyCommand(), a.triggerCommand(),
		a.opsCommand(), a.deliveriesCommand(), a.faultsCommand(), a.clockCommand(), a.waitCommand(), a.verifyCommand(), a.saveCommand(),
		a.compareCommand(), a.conformanceCommand(), a.specCommand(), a.program().DocsCommand(), a.versionCommand(),
	}
}

// run is the program; it returns the exit status.
func (a *app) run(ctx context.Context, args []string) int { return a.program().Run(ctx, args) }

// lookup returns the value of an environment variable.
func (a *app) lookup(variable string) string { return a.program().Lookup(variable) }

func (a *app) print(text string) { a.program().Print(text) }

// variable is the environment variable of an option of that name.
func variable(option string) string { return (&cli.Program{Name: "erpmock"}).Variable(option) }
