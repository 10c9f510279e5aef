package pgstore

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// waits has f wait for a transaction of the application, which then ends, and
// returns what became of it. Meanwhile all else goes on.
func waits(t *testing.T, s *Store, d *diary, end func(context.Context) error, f func() error) error {
	t.Helper()
	before := len(d.having("waits for a lock"))
	done := make(chan error, 1)
	go func() { done <- f() }()
	testkit.Eventually(t, "told in the log", func() bool { return len(d.having("waits for a lock")) > before })
	testkit.Eventually(t, "told in Stats", func() bool {
		stats, err := s.Stats(t.Context())
		return err == nil && stats.Blocked == 1 && stats.Waiting == 1
	})
	sending(t, s)
	_, err := s.Enqueue(t.Context(), queued("a key of its own "+t.Name(), "a sequence of its own "+t.Name()), nil)
	must(t, err)
	select {
	case err := <-done:
		t.Fatalf("what should wait ended: %v", err)
	default:
	}
	must(t, end(t.Context()))
	err = <-done
	if got := d.having("waits for a lock"); len(got) != before+1 {
		t.Errorf("the log has %q, want one more line than the %d before", got, before)
	}
	return err
}

func TestATransactionHoldsUpOnlyWhatItIsAbout(t *testing.T) {
	cfg := config(t)
	d := newDiary()
	cfg.Logger = slog.New(d)
	s := open(t, cfg)
	s.longWait = 20 * time.Millisecond
	ctx := t.Context()

	t.Run("its key, until it is committed", func(t *testing.T) {
		tx := begun(t, cfg)
		first, err := s.EnqueueTx(ctx, Pgx(tx), queued("key", ""), []byte("{}"))
		must(t, err)
		err = waits(t, s, d, tx.Commit, func() error {
			rec := newRecord(store.Sending)
			rec.Key = "key"
			_, err := s.Create(ctx, rec, "a", lasting)
			return err
		})
		held, ok := errors.AsType[*store.KeyHeldError](err)
		if !ok || held.Record.Ref != first.Ref {
			t.Errorf("a second record with the key: got %v, want that %s holds it", err, first.Ref)
		}
	})
	t.Run("its key, until it is rolled back", func(t *testing.T) {
		tx := begun(t, cfg)
		_, err := s.EnqueueTx(ctx, Pgx(tx), queued("key 2", ""), nil)
		must(t, err)
		must(t, waits(t, s, d, tx.Rollback, func() error {
			_, err := s.Enqueue(ctx, queued("key 2", ""), nil)
			return err
		}))
	})
	t.Run("its sequence", func(t *testing.T) {
		tx := begun(t, cfg)
		_, err := s.EnqueueTx(ctx, Pgx(tx), queued("", "sequence"), nil)
		must(t, err)
		must(t, waits(t, s, d, tx.Commit, func() error {
			rec, err := s.Enqueue(ctx, queued("", "sequence"), nil)
			if rec.Place != 2 {
				t.Errorf("it got place %d, want 2", rec.Place)
			}
			return err
		}))
	})
	t.Run("its sequence, for what succeeds in it", func(t *testing.T) {
		rec, err := s.Enqueue(ctx, queued("", "sequence 2"), nil)
		must(t, err)
		l, _, err := s.Acquire(ctx, fjord, rec.Ref, "a", store.ToSend, lasting)
		must(t, err)
		_, err = s.Decide(ctx, l, store.SendDecision{})
		must(t, err)
		_, err = s.Report(ctx, fjord, rec.Ref, store.AcceptedFact{ID: rec.Ref, Source: store.FromAnswer})
		must(t, err)
		tx := begun(t, cfg)
		_, err = s.EnqueueTx(ctx, Pgx(tx), queued("", "sequence 2"), nil)
		must(t, err)
		must(t, waits(t, s, d, tx.Commit, func() error {
			_, err := s.Report(ctx, fjord, rec.Ref, store.SettledFact{ID: rec.Ref, Outcome: store.Outcome{Status: "Finished", StatusCode: 201}})
			return err
		}))
		q, err := s.GetSequence(ctx, fjord, "sequence 2")
		if err != nil || q.Done != 1 || q.Head.Place != 2 || q.Head.Blocked {
			t.Errorf("the sequence is done up to %d, %v, its head at %d, blocked: %t; want 1, 2 and false", q.Done, err, q.Head.Place, q.Head.Blocked)
		}
	})
	t.Run("its record", func(t *testing.T) {
		rec := settled(t, s)
		l := run(t, s, rec)
		tx := begun(t, cfg)
		must(t, s.CompleteTx(ctx, Pgx(tx), l))
		_, held, err := s.Acquire(ctx, fjord, rec.Ref, "b", store.ToRun, lasting)
		if !errors.Is(err, store.ErrLeased) || held.Ref != rec.Ref || held.Lease.Owner != "a" {
			t.Errorf("Acquire: got %q of %q, %v, want ErrLeased and the record", held.Ref, held.Lease.Owner, err)
		}
		err = waits(t, s, d, tx.Commit, func() error {
			_, err := s.Extend(ctx, l, lasting)
			return err
		})
		if !errors.Is(err, store.ErrFenced) {
			t.Errorf("Extend after the commit: got %v, want ErrFenced", err)
		}
		if got, err := s.Get(ctx, fjord, rec.Ref); err != nil || got.Phase != store.Acknowledged {
			t.Errorf("the record is %s, %v, want %s", got.Phase, err, store.Acknowledged)
		}
	})
	t.Run("a caller who does not wait for long", func(t *testing.T) {
		tx := begun(t, cfg)
		_, err := s.EnqueueTx(ctx, Pgx(tx), queued("key 3", ""), nil)
		must(t, err)
		ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		_, err = s.Enqueue(ctx, queued("key 3", ""), nil)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "another transaction") {
			t.Errorf("got %v, want that it waited for another transaction", err)
		}
	})
}

