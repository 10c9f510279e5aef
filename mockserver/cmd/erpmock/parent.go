package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// underGoRun reports whether "go run" has started the program: from a directory
// that it makes for what it compiles.
func underGoRun() bool {
	name, err := os.Executable()
	return err == nil && strings.Contains(filepath.ToSlash(name), "/go-build") && filepath.Base(filepath.Dir(name)) == "exe"
}

// whileParentLives returns a context that ends with the process that started this
// one: "go run" does not pass SIGTERM on, and what it has started would go on for
// good.
func whileParentLives(ctx context.Context, parent func() int) context.Context {
	ctx, stop := context.WithCancel(ctx)
	first := parent()
	go func() {
		defer stop()
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for parent() == first {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return ctx
}
