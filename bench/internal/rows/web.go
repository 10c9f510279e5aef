package rows

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/vismanet-go/background/bench/internal/child"
	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/receiver/ginreceiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
)

// webArgs are those of the role "web": a server with a receiver.
type webArgs struct {
	Gin        bool
	Discard    bool // store nothing
	Dir        string
	Operations int // that wait for their notification
}

// Web is the row of the whole way over real sockets.
func Web() []compare.Row {
	const (
		plain   = "net/http, SQLite"
		withGin = "gin, SQLite"
		bare    = "gin, nothing stored"
	)
	return []compare.Row{{
		Name: "http/accept/64",
		What: "POST of a signed notification until its 2xx; 64 connections over loopback, server and load in processes of their own.",
		Contenders: []compare.Contender{
			{Name: plain, Run: accept(webArgs{})},
			{Name: withGin, Run: accept(webArgs{Gin: true})},
			{Name: bare, Run: accept(webArgs{Gin: true, Discard: true})},
		},
		Goals: []compare.Goal{
			{Of: withGin, To: plain, Figure: load.Rate, AtLeast: 0.9, Smoke: 0.4},
			{Of: withGin, To: bare, Figure: load.Rate, AtLeast: 0.6, Smoke: 0.06},
		},
	}}
}

func accept(args webArgs) func(context.Context, compare.Try) (compare.Figures, error) {
	return func(ctx context.Context, t compare.Try) (f compare.Figures, err error) {
		args := args
		args.Dir, args.Operations = t.Dir, compare.Pick(t, 20_000, 1000)
		most := args.Operations
		if args.Discard {
			args.Operations = 0
		}
		p, err := child.Start(ctx, "web", args)
		if err != nil {
			return nil, err
		}
		defer func() {
			if end := p.Stop(); err == nil {
				err = end
			}
		}()
		const senders = 64
		conns, stop, err := load.DialAll(ctx, p.Answer, senders)
		if err != nil {
			return nil, err
		}
		defer stop()
		before, err := p.CPU()
		if err != nil {
			return nil, err
		}
		loop := load.Loop{Senders: senders, For: compare.Pick(t, 3*time.Second, 300*time.Millisecond), Max: most}
		tally, err := loop.Run(ctx, func(_ context.Context, sender, n int) error {
			_, err := conns[sender].Want(http.StatusOK, signed(n))
			return err
		})
		if err != nil {
			return nil, err
		}
		after, err := p.CPU()
		cpu := float64((after - before).Microseconds()) / float64(len(tally.Took))
		return append(tally.Speed(), compare.Figure{Name: "server CPU µs/op", Value: cpu}), err
	}
}

// signed is the n-th notification as the dispatcher sends it.
func signed(n int) load.Call {
	body := sample.Body(n)
	return load.Call{
		Method: http.MethodPost, Path: sample.HookPath, Body: body,
		Header: "x-vwd-notification-id: " + sample.ID(n) + "\r\nbackground-ref: " + sample.Ref(n) +
			"\r\nx-vwd-signature-v1: " + receivertest.Sign(sample.SigningKey, body) + "\r\n",
	}
}

// discarding is a store in which notifications vanish.
type discarding struct{ store.Store }

func (discarding) Notify(context.Context, store.Notification) (store.Receipt, error) {
	return store.Receipt{Verdict: store.Matched}, nil
}

// web is the role.
func web(ctx context.Context, text json.RawMessage, ready func(string)) error {
	var args webArgs
	if err := json.Unmarshal(text, &args); err != nil {
		return err
	}
	p, err := newPlant(ctx, args.Dir, args.Operations)
	if err != nil {
		return err
	}
	defer p.st.Close()
	if args.Discard {
		if p.rcv, err = sample.Receiver(discarding{p.st}); err != nil {
			return err
		}
	}
	var h http.Handler
	if args.Gin {
		gin.SetMode(gin.ReleaseMode)
		router := gin.New()
		router.Use(gin.Recovery())
		ginreceiver.Mount(router, sample.HookPath, p.rcv)
		h = router
	} else {
		mux := http.NewServeMux()
		p.rcv.Register(mux, sample.HookPath)
		h = mux
	}
	base, stop, err := serve(h)
	if err != nil {
		return err
	}
	ready(base)
	return stop()
}

// serve answers at a free port of the loopback interface until stop.
func serve(h http.Handler) (base string, stop func() error, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	return "http://" + l.Addr().String(), func() error {
		if err := srv.Close(); err != nil {
			return err
		}
		if err := <-ended; err != http.ErrServerClosed {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	}, nil
}
