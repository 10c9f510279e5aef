package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/pgcluster/pgtest"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/pgstore"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// The same tool looks after the operations of a service, which runs meanwhile: here on
// SQLite.
func TestAServiceIsLookedAfter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "service.db")
	st, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: file})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	lookAfter(t, st, "", "--store", file)
}

func TestAServiceIsLookedAfterOnAPostgreSQL(t *testing.T) {
	dsn, schema := pgtest.DSN(t)
	st, err := pgstore.Open(t.Context(), pgstore.Config{DSN: dsn, Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	lookAfter(t, st, dsn, "--store", "postgres:"+schema)
}

// lookAfter has a service with two dead letters and an uncertain operation, and looks
// after them with erpcall.
func lookAfter(t *testing.T, st store.Store, dsn string, where ...string) {
	srv, err := mockserver.New(mockserver.Config{ExecTime: mockserver.Fixed(time.Millisecond), Faults: []fault.Rule{
		{On: fault.OnIntake, Method: http.MethodPost, Do: fault.Answer{Drop: true}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	dead := make(chan error, 1)
	fails := make(chan bool, 10)
	c, err := client.New(client.Config{
		BaseURL: mockserver.BaseURL, HTTPClient: srv.Client(), Store: st, Tenant: "acme",
		Schedule: func(client.PollInfo) time.Duration { return 20 * time.Millisecond },
		OnComplete: map[string]client.Handler{"invoice": func(_ context.Context, done client.Completion) error {
			if len(fails) == 0 {
				return nil
			}
			<-fails
			return client.Discard(errors.New("the database is down"))
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fails <- true
	fails <- true
	for _, key := range []string{"a", "b"} {
		submit(t, c, http.MethodGet, key)
	}
	if submit(t, c, http.MethodPost, "c") == nil {
		t.Fatal("the answer was not lost")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { dead <- c.Run(ctx) }()
	eventually(t, "two dead letters", func() bool {
		n, err := c.CountDead(t.Context(), client.DeadFilter{})
		return err == nil && n == 2
	})

	run := func(status int, want string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		env := []string{"HOME=" + t.TempDir(), envDatabase + "=" + dsn}
		a := newApp(strings.NewReader(""), &out, &errs, env)
		got := a.Run(t.Context(), append(args, append(where, "--store-tenant", "acme")...))
		if text := out.String() + errs.String(); got != status || !strings.Contains(text, want) {
			t.Errorf("%v: got %d and\n%s\nwant %d and %q", args, got, text, status, want)
		}
	}
	run(0, "the database is down", "dead")
	run(0, "2 operations would be replayed", "replay", "--all", "--dry-run")
	run(2, "--because: why?", "drop", "a")
	run(0, " --because '…'    # nobody will handle it", "show", "a")
	run(0, "dropped", "drop", "a", "--because", "cancelled")
	run(1, "it is not dead", "replay", "a")
	run(0, "cancelled", "show", "a")
	run(0, "1 of 1 operations were replayed", "replay", "--reason", "DATABASE", "--kind", "invoice", "--yes")
	eventually(t, "the replayed one handled", func() bool {
		op, err := c.OperationByKey(t.Context(), "b")
		if err != nil {
			return false
		}
		s, err := op.State(t.Context())
		return err == nil && s.Phase == store.Acknowledged
	})
	run(0, "c", "uncertain", "--json", "key", "--jq", ".key")
	run(0, "1 operations would be given up", "resolve", "--all", "--given-up", "--reason", "nobody knows", "--dry-run")
	run(0, "resolved as not accepted", "resolve", "c", "--not-accepted", "--reason", "it is not there")
	run(0, "nothing is uncertain", "uncertain")
	run(0, `"Uncertain": 0`, "stats", "--json")
	stop()
	if err := <-dead; err != nil {
		t.Error(err)
	}
}

func submit(t *testing.T, c *client.Client, method, key string) error {
	t.Helper()
	req, err := http.NewRequest(method, "/v1/customerinvoice", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Submit(t.Context(), req, client.SubmitOptions{Key: key, Kind: "invoice"})
	return err
}

// eventually waits for what another process, or a goroutine, does.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("there is no %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
