package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/receiver/ginreceiver"
)

const (
	webhookPath = "/webhooks/erp"
	// maxOrder bounds an order in bytes.
	maxOrder = 64 << 10
	// tellTimeout bounds what a request waits for after a person told of an order.
	tellTimeout = 10 * time.Second
)

// public returns what the internet reaches.
func (a *app) public() (http.Handler, error) {
	router := gin.New()
	proxies := make([]string, len(a.cfg.proxies))
	for i, p := range a.cfg.proxies {
		proxies[i] = p.String()
	}
	if err := router.SetTrustedProxies(proxies); err != nil { // gin trusts everybody by default
		return nil, err
	}
	router.HandleMethodNotAllowed = true
	// In URL mode the last part of a webhook's path is a secret. Conceal comes
	// first, so that nothing after it can log one.
	router.Use(ginreceiver.Conceal(), a.requestID, a.accessLog, a.recovery())
	router.NoRoute(func(c *gin.Context) { problem(c, http.StatusNotFound, errors.New("no such page")) })
	router.NoMethod(func(c *gin.Context) { problem(c, http.StatusMethodNotAllowed, errors.New("no such method here")) })
	ginreceiver.Mount(router, webhookPath, a.receiver)

	orders := router.Group("/orders", a.authenticate)
	orders.POST("", a.postOrder)
	orders.GET("/:number", a.getOrder)

	// What a person tells can make an invoice twice, so it needs the token; the
	// address of health and metrics asks for none. In your service, let people
	// in by names of their own and log those.
	people := router.Group("/attention", a.authenticate)
	people.GET("", a.getAttention)
	people.POST("/:number", a.postAttention)
	return router, nil
}

// internal returns what health checks and Prometheus ask, and the operators' page.
func (a *app) internal() http.Handler {
	router := gin.New()
	router.Use(a.recovery())
	if err := a.mountConsole(router); err != nil {
		a.log.Error("there is no console", "error", err)
	}
	router.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	router.GET("/readyz", func(c *gin.Context) {
		reasons := a.unready(c.Request.Context())
		if len(reasons) > 0 {
			c.JSON(http.StatusServiceUnavailable, gin.H{"ready": false, "reasons": reasons})
			return
		}
		// An order that waits for a person is no reason to send no others.
		c.JSON(http.StatusOK, gin.H{"ready": true, "attention": a.count(c.Request.Context())})
	})
	router.GET("/metrics", gin.WrapH(a.metrics.handler()))
	return router
}

// postOrder takes an order. It makes no call to the ERP: the outbox sends it, so that
// neither the ERP nor its limit keeps a caller waiting, or an order out.
func (a *app) postOrder(c *gin.Context) {
	o, err := readOrder(http.MaxBytesReader(c.Writer, c.Request.Body, maxOrder))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		problem(c, http.StatusRequestEntityTooLarge, err)
		return
	}
	if err != nil {
		problem(c, http.StatusBadRequest, err)
		return
	}
	err = a.submit(c.Request.Context(), o, c.GetString("request"))
	switch {
	case underWay(err):
		c.Header("Location", "/orders/"+o.Number)
		c.JSON(http.StatusAccepted, gin.H{"order": o.Number, "status": "/orders/" + o.Number})
	case errors.Is(err, client.ErrKeyReused):
		problem(c, http.StatusConflict, errors.New("number: another order has it"))
	default: // nothing was stored
		a.later(c, err)
	}
}

// later asks the caller to post the same again: nothing was taken.
func (a *app) later(c *gin.Context, err error) {
	a.log.WarnContext(c.Request.Context(), "not taken", "request", c.GetString("request"), "path", c.Request.URL.Path, "error", err)
	c.Header("Retry-After", "5")
	problem(c, http.StatusServiceUnavailable, errors.New("not taken, post it again later: "+because(err)))
}