// txs are the ways in which an application has a transaction.
var txs = map[string]func(t *testing.T, cfg Config, options sql.TxOptions) (tx Tx, exec func(string) error, commit, rollback func() error){
	"pgx": func(t *testing.T, cfg Config, options sql.TxOptions) (Tx, func(string) error, func() error, func() error) {
		level := pgx.TxOptions{}
		if options.Isolation == sql.LevelSerializable {
			level.IsoLevel = pgx.Serializable
		}
		tx, err := connect(t, cfg).BeginTx(t.Context(), level)
		must(t, err)
		ctx := context.WithoutCancel(t.Context())
		t.Cleanup(func() { tx.Rollback(ctx) })
		exec := func(sql string) error { _, err := tx.Exec(ctx, sql); return err }
		return Pgx(tx), exec, func() error { return tx.Commit(ctx) }, func() error { return tx.Rollback(ctx) }
	},
	"database/sql": func(t *testing.T, cfg Config, options sql.TxOptions) (Tx, func(string) error, func() error, func() error) {
		parsed, err := pgx.ParseConfig(cfg.DSN)
		must(t, err)
		db := stdlib.OpenDB(*parsed)
		t.Cleanup(func() { db.Close() })
		ctx := context.WithoutCancel(t.Context())
		tx, err := db.BeginTx(ctx, &options)
		must(t, err)
		t.Cleanup(func() { tx.Rollback() })
		exec := func(sql string) error { _, err := tx.ExecContext(ctx, sql); return err }
		return SQL(tx), exec, tx.Commit, tx.Rollback
	},
}

