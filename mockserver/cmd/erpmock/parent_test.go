package main

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatGoRunStarts(t *testing.T) {
	for name, want := range map[string]bool{
		"/root/.cache/go-build/7c/7c1411ec1440c366bcdb90837c39b7f3f18b201ec474ba5f751fa5e7478ff078-d/erpmock": true,
		"/tmp/go-build3301412107/b001/exe/erpmock":                                                            true,
		"C:/Users/a/AppData/Local/Temp/go-build33/b001/exe/a.exe":                                             true,
		"/root/go/bin/erpmock":   false,
		"/usr/local/exe/erpmock": false,
	} {
		if got := ofGoRun.MatchString(name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// The program ends with "go run", which does not pass SIGTERM on.
func TestTheProgramEndsWithItsParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var parent atomic.Int64
		parent.Store(77)
		ctx := whileParentLives(t.Context(), func() int { return int(parent.Load()) })
		time.Sleep(time.Hour)
		if ctx.Err() != nil {
			t.Fatalf("it ended before its parent: %v", ctx.Err())
		}
		parent.Store(1)
		time.Sleep(time.Second)
		if ctx.Err() == nil {
			t.Error("it outlives its parent")
		}
	})
}

func TestTheWatchOfTheParentEndsWithTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		watched := whileParentLives(ctx, func() int { return 77 })
		stop()
		synctest.Wait() // and the bubble proves that nothing is left
		if watched.Err() == nil {
			t.Error("the context goes on")
		}
	})
}
