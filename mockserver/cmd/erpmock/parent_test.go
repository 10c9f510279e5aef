package main

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

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
