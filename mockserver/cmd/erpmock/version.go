package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/vismanet-go/background/internal/cli"
)

func (a *app) versionCommand() *cli.Command {
	return &cli.Command{
		Use:   "version",
		Short: "print which version this is",
		Long:  "Prints the version of erpmock, that of the source if it was built there, and that of Go.",
		Run: func(context.Context, []string) error {
			a.print(version() + "\n")
			return nil
		},
	}
}

// version is what the linker knows of the program.
func version() string {
	number, revision := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		number = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " (" + s.Value[:min(12, len(s.Value))] + ")"
			}
		}
	}
	return fmt.Sprintf("erpmock %s%s, %s %s/%s", cmp.Or(number, "(devel)"), revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
