package pgstore

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// pooled starts pgbouncer, which gives each transaction a connection of its own, in
// front of the server of cfg, and returns how to connect by it.
func pooled(t *testing.T, cfg Config) (dsn string) {
	t.Helper()
	path, err := osexec.LookPath("pgbouncer")
	if err != nil {
		path = "/usr/sbin/pgbouncer" // Debian, where it is not in everybody's PATH
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("STRICT") == "1" {
			t.Fatalf("pgbouncer: %v; STRICT=1 has no test skipped", err)
		}
		t.Skip("skipped for want of pgbouncer: `make setup` installs it")
	}
	server, err := pgx.ParseConfig(cfg.DSN)
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	must(t, l.Close())
	password := ""
	if server.Password != "" {
		password = " password=" + server.Password
	}
	ini := filepath.Join(t.TempDir(), "pgbouncer.ini")
	must(t, os.WriteFile(ini, fmt.Appendf(nil, `[databases]
* = host=%s port=%d user=%s%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
`, server.Host, server.Port, server.User, password, port), 0o600))
	args := []string{ini}
	if os.Getuid() == 0 {
		args = []string{"-u", "nobody", ini} // it does not run as root
	}
	cmd := osexec.Command(path, args...)
	said := &strings.Builder{}
	cmd.Stderr = said
	must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("pgbouncer said:\n%s", said.String()[max(0, said.Len()-4096):])
		}
	})
	u, err := url.Parse(cfg.DSN)
	must(t, err)
	u.Host = net.JoinHostPort("127.0.0.1", port)
	testkit.Eventually(t, "a pooler", func() bool {
		conn, err := pgx.Connect(t.Context(), u.String()+"&default_query_exec_mode=simple_protocol")
		if err == nil {
			conn.Close(t.Context())
		}
		return err == nil
	})
	return u.String()
}

func TestAStoreWorksBehindAPoolerOfTransactions(t *testing.T) {
	cfg := config(t)
	far := cfg
	far.DSN, far.ListenDSN = pooled(t, cfg)+"&default_query_exec_mode=cache_describe", cfg.DSN

	s, other := open(t, far), open(t, far)
	w := s.Watch(fjord)
	defer w.Close()
	testkit.Eventually(t, "listening", func() bool { return s.heard.conn.Load() != nil })
	w.Take()
	rec := sending(t, other)
	testkit.Eventually(t, "woken", func() bool {
		refs, all := w.Take()
		return all || strings.Contains(strings.Join(refs, " "), rec.Ref)
	})
	everything(t, s)
	var wg sync.WaitGroup
	for _, s := range []*Store{s, other} {
		for range 8 {
			wg.Go(func() {
				for range 5 {
					rec, err := s.Create(t.Context(), newRecord(store.Sending), "a", lasting)
					if err == nil {
						_, err = s.Get(t.Context(), fjord, rec.Ref)
					}
					if err != nil {
						t.Errorf("unexpected error: %v", err)
					}
				}
			})
		}
	}
	wg.Wait()
	testkit.Eventually(t, "healthy", func() bool { return s.Health(t.Context()) == nil })

	t.Run("without a ListenDSN", func(t *testing.T) {
		far := far
		far.ListenDSN = ""
		s := open(t, far)
		w := s.Watch(fjord)
		defer w.Close()
		testkit.Eventually(t, "told that it needs one", func() bool {
			err := s.Health(t.Context())
			return err != nil && strings.Contains(err.Error(), "ListenDSN")
		})
	})
}

func TestAStoreSaysWhatItNeedsBehindAPooler(t *testing.T) {
	for _, code := range []string{"26000", "42P05"} {
		err := explain(fmt.Errorf("send: %w", &pgconn.PgError{Code: code}))
		if !strings.Contains(err.Error(), "default_query_exec_mode=cache_describe") {
			t.Errorf("code %s: got %v, want the setting that is needed", code, err)
		}
	}
	cfg := config(t)
	open(t, cfg).Close()
	cfg.DSN, cfg.ListenDSN, cfg.ValidateOnly = pooled(t, cfg), cfg.DSN, true
	s, err := Open(t.Context(), cfg)
	if err == nil {
		defer s.Close()
		var wg sync.WaitGroup
		var mu sync.Mutex // guards err
		for range 8 {
			wg.Go(func() {
				_, failed := s.Get(t.Context(), fjord, "missing")
				mu.Lock()
				defer mu.Unlock()
				if !errors.Is(failed, store.ErrNotFound) {
					err = failed
				}
			})
		}
		wg.Wait()
	}
	t.Logf("without the setting: %v", err)
	// Newer ones keep prepared statements.
	if err != nil && !strings.Contains(err.Error(), "default_query_exec_mode=cache_describe") {
		t.Errorf("without the setting: got %v, want that it is needed", err)
	}
}
