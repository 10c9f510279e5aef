//go:build unix

package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// handleAll is a process with slow handlers of three kinds. It tells of each
// run when it begins and right before it returns.
func handleAll(o orders) error {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		<-goOn
		stop()
	}()
	st, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: storePath(o.Dir), BusyTimeout: patience})
	if err != nil {
		return err
	}
	handlers := make(map[string]client.Handler)
	for kind, verdict := range verdicts {
		handlers[kind] = func(ctx context.Context, done client.Completion) error {
			say("begin", done.Ref, now())
			time.Sleep(20*time.Millisecond + rand.N(60*time.Millisecond))
			told, err := told(ctx, done)
			if err != nil {
				say("error", err.Error())
				return err
			}
			err = verdict(done.Attempt)
			say("end", done.Ref, fmt.Sprint(err), told, now())
			return err
		}
	}
	c, err := client.New(client.Config{
		BaseURL: o.Base, Store: newSteps(st, &fuse{}), Tenant: tenant, Workers: 2, OnComplete: handlers,
	})
	if err != nil {
		return err
	}
	err = c.Run(ctx)
	return errors.Join(err, c.Close(), st.Close())
}

var (
	errDiscarded = errors.New("discarded")
	errFailed    = errors.New("failed")
)

// verdicts are what the handlers of each kind return, by the number of the run.
var verdicts = map[string]func(run int) error{
	"good": func(int) error { return nil },
	"bad":  func(int) error { return client.Discard(errDiscarded) },
	"flaky": func(run int) error {
		if run == 1 {
			return errFailed
		}
		return nil
	},
}

// told is what a completion says, in one line.
func told(ctx context.Context, done client.Completion) (string, error) {
	if done.Err != nil {
		return "", done.Err
	}
	content, err := done.Result.Bytes(ctx)
	return outcome(done.ID, done.Result.StatusCode, done.Result.Header.Get("Location"), content), err
}

func now() string { return strconv.FormatInt(time.Now().UnixNano(), 10) }

// attempt is one run of a handler.
type attempt struct {
	by      int // the process
	ref     string
	begun   time.Time
	ended   time.Time // zero if it was cut off
	decided time.Time // when the store had taken what it decided, zero if it did not
	verdict string
	outcome string
	killed  time.Time // the process; zero if it ended by itself
}

// attempts reads what a process told of its runs.
func attempts(by int, p *process, killed time.Time) (list []*attempt, err error) {
	at := func(nanos string) time.Time {
		n, failed := strconv.ParseInt(nanos, 10, 64)
		err = errors.Join(err, failed)
		return time.Unix(0, n)
	}
	open := make(map[string]*attempt)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		switch words := strings.Fields(line); words[0] {
		case "begin":
			a := &attempt{by: by, ref: words[1], begun: at(words[2]), killed: killed}
			open[a.ref] = a
			list = append(list, a)
		case "end":
			a := open[words[1]]
			a.verdict, a.outcome = words[2], strings.Join(words[3:len(words)-1], " ")
			a.ended = at(words[len(words)-1])
		case "decided":
			if words[3] == "ok" {
				open[words[1]].decided = at(words[2])
			}
		case "error":
			err = errors.Join(err, errors.New(line))
		}
	}
	return list, err
}

// stands reports whether what the run decided was taken so long before a kill
// that it must be on disk.
func (a *attempt) stands() bool {
	return !a.decided.IsZero() && (a.killed.IsZero() || a.killed.Sub(a.decided) > lateMark)
}
