package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os/exec"
	"os/user"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/client/console"
	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/internal/webassets"
)

//go:embed entry
var entryFiles embed.FS

func (a *app) consoleCommand() *cli.Command {
	var listen string
	var readOnly, open bool
	return &cli.Command{
		Use:   "console",
		Short: "show operations on a page in the browser, and act on them",
		Long: `Serves a page on this machine that shows the operations of the store, and on which a person can do what the other commands do: find, resolve, replay, drop, withdraw and skip.

It is entered by the address that is printed, whose code works once and becomes a cookie of that browser. It listens on loopback only, until Ctrl-C.`,
		Examples: `erpcall console --open
erpcall console --store /var/lib/service/background.db --store-tenant acme --read-only`,
		Options: join(cli.Options{
			{Name: "listen", Group: "Page", Arg: "address", Initial: "127.0.0.1:0", Usage: "address on loopback to listen on", Set: func(v string) error {
				listen = v
				return loopbackOnly(v)
			}},
			{Name: "read-only", Group: "Page", Usage: "show everything and change nothing", Set: cli.YesOrNo(&readOnly)},
			{Name: "open", Group: "Page", FlagOnly: true, Usage: "open the page in the browser", Set: cli.YesOrNo(&open)},
		}, a.account()),
		Run: func(ctx context.Context, _ []string) error {
			s, err := a.open(ctx, use{})
			if err != nil {
				return err
			}
			defer s.Close()
			return a.serveConsole(ctx, s, listen, readOnly, open)
		},
	}
}

// loopbackOnly refuses addresses that other machines reach.
func loopbackOnly(address string) error {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return errors.New("want an address on loopback, such as 127.0.0.1:8080: for other machines, mount package client/console in your service, or forward the port by ssh")
}

// serveConsole serves the page until ctx ends.
func (a *app) serveConsole(ctx context.Context, s *session, listen string, readOnly, open bool) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	door := &door{code: rand.Text(), cookie: rand.Text(), host: l.Addr().String(), name: userName()}
	page, err := console.New(console.Config{
		Client: s.Client, Store: s.store, Tenant: s.tenant, Authorize: door.authorize, ReadOnly: readOnly,
		Title: "erpcall", Logger: a.logger(),
	})
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: door.handler(page), ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	address := "http://" + l.Addr().String() + "/#code=" + door.code
	fmt.Fprintf(a.Stdout, "%s\nThe code in this address works once. It shows %s (tenant %s); Ctrl-C ends it.\n", address, s.where, s.tenant)
	if open {
		if err := openBrowser(address); err != nil {
			a.warn("no browser was opened: %v", err)
		}
	}
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			_ = srv.Close()
		}
	})
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// A door lets in the browser that was given the code.
type door struct {
	host, name string
	cookie     string // once somebody has it

	mu   sync.Mutex // guards what is below
	code string     // empty: it was used
}

// cookieName is that of the session; other ports of this machine share its cookies.
func (d *door) cookieName() string {
	_, port, _ := net.SplitHostPort(d.host) // it was listened on
	return "erpcall-" + port
}

func (d *door) authorize(r *http.Request) (console.Principal, error) {
	c, err := r.Cookie(d.cookieName())
	if err != nil || subtle.ConstantTimeCompare([]byte(c.Value), []byte(d.cookie)) != 1 {
		return console.Principal{}, errors.New("no cookie of this console")
	}
	return console.Principal{Name: d.name, CanAct: true}, nil
}

// handler serves the way in, and the page behind it.
func (d *door) handler(page http.Handler) http.Handler {
	files, err := fs.Sub(entryFiles, "entry")
	if err != nil {
		panic(err) // it is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("/", webassets.Handler(files))
	mux.Handle("/console/", http.StripPrefix("/console", page))
	mux.HandleFunc("POST /enter", d.enter)
	same := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A page that had its own name lead to loopback has another host.
		if !d.isHost(r.Host) || same.Check(r) != nil {
			http.Error(w, "this is not for pages of others", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (d *door) isHost(host string) bool {
	_, port, _ := net.SplitHostPort(d.host)
	return host == d.host || host == "localhost:"+port || host == "127.0.0.1:"+port || host == "[::1]:"+port
}

// enter exchanges the code for a cookie. The code dies with that.
func (d *door) enter(w http.ResponseWriter, r *http.Request) {
	var said struct{ Code string }
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&said)
	d.mu.Lock()
	right := err == nil && d.code != "" && subtle.ConstantTimeCompare([]byte(said.Code), []byte(d.code)) == 1
	if right {
		d.code = ""
	}
	d.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !right || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"error":"This code is not right, or was used. Start erpcall console again for another one."}`))
		return
	}
	http.SetCookie(w, &http.Cookie{Name: d.cookieName(), Value: d.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	_, _ = w.Write([]byte(`{}`))
}

// userName is who acts, for the log.
func userName() string {
	if u, err := user.Current(); err == nil {
		return cmp.Or(u.Username, u.Uid)
	}
	return "somebody"
}

// openBrowser opens an address in the browser of the desktop.
func openBrowser(address string) error {
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	}
	return exec.Command(name, args...).Start()
}
