package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// underGoRun reports whether "go run" has started the program.
func underGoRun() bool {
	name, err := os.Executable()
	return err == nil && ofGoRun.MatchString(filepath.ToSlash(name))
}

// ofGoRun matches programs where "go run" has them: in its cache, or in a temporary
// directory if what it caches is not there to be run.
var ofGoRun = regexp.MustCompile(`/([0-9a-f]{64}-d|go-build\d+/b\d+/exe)/[^/]+$`)

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
