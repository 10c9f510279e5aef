//go:build unix

package crashtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// TestHandlersOfAKilledProcessRunAgain kills processes whose handlers run. Each
// operation is handled by one that lives, from the content that was kept,
// because the ERP has forgotten it. What was decided longer than lateMark before
// the kill stands.
func TestHandlersOfAKilledProcessRunAgain(t *testing.T) {
	t.Parallel() // it waits most of the time, as its neighbours do
	want, kills, ops, runs, repeats, durable := rounds(20), 0, 0, 0, 0, 0
	for kills < want && !t.Failed() {
		b, err := newBatch(t, min(160, 40+8*(want-kills)/4*4))
		if err != nil {
			t.Fatal(err)
		}
		n, err := b.kill(t, want-kills)
		if err == nil {
			err = b.finish(t)
		}
		if err != nil {
			t.Fatal(err)
		}
		again := b.verify(t)
		if err := b.replay(t.Context()); err != nil {
			t.Error(err)
		}
		b.close()
		kills, ops, runs, repeats = kills+n, ops+len(b.kinds), runs+len(b.runs), repeats+again
		for _, run := range b.runs {
			if run.stands() && !run.killed.IsZero() {
				durable++
			}
		}
	}
	t.Logf("%d processes killed, %d operations handled in %d runs, %d of them repeats; %d were decided long before the kill of their process and stood",
		kills, ops, runs, repeats, durable)
	if want >= 8 && durable == 0 {
		t.Error("nothing was decided long before a kill: what stands was not tested")
	}
}

// verify holds every run against the rules. It returns how many were repeats.
func (b *batch) verify(t *testing.T) (repeats int) {
	t.Helper()
	last := make(map[string]*attempt)
	for _, run := range b.runs {
		before := last[run.ref]
		last[run.ref] = run
		if !run.ended.IsZero() && run.outcome != b.answers[run.ref] {
			t.Errorf("%s was told %q, want %q", run.ref, run.outcome, b.answers[run.ref])
		}
		if before == nil {
			continue
		}
		switch {
		case before.stands():
			t.Errorf("%s was run again though %q was decided %v before the kill", run.ref, before.verdict, before.killed.Sub(before.decided))
		case !before.decided.IsZero() && run.begun.Before(before.ended):
			t.Errorf("%s was run by two processes at once", run.ref)
		case before.ended.IsZero() && before.killed.IsZero():
			t.Errorf("%s was cut off in a process that lives", run.ref)
		}
		if before.verdict != errFailed.Error() {
			repeats++
		}
	}
	for ref, kind := range b.kinds {
		run, verdict := last[ref], fmt.Sprint(error(nil))
		if kind == "bad" {
			verdict = errDiscarded.Error()
		}
		if run == nil || run.verdict != verdict {
			t.Errorf("%s, which is %s, came to its end with %+v", ref, kind, run)
		}
	}
	return repeats
}

// replay makes sure that exactly the bad ones are dead, and that their content
// can still be read when they come back.
func (b *batch) replay(ctx context.Context) error {
	var mu sync.Mutex // guards errs and replayed
	var errs []error
	replayed := 0
	st, c, end, err := b.open(ctx, map[string]client.Handler{"bad": func(ctx context.Context, done client.Completion) error {
		line, err := told(ctx, done)
		mu.Lock()
		defer mu.Unlock()
		if replayed++; err == nil && line != b.answers[done.Ref] {
			err = fmt.Errorf("%s replayed: told %q, want %q", done.Ref, line, b.answers[done.Ref])
		}
		errs = append(errs, err)
		return nil
	}})
	if err != nil {
		return err
	}
	defer end()
	dead := 0
	for op, err := range c.Dead(ctx) {
		if err != nil {
			return err
		}
		dead++
		if kind := b.kinds[op.Ref()]; kind != "bad" {
			errs = append(errs, fmt.Errorf("%s is dead, and is %s", op, kind))
		}
		if err := op.Replay(ctx); err != nil {
			return err
		}
	}
	if want := len(b.kinds) / 4; dead != want {
		errs = append(errs, fmt.Errorf("%d are dead, want %d", dead, want))
	}
	all := len(b.kinds)
	err = b.runUntil(ctx, c, func() bool { return b.count(ctx, st, store.Acknowledged) == all })
	if replayed != dead {
		errs = append(errs, fmt.Errorf("%d of %d were replayed", replayed, dead))
	}
	return errors.Join(append(errs, err, st.Check(ctx))...)
}
