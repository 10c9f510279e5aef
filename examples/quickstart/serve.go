package main

import (
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/ginreceiver"
	"github.com/vismanet-go/background/store"
)

const webhookPath = "/webhooks/erp"

// serveReceiver serves the webhook endpoint. It shares the store and the
// secrets with the client and nothing else: with a store on a server it might
// as well be another program.
func serveReceiver(st store.Store, signingKey, secret string) (*http.Server, error) {
	rcv, err := receiver.New(receiver.Config{
		Store:             st,
		SigningKeys:       []string{signingKey}, // subscription mode
		CapabilitySecrets: []string{secret},     // URL mode
	})
	if err != nil {
		return nil, err
	}
	router := gin.New()
	// In URL mode the path is a secret, which gin's own logger would print:
	// where a log is wanted, ginreceiver.Logger leaves it out.
	router.Use(gin.Recovery())
	ginreceiver.Mount(router, webhookPath, rcv)
	return serve(router)
}

// serve answers at Addr, a free port of the loopback interface, until it is
// closed.
func serve(h http.Handler) (*http.Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Addr: l.Addr().String(), Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }() // returns when srv is closed
	return srv, nil
}