func TestWorkIsEnqueuedAndCompletedInTransactionsOfTheApplication(t *testing.T) {
	cfg := config(t)
	s, other := open(t, cfg), open(t, cfg)
	ctx := t.Context()
	for name, begin := range txs {
		t.Run(name, func(t *testing.T) {
			missing := func(ref string) {
				t.Helper()
				if _, err := s.Get(ctx, fjord, ref); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%s: got %v, want ErrNotFound", ref, err)
				}
			}
			t.Run("commit", func(t *testing.T) {
				mine, theirs := s.Watch(fjord), other.Watch(fjord)
				defer mine.Close()
				defer theirs.Close()
				testkit.Eventually(t, "listening", func() bool { return s.heard.conn.Load() != nil && other.heard.conn.Load() != nil })
				mine.Take()
				theirs.Take()
				tx, _, commit, _ := begin(t, cfg, sql.TxOptions{})
				body := []byte("\x00\xff{}")
				rec, err := s.EnqueueTx(ctx, tx, queued("committed "+name, "sequence "+name), body)
				must(t, err)
				missing(rec.Ref)
				must(t, commit())
				for who, w := range map[string]*store.Watcher{"own": mine, "other": theirs} {
					testkit.Eventually(t, "woken: "+who, func() bool {
						refs, all := w.Take()
						return all || reflect.DeepEqual(refs, []string{rec.Ref})
					})
				}
				got, err := other.Get(ctx, fjord, rec.Ref)
				if err != nil || got.Phase != store.Queued || got.Place != 1 || !reflect.DeepEqual(got, rec) {
					t.Errorf("got %+v, %v, want %+v", got, err, rec)
				}
				if got, err := other.GetBody(ctx, fjord, rec.Ref); err != nil || string(got) != string(body) {
					t.Errorf("the body is %q, %v, want %q", got, err, body)
				}
			})
			t.Run("rollback", func(t *testing.T) {
				tx, _, _, rollback := begin(t, cfg, sql.TxOptions{})
				rec, err := s.EnqueueTx(ctx, tx, queued("rolled back", "rolled back"), nil)
				must(t, err)
				must(t, rollback())
				missing(rec.Ref)
				if _, err := s.GetSequence(ctx, fjord, "rolled back"); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("the sequence: got %v, want ErrNotFound", err)
				}
			})
			t.Run("savepoint", func(t *testing.T) {
				tx, exec, commit, _ := begin(t, cfg, sql.TxOptions{})
				must(t, exec("SAVEPOINT here"))
				rec, err := s.EnqueueTx(ctx, tx, queued("point "+name, "point "+name), nil)
				must(t, err)
				must(t, exec("ROLLBACK TO here"))
				again, err := s.EnqueueTx(ctx, tx, queued("point "+name, "point "+name), nil)
				if err != nil || again.Place != 1 {
					t.Errorf("the second one got place %d, %v, want 1", again.Place, err)
				}
				must(t, commit())
				missing(rec.Ref)
				if got, err := s.GetByKey(ctx, fjord, "point "+name); err != nil || got.Ref != again.Ref {
					t.Errorf("the key is held by %q, %v, want %s", got.Ref, err, again.Ref)
				}
			})
			t.Run("what is refused leaves the transaction as it was", func(t *testing.T) {
				tx, _, commit, _ := begin(t, cfg, sql.TxOptions{})
				first, err := s.EnqueueTx(ctx, tx, queued("held "+name, ""), nil)
				must(t, err)
				_, err = s.EnqueueTx(ctx, tx, queued("held "+name, ""), nil)
				if held, ok := errors.AsType[*store.KeyHeldError](err); !ok || held.Record.Ref != first.Ref {
					t.Errorf("got %v, want that %s holds the key", err, first.Ref)
				}
				if _, err = s.EnqueueTx(ctx, tx, store.Record{}, nil); err == nil {
					t.Error("an empty record was enqueued")
				}
				must(t, commit())
				_, err = s.Get(ctx, fjord, first.Ref)
				must(t, err)
			})
			t.Run("serializable", func(t *testing.T) {
				tx, _, _, _ := begin(t, cfg, sql.TxOptions{Isolation: sql.LevelSerializable})
				if _, err := s.EnqueueTx(ctx, tx, queued("", ""), nil); !errors.Is(err, errIsolation) || !strings.Contains(err.Error(), "serializable") {
					t.Errorf("got %v, want that the transaction is serializable", err)
				}
			})
			t.Run("completed", func(t *testing.T) {
				rec := settled(t, s)
				l := run(t, s, rec)
				tx, _, _, rollback := begin(t, cfg, sql.TxOptions{})
				must(t, s.CompleteTx(ctx, tx, l))
				must(t, rollback())
				if got, err := s.Get(ctx, fjord, rec.Ref); err != nil || got.Phase != store.Settled {
					t.Errorf("after a rollback it is %s, %v, want %s", got.Phase, err, store.Settled)
				}
				tx, _, commit, _ := begin(t, cfg, sql.TxOptions{})
				must(t, s.CompleteTx(ctx, tx, l))
				must(t, commit())
				if got, err := other.Get(ctx, fjord, rec.Ref); err != nil || got.Phase != store.Acknowledged {
					t.Errorf("it is %s, %v, want %s", got.Phase, err, store.Acknowledged)
				}
			})
			t.Run("a lease that was lost", func(t *testing.T) {
				rec := settled(t, s)
				l := run(t, s, rec)
				must(t, s.Release(ctx, l))
				run(t, s, rec)
				tx, exec, commit, _ := begin(t, cfg, sql.TxOptions{})
				if err := s.CompleteTx(ctx, tx, l); !errors.Is(err, store.ErrFenced) {
					t.Errorf("got %v, want ErrFenced", err)
				}
				must(t, exec("SELECT 1"))
				must(t, commit())
				if got, err := s.Get(ctx, fjord, rec.Ref); err != nil || got.Phase != store.Settled {
					t.Errorf("it is %s, %v, want %s", got.Phase, err, store.Settled)
				}
			})
			t.Run("texts of any bytes", func(t *testing.T) {
				for i, text := range odd {
					tx, _, commit, _ := begin(t, cfg, sql.TxOptions{})
					rec := queued(name+text, "")
					rec.Kind, rec.Path, rec.Link = text, "/"+text, text
					rec.Metadata = map[string]string{"text": text, text + "name": "x"}
					if len(text) < 100 {
						rec.Sequence = name + text
					}
					want, err := s.EnqueueTx(ctx, tx, rec, []byte(text))
					must(t, err)
					must(t, commit())
					got, err := s.GetByKey(ctx, fjord, name+text)
					if err != nil || !reflect.DeepEqual(got, want) {
						t.Errorf("text %d: got %+v, %v, want %+v", i, got, err, want)
					}
					if got.Kind != text || got.Metadata["text"] != text || got.Key != name+text {
						t.Errorf("text %d: it came back as %q, want %q", i, got.Kind, text)
					}
					list, err := s.List(ctx, fjord, store.Query{Metadata: map[string]string{"text": text, text + "name": "x"}, Kinds: []string{text}, NewestFirst: true})
					if err != nil || len(list) == 0 || list[0].Ref != rec.Ref {
						t.Errorf("text %d: %d records are listed by it, %v, want the one", i, len(list), err)
					}
				}
			})
		})
	}
	t.Run("none", func(t *testing.T) {
		_, err := s.EnqueueTx(ctx, Tx{}, queued("", ""), nil)
		if _, ok := errors.AsType[*store.InvalidError](err); !ok {
			t.Errorf("without a transaction: got %v, want an *InvalidError", err)
		}
	})
}

