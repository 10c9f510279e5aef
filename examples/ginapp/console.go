package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/vismanet-go/background/client/console"
)

// mountConsole puts the operators' page on the internal port. It is entered with any
// name, which is logged with what its owner does, and the API token as the password.
// Replace that by the login that your people have.
func (a *app) mountConsole(router *gin.Engine) error {
	page, err := console.New(console.Config{
		Client: a.client, Store: a.store, Tenant: a.cfg.tenant, Title: "Orders", Logger: a.log,
		Authorize: a.operator,
		Health: map[string]func(context.Context) error{
			"receiver": func(ctx context.Context) error {
				_, err := a.receiver.Health(ctx)
				return err
			},
			"ERP": a.access.check,
		},
	})
	if err != nil {
		return err
	}
	below := gin.WrapH(http.StripPrefix("/console", page))
	ask := func(c *gin.Context) {
		if _, err := a.operator(c.Request); err != nil {
			c.Header("WWW-Authenticate", `Basic realm="orders", charset="UTF-8"`)
		}
	}
	router.GET("/console/*path", ask, below)
	router.POST("/console/*path", ask, below)
	return nil
}

// operator is who makes a request of the page.
func (a *app) operator(r *http.Request) (console.Principal, error) {
	name, token, _ := r.BasicAuth()
	if !a.knows(token) {
		return console.Principal{}, errors.New("want the API token as the password")
	}
	return console.Principal{Name: name, CanAct: true}, nil
}