// because says why nothing was taken, in words that are fit for callers.
func because(err error) string {
	switch {
	case errors.Is(err, client.ErrClosed):
		return "this service is shutting down, or has no store"
	case errors.Is(err, context.DeadlineExceeded):
		return "it took too long"
	}
	return "this service's own store cannot be written, or the ERP be asked"
}

// getAttention lists what waits for a person.
func (a *app) getAttention(c *gin.Context) {
	list, err := a.attention(c.Request.Context())
	if err != nil {
		a.log.ErrorContext(c.Request.Context(), "what waits for a person cannot be read", "request", c.GetString("request"), "error", err)
		problem(c, http.StatusServiceUnavailable, errors.New("the orders cannot be read"))
		return
	}
	c.JSON(http.StatusOK, gin.H{"orders": list})
}

// postAttention takes what a person tells of an order.
func (a *app) postAttention(c *gin.Context) {
	t, err := readTold(http.MaxBytesReader(c.Writer, c.Request.Body, maxOrder))
	if err != nil {
		problem(c, http.StatusBadRequest, err)
		return
	}
	// A person who hangs up must not cut off what follows of the words.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), tellTimeout)
	defer cancel()
	s, err := a.tell(ctx, c.Param("number"), t)
	wrong, isWrong := errors.AsType[faults](err)
	switch {
	case err == nil:
		c.JSON(http.StatusOK, s)
	case isWrong:
		problem(c, http.StatusBadRequest, wrong)
	case errors.Is(err, errUnknown):
		problem(c, http.StatusNotFound, err)
	case errors.Is(err, errNobody):
		problem(c, http.StatusConflict, err)
	default:
		a.later(c, err)
	}
}

func (a *app) getOrder(c *gin.Context) {
	s, err := a.status(c.Request.Context(), c.Param("number"))
	switch {
	case errors.Is(err, errUnknown):
		problem(c, http.StatusNotFound, err)
	case err != nil:
		a.log.ErrorContext(c.Request.Context(), "an order cannot be read", "request", c.GetString("request"), "error", err)
		problem(c, http.StatusServiceUnavailable, errors.New("the order cannot be read"))
	default:
		c.JSON(http.StatusOK, s)
	}
}

// problem answers with errors, one for each fault.
func problem(c *gin.Context, code int, err error) {
	c.AbortWithStatusJSON(code, gin.H{"errors": strings.Split(err.Error(), "\n")})
}

// authenticate lets in who shows the token. Replace it by what your callers
// have.
func (a *app) authenticate(c *gin.Context) {
	token, _ := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
	if !a.knows(token) {
		c.Header("WWW-Authenticate", "Bearer")
		problem(c, http.StatusUnauthorized, errors.New("wrong or no bearer token"))
	}
}

// knows reports whether a token is the one.
func (a *app) knows(token string) bool {
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(a.cfg.apiToken))
	return a.cfg.apiToken != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

var requestName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// requestID names a request in the logs and in the answer. A caller's own name
// is taken if it is harmless.
func (a *app) requestID(c *gin.Context) {
	id := c.GetHeader("X-Request-Id")
	if !requestName.MatchString(id) {
		id = rand.Text()
	}
	c.Set("request", id)
	c.Header("X-Request-Id", id)
}

// accessLog notes each request. What it notes of the path has no secret left.
func (a *app) accessLog(c *gin.Context) {
	begun := time.Now()
	c.Next()
	a.log.InfoContext(c.Request.Context(), "request", "request", c.GetString("request"), "method", c.Request.Method,
		"path", c.Request.URL.Path, "code", c.Writer.Status(), "bytes", max(0, c.Writer.Size()), "seconds", time.Since(begun).Seconds(), "from", c.ClientIP())
}

// recovery answers a panic with 500, and logs it as everything else is logged.
func (a *app) recovery() gin.HandlerFunc {
	return gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, err any) {
		a.log.ErrorContext(c.Request.Context(), "panic", "request", c.GetString("request"), "panic", err, "stack", string(debug.Stack()))
		problem(c, http.StatusInternalServerError, errors.New("something went wrong"))
	})
}