// odd are texts that are hard to keep.
var odd = []string{
	`it's "quoted" \ {a,b} \x41 %s $1 ~records`, "a\x00b", "\xff\xfe", "\x01", "\x01#x", "\ufffd", "NULL", "{}", "\u2028\t\n",
	strings.Repeat("5 kB ", 1000), strings.Repeat("\x00\xff", 2500), strings.Repeat("ø", 300), strings.Repeat("x", maxColumn),
}

func TestArraysAreLiteralsForAnyDriver(t *testing.T) {
	conn := connect(t, config(t))
	one, text := int64(-1), `a"b\c`
	for _, c := range []struct {
		arg  any
		kind string
		want string // as JSON
	}{
		{[]string{"", "NULL", `"`, `\`, "{,}", " x ", "ø"}, "text", `["","NULL","\"","\\","{,}"," x ","ø"]`},
		{[]string{}, "text", `[]`},
		{[]*string{nil, &text}, "text", `[null,"a\"b\\c"]`},
		{[]int64{1, -9223372036854775808}, "bigint", `[1,-9223372036854775808]`},
		{[]*int64{nil, &one}, "bigint", `[null,-1]`},
		{[]bool{true, false}, "boolean", `[true,false]`},
		{[][]byte{{}, {0, 255, '\\'}}, "bytea", `["\\x","\\x00ff5c"]`},
	} {
		lit, ok := literal(c.arg).(string)
		if !ok {
			t.Errorf("%#v becomes %T, want a string", c.arg, literal(c.arg))
			continue
		}
		// The driver sends it as a text.
		got := value[string](t, conn, "SELECT to_json($1::text::"+c.kind+"[])::text", lit)
		if got != c.want {
			t.Errorf("%s is read as %s, want %s", lit, got, c.want)
		}
	}
	for _, arg := range []any{"x", int64(1), true, []byte("x")} {
		if got := literal(arg); !reflect.DeepEqual(got, arg) {
			t.Errorf("%#v becomes %#v, want it as it is", arg, got)
		}
	}
}
